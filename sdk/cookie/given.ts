/** Cookies that come as such, not as a Set-Cookie field: by a call, or from a file. The same judge decides, and they are held to be from TLS. */
import type { SameSite } from './cookie.ts'
import { type HeldView, judge, type Verdict } from './judge.ts'
import { partitionOf } from './partition.ts'

/** What is absent: host-only unless the domain begins with a dot, `/`, until the client is closed, no flags. Texts as on the wire. */
export interface GivenCookie {
  name: string
  value: string
  domain: string
  hostOnly?: boolean | undefined
  path?: string | undefined
  expires?: number | null | undefined
  secure?: boolean | undefined
  httpOnly?: boolean | undefined
  sameSite?: SameSite | null | undefined
  partitionKey?: string | null | undefined
  createdAt?: number | undefined
}

const longestLifeMs = 400 * 24 * 3600 * 1000

/** @param at Unix ms */
export function judgeGiven(given: GivenCookie, at: number, held: HeldView): Verdict {
  const domain = given.domain.replace(/^\./, '').toLowerCase()
  const wanted = { ...given, domain, hostOnly: given.hostOnly ?? !given.domain.startsWith('.'), path: given.path ?? '/' }
  const url = urlOf(domain)
  if (!url) return { cause: 'rejected', reason: 'invalidDomain', cookie: null }
  const key = given.partitionKey ?? null
  const partition = key === null ? null : partitionOf(key, domain)
  const topLevel = partition === null ? undefined : URL.parse(partition.topLevelSite)
  if (topLevel === null) return { cause: 'rejected', reason: 'malformed', cookie: null }
  const expires = typeof given.expires === 'number' ? Math.min(given.expires, at + longestLifeMs) : null
  const hasEnded = expires !== null && expires <= at
  const field = setCookieField({ ...wanted, expires: hasEnded ? 0 : null })
  const verdict = judge(field, { url, at, topLevel, acrossSites: partition?.hasCrossSiteAncestor }, held)
  if (verdict.cause === 'rejected') return verdict
  const { cookie } = verdict
  if (cookie.hostOnly !== wanted.hostOnly) return { cause: 'rejected', reason: 'publicSuffix', cookie }
  const same = cookie.name === given.name && cookie.value === given.value && cookie.path === wanted.path && cookie.partitionKey === key
  if (!same) return { cause: 'rejected', reason: 'malformed', cookie }
  const createdAt = 'before' in verdict ? cookie.createdAt : (given.createdAt ?? at)
  return { ...verdict, cookie: { ...cookie, expires, createdAt } }
}

/** Of the host; null: it is none. */
function urlOf(domain: string): URL | null {
  const url = URL.canParse(`https://${domain}/`) ? new URL(`https://${domain}/`) : null
  return url?.hostname === domain ? url : null
}

/** As a Set-Cookie field sets it: what does not come back the same from it is no cookie. The end is told by the second. */
export function setCookieField(cookie: GivenCookie): string {
  const { name, value, domain, hostOnly, path, expires, secure, httpOnly, sameSite, partitionKey } = cookie
  const attributes = [
    hostOnly ? '' : `; Domain=${domain}`,
    `; Path=${path}`,
    typeof expires === 'number' ? `; Expires=${new Date(expires).toUTCString()}` : '',
    secure ? '; Secure' : '',
    httpOnly ? '; HttpOnly' : '',
    sameSite ? `; SameSite=${sameSite}` : '',
    partitionKey ? '; Partitioned' : '',
  ]
  return `${name}=${value}${attributes.join('')}`
}
