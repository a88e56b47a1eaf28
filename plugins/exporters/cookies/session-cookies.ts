/** The cookies that a client would hold after a session: Set-Cookie fields in their order, by RFC 6265bis. */
import { Cookie, CookieJar, domainMatch, MemoryCookieStore, pathMatch } from 'tough-cookie'
import type { ExportedExchange } from '../../../sdk/plugin.ts'

/** A cookie at the end of the session. Texts as on the wire: bytes above 127 as U+0080..00FF. */
export interface HeldCookie {
  name: string
  value: string
  /** Without a leading dot. */
  domain: string
  /** Only the host itself gets it. */
  hostOnly: boolean
  path: string
  /** Unix ms; null: until the client is closed. */
  expires: number | null
  secure: boolean
  httpOnly: boolean
  sameSite: 'Strict' | 'Lax' | 'None' | null
}

/** RFC 6265bis sections 5.6 and 5.5. */
const pairMaximum = 4096
const lifetimeMaximum = 400 * 24 * 3600 * 1000
const cookiesMaximum = 50_000
const control = /[\u0000-\u0008\u000a-\u001f\u007f]/
const sameSites: { [name: string]: 'Strict' | 'Lax' | 'None' } = { strict: 'Strict', lax: 'Lax', none: 'None' }

class SessionCookies {
  #store = new MemoryCookieStore()
  /** Knows domains, public suffixes, paths and prefixes. */
  #jar = new CookieJar(this.#store, { looseMode: true, prefixSecurity: 'silent' })
  #held = new Map<string, Cookie>()
  #now = 0

  /** @param at Unix ms */
  set(field: string, url: URL, at: number): void {
    this.#now = Math.max(this.#now, at)
    const cookie = Cookie.parse(field, { loose: true })
    if (!cookie || control.test(field) || !this.#mayBeSet(cookie, url)) return
    const set = this.#jar.setCookieSync(cookie, url, { now: new Date(at), ignoreError: true })
    if (!set) return
    const key = `${set.domain}\n${set.path}\n${set.key}`
    if (this.#held.size < cookiesMaximum || this.#held.has(key)) this.#held.set(key, set)
    else this.#store.removeCookie(set.domain ?? '', set.path ?? '', set.key, () => undefined)
    if (this.#expires(set) <= at) this.#held.delete(key)
  }

  *list(): Generator<HeldCookie> {
    for (const cookie of this.#held.values()) {
      const expires = this.#expires(cookie)
      if (expires <= this.#now) continue
      yield {
        name: cookie.key,
        value: cookie.value,
        domain: cookie.domain ?? '',
        hostOnly: cookie.hostOnly ?? true,
        path: cookie.path ?? '/',
        expires: Number.isFinite(expires) ? expires : null,
        secure: cookie.secure,
        httpOnly: cookie.httpOnly,
        sameSite: sameSites[cookie.sameSite ?? ''] ?? null,
      }
    }
  }

  /** What RFC 6265bis says beyond the library. */
  #mayBeSet(cookie: Cookie, { protocol, hostname, pathname }: URL): boolean {
    if (cookie.key.length + cookie.value.length > pairMaximum) return false
    if (cookie.sameSite === 'none' && !cookie.secure) return false
    if (/^__(?:host|secure)-/i.test(cookie.key) && !prefixHolds(cookie)) return false
    const trustworthy = protocol === 'https:' || /^(?:localhost|127\.[\d.]+|\[::1\]|.*\.localhost)$/.test(hostname)
    if (trustworthy) return true
    return !cookie.secure && !this.#shadowsSecure(cookie, hostname, pathname)
  }

  /** One that came over TLS is not replaced in clear text (section 5.7, step 14). */
  #shadowsSecure({ key, domain, path }: Cookie, hostname: string, pathname: string): boolean {
    const host = domain ?? hostname
    for (const held of this.#held.values()) {
      if (!held.secure || held.key !== key) continue
      const related = domainMatch(host, held.domain ?? '') || domainMatch(held.domain ?? '', host)
      if (related && pathMatch(path ?? pathname, held.path ?? '/')) return true
    }
    return false
  }

  #expires(cookie: Cookie): number {
    const expires = cookie.expiryTime() ?? Number.POSITIVE_INFINITY
    if (expires === Number.POSITIVE_INFINITY && cookie.maxAge === null && cookie.expires === 'Infinity') return expires
    return Math.min(expires, (cookie.creation instanceof Date ? cookie.creation.getTime() : this.#now) + lifetimeMaximum)
  }
}

/** Names with these prefixes, in any case, say how they were set (section 4.1.3). */
function prefixHolds({ key, secure, domain, path }: Cookie): boolean {
  return secure && (!/^__host-/i.test(key) || (domain === null && path === '/'))
}

/** @param leaveOut called for each exchange that sets none */
export async function cookiesOf(exchanges: AsyncIterable<ExportedExchange>, leaveOut: () => void): Promise<HeldCookie[]> {
  const cookies = new SessionCookies()
  for await (const { request, response, startedAt } of exchanges) {
    const fields = response?.headers.filter(([name]) => name.length === 10 && name.toLowerCase() === 'set-cookie') ?? []
    const url = fields.length > 0 && URL.canParse(request.url) ? new URL(request.url) : null
    if (url === null) leaveOut()
    else for (const [, value] of fields) cookies.set(value, url, startedAt)
  }
  return [...cookies.list()]
}
