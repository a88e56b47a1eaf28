/** Puts what the Set-Cookie and Cookie fields of exchanges change into the session file. */
import type { Cookie } from '../../sdk/cookie/cookie.ts'
import type { CookieContext } from '../../sdk/cookie/judge.ts'
import { type CookieCause, type CookiePairs, cookiePairs, type SeenChange, SeenCookies } from '../../sdk/cookie/seen-cookies.ts'
import type { CookieUrl } from '../../sdk/cookie/site.ts'
import type { Headers } from '../../sdk/model.ts'
import type { Database, Statement } from './database.ts'
import { microseconds } from './exchange-row.ts'
import { nextId } from './next-id.ts'
import type { ExchangeRecord, FieldBlock } from './records.ts'

/** Of a block of fields, as on the wire. */
interface CookieFields {
  /** null: there is no Cookie field. */
  sent: CookiePairs | null
  setCookie: readonly string[]
  /** Where and when what is sent was found to be no news. */
  explained: { origin: string; version: number } | null
}

/** Of the requests of an origin. */
type Origin = Omit<CookieUrl, 'pathname'>

/** What of an open exchange was looked at: filters may leave other fields in place of the first ones. */
interface LookedAt {
  request: FieldBlock
  response: FieldBlock | null
}

const none: CookieFields = { sent: null, setCookie: [], explained: null }
/** Origins whose URLs are remembered. */
const remembered = 10_000

/** `write` belongs to the row of an exchange; `keep` or `forget` follows each transaction. */
export class CookieWriter {
  readonly #insert: Statement
  readonly #exists: Statement
  readonly #all: Statement
  #nextId: number
  /** null: to be made of what is on record. */
  #seen: SeenCookies | null = null
  /** Whose exchange's change a cookie is. */
  #seqs = new WeakMap<Cookie, number>()
  #fields = new WeakMap<FieldBlock, CookieFields>()
  #origins = new Map<string, Origin | null>()
  #open = new Map<number, LookedAt>()
  /** As they were before the running transaction. */
  #before: [seq: number, LookedAt | undefined][] = []

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO cookie_change (id, seq, at, cause, reason, cookie) VALUES (?, ?, ?, ?, ?, ?)')
    this.#nextId = nextId(db, 'cookie_change')
    this.#exists = db.prepare('SELECT 1 FROM exchange WHERE seq = ?').pluck()
    this.#all = db.prepare('SELECT seq, cause, cookie FROM cookie_change ORDER BY id')
  }

  write(record: ExchangeRecord): void {
    if (isRepetition(record)) return
    const { seq, requestFields, responseFields } = record
    const before = this.#open.get(seq)
    const request = before?.request === requestFields ? none : this.#of(requestFields)
    const { setCookie } = responseFields === null || before?.response === responseFields ? none : this.#of(responseFields)
    if (request.sent !== null || setCookie.length > 0) this.#take(record, request, setCookie)
    if (record.state !== 'open' && before === undefined) return
    this.#before.push([seq, before])
    if (record.state === 'open') this.#open.set(seq, { request: requestFields, response: responseFields })
    else this.#open.delete(seq)
  }

  /** The exchange is written no more. */
  drop(seq: number): void {
    const before = this.#open.get(seq)
    if (before === undefined) return
    this.#before.push([seq, before])
    this.#open.delete(seq)
  }

  /** The transaction was committed. */
  keep(): void {
    if (this.#before.length > 0) this.#before = []
  }

  /** The transaction was rolled back: what is on record counts. */
  forget(): void {
    this.#seen = null
    for (const [seq, before] of this.#before.reverse()) {
      if (before === undefined) this.#open.delete(seq)
      else this.#open.set(seq, before)
    }
    this.#before = []
  }

  #take(record: ExchangeRecord, request: CookieFields, setCookie: readonly string[]): void {
    this.#seen ??= this.#restored()
    const seen = this.#seen
    for (const change of seen.expire(record.startedAt)) this.#expire(change, record.seq)
    const origin = `${record.scheme}://${record.authority}`
    const isExplained = request.explained?.origin === origin && request.explained.version === seen.version
    if ((request.sent === null || isExplained) && setCookie.length === 0) return
    const at = this.#originOf(origin)
    if (at === null) return
    const url = { ...at, pathname: pathnameOf(record.path) }
    if (request.sent !== null && !isExplained) {
      for (const change of seen.sent(request.sent, { url, at: record.startedAt })) this.#put(record.seq, change)
      request.explained = { origin, version: seen.version }
    }
    if (setCookie.length === 0) return
    const context = { url, at: record.responseStartedAt || record.startedAt, ...askedBy(record.requestFields.fields) }
    for (const field of setCookie) this.#put(record.seq, seen.set(field, context))
  }

  /** What an exchange set that was deleted since goes with it. */
  #expire(change: SeenChange, inHand: number): void {
    const seq = change.cookie === null ? inHand : (this.#seqs.get(change.cookie) ?? inHand)
    if (this.#exists.get(seq) !== undefined) this.#put(seq, change)
  }

  #put(seq: number, { at, cause, reason, cookie }: SeenChange): void {
    if (cookie !== null) this.#seqs.set(cookie, seq)
    this.#insert.run(this.#nextId++, seq, microseconds(at), cause, reason, JSON.stringify(cookie))
  }

  #restored(): SeenCookies {
    const seen = new SeenCookies()
    for (const { seq, cause, cookie } of this.#all.iterate() as Iterable<{ seq: number; cause: CookieCause; cookie: string }>) {
      const parsed = JSON.parse(cookie) as Cookie | null
      if (parsed !== null) this.#seqs.set(parsed, seq)
      seen.restore({ cause, cookie: parsed })
    }
    return seen
  }

  /** null: its host is none. */
  #originOf(origin: string): Origin | null {
    let found = this.#origins.get(origin)
    if (found === undefined) {
      const url = URL.parse(origin)
      found = url === null ? null : { protocol: url.protocol, hostname: url.hostname }
      if (this.#origins.size >= remembered) this.#origins.clear()
      this.#origins.set(origin, found)
    }
    return found
  }

  /** Once for each block, however many exchanges share it. */
  #of(block: FieldBlock): CookieFields {
    let found = this.#fields.get(block)
    if (found === undefined) {
      found = cookieFields(block.fields)
      this.#fields.set(block, found)
    }
    return found
  }
}

