/** Values of JSON that anybody may have written. */
import { isUtf8 } from 'node:buffer'
import { EntryFault } from './imported-exchange.ts'

export type JsonObject = { readonly [name: string]: unknown }

const none: JsonObject = {}

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
export const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : none)
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
/** Finite; undefined: it is none. */
export const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)
/** A size: whole, and never negative; 0 where there is none. */
export const countOf = (value: unknown): number => Math.max(0, Math.trunc(numberOf(value) ?? 0))

const position = /^(.*?)(?: in JSON)? at position (\d+)/s
/** Of texts in which the place of an error is looked for when the parser does not tell it, characters. */
const searched = 16 * 1024 * 1024

/**
 * @param line of the file on which the bytes begin, from 1
 * @throws EntryFault that says what is wrong, and on which line
 */
export function parseJson(bytes: Buffer, line: number): unknown {
  if (!isUtf8(bytes)) throw new EntryFault('it is not UTF-8')
  const text = bytes.toString('utf8')
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    const { message } = error as Error
    const [, what = message.replace(/,.*/s, ''), told] = position.exec(message) ?? []
    const at = told === undefined ? unexpectedAt(text) : Number(told)
    const place = at === null ? '' : ` (${placeOf(text, at, line)})`
    throw new EntryFault(`it is no JSON: ${what.slice(0, 200)}${place}`)
  }
}

function placeOf(text: string, at: number, first: number): string {
  let line = first
  let from = 0
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', from)) {
    line++
    from = end + 1
  }
  return `line ${line}, column ${at - from + 1}`
}

/** Where the token stands that the parser did not expect: the beginning of a text has another error, or none, until that is in it. */
function unexpectedAt(text: string): number | null {
  if (text.length > searched || !isUnexpected(text)) return null
  let [without, having] = [0, text.length]
  while (having - without > 1) {
    const middle = (without + having) >> 1
    if (isUnexpected(text.slice(0, middle))) having = middle
    else without = middle
  }
  return having - 1
}

function isUnexpected(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (error) {
    return (error as Error).message.startsWith('Unexpected token')
  }
}
