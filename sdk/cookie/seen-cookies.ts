/**
 * What a client's cookies must be, as far as its traffic tells: each Set-Cookie field, and each pair of a Cookie field that nothing
 * before explains, is a change with its cause.
 */
import { type Cookie, hasExpired, keyOf } from './cookie.ts'
import { HeldCookies } from './held-cookies.ts'
import type { CookieContext } from './judge.ts'
import type { RejectionReason } from './rejections.ts'
import { type CookieUrl, isWithin } from './site.ts'

/**
 * set: a new one. updated: in place of one that was held. deleted: the origin took it away. expired: its time came, or it had come
 * when it was set. rejected: a client does not take it. sent: a client has it, and it was set before the session or elsewhere.
 */
export const cookieCauses = ['set', 'updated', 'expired', 'deleted', 'rejected', 'sent'] as const
export type CookieCause = (typeof cookieCauses)[number]

export interface SeenChange {
  /** Unix ms. */
  at: number
  cause: CookieCause
  /** Of a rejected one; else null. */
  reason: RejectionReason | null
  /** As it is from now on, or was. Of one that was only sent nobody knows more than name, value and host. null: the field cannot be read. */
  cookie: Cookie | null
}

/** Names, and hosts of a name, whose last values are remembered; beyond that all are forgotten, and looked at anew. */
const remembered = 10_000

export class SeenCookies {
  #held = new HeldCookies()
  #guesses = new Guesses<Cookie>()
  #version = 0
  /** Name -> host -> values when they were last looked at; no cookie of the name has changed since. */
  #explained = new Map<string, Map<string, string>>()
  /** No cookie expires before, Unix ms. */
  #nextExpiry = Number.POSITIVE_INFINITY

  /** A change of before: in their order. */
  restore({ cause, cookie }: Pick<SeenChange, 'cause' | 'cookie'>): void {
    if (cookie === null || cause === 'rejected') return
    if (cause !== 'sent') this.#dropGuesses(cookie)
    if (cause === 'expired' || cause === 'deleted') this.#held.remove(cookie)
    else this.#hold(cookie, cause)
  }

  /** Those whose time has come by then. */
  expire(at: number): SeenChange[] {
    if (at < this.#nextExpiry) return []
    const expired = this.#held.dropExpired(at)
    this.#version++
    this.#nextExpiry = Number.POSITIVE_INFINITY
    for (const { expires } of this.#held) if (expires !== null) this.#nextExpiry = Math.min(this.#nextExpiry, expires)
    for (const { name } of expired) this.#explained.delete(name)
    return expired.map((cookie) => ({ at: cookie.expires ?? at, cause: 'expired', reason: null, cookie }))
  }

  /** @param field of a response, as on the wire */
  set(field: string, context: CookieContext): SeenChange {
    const verdict = this.#held.take(field, context)
    const { cause, cookie } = verdict
    if (cause === 'rejected') return { at: context.at, cause, reason: verdict.reason, cookie }
    const wasGuessed = this.#dropGuesses(cookie)
    this.#version++
    this.#explained.delete(cookie.name)
    if (cause === 'expired' || cause === 'deleted') return { at: context.at, cause: wasGuessed ? 'deleted' : cause, reason: null, cookie }
    this.#learnExpiry(cookie)
    return { at: context.at, cause, reason: null, cookie }
  }

  /** Another one since something may have changed. */
  get version(): number {
    return this.#version
  }

  /** What goes with one request. */
  sent(pairs: CookiePairs, { url, at }: Pick<CookieContext, 'url' | 'at'>): SeenChange[] {
    const changes: SeenChange[] = []
    for (const [name, values] of pairs) {
      if (!this.#isNews(url.hostname, name, values)) continue
      const held = this.#heldFor(url.hostname, name)
      for (const value of values) {
        if (held.some((cookie) => cookie.value === value)) continue
        // A script may have given it another value: it is the same cookie. What has changed since the request says nothing of it.
        const [known] = held
        if (known && known.updatedAt > at) continue
        const cookie = known ? { ...known, value, updatedAt: at } : guessedCookie(name, value, url, at)
        this.#hold(cookie, 'sent')
        changes.push({ at, cause: 'sent', reason: null, cookie })
      }
    }
    return changes
  }

  #hold(cookie: Cookie, cause: CookieCause): void {
    this.#held.put(cookie)
    if (cause === 'sent') this.#guesses.add(cookie, cookie)
    this.#learnExpiry(cookie)
    this.#version++
  }

  #learnExpiry(cookie: Cookie): void {
    if (cookie.expires !== null) this.#nextExpiry = Math.min(this.#nextExpiry, cookie.expires)
  }

  /** True: there were some. */
  #dropGuesses(cookie: Cookie): boolean {
    const guesses = this.#guesses.taken(cookie)
    for (const guess of guesses) if (keyOf(guess) !== keyOf(cookie)) this.#held.remove(guess)
    return guesses.length > 0
  }

