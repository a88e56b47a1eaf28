/** A jar in memory: takes Set-Cookie fields, and says which cookies go with a request (RFC 6265bis sections 5.7 and 5.8). */
import { pathMatch } from 'tough-cookie'
import { type Cookie, type CookieKey, hasExpired, keyOf } from './cookie.ts'
import { type GivenCookie, judgeGiven } from './given.ts'
import { type CookieContext, type HeldView, judge, type Verdict } from './judge.ts'
import { partitionFor } from './partition.ts'
import { isTrustworthy, isWithin } from './site.ts'

/** `order`: as they came; a cookie that replaces another stands in its place. */
interface Held {
  cookie: Cookie
  order: number
}

export class HeldCookies implements HeldView {
  readonly #most: number
  #byDomain = new Map<string, Map<string, Held>>()
  #byName = new Map<string, Set<Held>>()
  #size = 0
  #order = 0

  /** @param most what is new beyond so many is rejected (jarFull) */
  constructor({ most = 50_000 }: { most?: number } = {}) {
    this.#most = most
  }

  /** Expired ones that nobody has dropped count. */
  get size(): number {
    return this.#size
  }

  /** As they came. */
  [Symbol.iterator](): Iterator<Cookie> {
    const all = [...this.#byDomain.values()].flatMap((ofDomain) => [...ofDomain.values()])
    return all
      .sort((a, b) => a.order - b.order)
      .map(({ cookie }) => cookie)
      .values()
  }

  find(key: CookieKey): Cookie | undefined {
    return this.#byDomain.get(key.domain)?.get(keyOf(key))?.cookie
  }

  *named(name: string): Generator<Cookie> {
    for (const { cookie } of this.#byName.get(name) ?? []) yield cookie
  }

  /** Judges a field and does what the verdict says. */
  take(field: string, context: CookieContext): Verdict {
    return this.#obey(judge(field, context, this), context.at)
  }

  /** The same for a cookie that comes as such. */
  give(cookie: GivenCookie, at: number): Verdict {
    return this.#obey(judgeGiven(cookie, at, this), at)
  }

  #obey(verdict: Verdict, at: number): Verdict {
    if (verdict.cause === 'rejected') return verdict
    const { cause, cookie } = verdict
    if (cause === 'set' && this.#size >= this.#most) {
      this.dropExpired(at)
      if (this.#size >= this.#most) return { cause: 'rejected', reason: 'jarFull', cookie }
    }
    if (hasExpired(cookie, at)) this.remove(cookie)
    else this.put(cookie)
    return verdict
  }

  /** Without a question, in place of the one with the same key. */
  put(cookie: Cookie): void {
    const { domain, name } = cookie
    const ofDomain = this.#byDomain.get(domain) ?? new Map<string, Held>()
    const key = keyOf(cookie)
    const held = ofDomain.get(key)
    if (held) {
      held.cookie = cookie
      return
    }
    const added = { cookie, order: this.#order++ }
    const ofName = this.#byName.get(name) ?? new Set<Held>()
    this.#byDomain.set(domain, ofDomain.set(key, added))
    this.#byName.set(name, ofName.add(added))
    this.#size++
  }

  /** The one that was held. */
  remove(key: CookieKey): Cookie | undefined {
    const ofDomain = this.#byDomain.get(key.domain)
    const held = ofDomain?.get(keyOf(key))
    if (!ofDomain || !held) return undefined
    ofDomain.delete(keyOf(key))
    if (ofDomain.size === 0) this.#byDomain.delete(key.domain)
    const ofName = this.#byName.get(key.name)
    ofName?.delete(held)
    if (ofName?.size === 0) this.#byName.delete(key.name)
    this.#size--
    return held.cookie
  }

  /** Those whose time is over by then; they are held no longer. */
  dropExpired(at: number): Cookie[] {
    const expired = [...this].filter((cookie) => hasExpired(cookie, at))
    for (const cookie of expired) this.remove(cookie)
    return expired
  }

  /** What goes with a request, in the order of the Cookie field: longer paths first, then older ones. */
  matching(context: CookieContext): Cookie[] {
    const { url, at, from, by } = context
    const secure = isTrustworthy(url)
    const partition = partitionFor(context)
    return this.#within(url.hostname)
      .filter(({ cookie }) => !hasExpired(cookie, at) && (secure || !cookie.secure) && (by !== 'script' || !cookie.httpOnly))
      .filter(({ cookie: { partitionKey } }) => partitionKey === null || partitionKey === partition)
      .filter(({ cookie: { path } }) => pathMatch(url.pathname, path))
      .filter(({ cookie: { sameSite } }) => from === undefined || from === 'sameSite' || goesAcrossSites(sameSite, from))
      .sort((a, b) => b.cookie.path.length - a.cookie.path.length || a.cookie.createdAt - b.cookie.createdAt || a.order - b.order)
      .map(({ cookie }) => cookie)
  }

  /** The value of the Cookie field; null: none goes. */
  cookieField(context: CookieContext): string | null {
    const pairs = this.matching(context).map(({ name, value }) => (name === '' ? value : `${name}=${value}`))
    return pairs.length > 0 ? pairs.join('; ') : null
  }

  #within(host: string): Held[] {
    const found = [...(this.#byDomain.get(host)?.values() ?? [])]
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const domain = host.slice(dot + 1)
      const ofDomain = this.#byDomain.get(domain)
      if (!ofDomain || !isWithin(host, domain)) continue
      for (const held of ofDomain.values()) if (!held.cookie.hostOnly) found.push(held)
    }
    return found
  }
}

/** Section 5.8.3: Lax (and what says nothing) goes with a navigation to the site, None with everything. */
const goesAcrossSites = (sameSite: Cookie['sameSite'], from: 'crossSiteNavigation' | 'crossSite'): boolean =>
  sameSite === 'None' || (from === 'crossSiteNavigation' && sameSite !== 'Strict')
