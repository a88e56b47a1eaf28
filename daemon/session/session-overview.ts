/** session/overview: what was captured in groups, as the contract answers it. */
import { setImmediate } from 'node:timers/promises'
import { limits } from '../../sdk/limits.ts'
import type { ExchangeStatistics, OverviewGroup } from '../../sdk/overview-group.ts'
import type { OverviewKey } from '../../sdk/overview-keys.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import type { IndexMaker } from '../store/index-maker.ts'
import { quantiles } from '../store/overview/durations.ts'
import { addGroup, emptyGroup, type Group, type GroupKey } from '../store/overview/group.ts'
import type { OverviewSlice } from '../store/overview/overview-slice.ts'
import { addPacked } from '../store/overview/packed-groups.ts'
import type { Readers } from './exchange-reader.ts'
import { type Grouping, KeyGroups } from './grouping.ts'
import { PathGroups } from './path-groups.ts'
import type { SessionManager } from './session-manager.ts'

/** Groups, about a millisecond. */
const addedAtOnce = 200

export class SessionOverview {
  readonly #readers: Readers
  readonly #sessions: SessionManager
  readonly #indexes: IndexMaker

  constructor(readers: Readers, sessions: SessionManager, indexes: IndexMaker) {
    this.#readers = readers
    this.#sessions = sessions
    this.#indexes = indexes
  }

  /** Slice by slice, so that other calls come between; as of some moment meanwhile. */
  async overview(params: Params<'session/overview'>, signal: AbortSignal): Promise<Result<'session/overview'>> {
    const { sessionId, where = '', by, limit = limits.overviewDefault, redact } = params
    const { file } = await this.#sessions.settled(sessionId)
    const grouping = groupingBy(by)
    let behind = 0
    for (let after: number | null = 0; after !== null; ) {
      const slice: OverviewSlice = await this.#readers.run('overview', { file, where, by, after }, signal)
      addPacked(slice.groups, (key) => grouping.of(key))
      after = slice.next
      behind = slice.behind
    }
    // Not before, for both would take the same file and cores.
    this.#indexes.want('columns', file, behind)
    const sorted = [...grouping.groups()].sort(largestFirst)
    const listed = sorted.slice(0, limit)
    // Nothing else that groups are made by holds anything that is hidden.
    const keys = by === 'path' && redact ? await this.#readers.run('pathKeys', { keys: listed.map(([key]) => key), redact }, signal) : null
    const rest = restOf(sorted.slice(limit), grouping.overflow)
    return {
      groups: listed.map(([key, group], index) => answerOf([keys?.[index] ?? key, group])),
      ...(rest && { rest }),
      total: statisticsOf(await sumOf(grouping)),
    }
  }
}

const groupingBy = (by: OverviewKey): Grouping => (by === 'path' ? new PathGroups() : new KeyGroups())

/** With rests, for there may be thousands. */
async function sumOf(grouping: Grouping): Promise<Group> {
  const total = emptyGroup()
  let added = 0
  for (const group of [...grouping.groups().values(), grouping.overflow]) {
    addGroup(total, group)
    if (++added % addedAtOnce === 0) await setImmediate()
  }
  return total
}

function largestFirst([aKey, a]: [GroupKey, Group], [bKey, b]: [GroupKey, Group]): number {
  return b.exchanges - a.exchanges || ((aKey ?? '') < (bKey ?? '') ? -1 : 1)
}

const answerOf = ([key, group]: [GroupKey, Group]): OverviewGroup => ({ key, ...statisticsOf(group) })

const statisticsOf = (group: Group): ExchangeStatistics => ({ ...countsOf(group), durationMs: percentilesOf(group) })

const countsOf = ({ exchanges, failed, bytesSent, bytesReceived }: Group) => ({ exchanges, failed, bytesSent, bytesReceived })

function percentilesOf({ durations }: Group): ExchangeStatistics['durationMs'] {
  if (durations.count === 0) return null
  const [p50 = 0, p90 = 0, p99 = 0] = quantiles(durations, [0.5, 0.9, 0.99])
  return { p50: p50 / 1000, p90: p90 / 1000, p99: p99 / 1000, max: durations.longest / 1000 }
}

function restOf(unlisted: readonly [GroupKey, Group][], overflow: Group): Result<'session/overview'>['rest'] {
  if (unlisted.length === 0 && overflow.exchanges === 0) return undefined
  const rest = { groups: unlisted.length, exchanges: 0, failed: 0, bytesSent: 0, bytesReceived: 0 }
  for (const group of [...unlisted.map(([, group]) => group), overflow]) {
    rest.exchanges += group.exchanges
    rest.failed += group.failed
    rest.bytesSent += group.bytesSent
    rest.bytesReceived += group.bytesReceived
  }
  return rest
}
