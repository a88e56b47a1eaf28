/**
 * Unix milliseconds with fractions: steady within a thread, and the same in all threads. The monotonic clock stands still in a suspended
 * machine and knows nothing of a corrected system clock; when the two differ by more than a second the system's is right.
 */
const mostDrift = 1000

/** The system's clock with fractions, where it has not been set since the process began: `Date.now` is up to a millisecond behind it. */
function systemTime(): number {
  const exact = performance.timeOrigin + performance.now()
  const system = Date.now()
  return Math.abs(system - exact) <= mostDrift ? exact : system
}

export class UnixClock {
  readonly #system: () => number
  readonly #monotonic: () => number
  #origin: number

  constructor(system: () => number = systemTime, monotonic: () => number = () => performance.now()) {
    this.#system = system
    this.#monotonic = monotonic
    this.#origin = system() - monotonic()
  }

  now(): number {
    const system = this.#system()
    const steady = this.#origin + this.#monotonic()
    if (Math.abs(system - steady) <= mostDrift) return steady
    this.#origin += system - steady
    return system
  }

  /** Of a moment by the monotonic clock: what came later by that has a later time, however close it was. */
  at(monotonic: number): number {
    this.now()
    return this.#origin + monotonic
  }
}
