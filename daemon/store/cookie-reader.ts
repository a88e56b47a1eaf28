/** The cookie changes of a session file. */
import type { Cookie } from '../../sdk/cookie/cookie.ts'
import { isOfDomain, parseCookieDomain } from '../../sdk/cookie/cookie-domain.ts'
import type { SeenChange } from '../../sdk/cookie/seen-cookies.ts'
import type { Database, Statement } from './database.ts'
import type { CookieChangesSlice, StoredCookieChange } from './surface.ts'

/** Rows of one statement: about 1 ms. */
const sliceRows = 200

type Row = [index: number, seq: number, at: number, cause: SeenChange['cause'], reason: SeenChange['reason'], cookie: string]

export class CookieReader {
  readonly #rows: Statement

  constructor(db: Database) {
    this.#rows = db
      .prepare('SELECT id, seq, at, cause, reason, cookie FROM cookie_change WHERE id > ? AND at <= ? ORDER BY id LIMIT ?')
      .raw()
  }

  /**
   * In the order they were seen, after that index, as many as there are until the deadline; at least one statement's.
   * @param domain see parseCookieDomain; null: all, those that cannot be read among them @param until Unix ms @throws -32602 invalidDomain
   */
  changes(after: number, limit: number, domain: string | null, until: number, deadline: number): CookieChangesSlice {
    const wanted = domain === null ? null : parseCookieDomain(domain)
    const items: StoredCookieChange[] = []
    for (let next = after; ; ) {
      const rows = this.#rows.all(next, Math.min(until * 1000, Number.MAX_SAFE_INTEGER), sliceRows) as Row[]
      for (const row of rows) {
        const change = changeOf(row)
        if (items.length === limit) return { items, next }
        next = change.index
        if (wanted === null || (change.cookie !== null && isOfDomain(change.cookie, wanted))) items.push(change)
      }
      if (rows.length < sliceRows) return { items, next: null }
      if (performance.now() > deadline) return { items, next }
    }
  }
}

const changeOf = ([index, seq, at, cause, reason, cookie]: Row): StoredCookieChange => ({
  index,
  seq,
  at: at / 1000,
  cause,
  reason,
  cookie: JSON.parse(cookie) as Cookie | null,
})
