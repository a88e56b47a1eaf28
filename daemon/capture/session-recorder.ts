/** One session's exchanges on their way into its file; what does not get there is counted. It never throws. */
import type { Counts, Failure } from '../../sdk/model.ts'
import type { GapRecord, OriginRecord } from '../store/records.ts'
import type { SessionWriter } from '../store/surface.ts'
import { type ExchangeSink, failure } from './connection.ts'
import { type LiveExchange, stateAfter } from './live-exchange.ts'
import type { OriginFacts } from './wire-copy.ts'

/** What a session may hold while its file cannot be written. */
export interface HoldLimits {
  /** Of batches that its bodies may lie in. */
  bytes: number
  exchanges: number
  ms: number
}

export interface SessionRecorderOptions {
  handle: number
  file: SessionWriter
  isDiskFull(error: unknown): boolean
  /** The disk is full: true when room was made for what is in hand. */
  makeRoom(): boolean
  /** Recording rests until there is room. */
  isRoomLow(): boolean
  /** The file could not be written, or can be again (null). */
  report(error: unknown): void
  hold?: HoldLimits
}

type HoleReason = 'diskFull' | 'storeFailed'
const newHole = (reason: HoleReason, from: number): GapRecord => ({ from, to: from, reason, exchanges: 0, bytes: null })

const retryMs = 250
const usualHold: HoldLimits = { bytes: 48 * 1024 * 1024, exchanges: 10_000, ms: 3_000 }
/** Ways to origins remembered, so that each is written once. */
const rememberedOrigins = 256
/** How late the copy of something may come at most, ms. */
const rememberedPauseMs = 60_000

export class SessionRecorder implements ExchangeSink<LiveExchange> {
  readonly handle: number
  /** The listener is closed: what weir closes now ends with the session. */
  stopping = false
  /** The proxy has closed all connections. */
  connectionsClosed = false
  /** Exchanges that are kept and have not ended. */
  open = 0
  #options: SessionRecorderOptions
  #hold: HoldLimits
  #file: SessionWriter
  #dirty: LiveExchange[] = []
  #gaps: GapRecord[] = []
  #left: LiveExchange[] = []
  #origins = new Map<string, OriginRecord>()
  /** The last ones, oldest first, Unix ms. */
  #pauses: { from: number; to: number }[] = []
  #failingSince = 0
  #failingFor: HoleReason = 'storeFailed'
  #retryAt = 0
  /** What is not recorded for want of a writable file; null while it is. */
  #hole: GapRecord | null = null

  constructor(options: SessionRecorderOptions) {
    this.#options = options
    this.#hold = options.hold ?? usualHold
    this.#file = options.file
    this.handle = options.handle
  }

  get counts(): Counts {
    return this.#file.counts
  }
  get change(): number {
    return this.#file.change
  }
  /** Something waits for a commit. */
  get isDirty(): boolean {
    return this.#dirty.length > 0 || this.#gaps.length > 0 || this.#hole !== null
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
    exchange.kept = true
    exchange.seq = this.#file.nextSeq()
    exchange.dirty = true
    this.open++
    this.#dirty.push(exchange)
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

  finish(exchange: LiveExchange, reason: Failure | null, at: number): void {
    if (exchange.state !== 'open') return
    if (exchange.kept && !exchange.dirty && this.#hole !== null) {
      this.#giveUp(exchange)
      return
    }
    exchange.state = reason === null ? 'complete' : stateAfter(reason.reason)
    exchange.error = reason
    exchange.endedAt = at
    if (exchange.requestBody !== null) exchange.requestBody.ended = true
    if (exchange.responseBody !== null) exchange.responseBody.ended = true
    if (!exchange.kept) return
    this.open--
    if (exchange.dirty) return
    exchange.dirty = true
    this.#dirty.push(exchange)
  }

  leaveOpen(exchange: LiveExchange): void {
    if (exchange.kept && exchange.isOpen) this.#left.push(exchange)
  }

  /** What was left open ends. */
  endLeft(reason: Failure, at: number): void {
    for (const exchange of this.#left) this.finish(exchange, reason, at)
    this.#left = []
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

  /** True when something was committed. `now`: Unix ms; `heldBytes`: of batches that may still be referred to. */
  commit(now: number, heldBytes: number): boolean {
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

  /** No batch is referred to any more. */
  get holdsNothing(): boolean {
    return this.#dirty.length === 0 || this.#hole !== null
  }

  /** A last commit, whatever failed before; then the file is closed. */
  close(now: number): void {
    const error = this.isDirty ? this.#write(now) : null
    if (error !== null && this.#options.isDiskFull(error) && this.#options.makeRoom()) this.#write(now)
    try {
      this.#file.close()
    } catch (thrown) {
      this.#options.report(thrown)
    }
  }

  /** null, or what the store threw. */
  #write(now: number): unknown {
    const dirty = this.#dirty
    const gaps = this.#gaps
    if (this.#hole !== null) this.#hole.to = now
    try {
      this.#file.commit(dirty, this.#hole === null ? gaps : [...gaps, this.#hole])
    } catch (error) {
      return error ?? new Error('the store failed')
    }
    for (const exchange of dirty) exchange.dirty = false
    this.#dirty = []
    if (gaps.length > 0) this.#gaps = []
    this.#hole = null
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
    if (this.#hole !== null || (heldBytes <= bytes && held.length <= exchanges && now - this.#failingSince <= ms)) return
    this.#hole = newHole(this.#failingFor, this.#failingSince)
    this.#dirty = []
    for (const exchange of held) {
      exchange.dirty = false
      if (exchange.stored) {
        this.#giveUp(exchange)
        continue
      }
      if (exchange.isOpen) this.open--
      exchange.kept = false
      exchange.dropBodies()
      this.#miss()
    }
  }

  #miss(): void {
    if (this.#hole?.exchanges != null) this.#hole.exchanges++
  }

  /** It has a row that says it is open (or lacks what came last): the row will say that the rest is missing. */
  #giveUp(exchange: LiveExchange): void {
    if (exchange.isOpen) this.open--
    if (exchange.isOpen || exchange.requestBody?.pendingBytes || exchange.responseBody?.pendingBytes) {
      exchange.state = 'failed'
      exchange.error = failure('notRecorded')
      exchange.endedAt ||= Date.now()
      exchange.markTruncated()
    }
    exchange.dropBodies()
    if (exchange.requestBody !== null) exchange.requestBody.ended = true
    if (exchange.responseBody !== null) exchange.responseBody.ended = true
    exchange.kept = false
    exchange.dirty = true
    this.#dirty.push(exchange)
  }
}
