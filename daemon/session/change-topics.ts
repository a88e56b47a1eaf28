/** What changes in a session and matches a query, page by page; read once for all who stand at the same clock. */
import { parseClock } from '../../sdk/clock.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import { parseQuery } from '../../sdk/query.ts'
import type { ChangeSignals } from './change-signals.ts'
import type { ExchangeReader } from './exchange-reader.ts'

export type ChangePage = Result<'exchange/list'>
export type ChangeQuery = Pick<Params<'exchange/list'>, 'sessionId' | 'where' | 'redact'>

/** Exchanges of a page: few enough that it soon reaches its readers. */
const pageSize = 200

/** Whether the page after a clock tells anything. */
export const isNews = ({ clock, reset }: ChangePage, before: string): boolean => reset === true || clock !== before

export class ChangeTopics {
  readonly #exchanges: ExchangeReader
  readonly #signals: ChangeSignals
  readonly #topics = new Map<string, ChangeTopic>()

  constructor(exchanges: ExchangeReader, signals: ChangeSignals) {
    this.#exchanges = exchanges
    this.#signals = signals
  }

  /** `close` it when it is of no more use. */
  open(query: ChangeQuery): ChangeTopic {
    const key = JSON.stringify([query.sessionId, query.where ?? '', query.redact ?? 'off'])
    let topic = this.#topics.get(key)
    if (topic === undefined) {
      topic = new ChangeTopic(query, this.#exchanges, this.#signals, () => this.#topics.delete(key))
      this.#topics.set(key, topic)
    }
    topic.users++
    return topic
  }
}

export class ChangeTopic {
  users = 0
  readonly #query: ChangeQuery
  readonly #exchanges: ExchangeReader
  readonly #signals: ChangeSignals
  readonly #unused: () => void
  readonly #ending = new AbortController()
  /** The page after the newest clock that was asked for, as long as some may not have it yet. */
  #newest: { clock: string; page: Promise<ChangePage>; taken: number } | null = null

  constructor(query: ChangeQuery, exchanges: ExchangeReader, signals: ChangeSignals, unused: () => void) {
    this.#query = query
    this.#exchanges = exchanges
    this.#signals = signals
    this.#unused = unused
  }

  /** Where the record stands now. Rejects as exchange/list does, for a query that is none among others. */
  async now(signal: AbortSignal): Promise<string> {
    const { sessionId, where = '' } = this.#query
    parseQuery(where)
    const { clock } = await this.#exchanges.list({ sessionId, order: 'desc', limit: 1 }, signal)
    return clock
  }

  /** Resolves when something may have changed after the clock, or when the topic is closed. */
  changed(clock: string): Promise<void> {
    return this.#signals.beyond(this.#query.sessionId, this.#position(clock), this.#ending.signal)
  }

  /**
   * What changed after the clock. A page without exchanges says only how far the clock has moved, if it has.
   * Rejects as exchange/list does, and when the topic is closed.
   */
  next(clock: string): Promise<ChangePage> {
    const known = this.#newest
    if (known?.clock === clock) {
      known.taken++
      if (known.taken >= this.users) this.#newest = null
      return known.page
    }
    const page = this.#read(clock)
    if (this.#newest === null || this.#position(clock) >= this.#position(this.#newest.clock)) {
      const newest = { clock, page, taken: 1 }
      this.#newest = this.users > 1 ? newest : null
      const forget = () => {
        if (this.#newest === newest) this.#newest = null
      }
      page.then((read) => void (isNews(read, clock) || forget()), forget)
    }
    return page
  }

  close(): void {
    this.users--
    if (this.users > 0) return
    this.#unused()
    this.#ending.abort()
  }

  #read(clock: string): Promise<ChangePage> {
    return this.#exchanges.list({ ...this.#query, since: clock, limit: pageSize }, this.#ending.signal)
  }

  /** -1 for a clock that is not this session's: it is answered with everything, at once. */
  #position = (clock: string): number => parseClock(clock, this.#query.sessionId) ?? -1
}
