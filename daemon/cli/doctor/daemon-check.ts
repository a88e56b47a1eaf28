/** The daemon: whether it is the one that belongs to this command line, and what it complains of. */
import { version } from '../../../sdk/version.ts'
import { type Check, type Finding, good, warning } from './finding.ts'

export const checkDaemon: Check = async (_context, client) => {
  if (client === null) return []
  const { daemon } = client.initialized
  const status = await client.call('daemon/status', {})
  const findings: Finding[] = [sameVersion(daemon.version, daemon.pid)]
  const { recorder, proxy } = status
  for (const [name, { restarts }] of Object.entries({ recorder, proxy }))
    if (restarts > 0)
      findings.push(warning(name, `it had to be started again, ${restarts} times`, 'what happened is in the log (weir status names it)'))
  // What it says of its runtime is looked at by itself.
  const said = status.warnings.filter((words) => !words.startsWith('Node '))
  findings.push(...said.map((words) => warning('daemon', words, 'weir status says it, too, as long as it is so')))
  return findings
}

function sameVersion(running: string, pid: number): Finding {
  const own = version()
  if (running === own) return good('daemon', `weir ${running} runs, pid ${pid}`)
  return warning(
    'daemon',
    `weir ${running} runs (pid ${pid}), and this command is of weir ${own}`,
    'weir stop ends it; the next command starts the other one',
  )
}
