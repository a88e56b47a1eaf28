/** What an exporter has written as gzip, in base64 too, unpacked piece by piece for who looks into it. Memory: some 17 MiB. */
import { type GzipMark, gzipHeadLength, gzipMarkIn, longestMark } from '../../sdk/redaction/compressed.ts'
import { inflateRawPieces, type Pieces } from '../store/zlib-pieces.ts'

/** What was unpacked is read by it. */
export interface Inside {
  read(bytes: Buffer): void
  end(): void
}

/** What all that is unpacked may come to, bytes. */
export interface UnpackLimit {
  left: number
}

export class TooMuchCompressed extends Error {}

/** Of gzip; a name or comment in it may be long. */
const mostHead = 64 * 1024
/** They come to 16 MiB at most. */
const sliceBytes = 16 * 1024
const sliceOutput = 32 * 1024 * 1024
/** Of a page of base64; a multiple of four. */
const pageCharacters = 64 * 1024
const notBase64 = /[^A-Za-z0-9+/_-]/g

export class CompressedOutput {
  readonly #inside: () => Inside
  readonly #limit: UnpackLimit
  #open: Unpacking | null = null
  /** What a mark or a head may be cut in. */
  #held = ''

  /** @param inside for each stretch a new one */
  constructor(limit: UnpackLimit, inside: () => Inside) {
    this.#limit = limit
    this.#inside = inside
  }

  /** @param text Latin-1 string of bytes. @throws TooMuchCompressed, and what `inside` throws */
  read(text: string): void {
    this.#held = this.#look(this.#held + text, mostHead)
  }

  /** As read. */
  end(): void {
    this.#look(this.#held, 0)
    this.#held = ''
    this.#open?.end()
    this.#open = null
  }

  /** @param ahead so many characters are waited for. Gives back what is to be looked at again. */
  #look(text: string, ahead: number): string {
    for (let at = 0; ; ) {
      if (this.#open === null) {
        const mark = gzipMarkIn(text, at)
        if (mark === null) return text.slice(Math.max(at, text.length - longestMark))
        at = mark.at
        if (text.length - at < ahead) return text.slice(at)
        this.#open = this.#unpacking(mark)
      }
      const { end, isOver } = this.#open.read(text, at)
      at = end
      if (!isOver) return ''
      this.#open.end()
      this.#open = null
    }
  }

  #unpacking({ inBase64 }: GzipMark): Unpacking {
    const inside = this.#inside()
    return inBase64 === null ? new Gunzipping(inside, this.#limit) : new FromBase64(inside, inBase64)
  }
}

interface Unpacking {
  /** Up to `end` it has taken the text, at least a character of it where it is over. */
  read(text: string, at: number): { end: number; isOver: boolean }
  end(): void
}

/** Damaged data end it. */
class Gunzipping implements Unpacking {
  readonly #inside: Inside
  readonly #limit: UnpackLimit
  readonly #pieces: Pieces
  #unpacked: Uint8Array[] = []
  #isBegun = false

  constructor(inside: Inside, limit: UnpackLimit) {
    this.#inside = inside
    this.#limit = limit
    this.#pieces = inflateRawPieces({ out: (bytes) => this.#unpacked.push(bytes), mostOutput: sliceOutput })
  }

  read(text: string, from: number): { end: number; isOver: boolean } {
    let at = this.#isBegun ? from : from + gzipHeadLength(Buffer.from(text.slice(from, from + mostHead), 'latin1'))
    this.#isBegun = true
    while (at < text.length) {
      const slice = Buffer.from(text.slice(at, at + sliceBytes), 'latin1')
      const taken = this.#push(slice)
      at += taken
      if (taken < slice.length) return { end: at, isOver: true }
    }
    return { end: at, isOver: false }
  }

  #push(slice: Buffer): number {
    try {
      this.#pieces.push(slice)
    } catch {
      return 0
    }
    for (const bytes of this.#unpacked.splice(0)) {
      this.#limit.left -= bytes.length
      if (this.#limit.left < 0) throw new TooMuchCompressed()
      this.#inside.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    }
    return this.#pieces.taken
  }

  end(): void {
    this.#pieces.close()
    this.#inside.end()
  }
}

class FromBase64 implements Unpacking {
  readonly #inside: Inside
  /** Fewer than four characters. */
  #group: string

  /** @param place how many characters of its first group are not known */
  constructor(inside: Inside, place: number) {
    this.#inside = inside
    this.#group = 'A'.repeat(place)
  }

  read(text: string, from: number): { end: number; isOver: boolean } {
    notBase64.lastIndex = from
    const after = notBase64.exec(text)
    const end = after?.index ?? text.length
    for (let at = from; at < end; at += pageCharacters) this.#add(text.slice(at, Math.min(end, at + pageCharacters)))
    return { end, isOver: after !== null }
  }

  #add(text: string): void {
    const whole = this.#group + text
    const cut = whole.length - (whole.length % 4)
    this.#group = whole.slice(cut)
    this.#inside.read(Buffer.from(whole.slice(0, cut), 'base64'))
  }

  end(): void {
    this.#inside.read(Buffer.from(this.#group, 'base64'))
    this.#inside.end()
  }
}
