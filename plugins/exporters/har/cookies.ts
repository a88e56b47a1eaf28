/** Cookies as HAR lists them. Values stay as they were sent: nothing is decoded. */
import type { Headers } from '../../../sdk/model.ts'
import { cookieDate } from './cookie-date.ts'

export interface HarCookie {
  name: string
  value: string
  path?: string
  domain?: string
  /** ISO 8601; absent for a session cookie. */
  expires?: string
  httpOnly?: boolean
  secure?: boolean
  sameSite?: string
}

/** RFC 6265 section 4.2.1. */
export function requestCookies(headers: Headers): HarCookie[] {
  return headers
    .filter(([name]) => name.length === 6 && name.toLowerCase() === 'cookie')
    .flatMap(([, value]) => value.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => nameAndValue(pair))
}

/** RFC 6265 section 5.2. @param at when it was received, Unix ms: Max-Age counts from there. */
export function responseCookies(headers: Headers, at: number): HarCookie[] {
  return headers.filter(([name]) => name.length === 10 && name.toLowerCase() === 'set-cookie').map(([, value]) => setCookie(value, at))
}

function setCookie(value: string, at: number): HarCookie {
  const [pair = '', ...attributes] = value.split(';')
  const cookie: HarCookie = nameAndValue(pair.trim())
  let maxAge: number | null = null
  for (const attribute of attributes) {
    const { name, value: setting } = nameAndValue(attribute.trim(), 'name')
    const key = name.toLowerCase()
    if (key === 'path') cookie.path = setting
    else if (key === 'domain') cookie.domain = setting
    else if (key === 'httponly') cookie.httpOnly = true
    else if (key === 'secure') cookie.secure = true
    else if (key === 'samesite') cookie.sameSite = setting
    else if (key === 'expires') setExpiry(cookie, cookieDate(setting) ?? Number.NaN)
    else if (key === 'max-age' && /^-?\d+$/.test(setting)) maxAge = Number(setting)
  }
  // Max-Age wins over Expires (RFC 6265 section 5.3).
  if (maxAge !== null) setExpiry(cookie, maxAge > 0 ? at + maxAge * 1000 : 0)
  return cookie
}

function setExpiry(cookie: HarCookie, at: number): void {
  const date = new Date(at)
  const year = date.getUTCFullYear()
  if (year >= 0 && year <= 9999) cookie.expires = date.toISOString()
  else delete cookie.expires
}

/** A pair without `=` is a value without a name, as browsers store it; an attribute without one is a name. */
function nameAndValue(pair: string, alone: 'name' | 'value' = 'value'): { name: string; value: string } {
  const at = pair.indexOf('=')
  if (at >= 0) return { name: pair.slice(0, at).trim(), value: pair.slice(at + 1).trim() }
  return alone === 'name' ? { name: pair, value: '' } : { name: '', value: pair }
}
