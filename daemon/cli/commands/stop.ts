import { setTimeout } from 'node:timers/promises'
import { WeirError } from '../../../sdk/errors.ts'
import type { CommandRun } from '../command.ts'
import { CommandFailed, exits } from '../exit.ts'

export const stop: CommandRun = async (_given, { connectRunning, out }) => {
  const client = await connectRunning()
  if (!client) {
    await out.line('weir was not running')
    return exits.done
  }
  const { pid } = client.initialized.daemon
  // A daemon that ends may do so before its answer has left: what counts is whether it is gone.
  await client.call('daemon/stop', {}).catch((error: unknown) => {
    if (!(error instanceof WeirError && error.reason === 'connectionLost')) throw error
  })
  await client.closed
  if (!(await gone(pid))) throw new CommandFailed(`weir (pid ${pid}) closed its socket and has not ended yet; its log says more`)
  await out.line('weir has stopped')
  return exits.done
}

/** The daemon promises 5 s. */
const patienceMs = 6000

async function gone(pid: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs
  while (Date.now() < deadline) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
    await setTimeout(20)
  }
  return false
}
