/** What `weir capture` says at its end. */

import type { Environment } from '../../sdk/home.ts'
import type { Session } from '../../sdk/model.ts'
import { printable } from './printable.ts'
import { formatBytes, formatDuration, plural } from './quantity.ts'
import { shellWord } from './shell-word.ts'

/** How this command line is called here: a checkout has it by npx alone. */
export const ownName = (env: Environment): string => (env.npm_execpath ? 'npx weir' : 'weir')

/** `12 exchanges (1 failed), 4 filtered, 3 kB sent, 1.2 MB received, no gaps` */
export function describeCounts({ counts }: Session): string {
  const parts = [
    plural(counts.exchanges, 'exchange') + (counts.failed > 0 ? ` (${counts.failed.toLocaleString('en')} failed)` : ''),
    ...(counts.filtered > 0 ? [`${counts.filtered.toLocaleString('en')} filtered`] : []),
    `${formatBytes(counts.bytesSent)} sent`,
    `${formatBytes(counts.bytesReceived)} received`,
    counts.gaps > 0 ? `${plural(counts.gaps, 'gap')} (not everything was recorded)` : 'no gaps',
  ]
  return parts.join(', ')
}

export function describeEnd(session: Session): string[] {
  const took = formatDuration((session.stoppedAt ?? Date.now()) - session.startedAt)
  return [`session ${printable(session.name)} ended after ${took}: ${describeCounts(session)}`, `file ${printable(session.file)}`]
}

/** The commands that make sense next. */
export function describeNext(session: Session, env: Environment): string[] {
  const weir = ownName(env)
  const name = shellWord(printable(session.name))
  if (session.counts.exchanges === 0) return [`  ${weir} sessions`]
  return [`  ${weir} ls ${name}`, `  ${weir} show ${name} 1`, `  ${weir} export ${name} har -o capture.har`]
}
