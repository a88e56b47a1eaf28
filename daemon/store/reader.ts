/** A session file, read beside its writer. No transaction lasts longer than a slice of a page, so the writer's log can be cut back. */
import { notFound } from '../../sdk/errors.ts'
import type { Exchange, Part } from '../../sdk/model.ts'
import type { OverviewKey } from '../../sdk/overview-keys.ts'
import { type BodyRange, BodyReader, type Content } from './body-reader.ts'
import { CookieReader } from './cookie-reader.ts'
import { type Database, openForReading, type Statement } from './database.ts'
import { type ExchangeRow, exchangeColumns, exchangeJoins, toExchange } from './exchange-row.ts'
import type { ShownTexts } from './index/searchable-text.ts'
import { type SearchSlice, type TextQuery, TextSearch } from './index/text-search.ts'
import { Matching } from './matching.ts'
import type { MatchingRows } from './matching-rows.ts'
import type { MessageDecoding } from './message-decoding.ts'
import { MessageReader } from './message-reader.ts'
import { type OverviewSlice, overviewSlice } from './overview/overview-slice.ts'
import { PageInProgress } from './page.ts'
import { type Direction, isEmpty, type Range, withoutRow } from './range.ts'
import { sessionKind } from './session-layout.ts'
import type { ChangesPage, ChangesQuery, CookieChangesSlice, Counted, ListQuery, MessagesPage, SeqPage } from './surface.ts'

/** Rows of one statement: about 2 ms. */
const sliceRows = 200
/** Of a search or an overview, ms: then the thread is free for somebody else. */
const searchMs = 8
const beyondAll = Number.MAX_SAFE_INTEGER

export class Reader {
  #db: Database
  #rows: { readonly [D in Direction]: Statement }
  #one: Statement
  #change: Statement
  #deleted: Statement
  #forgotten: Statement
  #lastSeq: Statement
  #search: TextSearch
  #bodies: BodyReader
  #messages: MessageReader
  #cookies: CookieReader
  #matching: Matching

