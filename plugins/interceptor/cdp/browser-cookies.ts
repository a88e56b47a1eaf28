/** Cookies as the Chrome DevTools Protocol has them (domain Storage), and as we do: seconds, -1 until the browser is closed; texts are characters, where ours are bytes. */

import type { Cookie } from '../../../sdk/cookie/cookie.ts'
import { partitionKeyOf, partitionOf } from '../../../sdk/cookie/partition.ts'
import type { Protocol } from './protocol.ts'

const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
const charactersOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8')

/** @param at Unix ms: it tells no times of its own */
export function fromBrowser(cookie: Protocol.Network.Cookie, at: number): Cookie {
  const { name, value, domain, path, expires, secure, httpOnly, sameSite, partitionKey } = cookie
  const host = domain.replace(/^\./, '')
  return {
    name: bytesOf(name),
    value: bytesOf(value),
    domain: host,
    hostOnly: !domain.startsWith('.'),
    path: bytesOf(path),
    expires: expires < 0 ? null : expires * 1000,
    secure,
    httpOnly,
    sameSite: sameSite ?? null,
    partitionKey: partitionKey === undefined ? null : partitionKeyOf(partitionKey, host),
    createdAt: at,
    updatedAt: at,
  }
}

/** Network.CookieParam. A domain makes a cookie of subdomains, too; the URL alone one of the host. @param expires null: as the cookie says */
export function toBrowser(cookie: Cookie): Protocol.Network.CookieParam {
  const { name, value, domain, hostOnly, path, expires, secure, httpOnly, sameSite, partitionKey } = cookie
  return {
    name: charactersOf(name),
    value: charactersOf(value),
    url: `${secure ? 'https' : 'http'}://${domain}${path}`,
    ...(!hostOnly && { domain: `.${domain}` }),
    path: charactersOf(path),
    secure,
    httpOnly,
    ...(expires !== null && { expires: expires / 1000 }),
    ...(sameSite !== null && { sameSite }),
    ...(partitionKey !== null && { partitionKey: partitionOf(partitionKey, domain) }),
  }
}
