/** One session's exchanges on their way into its file: which are kept, how they change, and how they end. It never throws. */
import type { Client, ClientProcess, Counts, Failure } from '../../sdk/model.ts'
import { compilePredicate } from '../../sdk/query/predicate.ts'
import { parseQuery } from '../../sdk/query.ts'
import type { SessionLimits } from '../../sdk/session-settings.ts'
import type { GapRecord, MessageRecord, OriginRecord } from '../store/records.ts'
import type { SessionWriter } from '../store/surface.ts'
import type { BrowserRecorder } from './browser/browser-recorder.ts'
import { CommitBuffer, type CommitBufferOptions } from './commit-buffer.ts'
import type { ExchangeSink } from './connection.ts'
import { FilterStage } from './filters/filter-stage.ts'
import type { LiveExchange } from './live-exchange.ts'
import { Retention } from './retention.ts'
import type { OriginFacts } from './wire-copy.ts'

export interface SessionRecorderOptions extends CommitBufferOptions {
  id: string
  handle: number
  /** Filters have decided on something, which is to be committed. */
  decided(): void
}

/** After a slice that could not be written, ms. */
const tendAgainMs = 10_000
/** Ways to origins remembered, so that each is written once. */
const rememberedOrigins = 256
/** How late the copy of something may come at most, ms. */
const rememberedPauseMs = 60_000

export class SessionRecorder implements ExchangeSink<LiveExchange> {
  readonly handle: number
  /** Where exchanges come in. */
  readonly entrance: FilterStage
  /** Browsers that tell of their requests; null: there has been none. */
  browsers: BrowserRecorder | null = null
  /** The listener is closed: what weir closes now ends with the session. */
  stopping = false
  /** The proxy has closed all connections. */
  connectionsClosed = false
  #options: SessionRecorderOptions
  #retention: Retention
  #file: SessionWriter
  readonly #buffer: CommitBuffer
  #left: LiveExchange[] = []
  /** Clients whose process is not known yet -> the exchanges that they have begun. */
  #asked = new Map<Client, LiveExchange[]>()
  #origins = new Map<string, OriginRecord>()
  /** The last ones, oldest first, Unix ms. */
  #pauses: { from: number; to: number }[] = []
  #tendAt = 0
  #limits: SessionLimits = {}
  #exchangesLeft = Number.POSITIVE_INFINITY
  /** What began when no exchange was left. */
  #leftOut: GapRecord | null = null
  #toldFull = false

  constructor(options: SessionRecorderOptions) {
    this.#options = options
    this.#buffer = new CommitBuffer(options)
    this.#file = options.file
    this.#retention = new Retention(options.file)
    this.handle = options.handle
    this.entrance = new FilterStage(this, { sessionId: options.id, file: options.file, decided: () => options.decided() })
  }

  /** Where the exchanges of its proxy come in. */
  get way(): ExchangeSink<LiveExchange> {
    return this.browsers?.sink ?? this.entrance
  }

  /** For exchanges that begin from now on; when none is left they are counted only. */
  limit(limits: SessionLimits, exchangesLeft: number): void {
    this.#limits = limits
    this.#exchangesLeft = exchangesLeft
    this.#toldFull = false
  }

  /** Exchanges that begin from now on are stored only if they match; empty: all are. Relative times are meant from now. Throws invalidQuery. */
  keepOnly(where: string): void {
    this.entrance.keepOnly(where === '' ? null : compilePredicate(parseQuery(where)))
  }

  get counts(): Counts {
    return this.#file.counts
  }
  get change(): number {
    return this.#file.change
  }
  /** Something waits for a commit. */
  get isDirty(): boolean {
    return this.#buffer.isDirty
  }
  /** Exchanges that are kept and have not ended. */
  get open(): number {
    return this.#buffer.open
  }

