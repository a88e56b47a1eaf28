/** One session's exchanges on their way into its file; what does not get there is counted. It never throws. */
import type { Client, ClientProcess, Counts, Failure } from '../../sdk/model.ts'
import { compilePredicate } from '../../sdk/query/predicate.ts'
import { parseQuery } from '../../sdk/query.ts'
import type { SessionLimits } from '../../sdk/session-settings.ts'
import type { GapRecord, MessageRecord, OriginRecord } from '../store/records.ts'
import type { Repair } from '../store/repair.ts'
import type { SessionWriter } from '../store/surface.ts'
import type { BrowserRecorder } from './browser/browser-recorder.ts'
import { type ExchangeSink, failure } from './connection.ts'
import { FilterStage } from './filters/filter-stage.ts'
import type { LiveExchange } from './live-exchange.ts'
import { Retention } from './retention.ts'
import type { OriginFacts } from './wire-copy.ts'

/** What a session may hold while its file cannot be written. */
export interface HoldLimits {
  /** Of batches that its bodies may lie in. */
  bytes: number
  exchanges: number
  ms: number
}

export interface SessionRecorderOptions {
  id: string
  handle: number
  file: SessionWriter
  isDiskFull(error: unknown): boolean
  /** The disk is full: true when room was made for what is in hand. */
  makeRoom(): boolean
  /** Recording rests until there is room. */
  isRoomLow(): boolean
  /** Unix ms: all that passed before has been read; null: nobody knows. */
  readUpTo(): number | null
  /** The file could not be written, or can be again (null). */
  report(error: unknown): void
  /** Filters have decided on something, which is to be committed. */
  decided(): void
  hold?: HoldLimits
}

type HoleReason = 'diskFull' | 'storeFailed'
const newHole = (reason: HoleReason, from: number): GapRecord => ({ from, to: from, reason, exchanges: 0, bytes: null })

