/** Finds the exchanges that match a query, a statement of a few milliseconds at a time; between them nothing is held. */
import type { Query } from '../../sdk/query/ast.ts'
import { parseQuery } from '../../sdk/query/parser.ts'
import { compilePredicate, type Decide, matches } from '../../sdk/query/predicate.ts'
import { type BodyOf, WireSubject } from '../../sdk/query/subject.ts'
import type { BodyReader } from './body-reader.ts'
import type { Database, Statement } from './database.ts'
import { type ExchangeRow, exchangeColumns, exchangeJoins, toExchange } from './exchange-row.ts'
import { type ColumnTest, type CompiledQuery, compileSql } from './query-sql.ts'
import { type Direction, firstOf, isEmpty, type Range, withoutFirst, withoutRow } from './range.ts'

type Row = [seq: number, change: number]
type ShapedRow = [...Row, ...unknown[]]

export interface Found<R = Row> {
  /** In the order of the direction. */
  rows: R[]
  /** What of the range has not been looked at. */
  rest: Range
}

/** What is read of each exchange: columns, the first of which are its seq and its change, of `exchange e` and what is joined to it. */
export interface RowShape {
  columns: string
  from: string
}

/** A statement should take about so long, ms. */
const statementMs = 3
const firstWindow = 4096
const leastWindow = 64
/** Positions. After a stretch that held nothing the next may be dense: then this bounds what one statement looks at. */
const mostWindow = 128 * 1024
/** Of one statement; with terms on bodies each is looked at. */
const mostRows = 1001
/** Rows read by one statement: about 2 ms. */
const readRows = 200
/** Compiled queries kept. */
const mostKept = 16

type Run = (statement: Statement, params: unknown[]) => unknown[]
type Verify = (seq: number) => ExchangeRow | null

const bySeq = 'WHERE e.seq > ? AND e.seq <= ?'

/** The queries of one connection. */
export class Matching {
  readonly #db: Database
  readonly #bodies: BodyReader
  readonly #one: Statement
  readonly #many: Statement
  readonly #kept = new Map<string, MatchingRows>()
  #tests: readonly ColumnTest[] = []

