/** Reads what an exporter writes again, for secrets that are still in it. */
import type { SecretFinder } from '../../sdk/redaction/secret-finder.ts'

/** What was written is looked through in pieces of so much, bytes. */
const pieceBytes = 256 * 1024

export class SecretLeft extends Error {}

export class SecretCheck {
  readonly #finder: SecretFinder
  #held = Buffer.allocUnsafeSlow(0)
  #length = 0
  /** Bytes before what is held. */
  #passed = 0

  constructor(finder: SecretFinder) {
    this.#finder = finder
  }

  /** The bytes are free again afterwards. @throws SecretLeft */
  read(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      if (this.#length >= this.#held.length) this.#makeRoom()
      const taken = bytes.copy(this.#held, this.#length, from)
      this.#length += taken
      from += taken
    }
  }

  /** Nothing more is written for now. @throws SecretLeft */
  end(): void {
    const at = this.#finder.indexIn(this.#held.subarray(0, this.#length))
    if (at >= 0)
      throw new SecretLeft(
        `a secret is still in what it wrote, at byte ${this.#passed + at}; nothing is kept: export with another level of redaction, or off`,
      )
    // One may begin in it and end in what follows.
    const from = Math.max(0, this.#length - Math.max(0, this.#finder.longest - 1))
    this.#held.copyWithin(0, from, this.#length)
    this.#passed += from
    this.#length -= from
  }

  #makeRoom(): void {
    this.end()
    if (this.#length + pieceBytes <= this.#held.length) return
    const room = Buffer.allocUnsafeSlow(2 * this.#finder.longest + pieceBytes)
    this.#held.copy(room, 0, 0, this.#length)
    this.#held = room
  }
}
