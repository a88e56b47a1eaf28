/** What the daemon allows: how much sessions may take before old ones go, and how many connections pass at a time. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result } from '../../../sdk/protocol.ts'
import { formatBytes, formatDuration } from '../quantity.ts'
import { type Check, type Finding, good, warning } from './finding.ts'
import { hardFileLimit } from './runtime-check.ts'

type Limits = Result<'daemon/status'>['limits']

/** Of the budget; beyond it the next session may be the one for which an old one goes. */
const nearly = 0.9
/** Each connection that passes takes a file for its client and one for its origin. */
const filesOfConnection = 2

export const checkLimits: Check = async ({ home }, client) => {
  if (client === null) return []
  const { limits } = await client.call('daemon/status', {})
  return [retention(limits.retention, await used(home.sessions)), connections(limits, hardFileLimit())]
}

/** @param used of all sessions, bytes */
export function retention({ sessionBytes, diskBytes, ageDays }: Limits['retention'], used: number): Finding {
  const session = sessionBytes === null ? 'a session may take any room' : `a session keeps its newest ${formatBytes(sessionBytes)}`
  const age = ageDays === null ? '' : `, stopped sessions go after ${ageDays} days`
  if (diskBytes === null)
    return good(
      'retention',
      `${session}${age}; all sessions take ${formatBytes(used)}, without a budget ([retention] in config.toml sets one)`,
    )
  const words = `${session}${age}; all sessions take ${formatBytes(used)} of ${formatBytes(diskBytes)}`
  if (used < diskBytes * nearly) return good('retention', words)
  return warning(
    'retention',
    words,
    'the oldest stopped sessions are deleted to stay within it: raise retention.diskBytes, or delete what you do not need',
  )
}

/** @param files that a process may have open; null: not known */
export function connections({ connections, handshakeMs, connectMs }: Limits, files: number | null): Finding {
  const words = `${connections} connections of a session at a time, ${formatDuration(handshakeMs)} for a TLS handshake, ${formatDuration(connectMs)} to reach an origin`
  if (files === null || files >= connections * filesOfConnection) return good('proxy', words)
  return warning(
    'proxy',
    `${words}, but only ${files} open files`,
    `raise the limit of open files to ${connections * filesOfConnection} (ulimit -Hn, or LimitNOFILE of the service), then weir stop; or set proxy.connections to what fits`,
  )
}

async function used(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name)).catch(() => null))?.size ?? 0))
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}