  constructor(db: Database, bodies: BodyReader) {
    this.#db = db
    this.#bodies = bodies
    this.#one = db.prepare(`SELECT ${exchangeColumns} FROM ${exchangeJoins} WHERE e.seq = ?`).raw()
    // One statement for many: each for itself would begin a transaction, which takes longer than the reading.
    this.#many = db
      .prepare(`SELECT ${exchangeColumns} FROM json_each(?) j CROSS JOIN ${exchangeJoins} WHERE e.seq = j.value ORDER BY j.key`)
      .raw()
    db.function('weir_test', { deterministic: true, directOnly: true }, (n, value) =>
      (this.#tests[n as number] as ColumnTest)(value) ? 1 : 0,
    )
  }

  /** Throws invalidQuery. */
  of(where: string): MatchingRows {
    const kept = this.#kept.get(where)
    if (kept !== undefined) return kept
    const now = Date.now()
    const query = parseQuery(where)
    const compiled = compileSql(query, now)
    const decide = compilePredicate(query, now)
    const run: Run = (statement, params) => {
      this.#tests = compiled.tests
      return statement.all(...params)
    }
    const rows = new MatchingRows(this.#db, this.#many, compiled, run, (seq) => this.#verified(seq, decide))
    if (hasRelativeTime(query)) return rows
    if (this.#kept.size >= mostKept) this.#kept.delete(this.#kept.keys().next().value as string)
    this.#kept.set(where, rows)
    return rows
  }

  /** The row as it is now, if it matches. */
  #verified(seq: number, decide: Decide): ExchangeRow | null {
    const row = this.#one.get(seq) as ExchangeRow | undefined
    if (row === undefined) return null
    const bodyOf: BodyOf = (part) => this.#bodies.searchable(seq, part)
    return matches(decide, new WireSubject(toExchange(row, '')), bodyOf) ? row : null
  }
}

/** Such a time is meant from the moment of asking. */
function hasRelativeTime(query: Query): boolean {
  if (query.type === 'term') return 'ago' in query.test
  return query.type === 'not' ? hasRelativeTime(query.of) : query.of.some(hasRelativeTime)
}

export class MatchingRows {
  readonly #db: Database
  readonly #condition: string
  readonly #statements: { readonly [D in Direction]: Statement }
  readonly #shaped = new Map<RowShape, Statement>()
  readonly #count: Statement
  readonly #params: unknown[]
  readonly #run: Run
  readonly #many: Statement
  readonly #isExact: boolean
  readonly #verify: Verify
  #window = firstWindow

  constructor(db: Database, many: Statement, { sql, params, isExact }: CompiledQuery, run: Run, verify: Verify) {
    const select = (range: string, order: string) =>
      db.prepare(`SELECT e.seq, e.change FROM exchange e ${range} AND (${sql}) ORDER BY ${order} LIMIT ?`).raw()
    this.#db = db
    this.#condition = `${bySeq} AND (${sql})`
    this.#statements = {
      seq: select(bySeq, 'e.seq'),
      seqBack: select(bySeq, 'e.seq DESC'),
      // By any other index each statement would go through all that matches.
      change: select('INDEXED BY exchange_change WHERE e.change > ? AND e.change <= ?', 'e.change'),
    }
    this.#count = db.prepare(`SELECT count(*) FROM exchange e ${this.#condition}`).pluck()
    this.#params = params
    this.#run = run
    this.#many = many
    this.#isExact = isExact
    this.#verify = verify
  }

  /** Until the deadline (of performance.now), at least one statement; at most `limit` rows. */
  find(direction: Direction, range: Range, limit: number, deadline: number): Found {
    return this.#find(this.#statements[direction], direction, range, limit, deadline)
  }

  /** As find, by seq: the next few, in that shape. An object is the same shape each time. */
  read<R extends ShapedRow>(shape: RowShape, range: Range, deadline: number): Found<R> {
    const { columns, from } = shape
    let statement = this.#shaped.get(shape)
    statement ??= this.#db.prepare(`SELECT ${columns} FROM ${from} ${this.#condition} ORDER BY e.seq LIMIT ?`).raw()
    this.#shaped.set(shape, statement)
    return this.#find<R>(statement, 'seq', range, mostRows, deadline)
  }

  #find<R extends ShapedRow>(statement: Statement, direction: Direction, range: Range, limit: number, deadline: number): Found<R> {
    const rows: R[] = []
    let rest = range
    while (!isEmpty(rest) && rows.length < limit) {
      const window = firstOf(direction, rest, this.#window)
      const most = Math.min(limit - rows.length, mostRows)
      const found = this.#timed(statement, window, most) as R[]
      const until = this.#keep(found, rows, deadline)
      if (until === null && found.length < most) rest = withoutFirst(direction, rest, window)
      else rest = withoutRow(direction, rest, until ?? (found.at(-1) as R))
      if (performance.now() >= deadline) break
    }
    return { rows, rest }
  }

  /** Those of the candidates that match; the last one looked at when the deadline came before the end. */
  #keep<R extends ShapedRow>(candidates: readonly R[], rows: R[], deadline: number): R | null {
    if (this.#isExact) {
      rows.push(...candidates)
      return null
    }
    for (const row of candidates) {
      if (this.#verify(row[0]) !== null) rows.push(row)
      if (performance.now() >= deadline) return row
    }
    return null
  }

  /** What was found, whole; null: it has changed meanwhile, and matches no more or comes again at its new change. */
  *current(direction: Direction, found: readonly Row[]): Generator<[found: Row, row: ExchangeRow | null]> {
    for (let at = 0; at < found.length; at += readRows) {
      const part = found.slice(at, at + readRows)
      const rows = new Map((this.#many.all(JSON.stringify(part.map(([seq]) => seq))) as ExchangeRow[]).map((row) => [row[0], row]))
      for (const one of part) yield [one, this.#unchanged(direction, one, rows.get(one[0]))]
    }
  }

  #unchanged(direction: Direction, [seq, change]: Row, row: ExchangeRow | undefined): ExchangeRow | null {
    if (row === undefined || row[1] === change) return row ?? null
    return direction === 'change' ? null : this.#verify(seq)
  }

  /** How many of the range match, as `find` finds them. */
  count(range: Range, deadline: number): { count: number; rest: Range } {
    if (!this.#isExact) {
      const { rows, rest } = this.find('seq', range, Number.MAX_SAFE_INTEGER, deadline)
      return { count: rows.length, rest }
    }
    let count = 0
    let rest = range
    while (!isEmpty(rest)) {
      const window = firstOf('seq', rest, this.#window)
      count += (this.#timed(this.#count, window) as [number])[0]
      rest = withoutFirst('seq', rest, window)
      if (performance.now() >= deadline) break
    }
    return { count, rest }
  }

  /** The next statement looks at more or less, by how long this one took. */
  #timed(statement: Statement, { after, until }: Range, ...limit: number[]): unknown[] {
    const began = performance.now()
    const rows = this.#run(statement, [after, until, ...this.#params, ...limit])
    const took = performance.now() - began
    const factor = Math.min(4, statementMs / Math.max(took, 0.1))
    this.#window = Math.round(Math.max(leastWindow, Math.min(mostWindow, this.#window * factor)))
    return rows
  }
}
