/** The RPC on standard input and output: the bytes of the socket, as they are. */
import { createConnection } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { CommandRun } from '../command.ts'
import { exits, NoDaemon } from '../exit.ts'

export const stdio: CommandRun = async (_given, context) => {
  // Starts the daemon where none runs; the editor then speaks for itself.
  const client = await context.connect()
  await client.close()
  const socket = createConnection({ path: context.home.socket })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (error) => reject(new NoDaemon(error.message)))
  })
  const output = (async () => {
    for await (const chunk of socket) await context.out.write(chunk as Uint8Array)
  })()
  // An editor that closes its end has no more requests; a daemon that ends has no more answers.
  const input = pipeline(context.in, socket).catch(() => undefined)
  await output
  context.in.destroy()
  await input
  return exits.done
}
