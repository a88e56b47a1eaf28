/** What of a session waits for the next commit of its file, and what becomes of it while the file cannot be written. It never throws. */
import type { GapRecord, MessageRecord } from '../store/records.ts'
import type { Repair } from '../store/repair.ts'
import type { SessionWriter } from '../store/surface.ts'
import { failure } from './connection.ts'
import type { LiveExchange } from './live-exchange.ts'

/** What a session may hold while its file cannot be written. */
export interface HoldLimits {
  /** Of batches that its bodies may lie in. */
  bytes: number
  exchanges: number
  ms: number
}

export interface CommitBufferOptions {
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
  hold?: HoldLimits
}

type HoleReason = 'diskFull' | 'storeFailed'
const newHole = (reason: HoleReason, from: number): GapRecord => ({ from, to: from, reason, exchanges: 0, bytes: null })

const retryMs = 250
const usualHold: HoldLimits = { bytes: 48 * 1024 * 1024, exchanges: 10_000, ms: 3_000 }
/** Messages whose content waits: more are committed at once, bytes. They may be far larger than the batches they came in. */
const waitingMessageBytes = 8 * 1024 * 1024
/** What a message takes beside its content, about, bytes. */
const messageOverhead = 700

export class CommitBuffer {
  /** Exchanges that are kept and have not ended. */
  open = 0
  readonly #options: CommitBufferOptions
  readonly #hold: HoldLimits
  readonly #file: SessionWriter
  #dirty: LiveExchange[] = []
  #gaps: GapRecord[] = []
  /** Filtered since the last commit, without a record. */
  #filtered = 0
  /** Content of messages that are not written. */
  #messageBytes = 0
  /** Something was committed between two rounds. */
  #committed = false
  #failingSince = 0
  #failingFor: HoleReason = 'storeFailed'
  #retryAt = 0
  /** What is not recorded for want of a writable file; null while it is. */
  #hole: GapRecord | null = null

  constructor(options: CommitBufferOptions) {
    this.#options = options
    this.#hold = options.hold ?? usualHold
    this.#file = options.file
  }

  /** Something waits for a commit. */
  get isDirty(): boolean {
    return this.#dirty.length > 0 || this.#gaps.length > 0 || this.#hole !== null || this.#filtered > 0
  }

  /** The file cannot be written, or could not a moment ago. */
  get isFailing(): boolean {
    return this.#failingSince !== 0 || this.#hole !== null
  }

  /** What begins is a `miss`, and what goes on is given up. */
  get isLosing(): boolean {
    return this.#hole !== null
  }

  /** No batch is referred to any more. */
  get holdsNothing(): boolean {
    return this.#dirty.length === 0 || this.#hole !== null
  }

  add(exchange: LiveExchange): void {
    if (exchange.dirty) return
    exchange.dirty = true
    this.#dirty.push(exchange)
  }

  /** Its exchange waits. */
  addMessage({ data, text, at }: MessageRecord): void {
    this.#messageBytes += messageOverhead + (data?.length ?? 0) + 2 * (text?.length ?? 0)
    if (this.#messageBytes > waitingMessageBytes && this.#commit(at, 0)) this.#committed = true
  }

  countFiltered(): void {
    this.#filtered++
  }

  /** A gap of its own, or one that goes on: that stays one row, whatever was committed of it. */
  addGap(gap: GapRecord): void {
    if (!this.#gaps.includes(gap)) this.#gaps.push(gap)
  }

  /** Of a reason whose gaps between two commits are one. */
  widenGap(from: number, to: number, reason: GapRecord['reason'], bytes: number | null): GapRecord {
    const same = this.#gaps.find((gap) => gap.reason === reason)
    if (same === undefined) {
      const gap: GapRecord = { from, to, reason, exchanges: null, bytes }
      this.#gaps.push(gap)
      return gap
    }
    same.from = Math.min(same.from, from)
    same.to = Math.max(same.to, to)
    same.bytes = same.bytes === null || bytes === null ? null : same.bytes + bytes
    return same
  }

  /** One exchange more is not recorded. */
  miss(): void {
    if (this.#hole?.exchanges != null) this.#hole.exchanges++
  }

  /** It has a row that says it is open (or lacks what came last): the row will say that the rest is missing. */
  giveUp(exchange: LiveExchange): void {
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
    this.add(exchange)
  }

  /** True when something was committed. `now`: Unix ms; `heldBytes`: of batches that may still be referred to. */
  commit(now: number, heldBytes: number): boolean {
    const committed = this.#commit(now, heldBytes) || this.#committed
    this.#committed = false
    return committed
  }

  #commit(now: number, heldBytes: number): boolean {
    if (!this.isDirty) return false
    if (!this.isFailing) {
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

  /** A last commit, whatever failed before; false: it has to be tried again. */
  commitLast(now: number): boolean {
    if (!this.isDirty) return true
    const { isDiskFull, makeRoom, report } = this.#options
    let error = this.#write(now)
    const full = error !== null && isDiskFull(error)
    if (full && makeRoom()) error = this.#write(now)
    if (error === null) return true
    if (!this.isFailing) report(error)
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
        this.giveUp(exchange)
        continue
      }
      if (exchange.isOpen) this.open--
      exchange.kept = false
      exchange.dropContent()
      this.miss()
    }
    return hole
  }

  /** Only a row that has to go must wait. */
  #shedRemoved(exchange: LiveExchange): void {
    if (exchange.stored) this.#dirty.push(exchange)
    else if (exchange.removed === 'filtered') this.#filtered++
  }
}
