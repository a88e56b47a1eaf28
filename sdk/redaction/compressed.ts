/** Compressed data inside of other data: gzip (RFC 1952) and zstd (RFC 8878) are known by their first bytes, as they are and in base64. */
import { constants, gzipSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** Of one in another; base64 is one, too. */
export const mostNesting = 8
const limits = {
  /** What all of it comes to, bytes. */
  bytes: 16 * 1024 * 1024,
  /** Members and frames. */
  pieces: 1000,
}

const plus = '(?:[+-]|%2[Bb])'
const slash = String.raw`(?:\\?\/|_|%2[Ff])`
const gzipMark = String.raw`\x1f\x8b\x08[\0-\x1f]`
const zstdMark = String.raw`\(\xb5\/\xfd`
/** In base64 by where the first whole character of the mark lies in its group of four. */
const gzipMarks = [gzipMark, 'H4sI[A-H]', `[BRhx]${plus}LC[AB]`, 'fiwg[A-Za-f]']
const zstdMarks = [zstdMark, `KLUv${slash}`, `[CSiy]i1L${slash}`, `otS${slash}9`]
const marks = gzipMarks.map((mark, index) => `(${mark}|${zstdMarks[index]})`).join('|')
const groupPlaces = [0, 0, 0, 1, 3]
const anyMark = new RegExp(marks)
/** Every mark has one of these in it; looking for them alone takes a quarter of the time. */
const inAnyMark = /\x1f\x8b\x08|H4sI|LC[AB]|fiwg|\(\xb5\/|KLUv|i1L|otS/
const onlyGzip = new RegExp(`^${gzipMark}`)
/** Without alternatives in one another: those take memory of the engine for each character. */
const base64Characters = /[A-Za-z0-9+/_-]+/y
const base64Escape = /%2[BbFf]|\\\//y
const base64Padding = /(?:=|%3[Dd]){1,2}/y
/** Shorter ones hold no compressed data. */
const leastRun = 24

/** No frame or member that holds a secret of eight bytes is shorter, bytes. */
const leastPacked = 16

/** Bytes as a Latin-1 string of them, or text. */
export const mayHoldCompressed = (text: string): boolean => text.length >= leastPacked && inAnyMark.test(text) && anyMark.test(text)

/** How a stretch of gzip begins: as it is, or in base64 that began with so many characters of the same group of four. */
export interface GzipMark {
  at: number
  inBase64: number | null
}

/** The first one that begins at `from` or after it. */
export function gzipMarkIn(text: string, from: number): GzipMark | null {
  if (!inAnyMark.test(text)) return null
  const mark = new RegExp(gzipMarks.map((each) => `(${each})`).join('|'), 'g')
  mark.lastIndex = from
  const found = mark.exec(text)
  if (found === null) return null
  const place = placeOf(found)
  return { at: found.index, inBase64: place === 1 ? null : (groupPlaces[place] as number) }
}

/** No mark is longer. */
export const longestMark = 8

/** Which group it is that matched. */
const placeOf = (found: RegExpExecArray): number => found.findIndex((group, index) => index > 0 && group !== undefined)

export interface Replaced {
  text: string
  /** What could not be looked into (damaged, or more than 16 MiB) is left out: base64 alone, bytes with all that follows. */
  isWhole: boolean
  /** What all that was compressed in it came to, bytes. */
  unpacked: number
}

/**
 * What was compressed replaced and compressed again; what stays the same is not touched.
 * @param text bytes as a Latin-1 string of them, or text
 * @param inside what to put in the place of what was compressed; null: it is left out
 * @param most what it may come to, bytes
 */
export function replaceInCompressed(text: string, inside: (bytes: Buffer) => Uint8Array | null, most = limits.bytes): Replaced {
  const unfolding = new Unfolding(inside, most)
  const { text: replaced, isWhole } = unfolding.replace(text, 0)
  return { text: replaced, isWhole, unpacked: most - unfolding.bytesLeft }
}

interface Unpacked {
  bytes: Buffer
  /** Of the compressed bytes. */
  used: number
  pack(bytes: Uint8Array): Buffer
}

class Unfolding {
  readonly #inside: (bytes: Buffer) => Uint8Array | null
  bytesLeft: number
  #piecesLeft = limits.pieces

  constructor(inside: (bytes: Buffer) => Uint8Array | null, most: number) {
    this.#inside = inside
    this.bytesLeft = most
  }

  replace(text: string, nesting: number): Omit<Replaced, 'unpacked'> {
    const mark = new RegExp(marks, 'g')
    let replaced = ''
    let from = 0
    let isWhole = true
    for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
      const at = found.index
      const place = placeOf(found)
      const stretch = nesting < mostNesting ? this.#stretch(text, at, place, nesting + 1) : { end: text.length, text: null }
      mark.lastIndex = Math.max(stretch.end, at + 1)
      if (stretch.text === undefined) continue
      replaced += text.slice(from, at) + (stretch.text ?? '')
      from = stretch.end
      isWhole &&= stretch.text !== null
    }
    return { text: from === 0 ? text : replaced + text.slice(from), isWhole }
  }

  /** `text`: to stand in its place; undefined: it stays; null: it cannot be looked into. */
  #stretch(text: string, at: number, place: number, nesting: number): { end: number; text?: string | null } {
    return place === 1 ? this.#packed(text, at, nesting) : this.#inBase64(text, at, groupPlaces[place] as number, nesting)
  }

  #packed(text: string, at: number, nesting: number): { end: number; text?: string | null } {
    const bytes = Buffer.from(text.slice(at), 'latin1')
    const unpacked = this.#unpack(bytes)
    if (unpacked === null) return { end: text.length, text: null }
    const before = unpacked.bytes.toString('latin1')
    const after = this.replace(before, nesting)
    const bytesAfter = after.text === before ? unpacked.bytes : Buffer.from(after.text, 'latin1')
    const content = after.isWhole ? this.#inside(bytesAfter) : null
    if (content === null) return { end: text.length, text: null }
    const end = at + unpacked.used
    return unpacked.bytes.equals(content) ? { end } : { end, text: unpacked.pack(content).toString('latin1') }
  }

  #inBase64(text: string, at: number, place: number, nesting: number): { end: number; text?: string | null } {
    const run = text.slice(at, base64End(text, at))
    if (run.length < leastRun) return { end: at + 1 }
    const end = at + run.length
    const isEscaped = run.includes('%')
    const plain = run.replaceAll('\\/', '/').replace(/%../g, decodeURIComponent)
    // The group's characters before it are not needed: what they stand for lies before the mark.
    const before = Buffer.from('A'.repeat(place) + plain, 'base64').toString('latin1')
    const { text: after, isWhole } = this.replace(before, nesting)
    if (!isWhole) return { end, text: null }
    if (after === before) return { end }
    const bytes = Buffer.from(after, 'latin1')
    const encoded = (/[-_]/.test(plain) ? bytes.toString('base64url') : bytes.toString('base64').replace(/=+$/, '')).slice(place)
    const padded = plain.endsWith('=') ? encoded.padEnd(encoded.length + ((4 - ((encoded.length + place) % 4)) % 4), '=') : encoded
    return { end, text: isEscaped ? encodeURIComponent(padded) : padded }
  }

  /** null: it is damaged, or too much. What was cut is unpacked as far as it goes. */
  #unpack(bytes: Buffer): Unpacked | null {
    try {
      return onlyGzip.test(bytes.toString('latin1', 0, 4)) ? this.#gunzip(bytes) : this.#unzstd(bytes)
    } catch {
      return null
    }
  }

  #gunzip(bytes: Buffer): Unpacked {
    const members: Buffer[] = []
    let used = 0
    do {
      const head = gzipHeadLength(bytes.subarray(used))
      const member = this.#take(inflateRawSync, bytes.subarray(used + head), constants.Z_SYNC_FLUSH)
      members.push(member.bytes)
      // A checksum and a length follow, which are not looked at: what is wrong with them hides nothing.
      used = Math.min(bytes.length, used + head + member.used + 8)
    } while (onlyGzip.test(bytes.toString('latin1', used, used + 4)))
    return { bytes: Buffer.concat(members), used, pack: (content) => gzipSync(content) }
  }

  #unzstd(bytes: Buffer): Unpacked {
    return { ...this.#take(zstdDecompressSync, bytes, constants.ZSTD_e_flush), pack: (content) => zstdCompressSync(content) }
  }

  #take(
    decompress: typeof inflateRawSync | typeof zstdDecompressSync,
    bytes: Buffer,
    finishFlush: number,
  ): { bytes: Buffer; used: number } {
    if (this.#piecesLeft-- <= 0 || this.bytesLeft <= 0) throw new RangeError('too much')
    const options = { info: true, finishFlush, maxOutputLength: this.bytesLeft }
    // With `info` Node gives the engine as well, which knows how much it has read.
    const { buffer, engine } = decompress(bytes, options) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
    this.bytesLeft -= buffer.length
    return { bytes: buffer, used: engine.bytesWritten }
  }
}

/** Of a run of base64, with its padding. */
function base64End(text: string, start: number): number {
  let end = start
  for (let at = -1; at < end; ) {
    at = end
    end = behind(base64Escape, text, behind(base64Characters, text, end))
  }
  return behind(base64Padding, text, end)
}

/** The same place when it does not match there. */
function behind(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

/** Where its data begin (RFC 1952 section 2.3); beyond its end when the head is cut. */
export function gzipHeadLength(bytes: Buffer): number {
  const flags = bytes[3] ?? 0
  const afterText = (at: number) => {
    const end = bytes.indexOf(0, at)
    return end < 0 ? bytes.length : end + 1
  }
  let at = 10
  if (flags & 4) at += 2 + ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8))
  if (flags & 8) at = afterText(at)
  if (flags & 16) at = afterText(at)
  return at + (flags & 2 ? 2 : 0)
}
