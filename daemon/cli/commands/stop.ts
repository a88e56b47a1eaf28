import type { CommandRun } from '../command.ts'
import { exits } from '../exit.ts'
import { stopDaemon } from '../stop-daemon.ts'

export const stop: CommandRun = async (_given, { connectRunning, out }) => {
  const client = await connectRunning({ protocol: 'any' })
  if (!client) {
    await out.line('weir was not running')
    return exits.done
  }
  await stopDaemon(client)
  await out.line('weir has stopped')
  return exits.done
}
