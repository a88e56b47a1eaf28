/** Decides what becomes of one Set-Cookie field: RFC 6265bis section 5.7, and section 2 of CHIPS for partitioned ones. */
import { defaultPath, pathMatch } from 'tough-cookie'
import { type Cookie, type CookieKey, hasExpired } from './cookie.ts'
import { partitionFor } from './partition.ts'
import type { RejectionReason } from './rejections.ts'
import { parseSetCookie, type SetCookie } from './set-cookie.ts'
import { type CookieUrl, isPublicSuffix, isTrustworthy, isWithin } from './site.ts'

/** Where a cookie comes from, or is to be sent to. */
export interface CookieContext {
  url: CookieUrl
  /** Unix ms. */
  at: number
  /** The URL of the page on top; absent: the origin itself is. */
  topLevel?: URL | undefined
  /** A frame of another site stands between the page on top and the origin, though both are of one site. */
  acrossSites?: boolean | undefined
  /** Who asks, as SameSite sees it; absent: `sameSite`, as for what a person opens or a program sends. */
  from?: 'sameSite' | 'crossSiteNavigation' | 'crossSite' | undefined
  /** `script` is document.cookie; absent: `http`. */
  by?: 'http' | 'script' | undefined
}

/** What the judge asks of a jar. */
export interface HeldView {
  find(key: CookieKey): Cookie | undefined
  /** Those of the name, whatever their domain. */
  named(name: string): Iterable<Cookie>
}

/**
 * set: nothing such was held. updated: it replaces `before`. deleted: it has expired already and takes `before` away. expired: it has
 * expired already, and nothing such was held.
 */
export type Verdict =
  | { cause: 'set' | 'expired'; cookie: Cookie }
  | { cause: 'updated' | 'deleted'; cookie: Cookie; before: Cookie }
  /** `cookie` is what it would have been; null where the field cannot be read. */
  | { cause: 'rejected'; reason: RejectionReason; cookie: Cookie | null }

/** RFC 6265bis section 5.5. */
const longestLifeMs = 400 * 24 * 3600 * 1000

/** @param field the value of a Set-Cookie field, bytes above 127 as U+0080..00FF */
export function judge(field: string, context: CookieContext, held: HeldView): Verdict {
  const said = parseSetCookie(field)
  if (typeof said === 'string') return { cause: 'rejected', reason: said, cookie: null }
  const cookie = cookieOf(said, context)
  const reason = faultOf(said, context) ?? faultOfPlace(cookie, context, held)
  if (reason) return { cause: 'rejected', reason, cookie }
  const before = held.find(cookie)
  const gone = hasExpired(cookie, context.at)
  if (!before || hasExpired(before, context.at)) return { cause: gone ? 'expired' : 'set', cookie }
  return { cause: gone ? 'deleted' : 'updated', cookie: { ...cookie, createdAt: before.createdAt }, before }
}

function cookieOf(said: SetCookie, context: CookieContext): Cookie {
  const { url, at } = context
  const { name, value, domain, path, secure, httpOnly, sameSite, partitioned } = said
  const hostOnly = domain === null || (domain === url.hostname && isPublicSuffix(domain))
  return {
    name,
    value,
    domain: domain ?? url.hostname,
    hostOnly,
    path: path ?? defaultPath(url.pathname),
    expires: expiryOf(said, at),
    secure,
    httpOnly,
    sameSite,
    partitionKey: partitioned ? partitionFor(context) : null,
    createdAt: at,
    updatedAt: at,
  }
}

function expiryOf({ maxAge, expires }: SetCookie, at: number): number | null {
  if (maxAge === null) return expires === null ? null : Math.min(expires, at + longestLifeMs)
  return maxAge <= 0 ? 0 : Math.min(at + maxAge * 1000, at + longestLifeMs)
}

/** What is wrong with it whatever the jar holds. */
function faultOf(said: SetCookie, { url, from, by }: CookieContext): RejectionReason | null {
  const { domain, secure, httpOnly, sameSite, partitioned } = said
  if (domain !== null && domain !== url.hostname) {
    if (/[^\u0000-\u007f]/.test(domain)) return 'nonAsciiDomain'
    if (!isWithin(url.hostname, domain)) return 'foreignDomain'
    if (isPublicSuffix(domain)) return 'publicSuffix'
  }
  if (secure && !isTrustworthy(url)) return 'secureFromInsecure'
  if (httpOnly && by === 'script') return 'httpOnlyFromScript'
  if (sameSite === 'None' && !secure) return 'sameSiteNoneInsecure'
  if (partitioned && !secure) return 'partitionedInsecure'
  if (sameSite !== 'None' && from === 'crossSite') return 'crossSite'
  return faultOfPrefix(said)
}

/** Names with these prefixes, in any case, say how they were set (section 4.1.3, and the layered draft for __Http-); nobody shall fake one without a name. */
function faultOfPrefix({ name, value, secure, httpOnly, domain, path }: SetCookie): RejectionReason | null {
  const [prefix] = /^__(?:host-http|host|http|secure)-/i.exec(name || value) ?? []
  if (prefix === undefined) return null
  const [isHost, isHttp] = [/host/i.test(prefix), /http/i.test(prefix)]
  const holds = name !== '' && secure && (!isHost || (domain === null && path === '/')) && (!isHttp || httpOnly)
  if (holds) return null
  return isHttp ? 'httpPrefix' : isHost ? 'hostPrefix' : 'securePrefix'
}

/** What is wrong with it because of what the jar holds. */
function faultOfPlace(cookie: Cookie, { url, at, by }: CookieContext, held: HeldView): RejectionReason | null {
  if (by === 'script') {
    const before = held.find(cookie)
    if (before?.httpOnly && !hasExpired(before, at)) return 'overwritesHttpOnly'
  }
  return !isTrustworthy(url) && hidesSecure(cookie, at, held) ? 'overwritesSecure' : null
}

/** "Leave Secure cookies alone" (section 5.7, step 14): one that came over TLS is neither replaced nor hidden in clear text. */
function hidesSecure({ name, domain, path, partitionKey }: Cookie, at: number, held: HeldView): boolean {
  for (const other of held.named(name)) {
    if (!other.secure || other.partitionKey !== partitionKey || hasExpired(other, at)) continue
    if ((isWithin(domain, other.domain) || isWithin(other.domain, domain)) && pathMatch(path, other.path)) return true
  }
  return false
}
