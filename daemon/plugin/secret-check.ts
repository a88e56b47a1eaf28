/** Reads what an exporter writes again, for secrets that are still in it, and unpacks what it has compressed. */

import { mostNesting as mostRedacted } from '../../sdk/redaction/compressed.ts'
import type { SecretFinder } from '../../sdk/redaction/secret-finder.ts'
import { CompressedOutput, TooMuchCompressed } from './compressed-output.ts'
import { UnpackBudget } from './unpack-budget.ts'

/** What was written is looked through in pieces of so much, bytes. */
const pieceBytes = 256 * 1024
/** One in another; base64 counts as one. An exporter packs what it was given in some more. */
const mostNesting = mostRedacted + 4

export class SecretLeft extends Error {}

export class SecretCheck {
  readonly #finder: SecretFinder
  readonly #budget: UnpackBudget
  readonly #nesting: number
  readonly #compressed: CompressedOutput
  #held = Buffer.allocUnsafeSlow(0)
  #length = 0
  /** Of what is held so much was looked through before: a secret may begin in it and end in what follows. */
  #kept = 0
  /** Bytes before what is held. */
  #passed = 0

  constructor(finder: SecretFinder, budget = new UnpackBudget(), nesting = 0) {
    this.#finder = finder
    this.#budget = budget
    this.#nesting = nesting
    this.#compressed = new CompressedOutput(budget, () => this.#inside())
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

  /** Nothing more is written. @throws SecretLeft */
  end(): void {
    this.#look()
    this.#unpack(() => this.#compressed.end())
  }

  #look(): void {
    const at = this.#finder.indexIn(this.#held.subarray(0, this.#length))
    if (at >= 0)
      throw secretLeft(`a secret is still in what it wrote${this.#nesting > 0 ? ', compressed' : ''}, at byte ${this.#passed + at}`)
    if (this.#finder.size > 0) this.#unpack(() => this.#compressed.read(this.#held.toString('latin1', this.#kept, this.#length)))
    if (this.#nesting === 0) this.#budget.wrote(this.#length - this.#kept)
    const from = Math.max(0, this.#length - Math.max(0, this.#finder.longest - 1))
    this.#held.copyWithin(0, from, this.#length)
    this.#passed += from
    this.#length -= from
    this.#kept = this.#length
  }

  #makeRoom(): void {
    this.#look()
    if (this.#length + pieceBytes <= this.#held.length) return
    const room = Buffer.allocUnsafeSlow(2 * this.#finder.longest + pieceBytes)
    this.#held.copy(room, 0, 0, this.#length)
    this.#held = room
  }

  #unpack(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (error instanceof TooMuchCompressed) throw secretLeft('it wrote more compressed data than can be looked into for secrets')
      throw error
    }
  }

  #inside(): SecretCheck {
    if (this.#nesting === mostNesting) throw new TooMuchCompressed()
    return new SecretCheck(this.#finder, this.#budget, this.#nesting + 1)
  }
}

const secretLeft = (what: string): SecretLeft => new SecretLeft(`${what}; nothing is kept: export with another level of redaction, or off`)