  /** Throws WeirError: 1001 fileNotFound, 1005 notReadable or newerFile. */
  constructor(file: string) {
    const db = openForReading(file, sessionKind)
    const select = `SELECT ${exchangeColumns} FROM ${exchangeJoins}`
    this.#db = db
    this.#rows = {
      seq: db.prepare(`${select} WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?`).raw(),
      seqBack: db.prepare(`${select} WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq DESC LIMIT ?`).raw(),
      change: db.prepare(`${select} WHERE e.change > ? AND e.change <= ? ORDER BY e.change LIMIT ?`).raw(),
    }
    this.#one = db.prepare(`${select} WHERE e.seq = ?`).raw()
    this.#change = db.prepare('SELECT change FROM progress').pluck()
    this.#deleted = db.prepare('SELECT seq FROM tombstone WHERE change > ? AND change <= ? ORDER BY change').pluck()
    this.#forgotten = db.prepare('SELECT forgotten FROM progress').pluck()
    this.#lastSeq = db.prepare('SELECT max(seq) FROM exchange').pluck()
    this.#bodies = new BodyReader(db)
    this.#matching = new Matching(db, file, this.#bodies)
    this.#search = new TextSearch(db, file)
    this.#messages = new MessageReader(db)
    this.#cookies = new CookieReader(db)
  }

  close(): void {
    this.#search.close()
    this.#matching.close()
    this.#db.close()
  }

  /** By seq. `change` is from before the first row was read, so what changes meanwhile is reported again after it. */
  list(query: ListQuery, sessionId: string): SeqPage {
    const change = this.#change.get() as number
    const range = { after: query.after ?? 0, until: Math.min((query.before ?? beyondAll) - 1, this.#end()) }
    const page = new PageInProgress(sessionId, query)
    const matching = this.#matchingOf(query.where)
    const rest = this.#fill(page, query.order === 'asc' ? 'seq' : 'seqBack', range, matching)
    const { items, bytes } = page
    const next = query.order === 'asc' ? rest.after : rest.until + 1
    return { items, bytes, change, more: !isEmpty(rest), next, behind: matching?.behind ?? 0 }
  }

  /** By change, oldest first. */
  changes(query: ChangesQuery, sessionId: string): ChangesPage {
    const { since, known = since } = query
    const begunAt = this.#change.get() as number
    const range = { after: since, until: begunAt }
    const page = new PageInProgress(sessionId, query)
    const rest = this.#fill(page, 'change', range, this.#matchingOf(query.where))
    const more = !isEmpty(rest)
    const change = more ? rest.after : range.until
    const deleted = this.#deleted.all(Math.max(since, known), change) as number[]
    const { items, bytes } = page
    return { items, bytes, deleted, change, more, begunAt, forgotten: this.#forgotten.get() as number }
  }

  /** How many match after this seq, as far as one gets in a slice. */
  count(where: string, after: number): Counted {
    const matching = this.#matching.of(where)
    const { count, rest } = matching.count({ after, until: this.#end() }, performance.now() + searchMs)
    return { count, next: isEmpty(rest) ? null : rest.after, behind: matching.behind }
  }

  /** What matches after this seq in groups, as far as one gets in a slice. */
  overview(where: string, by: OverviewKey, after: number): OverviewSlice {
    return overviewSlice(this.#matching.of(where), by, { after, until: this.#end() }, performance.now() + searchMs)
  }

  #matchingOf(where: string | undefined): MatchingRows | null {
    return where === undefined ? null : this.#matching.of(where)
  }

  #end(): number {
    return (this.#lastSeq.get() as number | null) ?? 0
  }

  /** What of the range is not in the page. */
  #fill(page: PageInProgress, direction: Direction, range: Range, matching: MatchingRows | null): Range {
    return matching === null ? this.#fillWithAll(page, direction, range) : this.#fillWithMatches(page, direction, range, matching)
  }

  /** Slice by slice until it is full. */
  #fillWithAll(page: PageInProgress, direction: Direction, range: Range): Range {
    for (let rest = range; ; ) {
      const wanted = Math.min(sliceRows, page.room + 1)
      const rows = this.#rows[direction].all(rest.after, rest.until, wanted) as ExchangeRow[]
      for (const row of rows) {
        if (!page.add(row)) return rest
        rest = withoutRow(direction, rest, row)
      }
      if (rows.length < wanted) return nothingOf(rest)
    }
  }

  #fillWithMatches(page: PageInProgress, direction: Direction, range: Range, matching: MatchingRows): Range {
    const deadline = performance.now() + searchMs
    const { rows, rest } = matching.find(direction, range, page.room + 1, deadline)
    let behind = range
    for (const [found, row] of matching.current(direction, rows)) {
      if (row !== null && !page.add(row)) return behind
      behind = withoutRow(direction, behind, found)
    }
    return rest
  }

  /** Throws 1001 exchangeNotFound. */
  get(seq: number, sessionId: string): Exchange {
    const row = this.#one.get(seq) as ExchangeRow | undefined
    if (row === undefined) throw notFound('exchangeNotFound', `this session has no exchange ${seq}`)
    return toExchange(row, sessionId)
  }

  /** At least one step of it. @param shown what of the texts is shown; null: all */
  search(query: TextQuery, shown: ShownTexts | null = null): SearchSlice {
    return this.#search.slice(query, this.#end(), performance.now() + searchMs, shown)
  }

  /** See BodyReader.searchable. */
  searchable(seq: number, part: Part): Uint8Array | null {
    return this.#bodies.searchable(seq, part)
  }

  /** See CookieReader.changes; a slice of it. */
  cookieChanges(after: number, limit: number, domain: string | null, until: number): CookieChangesSlice {
    return this.#cookies.changes(after, limit, domain, until, performance.now() + searchMs)
  }

  /** See MessageReader.read. */
  readMessages(seq: number, since: number, limit: number, decoding: MessageDecoding | null = null): MessagesPage {
    return this.#messages.read(seq, since, limit, decoding?.of(this.get(seq, '')) ?? null)
  }

  /** See BodyReader.read. */
  readBody(seq: number, part: Part, offset: number, length: number, decode: boolean): Promise<BodyRange> {
    return this.#bodies.read(seq, part, offset, length, decode)
  }

  /** A whole body, decoded. */
  content(seq: number, part: Part): Promise<Content> {
    return this.#bodies.content(seq, part, true)
  }
}

const nothingOf = ({ until }: Range): Range => ({ after: until, until })
