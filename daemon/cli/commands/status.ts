import { existsSync } from 'node:fs'
import type { CommandRun } from '../command.ts'
import { exits } from '../exit.ts'
import { writeJson } from '../json-output.ts'
import { printable } from '../printable.ts'
import { formatBytes, formatDuration } from '../quantity.ts'

export const status: CommandRun = async (given, context) => {
  const { home, out } = context
  const client = await context.connectRunning()
  if (!client) {
    if (given.flag('json')) await writeJson(context, { running: false, home: home.folder, socket: home.socket })
    else await out.line(`weir is not running (home ${printable(home.folder)}); start it with: weir start`)
    return exits.noDaemon
  }
  const found = await client.call('daemon/status', {}).finally(() => client.close())
  if (given.flag('json')) {
    await writeJson(context, { running: true, ...found, socket: home.socket })
    return exits.done
  }
  const { sessions, memory, recorder, proxy, websocket } = found
  const facts: [string, string][] = [
    ['weir', `${found.version}, pid ${found.pid}, up ${formatDuration(found.uptimeMs)}, Node ${found.node}`],
    ['home', found.home],
    ['socket', home.socket],
    ['config', `${home.configuration}${existsSync(home.configuration) ? '' : ' (there is none)'}`],
    ['log', home.log],
    ['sessions', `${sessions.running} running of ${sessions.total}`],
    ['memory', formatBytes(memory.rssBytes)],
    ['proxy', proxy.running ? `running, ${proxy.connections} connections, ${proxy.restarts} restarts` : 'starts with the first session'],
    ['websocket', websocket ? `${websocket.host}:${websocket.port}, ${websocket.connections} connections` : 'off'],
    ['recorder', `commits every ${recorder.commitIntervalMs} ms, ${recorder.restarts} restarts`],
  ]
  for (const [name, value] of facts) await out.line(`${name.padEnd(9)} ${printable(value)}`)
  for (const warning of found.warnings) await out.line(`${out.style('yellow', 'warning')}   ${printable(warning)}`)
  return exits.done
}
