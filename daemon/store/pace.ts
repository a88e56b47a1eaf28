/** How much one step looks at, so that each takes about as long. */

/** A step should take about so long, ms. */
const stepMs = 3

export class Pace {
  #size: number
  readonly #least: number
  readonly #most: number

  constructor(first: number, least: number, most: number) {
    this.#size = first
    this.#least = least
    this.#most = most
  }

  get size(): number {
    return this.#size
  }

  /** The next step looks at more or less, by how long this one took. */
  took(ms: number): void {
    const factor = Math.min(4, stepMs / Math.max(ms, 0.1))
    this.#size = Math.round(Math.max(this.#least, Math.min(this.#most, this.#size * factor)))
  }
}
