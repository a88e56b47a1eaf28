/** exchange/wait: the first exchange that matches, or the moment from which none does. */

import { parseClock } from '../../sdk/clock.ts'
import type { Exchange } from '../../sdk/model.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import type { ChangeSignals } from './change-signals.ts'
import type { ExchangeReader } from './exchange-reader.ts'

type WaitParams = Params<'exchange/wait'>
/** Which exchanges, and how they are shown. */
type Wanted = Pick<WaitParams, 'sessionId' | 'where' | 'redact'>
type WaitResult = Result<'exchange/wait'>

export class ExchangeWaiter {
  readonly #exchanges: ExchangeReader
  readonly #signals: ChangeSignals

  constructor(exchanges: ExchangeReader, signals: ChangeSignals) {
    this.#exchanges = exchanges
    this.#signals = signals
  }

  /** Rejects as exchange/list does. A look at the record that is under way at the time limit has `lookMs` to end. */
  async wait(params: WaitParams, signal: AbortSignal): Promise<WaitResult> {
    const { timeoutMs, since, quietMs, ...wanted } = params
    const deadline = performance.now() + timeoutMs
    const late = AbortSignal.timeout(Math.ceil(Math.min(timeoutMs + lookMs, longestMs)))
    const either = AbortSignal.any([signal, late])
    try {
      if (quietMs === undefined) return await this.#first(wanted, since, deadline, either)
      return await this.#quiet(wanted, since, quietMs, deadline, either)
    } catch (error) {
      if (signal.aborted || !late.aborted) throw error
      return quietMs === undefined ? { item: null } : { item: null, quiet: false }
    }
  }

  /** What is on record counts, unless a clock says from when. */
  async #first(wanted: Wanted, since: string | undefined, deadline: number, signal: AbortSignal): Promise<WaitResult> {
    const { sessionId } = wanted
    let clock = since ?? 'start'
    if (since === undefined) {
      const page = await this.#exchanges.list({ ...wanted, order: 'asc', limit: 1 }, signal)
      if (page.items[0]) return { item: page.items[0] }
      // A page may end before the record does; what it did not reach is found as a change.
      if (!page.more) clock = page.clock
    }
    for (;;) {
      const page = await this.#exchanges.list({ ...wanted, since: clock }, signal)
      const [item] = page.items.sort((a, b) => a.seq - b.seq)
      if (item) return { item }
      clock = page.clock
      if (!page.more && !(await this.#changes(sessionId, clock, deadline, signal))) return { item: null }
    }
  }

  /** Until none that matches is open, and none has changed for so long. */
  async #quiet(wanted: Wanted, since: string | undefined, quietMs: number, deadline: number, signal: AbortSignal): Promise<WaitResult> {
    const { sessionId, where } = wanted
    let clock = since ?? (await this.#exchanges.list({ sessionId, order: 'desc', limit: 1 }, signal)).clock
    let disturbance: Exchange | null = null
    let quietSince = performance.now()
    for (;;) {
      const changed = await this.#latest(wanted, clock, signal)
      const open = await this.#exchanges.list({ ...wanted, where: andOpen(where), limit: 1 }, signal)
      const latest = changed.item ?? open.items[0]
      if (latest) {
        disturbance = latest
        quietSince = performance.now()
      }
      clock = changed.clock
      const quietAt = open.items.length > 0 ? Infinity : quietSince + quietMs
      if (await this.#changes(sessionId, clock, Math.min(deadline, quietAt), signal)) continue
      return quietAt <= deadline ? { item: null, quiet: true } : { item: disturbance, quiet: false }
    }
  }

  /** Of all that changed and matches, the last. */
  async #latest(wanted: Wanted, since: string, signal: AbortSignal): Promise<{ item: Exchange | null; clock: string }> {
    let item: Exchange | null = null
    let clock = since
    for (let more = true; more; ) {
      const page = await this.#exchanges.list({ ...wanted, since: clock }, signal)
      item = page.items.at(-1) ?? item
      clock = page.clock
      more = page.more
    }
    return { item, clock }
  }

  /** Whether something may have changed before the deadline (of performance.now). */
  async #changes(sessionId: string, clock: string, deadline: number, signal: AbortSignal): Promise<boolean> {
    const late = AbortSignal.timeout(Math.ceil(Math.max(0, Math.min(deadline - performance.now(), longestMs))))
    await this.#signals.beyond(sessionId, parseClock(clock, sessionId) ?? 0, AbortSignal.any([signal, late]))
    signal.throwIfAborted()
    return !late.aborted
  }
}

const andOpen = (where: string): string => (where.trim() === '' ? 'state:open' : `(${where}) state:open`)

const lookMs = 2_000
/** What a timer can hold. */
const longestMs = 2 ** 31 - 1