  /** The same object for the same way. */
  originOf({ server, tls }: OriginFacts): OriginRecord {
    const key = JSON.stringify([server, tls])
    let origin = this.#origins.get(key)
    if (origin === undefined) {
      if (this.#origins.size >= rememberedOrigins) this.#origins.clear()
      origin = { id: 0, server, tls: tls ?? null }
      this.#origins.set(key, origin)
    }
    return origin
  }

  /** Copies come a little after what they tell of, so a pause counts for what began in it, not for what is read in it. */
  pause(at: number): void {
    if (this.#pauses.at(-1)?.to === Number.POSITIVE_INFINITY) return
    this.#pauses = this.#pauses.filter(({ to }) => to > at - rememberedPauseMs)
    this.#pauses.push({ from: at, to: Number.POSITIVE_INFINITY })
  }

  resume(at: number): void {
    const last = this.#pauses.at(-1)
    if (last) last.to = Math.min(last.to, at)
  }

  #beganInPause(at: number): boolean {
    for (const { from, to } of this.#pauses) if (at >= from && at < to) return true
    return false
  }

  begin(exchange: LiveExchange): void {
    if (this.#pauses.length > 0 && this.#beganInPause(exchange.startedAt)) return
    if (this.#buffer.isLosing) {
      this.#buffer.miss()
      return
    }
    if (this.#exchangesLeft <= 0) {
      this.#leaveOut(exchange)
      return
    }
    this.#exchangesLeft--
    exchange.kept = true
    exchange.keptBodyBytes = this.#limits.bodyBytes ?? Number.POSITIVE_INFINITY
    exchange.seq = this.#file.nextSeq()
    if (this.#asked.size > 0 && exchange.connection.client !== null) this.#asked.get(exchange.connection.client)?.push(exchange)
    this.#buffer.open++
    this.#buffer.add(exchange)
  }

  /** It has begun and is not to be on record. */
  passOver({ startedAt }: LiveExchange): void {
    if (this.#pauses.length === 0 || !this.#beganInPause(startedAt)) this.#buffer.countFiltered()
  }

  /** In one gap, however many they are. */
  #leaveOut({ startedAt }: LiveExchange): void {
    this.#leftOut ??= { from: startedAt, to: startedAt, reason: 'autoStop', exchanges: 0, bytes: null }
    const gap = this.#leftOut
    gap.exchanges = (gap.exchanges ?? 0) + 1
    gap.from = Math.min(gap.from, startedAt)
    this.extendGap(gap, startedAt)
  }

  /** True once: all the exchanges that may be recorded are, and have ended. */
  becameFull(): boolean {
    if (this.#toldFull || this.#exchangesLeft > 0 || this.open > 0 || this.isDirty) return false
    this.#toldFull = true
    return true
  }

  /** Some processes are still to be told. */
  get isAsking(): boolean {
    return this.#asked.size > 0
  }

  asks(client: Client): void {
    this.#asked.set(client, [])
  }

  /** What the client has begun meanwhile changes with it, ended or not; null: it will not be known. */
  answered(client: Client, process: ClientProcess | null): void {
    const begun = this.#asked.get(client) ?? []
    this.#asked.delete(client)
    if (process !== null) {
      client.process = process
      for (const exchange of begun) this.touch(exchange)
    }
    this.entrance.answered(client)
  }

  asksOf(client: Client): boolean {
    return this.#asked.has(client)
  }

  touch(exchange: LiveExchange): void {
    if (exchange.dirty || !exchange.kept) return
    if (this.#buffer.isLosing) this.#buffer.giveUp(exchange)
    else this.#buffer.add(exchange)
  }

  addMessage(exchange: LiveExchange, message: MessageRecord): void {
    if (!exchange.kept || !exchange.isOpen) return
    this.touch(exchange)
    if (!exchange.dirty || !exchange.kept) return
    exchange.messages ??= []
    exchange.messages.push(message)
    exchange.messageCount++
    this.#buffer.addMessage(message)
  }

  finish(exchange: LiveExchange, failed: Failure | null, at: number): void {
    if (exchange.state !== 'open') return
    const reason = exchange.endMessages(failed, at)
    if (exchange.kept && !exchange.dirty && this.#buffer.isLosing) {
      this.#buffer.giveUp(exchange)
      return
    }
    exchange.end(reason, at)
    if (!exchange.kept) return
    this.#buffer.open--
    this.#buffer.add(exchange)
  }

  /** It is not to be on record after all; what nobody decided (`undecided`) is counted by a gap. */
  remove(exchange: LiveExchange, why: NonNullable<LiveExchange['removed']>): void {
    if (!exchange.kept) return
    if (exchange.isOpen) this.#buffer.open--
    exchange.kept = false
    exchange.removed = why
    exchange.dropContent()
    if (why === 'filtered') this.#exchangesLeft++
    if (why === 'undecided') this.#countUndecided(exchange.startedAt, Date.now())
    this.#buffer.add(exchange)
  }

  #countUndecided(from: number, to: number): void {
    const gap = this.#buffer.widenGap(from, to, 'filterFailed', null)
    gap.exchanges = (gap.exchanges ?? 0) + 1
  }

  leaveOpen(exchange: LiveExchange): void {
    if (exchange.kept && exchange.isOpen) this.#left.push(exchange)
  }

  /** What was left open ends. */
  endLeft(reason: Failure, at: number): void {
    for (const exchange of this.#left) this.finish(exchange, reason, at)
    this.#left = []
  }

  /** One that goes on: it stays one row, whatever was committed of it. */
  extendGap(gap: GapRecord, to: number): void {
    gap.to = Math.max(gap.to, to)
    this.#buffer.addGap(gap)
  }

  addGap(from: number, to: number, reason: GapRecord['reason'], bytes: number | null): void {
    this.#buffer.widenGap(from, to, reason, bytes)
  }

  /** A browser's source lost sight of so many requests; null: nobody knows of how many. */
  lost(from: number, to: number, exchanges: number | null): void {
    this.#buffer.addGap({ from, to, reason: 'sourceLost', exchanges, bytes: null })
  }

  /** True when something was committed. `now`: Unix ms; `heldBytes`: of batches that may still be referred to. */
  commit(now: number, heldBytes: number): boolean {
    return this.#buffer.commit(now, heldBytes)
  }

  /** A slice of what keeps it within its limits; false: nothing is to be done. `now`: Unix ms. */
  tend(now: number): boolean {
    if (this.#buffer.isFailing || now < this.#tendAt) return false
    try {
      return this.#retention.step(this.#limits, now)
    } catch (error) {
      this.#options.report(error)
      this.#tendAt = now + tendAgainMs
      return false
    }
  }

  /** Changes what is on record, once all that waits is. Throws what the store throws. */
  edit<Result>(now: number, heldBytes: number, work: (file: SessionWriter) => Result): Result {
    this.commit(now, heldBytes)
    return work(this.#file)
  }

  /** No batch is referred to any more. */
  get holdsNothing(): boolean {
    return this.#buffer.holdsNothing
  }

  /** A last commit, whatever failed before; false: it has to be tried again. */
  commitLast(now: number): boolean {
    return this.#buffer.commitLast(now)
  }

  /** As CommitBuffer.close. */
  close(now: number): ReturnType<CommitBuffer['close']> {
    return this.#buffer.close(now)
  }
}
