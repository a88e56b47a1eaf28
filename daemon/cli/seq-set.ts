/** A growing set of exchange numbers that are nearly all of 1..n: its memory is that of the holes, not of n. */
export class SeqSet {
  #floor = 0
  readonly #above = new Set<number>()

  has(seq: number): boolean {
    return seq <= this.#floor || this.#above.has(seq)
  }

  /** How many of 1..seq are not in it. */
  missingTo(seq: number): number {
    let held = 0
    for (const each of this.#above) if (each <= seq) held++
    return Math.max(0, seq - this.#floor - held)
  }

  add(seq: number): void {
    if (this.has(seq)) return
    this.#above.add(seq)
    while (this.#above.delete(this.#floor + 1)) this.#floor++
  }

  /** Everything up to and with `seq`. */
  addAllTo(seq: number): void {
    if (seq <= this.#floor) return
    this.#floor = seq
    for (const held of this.#above) if (held <= seq) this.#above.delete(held)
    while (this.#above.delete(this.#floor + 1)) this.#floor++
  }
}
