/**
 * Keeps a session within its limits: its oldest exchanges go, except those that are open, a slice at a time. A sweep goes a little
 * further than it must, so that there are few of them: each leaves one gap.
 */
import type { SessionLimits } from '../../sdk/session-settings.ts'
import type { GapRecord } from '../store/records.ts'
import type { SessionWriter } from '../store/surface.ts'

/** Exchanges of one slice at most. */
const sliceExchanges = 500
/** A sweep for want of room ends at this part of `sessionBytes`. */
const sweptTo = 0.9
/** Sweeps by age: the part of `ageMs` between them, and its bounds, ms. */
const agePart = 0.1
const [shortestMs, longestMs] = [200, 60_000]
/** What an exchange takes beside its bodies, about, bytes. */
const exchangeBytes = 500

export class Retention {
  readonly #file: SessionWriter
  /** The sweep that is under way. */
  #sweep: GapRecord | null = null
  #nextByAge = 0

  constructor(file: SessionWriter) {
    this.#file = file
  }

  /** Does a slice of what is to be done; false: nothing is. Throws what the store throws. @param now Unix ms */
  step(limits: SessionLimits, now: number): boolean {
    if (this.#sweep === null && this.#isDue(limits, now)) this.#sweep = newSweep(now)
    if (this.#sweep === null) return this.#file.tidy()
    // Only then its size is true.
    if (this.#file.purge()) return true
    const seqs = this.#surplus(limits, now)
    if (seqs.length > 0) this.#file.delete(seqs, this.#sweep)
    else this.#sweep = null
    return true
  }

  #isDue({ sessionBytes, ageMs }: SessionLimits, now: number): boolean {
    if (sessionBytes !== undefined && this.#file.size > sessionBytes) return this.#file.oldestEnded(1).length > 0
    if (ageMs === undefined || now < this.#nextByAge) return false
    this.#nextByAge = now + Math.min(longestMs, Math.max(shortestMs, ageMs * agePart))
    const [oldest] = this.#file.oldestEnded(1)
    return oldest !== undefined && oldest.startedAt < now - ageMs
  }

  /** Oldest first: what is too old, and as much as has to make room. */
  #surplus({ sessionBytes = Number.POSITIVE_INFINITY, ageMs = Number.POSITIVE_INFINITY }: SessionLimits, now: number): number[] {
    let tooMuch = this.#file.size - sessionBytes * sweptTo
    const seqs: number[] = []
    for (const { seq, startedAt, bytes } of this.#file.oldestEnded(sliceExchanges)) {
      if (tooMuch <= 0 && startedAt >= now - ageMs) break
      seqs.push(seq)
      tooMuch -= bytes + exchangeBytes
    }
    return seqs
  }
}

const newSweep = (now: number): GapRecord => ({ from: now, to: 0, reason: 'retention', exchanges: 0, bytes: 0 })
