/**
 * Where exchanges enter a session. Those that its `where` or a filter that is a query does not want go no further, or are removed once that is known. Without
 * filters that are functions it hands all others on. With such filters it holds each one back until it has ended and they have decided; till then
 * the session has a placeholder in its place, so nothing that they may hide is ever in the session file. It never throws.
 */
import type { Client, Failure } from '../../../sdk/model.ts'
import type { FilteredExchange } from '../../../sdk/plugin.ts'
import type { Decide } from '../../../sdk/query/predicate.ts'
import type { Decision, FilterChain } from '../../plugin/filters/filter-chain.ts'
import type { MessageRecord } from '../../store/records.ts'
import type { SessionWriter } from '../../store/surface.ts'
import type { ExchangeSink } from '../connection.ts'
import type { LiveExchange } from '../live-exchange.ts'
import type { SessionRecorder } from '../session-recorder.ts'
import { Admission } from './admission.ts'
import { fillRow, filteredCopy, placeholderOf } from './filtered-copy.ts'
import { messagesLeft } from './filtered-messages.ts'
import { HeldContent, type HeldDecoded, type HeldLimits, type HeldMessages } from './held-content.ts'

export interface FilterStageOptions {
  /** For `sessionId` of what filters see. */
  sessionId: string
  /** Of the session. */
  file: Pick<SessionWriter, 'storedBody'>
  /** Something is to be committed, outside of any batch. */
  decided(): void
  held?: HeldLimits
}

/** An exchange that is held back, until it is decided. */
interface Staged {
  row: LiveExchange
  chain: FilterChain
  messages: HeldMessages
  decoded: HeldDecoded
}

export class FilterStage implements ExchangeSink<LiveExchange> {
  readonly #session: SessionRecorder
  readonly #options: FilterStageOptions
  readonly #held: HeldContent
  #chain: FilterChain | null = null
  #where: Decide | null = null
  /** What of both can be asked while exchanges pass; null: nothing. */
  #admission: Admission | null = null
  #staged = new Map<LiveExchange, Staged>()
  #left: LiveExchange[] = []
  /** Exchanges that have ended, by the client whose process is still to be told. */
  #awaiting = new Map<Client, LiveExchange[]>()
  /** Handed to the filters, not yet answered. */
  #deciding = new Set<Promise<void>>()

  constructor(session: SessionRecorder, options: FilterStageOptions) {
    this.#session = session
    this.#options = options
    this.#held = new HeldContent(options.held)
  }

  /** From the next exchange on; null: none. What has begun is decided by those it began with. */
  use(chain: FilterChain | null): void {
    const before = this.#chain
    this.#chain = chain
    this.#admit()
    if (before !== null) this.#disposeUnused(before)
  }

  /** From the next exchange on only what matches gets to filters and into the session; null: everything does. */
  keepOnly(where: Decide | null): void {
    this.#where = where
    this.#admit()
  }

  #admit(): void {
    const [where, chain] = [this.#where, this.#chain]
    this.#admission = where === null && chain === null ? null : new Admission(where, chain, this.#options.file)
  }

  get stopping(): boolean {
    return this.#session.stopping
  }

  addGap(from: number, to: number, reason: 'overload', bytes: number): void {
    this.#session.addGap(from, to, reason, bytes)
  }

  begin(exchange: LiveExchange): void {
    const admission = this.#admission
    const verdict = admission === null ? 'wanted' : admission.decide(exchange)
    if (verdict === 'filtered') {
      this.#session.passOver(exchange)
      return
    }
    if (verdict === null) exchange.undecidedBy = admission
    const chain = this.#chain
    if (chain === null || !chain.hasFunctions || verdict === 'undecided') {
      this.#session.begin(exchange)
      if (verdict === 'undecided') this.#session.remove(exchange, verdict)
      return
    }
    const row = placeholderOf(exchange)
    this.#session.begin(row)
    if (!row.kept) return
    exchange.seq = row.seq
    exchange.held = this.#held
    this.#staged.set(exchange, { row, chain, messages: { records: [], bytes: 0 }, decoded: { bytes: 0 } })
  }

  touch(exchange: LiveExchange): void {
    if (exchange.undecidedBy !== null && isToBeAsked(exchange)) this.#decide(exchange, exchange.undecidedBy)
    if (exchange.held === null) this.#session.touch(exchange)
  }

  addMessage(exchange: LiveExchange, message: MessageRecord): void {
    if (exchange.held === null) this.#session.addMessage(exchange, message)
    else {
      const staged = this.#staged.get(exchange)
      if (staged !== undefined) this.#held.addMessage(staged.messages, message)
    }
  }

  leaveOpen(exchange: LiveExchange): void {
    if (exchange.held === null && exchange.undecidedBy === null) this.#session.leaveOpen(exchange)
    else if (exchange.isOpen) this.#left.push(exchange)
  }