  #isNews(host: string, name: string, values: readonly string[]): boolean {
    const all = values.join('\n')
    let ofName = this.#explained.get(name)
    if (ofName?.get(host) === all) return false
    if (ofName === undefined || ofName.size >= remembered) {
      if (this.#explained.size >= remembered) this.#explained.clear()
      ofName = new Map()
      this.#explained.set(name, ofName)
    }
    ofName.set(host, all)
    return true
  }

  #heldFor(host: string, name: string): Cookie[] {
    const held: Cookie[] = []
    for (const cookie of this.#held.named(name)) {
      if (cookie.domain === host || (!cookie.hostOnly && isWithin(host, cookie.domain))) held.push(cookie)
    }
    return held
  }
}

/** Cookies that were only sent, until a response says what they are. */
class Guesses<Of> {
  #byName = new Map<string, Map<string, { cookie: Cookie; of: Of }>>()

  add(cookie: Cookie, of: Of): void {
    const ofName = this.#byName.get(cookie.name) ?? new Map()
    this.#byName.set(cookie.name, ofName.set(keyOf(cookie), { cookie, of }))
  }

  /** Those that this one must be; they are forgotten. */
  taken({ name, domain, hostOnly }: Cookie): Of[] {
    const ofName = this.#byName.get(name)
    if (ofName === undefined) return []
    const taken: Of[] = []
    for (const [key, { cookie, of }] of ofName) {
      if (cookie.domain !== domain && (hostOnly || !isWithin(cookie.domain, domain))) continue
      ofName.delete(key)
      taken.push(of)
    }
    if (ofName.size === 0) this.#byName.delete(name)
    return taken
  }
}

/** Which change each cookie that is held comes from, as the changes tell one after the other. */
export class CookieState<Change extends Pick<SeenChange, 'cause' | 'cookie'>> {
  #inForce = new Map<string, Change>()
  #guesses = new Guesses<string>()

  apply(change: Change): void {
    const { cause, cookie } = change
    if (cookie === null || cause === 'rejected') return
    const key = keyOf(cookie)
    if (cause === 'sent') this.#guesses.add(cookie, key)
    else for (const guess of this.#guesses.taken(cookie)) this.#inForce.delete(guess)
    if (cause === 'expired' || cause === 'deleted') this.#inForce.delete(key)
    else this.#inForce.set(key, change)
  }

  /** In the order in which they came to be. @param time Unix ms: what expires by then is not held */
  at(time: number): Change[] {
    return [...this.#inForce.values()].filter(({ cookie }) => cookie !== null && !hasExpired(cookie, time))
  }
}

/** Name -> values, in their order. */
export type CookiePairs = ReadonlyMap<string, readonly string[]>

/** RFC 6265bis section 4.2.1, as servers read it. @param fields Cookie fields of one request, as on the wire */
export function cookiePairs(fields: readonly string[]): CookiePairs {
  const pairs = new Map<string, string[]>()
  for (const pair of fields.flatMap((field) => field.split(';'))) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, equals)).trim()
    const value = pair.slice(equals + 1).trim()
    if (name === '' && value === '') continue
    const values = pairs.get(name)
    if (values) values.push(value)
    else pairs.set(name, [value])
  }
  return pairs
}

const guessedCookie = (name: string, value: string, { hostname, protocol }: CookieUrl, at: number): Cookie => ({
  name,
  value,
  domain: hostname,
  hostOnly: true,
  path: '/',
  expires: null,
  secure: protocol === 'https:',
  httpOnly: false,
  sameSite: null,
  partitionKey: null,
  createdAt: at,
  updatedAt: at,
})
