/** A text that is looked for in others. */
import { fold } from './trigrams.ts'

/** So much is folded at once, bytes: a whole text may be large, and the first places in it are often enough. */
const pieceBytes = 64 * 1024

export class Needle {
  /** UTF-8. */
  readonly bytes: Buffer
  readonly #caseSensitive: boolean

  /** @param text not empty @param caseSensitive otherwise ASCII letters are found in either case */
  constructor(text: string, caseSensitive: boolean) {
    this.bytes = caseSensitive ? Buffer.from(text) : fold(Buffer.from(text))
    this.#caseSensitive = caseSensitive
  }

  /** Where it stands, from left to right, none over another. */
  *placesIn(bytes: Buffer): Generator<number> {
    for (let at = this.#next(bytes, 0); at >= 0; at = this.#next(bytes, at + this.bytes.length)) yield at
  }

  #next(bytes: Buffer, from: number): number {
    if (this.#caseSensitive) return bytes.indexOf(this.bytes, from)
    const { length } = this.bytes
    for (let start = from; start + length <= bytes.length; start += pieceBytes) {
      const at = fold(bytes.subarray(start, start + pieceBytes + length - 1)).indexOf(this.bytes)
      if (at >= 0) return start + at
    }
    return -1
  }
}