  endLeft(reason: Failure, at: number): void {
    this.#session.endLeft(reason, at)
    for (const exchange of this.#left) this.finish(exchange, reason, at)
    this.#left = []
  }

  finish(exchange: LiveExchange, reason: Failure | null, at: number): void {
    if (exchange.held === null) this.#session.finish(exchange, reason, at)
    else if (!exchange.isOpen) return
    else exchange.end(exchange.endMessages(reason, at), at)
    if (exchange.isOpen || (exchange.held === null && exchange.undecidedBy === null)) return
    this.#awaitProcess(exchange)
    this.#ended(exchange)
  }

  /** No browser will say more of it. */
  viewed(exchange: LiveExchange): void {
    if (!exchange.awaitsView) return
    exchange.awaitsView = false
    if (!exchange.isOpen) this.#ended(exchange)
  }

  /** Whose connection it is has been told, or never will be. */
  answered(client: Client): void {
    const ended = this.#awaiting.get(client) ?? []
    this.#awaiting.delete(client)
    for (const exchange of ended) {
      exchange.awaitsProcess = false
      this.#ended(exchange)
    }
  }

  #awaitProcess(exchange: LiveExchange): void {
    const { client } = exchange
    if (client === null || !this.#session.asksOf(client)) return
    exchange.awaitsProcess = true
    const known = this.#awaiting.get(client)
    if (known === undefined) this.#awaiting.set(client, [exchange])
    else known.push(exchange)
  }

  #ended(exchange: LiveExchange): void {
    if (exchange.undecidedBy !== null) this.#decide(exchange, exchange.undecidedBy)
    if (exchange.held !== null && !exchange.awaitsView && !exchange.awaitsProcess) this.#askFilters(exchange)
  }

  #askFilters(exchange: LiveExchange): void {
    const staged = this.#staged.get(exchange)
    if (staged === undefined) return
    const { messages, decoded } = staged
    const given = filteredCopy(exchange, this.#options.sessionId, messages.records, (bytes, codings) =>
      this.#held.decode(decoded, bytes, codings),
    )
    const decision = staged.chain.decide(given)
    if (decision instanceof Promise) this.#later(decision, exchange, staged, given)
    else this.#settle(exchange, staged, given, decision)
  }

  #decide(exchange: LiveExchange, admission: Admission): void {
    const verdict = admission.decide(exchange)
    if (verdict === null) return
    exchange.undecidedBy = null
    if (verdict !== 'wanted') this.#refuse(exchange, verdict)
  }

  /** What is stored of it goes; it is only followed from here on. */
  #refuse(exchange: LiveExchange, verdict: 'filtered' | 'undecided'): void {
    const staged = this.#staged.get(exchange)
    this.#session.remove(staged?.row ?? exchange, verdict)
    if (staged === undefined) return
    this.#forget(exchange, staged)
    exchange.held = null
  }

  /** Resolves when the filters have decided on all that has ended: each has its time, and is ended beyond it. Then they are disposed of. */
  async close(): Promise<void> {
    while (this.#deciding.size > 0) await Promise.all(this.#deciding)
    this.use(null)
  }

  #later(decision: Promise<Decision>, exchange: LiveExchange, staged: Staged, given: FilteredExchange): void {
    const settling = decision.then((made) => {
      this.#deciding.delete(settling)
      this.#settle(exchange, staged, given, made)
      this.#options.decided()
    })
    this.#deciding.add(settling)
  }

  #settle(exchange: LiveExchange, staged: Staged, given: FilteredExchange, { kept, failed }: Decision): void {
    const { row } = staged
    const { error, endedAt } = exchange
    if (kept === null) this.#session.remove(row, failed ? 'undecided' : 'filtered')
    else {
      fillRow(row, exchange, given, kept)
      for (const message of messagesLeft(row, staged.messages.records, given, kept)) this.#session.addMessage(row, message)
      if (kept !== given) row.addAnomaly('changedByFilter')
      if (failed) row.addAnomaly('filterFailed')
      this.#session.finish(row, error && { reason: error.reason, message: kept.error?.message ?? error.message }, endedAt)
    }
    this.#forget(exchange, staged)
  }

  /** It is decided on. */
  #forget(exchange: LiveExchange, { chain, messages, decoded }: Staged): void {
    this.#staged.delete(exchange)
    this.#held.releaseMessages(messages)
    this.#held.releaseDecoded(decoded)
    if (exchange.requestBody !== null) this.#held.release(exchange.requestBody)
    if (exchange.responseBody !== null) this.#held.release(exchange.responseBody)
    if (chain !== this.#chain) this.#disposeUnused(chain)
  }

  /** Once nothing waits for it. */
  #disposeUnused(chain: FilterChain): void {
    for (const staged of this.#staged.values()) if (staged.chain === chain) return
    chain.close()
  }
}

/** With the response's head, and each time that twice as much of its bodies has passed: a size may decide before the end. */
function isToBeAsked(exchange: LiveExchange): boolean {
  if (exchange.status > 0 && !exchange.askedWithResponse) {
    exchange.askedWithResponse = true
    return true
  }
  const passed = exchange.requestSize + exchange.responseSize
  if (passed < exchange.askedAgainAt) return false
  exchange.askedAgainAt = 2 * passed
  return true
}
