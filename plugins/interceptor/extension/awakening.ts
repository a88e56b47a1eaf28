/** While a worker starts because of requests, the browser now and then loses some of their events: that is said, for nobody can count them. */

/** Requests after so long have not woken it, ms. */
const startMs = 5_000
/** What woke it happened so long before it began at most, ms. */
const beforeMs = 5_000

export class Awakening {
  readonly #beganAt: number
  #isOver: boolean

  /** @param wasCapturing when the worker before it ended @param beganAt when this one did, Unix ms */
  constructor(wasCapturing: boolean, beganAt: number) {
    this.#beganAt = beganAt
    this.#isOver = !wasCapturing
  }

  /** Something else woke it. */
  over(): void {
    this.#isOver = true
  }

  /** At a request. An event for the daemon where this one woke the worker. */
  requested(now: number): object | null {
    if (this.#isOver) return null
    this.#isOver = true
    return now - this.#beganAt > startMs ? null : { kind: 'lost', from: this.#beganAt - beforeMs, to: now }
  }
}
