/** What the browser extensions Cookie-Editor and EditThisCookie copy and paste: a list of cookies as `chrome.cookies` has them. */
import type { Cookie, SameSite } from '../cookie.ts'
import type { CookieEntry, WrittenCookies } from '../formats.ts'
import { partitionKeyOf, partitionOf } from '../partition.ts'
import {
  CookieFault,
  entriesOf,
  flagAt,
  isObject,
  type JsonObject,
  optionalTextAt,
  parseJson,
  sameSiteAt,
  secondsAt,
  shown,
  textAt,
} from './json.ts'

const sameSites: { [S in SameSite]: string } = { Strict: 'strict', Lax: 'lax', None: 'no_restriction' }

export const writeCookieEditor = (cookies: readonly Cookie[]): WrittenCookies => ({
  bytes: Buffer.from(`${JSON.stringify(cookies.map(extensionCookie), null, 2)}\n`),
  leftOut: 0,
})

function extensionCookie({ name, value, domain, hostOnly, path, expires, secure, httpOnly, sameSite, partitionKey }: Cookie): object {
  return {
    name: shown(name),
    value: shown(value),
    domain: hostOnly ? domain : `.${domain}`,
    hostOnly,
    path: shown(path),
    secure,
    httpOnly,
    sameSite: sameSite === null ? 'unspecified' : sameSites[sameSite],
    session: expires === null,
    ...(expires !== null && { expirationDate: expires / 1000 }),
    ...(partitionKey !== null && { partitionKey: partitionOf(partitionKey, domain) }),
    storeId: null,
  }
}

export function* readCookieEditor(bytes: Buffer): Generator<CookieEntry> {
  yield* entriesOf(parseJson(bytes), '', (entry) => {
    const domain = textAt(entry, 'domain')
    const secure = flagAt(entry, 'secure')
    return {
      cookie: {
        name: textAt(entry, 'name'),
        value: textAt(entry, 'value'),
        domain,
        hostOnly: entry.hostOnly === undefined ? !domain.startsWith('.') : flagAt(entry, 'hostOnly'),
        path: optionalTextAt(entry, 'path'),
        expires: entry.session === true ? null : secondsAt(entry, 'expirationDate'),
        secure,
        httpOnly: flagAt(entry, 'httpOnly'),
        sameSite: sameSiteAt(entry, secure),
        partitionKey: partitionIn(entry, domain),
      },
    }
  })
}

function partitionIn({ partitionKey }: JsonObject, domain: string): string | null {
  if (partitionKey === undefined || partitionKey === null) return null
  if (!isObject(partitionKey)) throw new CookieFault('its partitionKey is no object')
  const topLevelSite = optionalTextAt(partitionKey, 'topLevelSite')
  if (!topLevelSite) return null
  return partitionKeyOf({ topLevelSite, hasCrossSiteAncestor: partitionKey.hasCrossSiteAncestor === true }, domain.replace(/^\./, ''))
}
