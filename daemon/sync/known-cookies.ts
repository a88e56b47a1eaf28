/** What weir takes the cookies of one domain to be: the newest of what sessions and targets told, and what has gone. */
import { type Cookie, type CookieKey, hasExpired, keyOf } from '../../sdk/cookie/cookie.ts'
import type { CookieTargetChange } from '../../sdk/plugin.ts'

export interface Known {
  /** As it is, or last was. */
  cookie: Cookie
  gone: boolean
  /** When it came to be so, Unix ms. */
  at: number
}

/** How long it is remembered that a cookie has gone or expired, so that no older one comes back, ms. */
const goneMs = 30 * 24 * 3600 * 1000

export class KnownCookies {
  #known: Map<string, Known>

  /** @param kept as `entries` gave it */
  constructor(kept: readonly Known[] = []) {
    this.#known = new Map(kept.map((one) => [keyOf(one.cookie), one]))
  }

  get(key: CookieKey): Known | undefined {
    return this.#known.get(keyOf(key))
  }

  /** older: what is known is newer, and stays. @param at Unix ms */
  offer(change: CookieTargetChange, at: number): 'taken' | 'same' | 'older' {
    const key = keyOf('put' in change ? change.put : change.gone)
    const known = this.#known.get(key)
    if (known !== undefined && isSame(known, change)) {
      known.at = Math.max(known.at, at)
      return 'same'
    }
    if (known === undefined && 'gone' in change) return 'same'
    if (known !== undefined && at < known.at) return 'older'
    if ('put' in change) this.#known.set(key, { cookie: change.put, gone: false, at })
    else if (known !== undefined) this.#known.set(key, { ...known, gone: true, at })
    return 'taken'
  }

  /** The same for what an origin said: then attributes count, too. */
  captured(change: CookieTargetChange, at: number): 'taken' | 'same' | 'older' {
    const known = 'put' in change ? this.get(change.put) : undefined
    if (known === undefined || known.gone || !('put' in change) || at < known.at || hasSameFlags(known.cookie, change.put))
      return this.offer(change, at)
    this.#known.set(keyOf(change.put), { cookie: change.put, gone: false, at })
    return 'taken'
  }

  /** Those that are there and have not expired. */
  held(now: number): Cookie[] {
    return [...this.#known.values()].filter(({ cookie, gone }) => !gone && !hasExpired(cookie, now)).map(({ cookie }) => cookie)
  }

  /** Without what went long ago. @param now Unix ms */
  entries(now: number): Known[] {
    for (const [key, { cookie, gone, at }] of this.#known) {
      const ended = gone ? at : (cookie.expires ?? Number.POSITIVE_INFINITY)
      if (ended < now - goneMs) this.#known.delete(key)
    }
    return [...this.#known.values()]
  }
}

/** All formats keep the value, and the expiry to the second; other attributes some do not have. */
export const fingerprint = ({ value, expires }: Cookie): string => `${expires === null ? '' : Math.ceil(expires / 1000)} ${value}`

const hasSameFlags = (one: Cookie, other: Cookie): boolean =>
  one.secure === other.secure && one.httpOnly === other.httpOnly && one.sameSite === other.sameSite

const isSame = ({ cookie, gone }: Known, change: CookieTargetChange): boolean =>
  'gone' in change ? gone : !gone && fingerprint(cookie) === fingerprint(change.put)
