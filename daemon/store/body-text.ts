/** Bodies as text, by ranges that end between two characters. */
import { textCharset } from '../../sdk/body-text.ts'
import { unavailable } from '../../sdk/errors.ts'
import { MediaTypes } from '../../sdk/media-type.ts'
import type { Headers } from '../../sdk/model.ts'
import type { Content } from './body-reader.ts'

export interface BodyText {
  text: string
  /** WHATWG Encoding's name of it. */
  charset: string
  /** Some bytes are none in this charset and stand as U+FFFD. */
  malformed: boolean
  /** Where the next range begins, bytes. */
  next: number
  /** Of the whole part, decoded, bytes. */
  size: number
  eof: boolean
  truncated: boolean
}

/** The charset is told by so many first bytes. */
const startBytes = 64 * 1024
/** ISO-2022-JP is decoded from its beginning, or from a line that begins at most so far before what is wanted: lines end in ASCII (RFC 1468). */
const stateBytes = 1024 * 1024
/** No character is longer than four bytes. */
const mostMissing = 3

const types = new MediaTypes()

export const contentType = (headers: Headers): string => headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''

/** @param offset as an earlier answer's `next` gave it, bytes. Throws 1005 notText. */
export function readText(content: Content, offset: number, length: number): BodyText {
  const { headers, size, ended, truncated } = content
  const type = contentType(headers)
  const charset = charsetOf(content.range(0, startBytes), type)
  if (charset === null) {
    const what = type === '' ? 'binary' : type.slice(0, 100)
    throw unavailable('notText', `this body is no text (${what}); read its bytes with exchange/readBody`)
  }
  const from = charset === 'iso-2022-jp' ? plainStart(content, offset) : offset
  const bytes = content.range(from, offset - from + length)
  const reachesEnd = from + bytes.length >= size
  const { text, used, malformed } = decoded(bytes, charset, !(ended && reachesEnd))
  const next = from + used
  const facts = { charset, malformed, next, size, eof: ended && next >= size, truncated }
  return from === offset
    ? { text, ...facts }
    : { text: text.slice(decoded(bytes.subarray(0, offset - from), charset, false).text.length), ...facts }
}

/** A place at or before the offset where no escape is in force. */
function plainStart({ range }: Content, offset: number): number {
  if (offset <= stateBytes) return 0
  return offset - stateBytes + range(offset - stateBytes, stateBytes).lastIndexOf(0x0a) + 1
}

/** The start may end inside a character. */
function charsetOf(start: Uint8Array, type: string): string | null {
  const media = types.parse(type)
  for (let missing = 0; missing <= mostMissing && missing < Math.max(1, start.length); missing++) {
    const charset = textCharset(start.subarray(0, start.length - missing), media)
    if (charset !== null) return charset
  }
  return null
}

/** @param cut the last character may not be whole: it is left to the next range */
function decoded(bytes: Uint8Array, charset: string, cut: boolean): { text: string; used: number; malformed: boolean } {
  const strict = new TextDecoder(charset, { fatal: true, ignoreBOM: true })
  for (let missing = 0; missing <= (cut ? mostMissing : 0) && missing <= bytes.length; missing++) {
    try {
      const used = bytes.length - missing
      return { text: strict.decode(bytes.subarray(0, used)), used, malformed: false }
    } catch {
      // One byte less, then: a character may be cut.
    }
  }
  return { text: new TextDecoder(charset, { ignoreBOM: true }).decode(bytes), used: bytes.length, malformed: true }
}
