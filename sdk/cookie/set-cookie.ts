/** Reads one Set-Cookie field: RFC 6265bis section 5.6. It knows of no jar, no origin and no clock. */
import { parseDate } from 'tough-cookie'
import type { SameSite } from './cookie.ts'

/** What a field says. Texts as on the wire. */
export interface SetCookie {
  name: string
  value: string
  /** Lower case, without a leading dot; null: not said, or empty. */
  domain: string | null
  /** null: not said, or not absolute. */
  path: string | null
  /** Unix ms. */
  expires: number | null
  /** Seconds. It counts, not `expires`, where both are there. */
  maxAge: number | null
  secure: boolean
  httpOnly: boolean
  sameSite: SameSite | null
  partitioned: boolean
}

/** Name and value together, and one attribute's value; bytes. */
const longestPair = 4096
const longestAttribute = 1024
/** Tabs may surround what a field says, not stand in it: so Chromium has it, and files of lines and tabs stay whole. */
const control = /[\u0000-\u0008\u000a-\u001f\u007f]/
const sameSites: ReadonlyMap<string, SameSite> = new Map([
  ['strict', 'Strict'],
  ['lax', 'Lax'],
  ['none', 'None'],
])

/** The field without what surrounds it; or why it sets nothing. */
export function parseSetCookie(field: string): SetCookie | 'controlCharacter' | 'empty' | 'tooLarge' | 'ambiguous' {
  if (control.test(field)) return 'controlCharacter'
  const [first = '', ...rest] = field.split(';')
  const [value, name = ''] = pairOf(first).toReversed() as [string, string?]
  const attributes = rest.map(pairOf)
  if ([name, value, ...attributes.flat()].some((text) => text?.includes('\t'))) return 'controlCharacter'
  if (name === '' && value === '') return 'empty'
  if (name === '' && value.includes('=')) return 'ambiguous'
  if (name.length + value.length > longestPair) return 'tooLarge'
  const cookie: SetCookie = {
    name,
    value,
    domain: null,
    path: null,
    expires: null,
    maxAge: null,
    secure: false,
    httpOnly: false,
    sameSite: null,
    partitioned: false,
  }
  for (const [attribute, said = ''] of attributes) readAttribute(cookie, attribute.toLowerCase(), said)
  return cookie
}

/** What stands before and behind the first `=`; all of it where there is none. */
function pairOf(part: string): [string, string?] {
  const equals = part.indexOf('=')
  return equals < 0 ? [trimmed(part)] : [trimmed(part.slice(0, equals)), trimmed(part.slice(equals + 1))]
}

function readAttribute(cookie: SetCookie, name: string, value: string): void {
  if (value.length > longestAttribute) return
  switch (name) {
    case 'expires':
      cookie.expires = parseDate(value)?.getTime() ?? cookie.expires
      return
    case 'max-age':
      if (/^-?\d+$/.test(value)) cookie.maxAge = Number(value)
      return
    case 'domain':
      cookie.domain = value === '' ? null : value.replace(/^\./, '').toLowerCase()
      return
    case 'path':
      cookie.path = value.startsWith('/') ? value : null
      return
    case 'samesite':
      cookie.sameSite = sameSites.get(value.toLowerCase()) ?? null
      return
    case 'secure':
      cookie.secure = true
      return
    case 'httponly':
      cookie.httpOnly = true
      return
    case 'partitioned':
      cookie.partitioned = true
  }
}

/** Spaces and tabs alone: bytes such as 0xA0 belong to the text. By hand, for a pattern would look at long runs again and again. */
function trimmed(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isSpace(text, from)) from++
  while (to > from && isSpace(text, to - 1)) to--
  return text.slice(from, to)
}

const isSpace = (text: string, at: number): boolean => text[at] === ' ' || text[at] === '\t'
