/** A map of what was seen last, bounded in entries and weight: what was not asked for while one generation filled up goes with the next. */
export class TwoGenerations<Value> {
  readonly #entries: number
  readonly #weight: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()
  #youngWeight = 0

  /** @param weight of all keys together, in characters */
  constructor(entries: number, weight: number) {
    this.#entries = entries / 2
    this.#weight = weight / 2
  }

  /** @param make given a key that shares no memory with `key`, which may be part of a longer string; not kept when the key is beyond 1/64 of the weight */
  get(key: string, make: (own: string) => Value): Value {
    const known = this.#young.get(key)
    if (known !== undefined) return known
    const earlier = this.#old.get(key)
    if (earlier === undefined && key.length > this.#weight / 32) return make(key)
    const own = Buffer.from(key, 'latin1').toString('latin1')
    const value = earlier ?? make(own)
    this.#youngWeight += own.length
    if (this.#young.size >= this.#entries || this.#youngWeight > this.#weight) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngWeight = own.length
    }
    this.#young.set(own, value)
    return value
  }
}
