/** How quickly an export reads: as quickly as it can, but while captures are crowded it rests most of the time, for they go first. */
import { setTimeout as delay, setImmediate } from 'node:timers/promises'

/** So many times as long as it worked. */
const restFactor = 24
/** A page may have waited for a core; the rest does not grow with that, ms. */
const longestRestMs = 500

export class ExportPace {
  crowded = false
  readonly #signal: AbortSignal
  readonly #rest: (ms: number) => Promise<void>
  #beganAt = performance.now()

  /** @param signal ends a rest */
  constructor(signal: AbortSignal, rest = (ms: number) => delay(ms, undefined, { signal })) {
    this.#signal = signal
    this.#rest = rest
  }

  /** Between two pages. */
  turn = async (): Promise<void> => {
    const restMs = Math.min(longestRestMs, restFactor * (performance.now() - this.#beganAt))
    // Who is aborted rests no more, and finds out by the signal.
    if (this.crowded && !this.#signal.aborted) await this.#rest(restMs).catch(() => undefined)
    else await setImmediate()
    this.#beganAt = performance.now()
  }
}
