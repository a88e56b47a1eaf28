/** What queries find in header fields, cookies and URLs. */
import type { Headers } from '../model.ts'
import { foldCase } from './text-test.ts'

/** @param name folded; undefined: any field */
export function someField(fields: Readonly<Headers>, name: string | undefined, test: (value: string) => boolean): boolean {
  for (const [own, value] of fields) if ((name === undefined || foldCase(own) === name) && test(value)) return true
  return false
}

/** Of a Cookie field (RFC 6265 section 4.2.1): `a=1; b=2`. */
export function someSentCookie(value: string, name: string | undefined, test: (value: string) => boolean): boolean {
  return value.split(';').some((pair) => isCookie(pair, name, test))
}

/** Of a Set-Cookie field (RFC 6265 section 4.1.1); its attributes are not the cookie's value. */
export function isSetCookie(value: string, name: string | undefined, test: (value: string) => boolean): boolean {
  const end = value.indexOf(';')
  return isCookie(end < 0 ? value : value.slice(0, end), name, test)
}

function isCookie(pair: string, name: string | undefined, test: (value: string) => boolean): boolean {
  const split = pair.indexOf('=')
  if (split < 0) return false
  if (name !== undefined && pair.slice(0, split).trim() !== name) return false
  return test(pair.slice(split + 1).trim())
}

/** @param path with its query */
export function someParameter(path: string, name: string | undefined, test: (value: string) => boolean): boolean {
  const start = path.indexOf('?')
  if (start < 0) return false
  for (const [own, value] of new URLSearchParams(path.slice(start + 1)))
    if ((name === undefined || own === name) && test(value)) return true
  return false
}

/** @param path with its query */
export function pathOf(path: string): string {
  if (path === '*') return ''
  const end = path.indexOf('?')
  return end < 0 ? path : path.slice(0, end)
}

/** The asterisk form (RFC 9112 section 3.2.4) stands for the authority without a path. */
export const urlOf = (scheme: string, authority: string, path: string): string => `${scheme}://${authority}${path === '*' ? '' : path}`
