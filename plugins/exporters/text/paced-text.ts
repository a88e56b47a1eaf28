/** Text of an export on its way out: in pieces of some 64 KiB, and no faster than it is taken. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'

const pieceCharacters = 64 * 1024

export class PacedText {
  readonly #out: Writable
  #held = ''

  constructor(out: Writable) {
    this.#out = out
  }

  /** Holds it until the next `flush`. */
  add(text: string): void {
    this.#held += text
  }

  /** Time to flush. */
  get isFull(): boolean {
    return this.#held.length > pieceCharacters
  }

  async flush(): Promise<void> {
    const text = this.#held
    this.#held = ''
    if (text !== '' && !this.#out.write(text)) await once(this.#out, 'drain')
  }
}
