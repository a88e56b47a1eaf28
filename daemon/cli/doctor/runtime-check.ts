/** The runtime, and what the system lets it do. */
import { runtimeWarnings } from '../../../sdk/runtime.ts'
import { type Check, type Finding, good, warning } from './finding.ts'

/** Each connection that passes takes two, and sessions some. */
const fewFiles = 4096

export const checkRuntime: Check = async () => [...runtime(), openFiles()]

function runtime(): Finding[] {
  const { node } = process.versions
  const warnings = runtimeWarnings(node)
  if (warnings.length === 0) return [good('runtime', `Node ${node}`)]
  return warnings.map((words) =>
    warning('runtime', words, 'install a newer Node, then weir stop: the next command starts the daemon on it'),
  )
}

interface Report {
  userLimits?: { open_files?: { hard?: number | string } }
}

/** Node raises its own limit to the hard one. */
function openFiles(): Finding {
  const hard = hardFileLimit()
  if (hard === null) return good('open files', 'no limit is known here')
  if (hard >= fewFiles) return good('open files', Number.isFinite(hard) ? `${hard} at a time` : 'unlimited')
  return warning(
    'open files',
    `only ${hard} at a time: some ${Math.floor(hard / 2)} connections`,
    'raise the limit (ulimit -Hn, or LimitNOFILE of the service), then weir stop',
  )
}

/** Files that a process may have open at a time; null: not known. */
export function hardFileLimit(): number | null {
  if (!process.report) return null
  // Without it the report looks up names of its sockets.
  Object.assign(process.report, { excludeNetwork: true })
  const hard = (process.report.getReport() as Report).userLimits?.open_files?.hard
  if (hard === undefined) return null
  return typeof hard === 'number' ? hard : Number.POSITIVE_INFINITY
}
