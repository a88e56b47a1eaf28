/** Sessions that end by themselves: after a time, when nothing happens any more, or when enough is on record. */
import type { Counts } from '../../sdk/model.ts'
import type { AutoStopSettings } from '../../sdk/session-settings.ts'

export type AutoStopReason = 'autoStopAfter' | 'autoStopIdle' | 'autoStopExchanges' | 'autoStopBytes'

/** Counts from when it is made. */
export class AutoStop {
  readonly #settings: AutoStopSettings
  readonly #due: (reason: AutoStopReason) => void
  readonly #timers = new Set<NodeJS.Timeout>()
  #counts: Counts
  #exchanges = 0
  #bytes = 0
  #activeAt = performance.now()
  #isOver = false

  /** `due` is told once. */
  constructor(settings: AutoStopSettings, counts: Counts, due: (reason: AutoStopReason) => void) {
    this.#settings = settings
    this.#counts = counts
    this.#due = due
    const { afterMs, idleMs } = settings
    if (afterMs !== undefined) this.#in(afterMs, () => this.#end('autoStopAfter'))
    if (idleMs !== undefined) this.#in(idleMs, () => this.#lookForQuiet(idleMs))
  }

  /** Exchanges that may still be recorded; undefined: any number. */
  get exchangesLeft(): number | undefined {
    const { exchanges } = this.#settings
    return exchanges === undefined ? undefined : Math.max(0, exchanges - this.#exchanges)
  }

  /** The record has changed. What is deleted from it counts all the same. */
  advanced(counts: Counts): void {
    this.#activeAt = performance.now()
    this.#exchanges += Math.max(0, counts.exchanges - this.#counts.exchanges)
    this.#bytes += Math.max(0, bytesOf(counts) - bytesOf(this.#counts))
    this.#counts = counts
    if (this.#settings.bytes !== undefined && this.#bytes >= this.#settings.bytes) this.#end('autoStopBytes')
  }

  /** All the exchanges that may be recorded are, and have ended. */
  full(): void {
    this.#end('autoStopExchanges')
  }

  cancel(): void {
    this.#isOver = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #lookForQuiet(idleMs: number): void {
    const left = this.#activeAt + idleMs - performance.now()
    if (left > 0) this.#in(left, () => this.#lookForQuiet(idleMs))
    else this.#end('autoStopIdle')
  }

  #in(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, ms)
    this.#timers.add(timer)
  }

  #end(reason: AutoStopReason): void {
    if (this.#isOver) return
    this.cancel()
    this.#due(reason)
  }
}

const bytesOf = ({ bytesSent, bytesReceived }: Counts): number => bytesSent + bytesReceived
