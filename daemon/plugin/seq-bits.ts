const bitsOfWord = 32

/** A set of sequence numbers, a bit each; numbers that lie far apart (a session file from elsewhere) take no memory for what is between them. */
export class SeqBits {
  readonly #words = new Map<number, number>()

  add(seq: number): void {
    const word = Math.floor(seq / bitsOfWord)
    this.#words.set(word, (this.#words.get(word) ?? 0) | (1 << (seq % bitsOfWord)))
  }

  has(seq: number): boolean {
    return ((this.#words.get(Math.floor(seq / bitsOfWord)) ?? 0) & (1 << (seq % bitsOfWord))) !== 0
  }
}
