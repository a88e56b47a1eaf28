import type { CommandRun } from '../command.ts'
import { exits, noDaemon } from '../exit.ts'
import { writeJson } from '../json-output.ts'
import { printable } from '../printable.ts'

export const start: CommandRun = async (given, context) => {
  const { home, env, out } = context
  const { runDaemon, startDaemon } = await import('../../../sdk/daemon-process.ts')
  if (given.flag('foreground')) return runDaemon({ home, env }).catch(noDaemon)
  const { pid, started } = await startDaemon({ home, env }).catch(noDaemon)
  if (given.flag('json')) await writeJson(context, { pid, started, socket: home.socket })
  else await out.line(`weir ${started ? 'runs' : 'was running already'}: pid ${pid}, socket ${printable(home.socket)}`)
  return exits.done
}
