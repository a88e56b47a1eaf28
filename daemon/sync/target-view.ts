/** What one target was seen to hold of a domain; what is different the next time is news, unless it came from here. */

import { type Cookie, type CookieKey, hasExpired, keyOf } from '../../sdk/cookie/cookie.ts'
import { type CookieDomain, isOfDomain } from '../../sdk/cookie/cookie-domain.ts'
import type { CookieTargetChange, PulledCookies } from '../../sdk/plugin.ts'
import { fingerprint, type KnownCookies } from './known-cookies.ts'

export interface Seen extends CookieKey {
  fingerprint: string
}

export interface News {
  change: CookieTargetChange
  /** Unix ms. */
  at: number
}

export class TargetView {
  #seen: Map<string, Seen>
  /** What was handed to it and not seen there yet: what is known may have moved on meanwhile. */
  #handed = new Map<string, string>()

  /** @param seen as `entries` gave it */
  constructor(seen: readonly Seen[] = []) {
    this.#seen = new Map(seen.map((one) => [keyOf(one), one]))
  }

  /** @param known decides what came from here: it has the same value there @param now Unix ms */
  look({ cookies, at }: PulledCookies, domain: CookieDomain, known: KnownCookies, now: number): News[] {
    const news: News[] = []
    const held = cookies.filter((cookie) => isOfDomain(cookie, domain) && !hasExpired(cookie, now))
    const keys = new Set(held.map(keyOf))
    for (const cookie of held) {
      const put = this.#put(cookie, known)
      if (put !== null) news.push({ change: { put }, at: Math.min(now, cookie.updatedAt) })
    }
    for (const [key, seen] of this.#seen) {
      if (keys.has(key)) continue
      this.#seen.delete(key)
      const ours = known.get(seen)
      if (ours && !ours.gone && !hasExpired(ours.cookie, now)) news.push({ change: { gone: seen }, at: Math.min(now, at) })
    }
    return news
  }

  /** It is about to get them. */
  handing(changes: readonly CookieTargetChange[]): void {
    for (const change of changes) if ('put' in change) this.#handed.set(keyOf(change.put), fingerprint(change.put))
  }

  entries(): Seen[] {
    return [...this.#seen.values()]
  }

  /** null: no news. What a format has no words for stays as it is known. */
  #put(cookie: Cookie, known: KnownCookies): Cookie | null {
    const key = keyOf(cookie)
    const print = fingerprint(cookie)
    if (this.#seen.get(key)?.fingerprint === print) return null
    const { name, domain, hostOnly, path, partitionKey } = cookie
    this.#seen.set(key, { name, domain, hostOnly, path, partitionKey, fingerprint: print })
    const handed = this.#handed.get(key)
    this.#handed.delete(key)
    if (handed === print) return null
    const ours = known.get(cookie)
    if (ours === undefined) return cookie
    if (!ours.gone && fingerprint(ours.cookie) === print) return null
    return { ...cookie, sameSite: cookie.sameSite ?? ours.cookie.sameSite, createdAt: ours.cookie.createdAt }
  }
}
