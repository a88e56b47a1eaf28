/** What one target holds of a domain, as far as it was handed there or seen there; what is different the next time is news. */
import { type Cookie, type CookieKey, hasExpired, keyOf } from '../../sdk/cookie/cookie.ts'
import { type CookieDomain, isOfDomain } from '../../sdk/cookie/cookie-domain.ts'
import type { CookieTargetChange, PulledCookies } from '../../sdk/plugin.ts'
import { fingerprint, type Known, type KnownCookies } from './known-cookies.ts'

export interface Holding extends CookieKey {
  /** null: it went from there. */
  fingerprint: string | null
  /** It was seen there: what was only handed there may be nothing that it has words for. */
  seen: boolean
}

export interface News {
  change: CookieTargetChange
  /** Unix ms. */
  at: number
}

export class TargetView {
  #holds: Map<string, Holding>

  /** @param kept as `entries` gave it */
  constructor(kept: readonly Holding[] = []) {
    this.#holds = new Map(kept.map((one) => [keyOf(one), one]))
  }

  /** It is another place now, and nothing is known of it. */
  forget(): void {
    this.#holds.clear()
  }

  /** Whether it holds (or does not hold) the cookie as it is known. */
  isInStep({ cookie, gone }: Known): boolean {
    return (this.#holds.get(keyOf(cookie))?.fingerprint ?? null) === (gone ? null : fingerprint(cookie))
  }

  /** It has got them. */
  handed(changes: readonly CookieTargetChange[]): void {
    for (const change of changes) {
      if ('put' in change) this.#set(change.put, fingerprint(change.put), false)
      else this.#set(change.gone, null, false)
    }
  }

  /** @param known what it has the same value as came from here @param now Unix ms */
  look({ cookies, at, partial = false }: PulledCookies, domain: CookieDomain, known: KnownCookies, now: number): News[] {
    const news: News[] = []
    const held = cookies.filter((cookie) => isOfDomain(cookie, domain) && !hasExpired(cookie, now))
    const keys = new Set(held.map(keyOf))
    for (const cookie of held) {
      const put = this.#put(cookie, known)
      if (put !== null) news.push({ change: { put }, at: Math.min(now, cookie.updatedAt) })
    }
    for (const [key, holding] of partial ? [] : this.#holds) {
      if (keys.has(key) || holding.fingerprint === null || !holding.seen) continue
      this.#set(holding, null, true)
      const ours = known.get(holding)
      if (ours && !ours.gone && !hasExpired(ours.cookie, now)) news.push({ change: { gone: holding }, at: Math.min(now, at) })
    }
    return news
  }

  /** Without those that are forgotten by both sides. */
  entries(known: KnownCookies): Holding[] {
    for (const [key, holding] of this.#holds) if (known.get(holding) === undefined) this.#holds.delete(key)
    return [...this.#holds.values()]
  }

  /** null: no news. What a format has no words for stays as it is known. */
  #put(cookie: Cookie, known: KnownCookies): Cookie | null {
    const print = fingerprint(cookie)
    const before = this.#holds.get(keyOf(cookie))
    this.#set(cookie, print, true)
    if (before?.fingerprint === print) return null
    const ours = known.get(cookie)
    if (ours === undefined) return cookie
    if (!ours.gone && fingerprint(ours.cookie) === print) return null
    return { ...cookie, sameSite: cookie.sameSite ?? ours.cookie.sameSite, createdAt: ours.cookie.createdAt }
  }

  #set({ name, domain, hostOnly, path, partitionKey }: CookieKey, print: string | null, seen: boolean): void {
    const key = { name, domain, hostOnly, path, partitionKey }
    this.#holds.set(keyOf(key), { ...key, fingerprint: print, seen })
  }
}