function cookieFields(fields: Readonly<Headers>): CookieFields {
  const cookie: string[] = []
  const setCookie: string[] = []
  for (const [name, value] of fields) {
    if (name.length === 10 && name.toLowerCase() === 'set-cookie') setCookie.push(value)
    else if (name.length === 6 && name.toLowerCase() === 'cookie') cookie.push(value)
  }
  if (cookie.length + setCookie.length === 0) return none
  return { sent: cookie.length === 0 ? null : cookiePairs(cookie), setCookie, explained: null }
}

/** Of a target as it was sent. */
function pathnameOf(path: string): string {
  const end = path.search(/[?#]/)
  return end < 0 ? path : path.slice(0, end)
}

/** As another file of the same exchanges has them; those of exchanges that are not here are let go. */
export function addCookieChanges(db: Database, changes: Iterable<SeenChange & { seq: number }>): void {
  const insert = db.prepare('INSERT INTO cookie_change (seq, at, cause, reason, cookie) SELECT seq, ?, ?, ?, ? FROM exchange WHERE seq = ?')
  for (const { seq, at, cause, reason, cookie } of changes) insert.run(microseconds(at), cause, reason, JSON.stringify(cookie), seq)
}

/** What a browser says of a request from another site (Fetch Metadata): SameSite goes by it, and partitions by the page's site, which the Referer names best. */
function askedBy(fields: Readonly<Headers>): Pick<CookieContext, 'from' | 'topLevel'> {
  const said = (wanted: string) => fields.find(([name]) => name.toLowerCase() === wanted)?.[1]
  if (said('sec-fetch-site') !== 'cross-site') return {}
  if (said('sec-fetch-dest') === 'document') return { from: 'crossSiteNavigation' }
  const page = URL.parse(said('referer') ?? said('origin') ?? '')
  return { from: 'crossSite', ...(page !== null && { topLevel: page }) }
}

/** What a browser had by itself, or what the proxy has on record, too, changed nothing. */
const isRepetition = ({ source, browser }: ExchangeRecord): boolean =>
  source === 'browser' && (browser?.servedFrom !== undefined || browser?.ambiguous !== undefined)
