/** Values of JSON that anybody may have written, and texts: JSON has characters where the wire has bytes. */
import { byteText } from '../../multipart.ts'
import type { SameSite } from '../cookie.ts'

/** The file as a whole cannot be read. */
export class BrokenCookieFile extends Error {}

/** One entry cannot. */
export class CookieFault extends Error {}

export type JsonObject = { readonly [name: string]: unknown }
export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

const positionOf = /(?: in JSON)? at position (\d+)/

/** @throws BrokenCookieFile that names the line */
export function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8').replace(/^\ufeff/, '')
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    const { message } = error as SyntaxError
    const [, position] = positionOf.exec(message) ?? []
    const line = text.slice(0, position === undefined ? text.length : Number(position)).split('\n').length
    throw new BrokenCookieFile(`line ${line}: it is no JSON`)
  }
}

/** UTF-8, as the wire has it. */
const wireOf = (text: string): string => Buffer.from(text.toWellFormed(), 'utf8').toString('latin1')
/** What JSON shows of a text of the wire. */
export const shown = byteText

/** @throws CookieFault */
export function textAt(entry: JsonObject, name: string): string {
  const value = entry[name]
  if (typeof value !== 'string') throw new CookieFault(`its ${name} is ${value === undefined ? 'missing' : 'no text'}`)
  return wireOf(value)
}

export function optionalTextAt(entry: JsonObject, name: string): string | undefined {
  return entry[name] === undefined || entry[name] === null ? undefined : textAt(entry, name)
}

/** @throws CookieFault */
export function flagAt(entry: JsonObject, name: string): boolean {
  const value = entry[name] ?? false
  if (typeof value !== 'boolean') throw new CookieFault(`its ${name} is neither true nor false`)
  return value
}

/** Seconds since 1970 as Unix ms; -1 and nothing: null. @throws CookieFault */
export function secondsAt(entry: JsonObject, name: string): number | null {
  const value = entry[name]
  if (value === undefined || value === null || value === -1) return null
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new CookieFault(`its ${name} is no number of seconds`)
  return value * 1000
}

const sameSites: ReadonlyMap<string, SameSite | null> = new Map([
  ['strict', 'Strict'],
  ['lax', 'Lax'],
  ['none', 'None'],
  ['no_restriction', 'None'],
  ['unspecified', null],
  ['', null],
])

/**
 * Firefox and older Chromes call None what says nothing: without Secure it is taken for that, for no browser would hold it otherwise.
 * @throws CookieFault
 */
export function sameSiteAt(entry: JsonObject, secure: boolean): SameSite | null {
  const sameSite = sameSites.get((optionalTextAt(entry, 'sameSite') ?? '').toLowerCase())
  if (sameSite === undefined) throw new CookieFault(`its sameSite is none of Strict, Lax and None`)
  return sameSite === 'None' && !secure ? null : sameSite
}

/** Each entry of a list, with what is wrong with it in its place. */
export function* entriesOf<T>(
  list: unknown,
  name: string,
  read: (entry: JsonObject) => T,
): Generator<{ place: string } & (T | { fault: string })> {
  if (!Array.isArray(list)) throw new BrokenCookieFile(name === '' ? 'it is no list' : `it has no list ${name}`)
  for (const [index, entry] of (list as unknown[]).entries()) {
    const place = `${name}[${index}]`
    try {
      if (!isObject(entry)) throw new CookieFault('it is no object')
      yield { place, ...read(entry) }
    } catch (error) {
      if (!(error instanceof CookieFault)) throw error
      yield { place, fault: error.message }
    }
  }
}
