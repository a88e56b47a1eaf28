/**
 * Tagged netstrings (https://tnetstrings.info, with mitmproxy's `;` for Unicode): `5:hello,`. Each begins with its length, so all of one is made
 * before its first byte goes out, but for what is streamed.
 */

/** Content that need not lie in memory. */
export interface Streamed {
  /** Of all pieces together. */
  bytes: number
  pieces(): AsyncIterable<Uint8Array>
}

/** A string has a character for each byte. */
type Part = string | Streamed

export interface Netstring {
  bytes: number
  parts: readonly Part[]
}

const sizeOf = (part: Part): number => (typeof part === 'string' ? part.length : part.bytes)

function tagged(parts: readonly Part[], tag: string): Netstring {
  const size = parts.reduce((sum, part) => sum + sizeOf(part), 0)
  const head = `${size}:`
  return { bytes: head.length + size + tag.length, parts: [head, ...parts, tag] }
}

/** Joined where nothing is streamed between them. */
function* joined(parts: Iterable<Part>): Generator<Part> {
  let text = ''
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part
      continue
    }
    if (text !== '') yield text
    text = ''
    yield part
  }
  if (text !== '') yield text
}

const ascii = /^[\u0000-\u007f]*$/

export const none = tagged([], '~')
/** @param content a character for each byte */
export const bytes = (content: string): Netstring => tagged([content], ',')
export const streamedBytes = (content: Streamed): Netstring => tagged([content], ',')
export const text = (content: string): Netstring =>
  tagged([ascii.test(content) ? content : Buffer.from(content.toWellFormed(), 'utf8').toString('latin1')], ';')
export const integer = (value: number): Netstring => tagged([String(value)], '#')
export const float = (value: number): Netstring => tagged([String(value)], '^')
export const boolean = (value: boolean): Netstring => tagged([String(value)], '!')
const inside = (values: readonly Netstring[]): Part[] => [...joined(values.flatMap(({ parts }) => parts))]
export const list = (values: readonly Netstring[]): Netstring => tagged(inside(values), ']')
/** @param content the values, one after the other */
export const streamedList = (content: Streamed): Netstring => tagged([content], ']')
export const dictionary = (entries: { readonly [name: string]: Netstring }): Netstring =>
  tagged(inside(Object.entries(entries).flatMap(([name, value]) => [text(name), value])), '}')

/** All of it, in pieces. */
export async function* written({ parts }: Netstring): AsyncGenerator<Uint8Array> {
  for (const part of joined(parts)) {
    if (typeof part === 'string') yield Buffer.from(part, 'latin1')
    else yield* part.pieces()
  }
}
