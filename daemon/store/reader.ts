/** A session file, read beside its writer. No transaction lasts longer than a slice of a page, so the writer's log can be cut back. */
import { notFound } from '../../sdk/errors.ts'
import type { Exchange, Part } from '../../sdk/model.ts'
import { type BodyRange, BodyReader } from './body-reader.ts'
import { type Database, openForReading, type Statement } from './database.ts'
import { type ExchangeRow, exchangeColumns, exchangeJoins, jsonSize, toExchange } from './exchange-row.ts'
import { sessionKind } from './session-layout.ts'
import type { ChangesPage, ListQuery, Page } from './surface.ts'

/** Rows of one statement: about 2 ms. */
const sliceRows = 200
/** Below the protocol's pageBytes by what the envelope takes; a number of its own, so that threads need not load the schemas. */
const pageBytes = (8 * 1024 - 64) * 1024
const beyondAll = Number.MAX_SAFE_INTEGER

/** A page in the making. */
interface Collected {
  items: Exchange[]
  lastSeq: number
  lastChange: number
  more: boolean
}

export class Reader {
  #db: Database
  #ascending: Statement
  #descending: Statement
  #changed: Statement
  #one: Statement
  #change: Statement
  #deleted: Statement
  #bodies: BodyReader

  /** Throws WeirError: 1001 fileNotFound, 1005 notReadable or newerFile. */
  constructor(file: string) {
    const db = openForReading(file, sessionKind)
    const select = `SELECT ${exchangeColumns} FROM ${exchangeJoins}`
    this.#db = db
    this.#ascending = db.prepare(`${select} WHERE e.seq > ? AND e.seq < ? ORDER BY e.seq LIMIT ?`).raw()
    this.#descending = db.prepare(`${select} WHERE e.seq > ? AND e.seq < ? ORDER BY e.seq DESC LIMIT ?`).raw()
    this.#changed = db.prepare(`${select} WHERE e.change > ? ORDER BY e.change LIMIT ?`).raw()
    this.#one = db.prepare(`${select} WHERE e.seq = ?`).raw()
    this.#change = db.prepare('SELECT change FROM progress').pluck()
    this.#deleted = db.prepare('SELECT seq FROM tombstone WHERE change > ? AND change <= ? ORDER BY change').pluck()
    this.#bodies = new BodyReader(db)
  }

  close(): void {
    this.#db.close()
  }

  /** By seq. `change` is from before the first row was read, so what changes meanwhile is reported again after it. */
  list(query: ListQuery, sessionId: string): Page {
    const change = this.#change.get() as number
    const after = query.after ?? 0
    const before = query.before ?? beyondAll
    const { items, more } = collect(sessionId, query.limit, (last, rows) =>
      query.order === 'asc'
        ? this.#ascending.all(last === null ? after : last.lastSeq, before, rows)
        : this.#descending.all(after, last === null ? before : last.lastSeq, rows),
    )
    return { items, change, more }
  }

  /** By change, oldest first. */
  changes(since: number, limit: number, sessionId: string): ChangesPage {
    const change = this.#change.get() as number
    const { items, more, lastChange } = collect(sessionId, limit, (last, rows) =>
      this.#changed.all(last === null ? since : last.lastChange, rows),
    )
    const until = more ? lastChange : Math.max(change, lastChange)
    return { items, deleted: this.#deleted.all(since, until) as number[], change: until, more }
  }

  /** Throws 1001 exchangeNotFound. */
  get(seq: number, sessionId: string): Exchange {
    const row = this.#one.get(seq) as ExchangeRow | undefined
    if (row === undefined) throw notFound('exchangeNotFound', `this session has no exchange ${seq}`)
    return toExchange(row, sessionId)
  }

  /** See BodyReader.read. */
  readBody(seq: number, part: Part, offset: number, length: number, decode: boolean): BodyRange {
    return this.#bodies.read(seq, part, offset, length, decode)
  }
}

/** Fills a page slice by slice; it ends early before it is too large for an answer, but holds at least one exchange. */
function collect(sessionId: string, limit: number, slice: (last: Collected | null, rows: number) => unknown[]): Collected {
  const page: Collected = { items: [], lastSeq: 0, lastChange: 0, more: false }
  let bytes = 0
  for (;;) {
    const wanted = Math.min(sliceRows, limit + 1 - page.items.length)
    const rows = slice(page.items.length === 0 ? null : page, wanted) as ExchangeRow[]
    for (const row of rows) {
      bytes += jsonSize(row)
      if (page.items.length === limit || (bytes > pageBytes && page.items.length > 0)) {
        page.more = true
        return page
      }
      page.items.push(toExchange(row, sessionId))
      page.lastSeq = row[0]
      page.lastChange = row[1]
    }
    if (rows.length < wanted) return page
  }
}
