/** Finds many secrets in texts at once, in each of the ways they are commonly written, and replaces them. */
import { limitExceeded } from '../errors.ts'
import { isPieceOfPseudonym } from './pseudonyms.ts'
import { writings } from './secret-writings.ts'
import { headLength, leastBits, mostBits, roomFor, StartFilter } from './start-filter.ts'

/** Shorter ones are too likely to stand for something else. */
export const leastBytes = 8
/** Of all ways in which secrets are written, characters. */
const mostCharacters = 64 * 1024 * 1024
/** Longer texts are copied to be searched. */
const scratchBytes = 64 * 1024

/** Those that begin alike, as web tokens do. */
interface Alike {
  /** Different ones, the longest first. */
  lengths: number[]
  replacements: Map<string, string>
}

/** A word of letters alone may stand anywhere without being the secret. */
const isWord = (secret: string): boolean => secret.length < 16 && /^[a-z]+$/i.test(secret)

/**
 * Texts are searched as they are; bytes as Latin-1 strings of them. Memory: some 300 bytes a secret; 1004 tooManySecrets when all of them
 * together are too long to be kept.
 */
export class SecretFinder {
  readonly #byHead = new Map<string, Alike>()
  readonly #secrets = new Set<string>()
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes)
  #bits = leastBits
  #filter = new StartFilter(leastBits)
  #characters = 0

  /** How many different ones. */
  get size(): number {
    return this.#secrets.size
  }

  /** One that is too short, a mere word, or a piece of names, is not looked for. */
  add(secret: string, replacement: string): void {
    if (this.#secrets.has(secret) || Buffer.byteLength(secret) < leastBytes || isWord(secret) || isPieceOfPseudonym(secret)) return
    this.#secrets.add(secret)
    for (const written of writings(secret)) if (written.length >= headLength) this.#addText(written, replacement)
  }

  /** The same string when there is none in it. */
  replace(text: string): string {
    if (this.#secrets.size === 0 || text.length < headLength) return text
    const bytes = this.#lowBytes(text)
    let from = 0
    let replaced = ''
    for (let at = this.#filter.next(bytes, text.length, 0); at >= 0; at = this.#filter.next(bytes, text.length, at)) {
      const found = this.#longest((length) => text.slice(at, at + length))
      if (found === null) at++
      else {
        replaced += text.slice(from, at) + found.replacement
        from = at += found.length
      }
    }
    return from === 0 ? text : replaced + text.slice(from)
  }

  /** The same bytes when there is none in them. */
  replaceIn(bytes: Uint8Array): Uint8Array {
    if (this.indexIn(bytes) < 0) return bytes
    return Buffer.from(this.replace(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')), 'latin1')
  }

  /** Where one begins in bytes; -1 when there is none. */
  indexIn(bytes: Uint8Array): number {
    if (this.#secrets.size === 0) return -1
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = this.#filter.next(buffer, buffer.length, 0); at >= 0; at = this.#filter.next(buffer, buffer.length, at + 1)) {
      if (this.#longest((length) => buffer.toString('latin1', at, Math.min(at + length, buffer.length))) !== null) return at
    }
    return -1
  }

  /** The longest text that is looked for, characters. */
  longest = 0

  #addText(text: string, replacement: string): void {
    const head = text.slice(0, headLength)
    const alike: Alike = this.#byHead.get(head) ?? { lengths: [], replacements: new Map() }
    if (alike.replacements.has(text)) return
    this.#characters += text.length
    if (this.#characters > mostCharacters)
      throw limitExceeded(
        'tooManySecrets',
        'there are more secrets than can be looked for: export less at a time (where), or without redaction',
      )
    this.longest = Math.max(this.longest, text.length)
    alike.replacements.set(text, replacement)
    if (!alike.lengths.includes(text.length)) alike.lengths.push(text.length)
    alike.lengths.sort((a, b) => b - a)
    if (this.#byHead.has(head)) return
    this.#byHead.set(head, alike)
    this.#addHead(head)
  }

  #addHead(head: string): void {
    if (this.#byHead.size > roomFor(this.#bits) && this.#bits < mostBits) {
      this.#bits += 2
      this.#filter = new StartFilter(this.#bits)
      for (const known of this.#byHead.keys()) this.#filter.add(known)
    } else this.#filter.add(head)
  }

  #lowBytes(text: string): Buffer {
    if (text.length > scratchBytes) return Buffer.from(text, 'latin1')
    this.#scratch.write(text, 'latin1')
    return this.#scratch
  }

  /** Of those that begin here. @param slice what begins here, at most so long */
  #longest(slice: (length: number) => string): { length: number; replacement: string } | null {
    const alike = this.#byHead.get(slice(headLength))
    for (const length of alike?.lengths ?? []) {
      const text = slice(length)
      const replacement = text.length === length ? alike?.replacements.get(text) : undefined
      if (replacement !== undefined) return { length, replacement }
    }
    return null
  }
}
