/**
 * In memory that the recorder and the main thread share: which filter the recorder is in just now. That is the recorder's heartbeat: it stands
 * still when a filter does not return, and then nobody but another thread can tell.
 */

/** A call of a filter that has not returned. */
export interface RunningCall {
  /** Of the filter, as its FilterSpec has it. */
  filter: number
  hook: 'apply' | 'dispose'
  /** Of the exchange in hand; 0: it has none yet. */
  seq: number
  /** How long it may take, ms. */
  allowedMs: number
  /** Which call it is: another number is another call. */
  count: number
}

/** Flags: the filter (0: none), the calls so far. After them, as doubles: seq (-1: dispose), allowedMs. */
const flagBytes = 8
const bytes = flagBytes + 16
/** In place of a seq. */
export const disposing = -1

export class RunningFilter {
  readonly memory: SharedArrayBuffer
  readonly #flags: Int32Array
  readonly #about: Float64Array

  /** @param memory of the one on the other side */
  constructor(memory = new SharedArrayBuffer(bytes)) {
    this.memory = memory
    this.#flags = new Int32Array(memory, 0, 2)
    this.#about = new Float64Array(memory, flagBytes, 2)
  }

  /** @param seq of the exchange in hand, or `disposing` */
  enter(filter: number, seq: number, allowedMs: number): void {
    this.#about[0] = seq
    this.#about[1] = allowedMs
    Atomics.add(this.#flags, 1, 1)
    Atomics.store(this.#flags, 0, filter)
  }

  leave(): void {
    Atomics.store(this.#flags, 0, 0)
  }

  /** null: it is in none. */
  current(): RunningCall | null {
    const filter = Atomics.load(this.#flags, 0)
    if (filter === 0) return null
    const [seq = 0, allowedMs = 0] = this.#about
    const what = seq === disposing ? ({ hook: 'dispose', seq: 0 } as const) : ({ hook: 'apply', seq } as const)
    return { filter, ...what, allowedMs, count: Atomics.load(this.#flags, 1) }
  }
}
