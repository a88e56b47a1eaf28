/** Tagged netstrings (https://tnetstrings.info, with mitmproxy's `;` for Unicode): `5:hello,`. */
import { BrokenFile, EntryFault, largestEntry } from '../imported-exchange.ts'

export type TnetValue = Buffer | string | number | boolean | null | readonly TnetValue[] | TnetDictionary
export type TnetDictionary = ReadonlyMap<string, TnetValue>

export interface Tnetstring {
  /** In the file. */
  offset: number
  /** With its length and tag. */
  bytes: Buffer
}

const colon = 0x3a
const longestLength = 10
const deepest = 64

/** Those of a file, one after the other. @throws BrokenFile where there is none, or one that is too large or cut off */
export async function* tnetstrings(pieces: AsyncIterable<Buffer>): AsyncGenerator<Tnetstring> {
  let parts: Buffer[] = []
  let held = 0
  let offset = 0
  for await (const piece of pieces) {
    parts.push(piece)
    held += piece.length
    for (;;) {
      const size = sizeOf(startOf(parts), offset)
      if (size === null || held < size) break
      const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, held)
      yield { offset, bytes: bytes.subarray(0, size) }
      parts = held > size ? [bytes.subarray(size)] : []
      held -= size
      offset += size
    }
  }
  if (held > 0) throw new BrokenFile('the file ends within it', `byte ${offset}`)
}

/** Enough of it to hold a length. */
const startOf = (parts: readonly Buffer[]): Buffer => {
  const [first = Buffer.alloc(0)] = parts
  return first.length > longestLength ? first : Buffer.concat(parts.slice(0, longestLength + 1)).subarray(0, longestLength + 1)
}

/** Of the whole netstring; null: its length has not come yet. */
function sizeOf(start: Buffer, offset: number): number | null {
  const end = start.subarray(0, longestLength + 1).indexOf(colon)
  if (end < 0 && start.length <= longestLength && /^\d*$/.test(start.toString('latin1'))) return null
  const digits = start.toString('latin1', 0, Math.max(0, end))
  if (!/^\d+$/.test(digits)) throw new BrokenFile('it is no tagged netstring', `byte ${offset}`)
  const length = Number(digits)
  if (length > largestEntry) throw new BrokenFile(`it is larger than ${largestEntry} bytes`, `byte ${offset}`)
  return end + 1 + length + 1
}

/** @throws EntryFault */
export function parseTnetstring(bytes: Buffer): TnetValue {
  const { value, end } = valueAt(bytes, 0, 0)
  if (end !== bytes.length) throw new EntryFault('something follows it')
  return value
}

function valueAt(bytes: Buffer, start: number, depth: number): { value: TnetValue; end: number } {
  const from = bytes.indexOf(colon, start) + 1
  const digits = bytes.toString('latin1', start, Math.min(from - 1, start + longestLength + 1))
  const end = from + Number(digits)
  if (from === 0 || !/^\d{1,10}$/.test(digits) || end >= bytes.length) throw new EntryFault(`at its byte ${start} is no tagged netstring`)
  if (depth > deepest) throw new EntryFault('it is nested too deeply')
  return { value: taggedValue(bytes.subarray(from, end), String.fromCharCode(bytes[end] as number), depth), end: end + 1 }
}

function taggedValue(content: Buffer, tag: string, depth: number): TnetValue {
  if (tag === ',') return content
  if (tag === ';') return content.toString('utf8')
  if (tag === '#' || tag === '^') return Number(content.toString('latin1'))
  if (tag === '!') return content.toString('latin1') === 'true'
  if (tag === '~') return null
  if (tag === ']') return listOf(content, depth)
  if (tag === '}') return dictionaryOf(content, depth)
  throw new EntryFault(`it has a value of the unknown type ${JSON.stringify(tag)}`)
}

function listOf(content: Buffer, depth: number): TnetValue[] {
  const list: TnetValue[] = []
  for (let at = 0; at < content.length; ) {
    const { value, end } = valueAt(content, at, depth + 1)
    list.push(value)
    at = end
  }
  return list
}

function dictionaryOf(content: Buffer, depth: number): TnetDictionary {
  const list = listOf(content, depth)
  if (list.length % 2 !== 0) throw new EntryFault('it has a name without a value')
  const dictionary = new Map<string, TnetValue>()
  for (let index = 0; index < list.length; index += 2) {
    const name = list[index]
    dictionary.set(Buffer.isBuffer(name) ? name.toString('latin1') : String(name), list[index + 1] as TnetValue)
  }
  return dictionary
}
