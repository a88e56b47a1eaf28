/**
 * The elements of one array of a JSON document (RFC 8259), found while it passes: memory holds one element. What lies inside of an
 * element is parsed by whoever wants it. The document is read to its end, so that one of which a part is missing, or which two lie in, never
 * passes for a whole one.
 */
import { BrokenFile, largestEntry } from './imported-exchange.ts'

export interface JsonElement {
  /** From 0. */
  index: number
  /** Of the document, from 1, on which it begins. */
  line: number
  bytes: Buffer
}

const quote = 0x22
const backslash = 0x5c
const longestKey = 256
const blanks = new Set([0x09, 0x0a, 0x0d, 0x20])

/**
 * @param path names of the objects' members that lead to the array; there may be one such array
 * @param limit of an element, bytes
 * @throws BrokenFile, after the elements before it
 */
export async function* jsonElements(
  pieces: AsyncIterable<Buffer>,
  path: readonly string[],
  limit = largestEntry,
): AsyncGenerator<JsonElement> {
  const finder = new ElementFinder(path, limit)
  for await (const piece of pieces) yield* finder.read(piece)
  finder.end()
}

class ElementFinder {
  readonly #path: readonly string[]
  readonly #limit: number
  #line = 1
  /** Containers that are open. */
  #depth = 0
  /** Of them, those that lead to the array. */
  #onPath = 0
  #inString = false
  /** The next byte belongs to an escape. */
  #escaped = false
  /** The last string right inside of the innermost container on the path. */
  #key = ''
  /** The array has begun, and not ended. */
  #inArray = false
  /** It has ended. */
  #isFound = false
  /** So has the document. */
  #isWhole = false
  #index = 0
  /** Of the element in hand: what earlier pieces had of it; null: there is none. */
  #parts: Buffer[] | null = null
  #partBytes = 0
  #elementLine = 1
  /** Where the element, or the key, begins or goes on in this piece. */
  #from = 0

  constructor(path: readonly string[], limit: number) {
    this.#path = path
    this.#limit = limit
  }

  *read(piece: Buffer): Generator<JsonElement> {
    this.#from = 0
    for (let at = 0; at < piece.length; at++) {
      if (this.#inString) {
        at = this.#throughString(piece, at)
        continue
      }
      const byte = piece[at] as number
      if (byte === 0x0a) this.#line++
      if (blanks.has(byte)) continue
      if (this.#isWhole) throw this.#broken('something follows the end of its JSON document')
      if (this.#inArray && this.#depth === this.#onPath) {
        const ends = byte === 0x2c || byte === 0x5d
        if (ends && this.#parts !== null) yield this.#element(piece, at)
        if (byte === 0x2c) continue
        if (!ends && this.#parts === null) this.#begin(at)
      }
      this.#structure(byte)
    }
    if (this.#parts !== null) this.#keep(piece.subarray(this.#from))
  }

  /** Of the file. @throws BrokenFile unless the document has ended, and had the array */
  end(): void {
    const list = `its list ${this.#path.join('.')}`
    if (this.#inArray) throw this.#broken(`the file ends within ${list}`)
    if (this.#depth > 0) throw this.#broken(`the file ends ${this.#isFound ? 'behind' : 'before'} ${list}, within its JSON document`)
    if (!this.#isFound) throw this.#broken(`it has no list ${this.#path.join('.')}`)
  }

  #broken(message: string): BrokenFile {
    return new BrokenFile(message, `line ${this.#line}`)
  }

  /** Where the string ends in this piece; its last byte when it does not. */
  #throughString(piece: Buffer, start: number): number {
    let at = start
    if (this.#escaped) {
      this.#escaped = false
      at++
    }
    for (;;) {
      const end = piece.indexOf(quote, at)
      const until = end < 0 ? piece.length : end
      let backslashes = 0
      while (until - backslashes > at && piece[until - backslashes - 1] === backslash) backslashes++
      const escapes = backslashes % 2 === 1
      if (end < 0) {
        this.#escaped = escapes
        this.#noteKey(piece, start, until)
        return until
      }
      if (!escapes) {
        this.#inString = false
        this.#noteKey(piece, start, end)
        return end
      }
      at = end + 1
    }
  }

  #noteKey(piece: Buffer, start: number, end: number): void {
    if (this.#inArray || this.#depth !== this.#onPath || this.#key.length > longestKey) return
    this.#key += piece.toString('latin1', start, Math.min(end, start + longestKey))
  }

  #structure(byte: number): void {
    if (byte === quote) {
      this.#inString = true
      if (!this.#inArray && this.#depth === this.#onPath) this.#key = ''
    } else if (byte === 0x7b || byte === 0x5b) this.#open(byte === 0x5b)
    else if (byte === 0x7d || byte === 0x5d) {
      if (this.#depth === this.#onPath && this.#onPath > 0) this.#leave()
      if (this.#depth > 0) this.#depth--
      this.#isWhole = this.#depth === 0
      this.#key = ''
    } else if (byte === 0x2c && this.#depth === this.#onPath) this.#key = ''
  }

  #open(isArray: boolean): void {
    const mayLead = !this.#inArray && this.#depth === this.#onPath
    this.#depth++
    const leads = mayLead && (this.#depth === 1 || this.#key === this.#path[this.#onPath - 1])
    if (mayLead) this.#key = ''
    if (!leads || isArray !== (this.#onPath === this.#path.length)) return
    if (isArray && this.#isFound) throw this.#broken(`it has a second list ${this.#path.join('.')}`)
    this.#onPath++
    this.#inArray = isArray
  }

  #leave(): void {
    this.#onPath--
    if (!this.#inArray) return
    this.#inArray = false
    this.#isFound = true
  }

  #begin(at: number): void {
    this.#parts = []
    this.#partBytes = 0
    this.#from = at
    this.#elementLine = this.#line
  }

  #keep(part: Buffer): void {
    this.#partBytes += part.length
    if (this.#partBytes > this.#limit)
      throw new BrokenFile(`an element of ${this.#path.join('.')} is larger than ${this.#limit} bytes`, `line ${this.#elementLine}`)
    this.#parts?.push(part)
  }

  #element(piece: Buffer, end: number): JsonElement {
    this.#keep(piece.subarray(this.#from, end))
    const parts = this.#parts as Buffer[]
    this.#parts = null
    return { index: this.#index++, line: this.#elementLine, bytes: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts) }
  }
}
