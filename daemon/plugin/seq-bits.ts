/** A set of sequence numbers, a bit each. */
export class SeqBits {
  #bits = new Uint8Array(1024)

  add(seq: number): void {
    const at = Math.floor(seq / 8)
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(at + 1, 2 * this.#bits.length))
      grown.set(this.#bits)
      this.#bits = grown
    }
    this.#bits[at] = (this.#bits[at] as number) | (1 << (seq % 8))
  }

  has(seq: number): boolean {
    return ((this.#bits[Math.floor(seq / 8)] ?? 0) & (1 << (seq % 8))) !== 0
  }
}
