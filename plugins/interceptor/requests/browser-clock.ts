/** The browser's times as Unix ms on the daemon's clock. */
import { UnixClock } from '../../../sdk/unix-clock.ts'

/** The system's monotonic clock; on Linux Chromium's, too. */
const monotonic = () => Number(process.hrtime.bigint()) / 1e6
/** Within that both clocks are one: the other time that tells it is the system's, in whole milliseconds. */
const sameMs = 50

export class BrowserClock {
  readonly #monotonic: () => number
  readonly #unix: UnixClock
  /** How far the browser's monotonic clock is ahead of ours, ms. null: nobody knows yet. */
  #ahead: number | null = null

  constructor(system?: () => number, ours: () => number = monotonic) {
    this.#monotonic = ours
    this.#unix = new UnixClock(system, ours)
  }

  now(): number {
    return this.#unix.now()
  }

  /** One moment by both of the browser's clocks, in seconds. The first tells how its clock stands to ours, for on other systems, or in another machine, it is another one. */
  learn(timestamp: number, wallTime: number): void {
    if (this.#ahead !== null) return
    const ours = this.#monotonic() - (this.now() - wallTime * 1000)
    const ahead = timestamp * 1000 - ours
    // A browser that says it in another way.
    if (!Number.isFinite(ahead)) return
    this.#ahead = Math.abs(ahead) < sameMs ? 0 : ahead
  }

  /** @param timestamp seconds, as in the browser's events */
  at(timestamp: number): number {
    return this.#unix.at(timestamp * 1000 - (this.#ahead ?? 0))
  }
}
