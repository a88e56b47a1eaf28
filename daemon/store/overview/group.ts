/** What an overview says of some exchanges. Plain data, so that it passes between threads. */
import { stateOf } from '../exchange-row.ts'
import { addDuration, addDurations, type Durations, noDurations } from './durations.ts'

/** Of each exchange; sizes in bytes, `ended` in microseconds after its start. */
export const overviewColumns = 'e.seq, e.change, e.flags, e.request_size, e.response_size, e.ended'
export const overviewColumnCount = 6
export type OverviewRow = [
  seq: number,
  change: number,
  flags: number,
  requestSize: number,
  responseSize: number,
  ended: number | null,
  ...key: unknown[],
]

export interface Group {
  exchanges: number
  failed: number
  /** Of bodies. */
  bytesSent: number
  bytesReceived: number
  /** Of those that have ended. */
  readonly durations: Durations
}

/** null: of those that have none. */
export type GroupKey = string | null
export type Groups = Map<GroupKey, Group>

export const emptyGroup = (): Group => ({ exchanges: 0, failed: 0, bytesSent: 0, bytesReceived: 0, durations: noDurations() })

export function groupOf(groups: Groups, key: GroupKey): Group {
  const known = groups.get(key)
  if (known !== undefined) return known
  const group = emptyGroup()
  groups.set(key, group)
  return group
}

export function addExchange(to: Group, [, , flags, bytesSent, bytesReceived, ended]: OverviewRow): void {
  addFacts(to, stateOf(flags) === 'failed', bytesSent, bytesReceived, ended)
}

/** One exchange. @param ended microseconds after its start; null: it has not */
export function addFacts(to: Group, failed: boolean, bytesSent: number, bytesReceived: number, ended: number | null): void {
  to.exchanges++
  if (failed) to.failed++
  to.bytesSent += bytesSent
  to.bytesReceived += bytesReceived
  if (ended !== null) addDuration(to.durations, ended)
}

export function addGroup(to: Group, { exchanges, failed, bytesSent, bytesReceived, durations }: Group): void {
  to.exchanges += exchanges
  to.failed += failed
  to.bytesSent += bytesSent
  to.bytesReceived += bytesReceived
  addDurations(to.durations, durations)
}