const retryMs = 250
/** After a slice that could not be written, ms. */
const tendAgainMs = 10_000
const usualHold: HoldLimits = { bytes: 48 * 1024 * 1024, exchanges: 10_000, ms: 3_000 }
/** Ways to origins remembered, so that each is written once. */
const rememberedOrigins = 256
/** Messages whose content waits: more are committed at once, bytes. They may be far larger than the batches they came in. */
const waitingMessageBytes = 8 * 1024 * 1024
/** What a message takes beside its content, about, bytes. */
const messageOverhead = 700
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
  /** Exchanges that are kept and have not ended. */
  open = 0
  #options: SessionRecorderOptions
  #retention: Retention
  #hold: HoldLimits
  #file: SessionWriter
  #dirty: LiveExchange[] = []
  #gaps: GapRecord[] = []
  #left: LiveExchange[] = []
  /** Clients whose process is not known yet -> the exchanges that they have begun. */
  #asked = new Map<Client, LiveExchange[]>()
  #origins = new Map<string, OriginRecord>()
  /** The last ones, oldest first, Unix ms. */
  #pauses: { from: number; to: number }[] = []
  #failingSince = 0
  #failingFor: HoleReason = 'storeFailed'
  #retryAt = 0
  #tendAt = 0
  #limits: SessionLimits = {}
  #exchangesLeft = Number.POSITIVE_INFINITY
  /** What began when no exchange was left. */
  #leftOut: GapRecord | null = null
  #toldFull = false
  /** Filtered since the last commit, without a record. */
  #filtered = 0
  /** What is not recorded for want of a writable file; null while it is. */
  #hole: GapRecord | null = null
  /** Content of messages that are not written. */
  #messageBytes = 0
  /** Something was committed between two rounds. */
  #committed = false

  constructor(options: SessionRecorderOptions) {
    this.#options = options
    this.#hold = options.hold ?? usualHold
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
    return this.#dirty.length > 0 || this.#gaps.length > 0 || this.#hole !== null || this.#filtered > 0
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
    if (this.#hole !== null) {
      this.#miss()
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
    exchange.dirty = true
    if (this.#asked.size > 0 && exchange.connection.client !== null) this.#asked.get(exchange.connection.client)?.push(exchange)
    this.open++
    this.#dirty.push(exchange)
  }

  /** It has begun and is not to be on record. */
  passOver({ startedAt }: LiveExchange): void {
    if (this.#pauses.length === 0 || !this.#beganInPause(startedAt)) this.#filtered++
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
    if (this.#hole !== null) {
      this.#giveUp(exchange)
      return
    }
    exchange.dirty = true
    this.#dirty.push(exchange)
  }

  addMessage(exchange: LiveExchange, message: MessageRecord): void {
    if (!exchange.kept || !exchange.isOpen) return
    this.touch(exchange)
    if (!exchange.dirty || !exchange.kept) return
    exchange.messages ??= []
    exchange.messages.push(message)
    exchange.messageCount++
    this.#messageBytes += messageOverhead + (message.data?.length ?? 0) + 2 * (message.text?.length ?? 0)
    if (this.#messageBytes > waitingMessageBytes && this.#commit(message.at, 0)) this.#committed = true
  }

  finish(exchange: LiveExchange, failed: Failure | null, at: number): void {
    if (exchange.state !== 'open') return
    const reason = exchange.endMessages(failed, at)
    if (exchange.kept && !exchange.dirty && this.#hole !== null) {
      this.#giveUp(exchange)
      return
    }
    exchange.end(reason, at)
    if (!exchange.kept) return
    this.open--
    if (exchange.dirty) return
    exchange.dirty = true
    this.#dirty.push(exchange)
  }

  /** It is not to be on record after all; what nobody decided (`undecided`) is counted by a gap. */
  remove(exchange: LiveExchange, why: NonNullable<LiveExchange['removed']>): void {
    if (!exchange.kept) return
    if (exchange.isOpen) this.open--
    exchange.kept = false
    exchange.removed = why
    exchange.dropContent()
    if (why === 'filtered') this.#exchangesLeft++
    if (why === 'undecided') this.#countUndecided(exchange.startedAt, Date.now())
    if (exchange.dirty) return
    exchange.dirty = true
    this.#dirty.push(exchange)
  }

  #countUndecided(from: number, to: number): void {
    this.addGap(from, to, 'filterFailed', null)
    const gap = this.#gaps.find(({ reason }) => reason === 'filterFailed')
    if (gap) gap.exchanges = (gap.exchanges ?? 0) + 1
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
    if (!this.#gaps.includes(gap)) this.#gaps.push(gap)
  }

  addGap(from: number, to: number, reason: GapRecord['reason'], bytes: number | null): void {
    const same = this.#gaps.find((gap) => gap.reason === reason)
    if (same === undefined) {
      this.#gaps.push({ from, to, reason, exchanges: null, bytes })
      return
    }
    same.from = Math.min(same.from, from)
    same.to = Math.max(same.to, to)
    same.bytes = same.bytes === null || bytes === null ? null : same.bytes + bytes
  }

  /** A browser's source lost sight of so many requests; null: nobody knows of how many. */
  lost(from: number, to: number, exchanges: number | null): void {
    this.#gaps.push({ from, to, reason: 'sourceLost', exchanges, bytes: null })
  }

  /** True when something was committed. `now`: Unix ms; `heldBytes`: of batches that may still be referred to. */
  commit(now: number, heldBytes: number): boolean {
    const committed = this.#commit(now, heldBytes) || this.#committed
    this.#committed = false
    return committed
  }

  #commit(now: number, heldBytes: number): boolean {
    if (!this.isDirty) return false
    if (this.#failingSince === 0 && this.#hole === null) {
      const error = this.#write(now)
      if (error === null) return true
      this.#options.report(error)
      return this.#failed(error, now, heldBytes)
    }
    if (now < this.#retryAt) {
      this.#shedBeyondLimits(now, heldBytes)
      return false
    }
    this.#retryAt = now + retryMs
    if (this.#failingSince === 0 && this.#options.isRoomLow()) return false
    const error = this.#write(now)
    if (error !== null) return this.#failed(error, now, heldBytes)
    this.#failingSince = 0
    this.#options.report(null)
    return true
  }

  /** A slice of what keeps it within its limits; false: nothing is to be done. `now`: Unix ms. */
  tend(now: number): boolean {
    if (this.#failingSince !== 0 || this.#hole !== null || now < this.#tendAt) return false
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
    return this.#dirty.length === 0 || this.#hole !== null
  }

  /** A last commit, whatever failed before; false: it has to be tried again. */
  commitLast(now: number): boolean {
    if (!this.isDirty) return true
    const { isDiskFull, makeRoom, report } = this.#options
    let error = this.#write(now)
    const full = error !== null && isDiskFull(error)
    if (full && makeRoom()) error = this.#write(now)
    if (error === null) return true
    if (this.#failingSince === 0 && this.#hole === null) report(error)
    this.#failingSince ||= now
    this.#failingFor = full ? 'diskFull' : 'storeFailed'
    return false
  }

  /** `commitLast`, then the file is closed. What could not be written: the next opening puts its gaps on record; null: everything was. */
  close(now: number): Repair | null {
    const repair = this.commitLast(now) ? null : this.#unwritten(now)
    try {
      this.#file.close()
    } catch (thrown) {
      this.#options.report(thrown)
    }
    return repair
  }

  #unwritten(now: number): Repair {
    const hole = this.#hole ?? this.#shed()
    hole.to = now
    return { reason: 'storeFailed', until: now, gaps: [...this.#gaps, hole], filtered: this.#filtered }
  }

  /** null, or what the store threw. */
  #write(now: number): unknown {
    const dirty = this.#dirty
    const gaps = this.#gaps
    if (this.#hole !== null) this.#hole.to = now
    try {
      this.#file.commit(dirty, this.#hole === null ? gaps : [...gaps, this.#hole], this.#filtered, this.#options.readUpTo())
    } catch (error) {
      return error ?? new Error('the store failed')
    }
    for (const exchange of dirty) exchange.dirty = false
    this.#dirty = []
    this.#messageBytes = 0
    if (gaps.length > 0) this.#gaps = []
    this.#hole = null
    this.#filtered = 0
    return null
  }

  #failed(error: unknown, now: number, heldBytes: number): boolean {
    this.#retryAt = now + retryMs
    const full = this.#options.isDiskFull(error)
    if (full && this.#options.makeRoom() && this.#write(now) === null) {
      this.#failingSince = 0
      this.#hole = newHole('diskFull', now)
      return true
    }
    this.#failingSince ||= now
    this.#failingFor = full ? 'diskFull' : 'storeFailed'
    this.#shedBeyondLimits(now, heldBytes)
    return false
  }

  /** Nothing new is recorded from the moment that more would have to be held than is allowed. */
  #shedBeyondLimits(now: number, heldBytes: number): void {
    const { bytes, exchanges, ms } = this.#hold
    const held = this.#dirty
    if (this.#hole !== null || (heldBytes + this.#messageBytes <= bytes && held.length <= exchanges && now - this.#failingSince <= ms))
      return
    this.#shed()
  }

  /** What is held becomes a hole. */
  #shed(): GapRecord {
    const held = this.#dirty
    const hole = newHole(this.#failingFor, this.#failingSince)
    this.#hole = hole
    this.#dirty = []
    this.#messageBytes = 0
    for (const exchange of held) {
      if (exchange.removed !== null) {
        this.#shedRemoved(exchange)
        continue
      }
      exchange.dirty = false
      if (exchange.stored) {
        this.#giveUp(exchange)
        continue
      }
      if (exchange.isOpen) this.open--
      exchange.kept = false
      exchange.dropContent()
      this.#miss()
    }
    return hole
  }

  /** Only a row that has to go must wait. */
  #shedRemoved(exchange: LiveExchange): void {
    if (exchange.stored) this.#dirty.push(exchange)
    else if (exchange.removed === 'filtered') this.#filtered++
  }

  #miss(): void {
    if (this.#hole?.exchanges != null) this.#hole.exchanges++
  }

  /** It has a row that says it is open (or lacks what came last): the row will say that the rest is missing. */
  #giveUp(exchange: LiveExchange): void {
    if (exchange.isOpen) this.open--
    if (exchange.isOpen || exchange.messages !== null || exchange.requestBody?.pendingBytes || exchange.responseBody?.pendingBytes) {
      exchange.state = 'failed'
      exchange.error = failure('notRecorded')
      exchange.endedAt ||= Date.now()
      exchange.markTruncated()
    }
    exchange.dropContent()
    if (exchange.requestBody !== null) exchange.requestBody.ended = true
    if (exchange.responseBody !== null) exchange.responseBody.ended = true
    exchange.kept = false
    exchange.dirty = true
    this.#dirty.push(exchange)
  }
}
