/** Looks whether the recorder comes out of the filter that it is in: what runs inside of it can hold up all recording. */
import type { RunningCall, RunningFilter } from '../plugin/filters/running-filter.ts'

/** Between two looks, ms. */
const lookMs = 200
/** A look that comes later than this says that this thread was held up itself, perhaps the whole machine, ms. */
const lateMs = 2 * lookMs

export interface FilterWatchOptions {
  /** Of the recorder that is there; null between two. */
  running(): RunningFilter | null
  /** This call has taken longer than it may. Told once. */
  stuck(call: RunningCall): void
}

export class FilterWatch {
  readonly #options: FilterWatchOptions
  #timer: NodeJS.Timeout | null = null
  #lookedAt = 0
  /** The call that the last look saw, and how long it has taken since, ms. */
  #seen: { count: number; running: RunningFilter; forMs: number } | null = null

  constructor(options: FilterWatchOptions) {
    this.#options = options
  }

  /** There are filters. */
  start(): void {
    if (this.#timer !== null) return
    this.#lookedAt = performance.now()
    this.#timer = setInterval(() => this.#look(performance.now()), lookMs).unref()
  }

  /** There are none: nobody looks. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#seen = null
  }

  #look(now: number): void {
    const passed = now - this.#lookedAt
    this.#lookedAt = now
    const running = this.#options.running()
    const call = running?.current() ?? null
    if (running === null || call === null) {
      this.#seen = null
      return
    }
    const seen = this.#seen
    if (seen === null || seen.count !== call.count || seen.running !== running) {
      this.#seen = { count: call.count, running, forMs: 0 }
      return
    }
    if (passed > lateMs || seen.forMs > call.allowedMs) return
    seen.forMs += passed
    if (seen.forMs > call.allowedMs) this.#options.stuck(call)
  }
}
