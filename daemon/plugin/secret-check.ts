/** Reads what an exporter has written again, for secrets that are still in it. */
import type { SecretFinder } from '../../sdk/redaction/secret-finder.ts'

/** Text is looked through in pieces of about so much. */
const pieceCharacters = 256 * 1024

export class SecretLeft extends Error {}

export class SecretCheck {
  readonly #finder: SecretFinder
  #pieces: string[] = []
  #held = 0
  /** Bytes before what is held. */
  #passed = 0

  constructor(finder: SecretFinder) {
    this.#finder = finder
  }

  /** @throws SecretLeft */
  read(bytes: Buffer): void {
    this.#pieces.push(bytes.toString('latin1'))
    this.#held += bytes.length
    if (this.#held > pieceCharacters + 2 * this.#finder.longest) this.end()
  }

  /** Nothing more is written for now. @throws SecretLeft */
  end(): void {
    const text = this.#pieces.join('')
    const at = this.#finder.indexIn(text)
    if (at >= 0)
      throw new SecretLeft(
        `a secret is still in what it wrote, at byte ${this.#passed + at}; nothing is kept: export with another level of redaction, or off`,
      )
    // One may begin in it and end in what follows.
    const kept = text.slice(Math.max(0, text.length - Math.max(0, this.#finder.longest - 1)))
    this.#passed += text.length - kept.length
    this.#pieces = [kept]
    this.#held = kept.length
  }
}
