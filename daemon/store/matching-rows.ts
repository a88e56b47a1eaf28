/** Finds the exchanges that match a query, a step of a few milliseconds at a time; between them nothing is held. */
import type { Evaluate } from './columns/column-query.ts'
import type { ColumnReader, ColumnsNow } from './columns/column-reader.ts'
import { type Told, toldStretches } from './columns/column-scan.ts'
import type { WithTests } from './columns/column-terms.ts'
import type { WordColumn } from './columns/columns-file.ts'
import type { Segment } from './columns/segment.ts'
import type { Database, Statement } from './database.ts'
import { type ExchangeRow, exchangeColumns, exchangeJoins } from './exchange-row.ts'
import { Pace } from './pace.ts'
import type { CompiledQuery } from './query-sql.ts'
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
const plain: RowShape = { columns: 'e.seq, e.change', from: 'exchange e' }

/** What is made of what columns tell, of which nothing is read. */
export interface FromColumns<T> {
  /** It has to be told, too. */
  key: WordColumn | null
  of(sure: readonly Sure[], now: ColumnsNow): T
}
/** They match. */
export interface Sure {
  segment: Segment
  seqs: readonly number[]
}

export interface MatchingSource {
  db: Database
  compiled: CompiledQuery
  columns: ColumnReader
  /** Of columns; null: they say nothing of this query. */
  evaluate: () => Evaluate | null
  withTests: WithTests
  /** The row as it is now, if it matches. */
  verify: (seq: number) => ExchangeRow | null
}

const firstWindow = 4096
const leastWindow = 64
/** Positions. After a stretch that held nothing the next may be dense: then this bounds what one statement looks at. */
const mostWindow = 128 * 1024
/** Of one statement; with terms on bodies each is looked at. */
const mostRows = 1001
/** Rows read by one statement: about 2 ms. */
const readRows = 200
/** Of a stretch: of more, one by one, the record does not tell sooner than of all. */
const mostCandidates = 0.25

const within = {
  seq: 'WHERE e.seq > ? AND e.seq <= ?',
  seqBack: 'WHERE e.seq > ? AND e.seq <= ?',
  // By any other index each statement would go through all that matches.
  change: 'INDEXED BY exchange_change WHERE e.change > ? AND e.change <= ?',
} as const
const orders = { seq: 'e.seq', seqBack: 'e.seq DESC', change: 'e.change' } as const

export class MatchingRows {
  readonly #source: MatchingSource
  readonly #statements = new Map<string, Statement>()
  #compiled: Evaluate | null | undefined
  readonly #pace = new Pace(firstWindow, leastWindow, mostWindow)

  constructor(source: MatchingSource) {
    this.#source = source
  }

  /** Changes of the record that columns do not tell, and would: what making them is worth to this query. */
  get behind(): number {
    return this.#evaluate() === null ? 0 : this.#source.columns.behind
  }

  /** Until the deadline (of performance.now), at least one step; at most `limit` rows. */
  find(direction: Direction, range: Range, limit: number, deadline: number): Found {
    const found =
      direction === 'change' || this.#source.compiled.isIndexed
        ? null
        : this.#throughColumns((now, evaluate) =>
            this.#findTold(toldStretches(evaluate, now, direction, range, null), direction, range, limit, deadline),
          )
    return found ?? this.#throughRecord(plain, direction, range, limit, deadline)
  }

  /** By seq: the next few, in that shape, but for those of which columns told. */
  read<R extends ShapedRow, T>(shape: RowShape, range: Range, deadline: number, told: FromColumns<T>): Found<R> & { told: T | null } {
    const found = this.#readTold<R, T>(shape, range, deadline, told)
    return found ?? { ...this.#throughRecord<R>(shape, 'seq', range, mostRows, deadline), told: null }
  }

  /** How many of the range match, as `find` finds them. */
  count(range: Range, deadline: number): { count: number; rest: Range } {
    const { compiled } = this.#source
    const found = this.#readTold(plain, range, deadline, inAll)
    if (found !== null) return { count: found.told + found.rows.length, rest: found.rest }
    if (!compiled.isExact) {
      const { rows, rest } = this.#throughRecord(plain, 'seq', range, Number.MAX_SAFE_INTEGER, deadline)
      return { count: rows.length, rest }
    }
    let count = 0
    let rest = range
    while (!isEmpty(rest)) {
      const window = firstOf('seq', rest, this.#pace.size)
      const [[counted]] = this.#timed(this.#statement(`SELECT count(*) FROM exchange e ${within.seq} AND (${compiled.sql})`), window) as [
        [number],
      ]
      count += counted
      rest = withoutFirst('seq', rest, window)
      if (performance.now() >= deadline) break
    }
    return { count, rest }
  }

  /** Columns say which may match; the record says of each whether it does, and at which change. */
  #findTold(stretches: Iterable<Told>, order: 'seq' | 'seqBack', range: Range, limit: number, deadline: number): Found {
    const rows: Row[] = []
    let rest = range
    for (const stretch of stretches) {
      const candidates = [...stretch.sure, ...stretch.unsure].sort(order === 'seq' ? ascending : descending)
      const asked = this.#ask<Row>(plain, order, stretch, candidates, limit - rows.length, deadline)
      rows.push(...asked.rows)
      rest = behind(order, rest, stretch.range, asked.rest)
      if (!isEmpty(asked.rest) || rows.length >= limit || performance.now() >= deadline) break
    }
    return { rows, rest }
  }

  #readTold<R extends ShapedRow, T>(
    shape: RowShape,
    range: Range,
    deadline: number,
    { key, of }: FromColumns<T>,
  ): (Found<R> & { told: T }) | null {
    return this.#throughColumns((now, evaluate) => {
      const rows: R[] = []
      const told: Sure[] = []
      let rest = range
      for (const stretch of toldStretches(evaluate, now, 'seq', range, key)) {
        const { segment, sure, unsure } = stretch
        const asked = this.#ask<R>(shape, 'seq', stretch, unsure, Number.MAX_SAFE_INTEGER, deadline)
        for (const row of asked.rows) rows.push(row)
        rest = behind('seq', rest, stretch.range, asked.rest)
        if (!isDense(unsure, stretch)) told.push({ segment, seqs: isEmpty(asked.rest) ? sure : sure.filter((seq) => seq <= rest.after) })
        if (!isEmpty(asked.rest) || performance.now() >= deadline) break
      }
      return { rows, rest, told: of(told, now) }
    })
  }

  /** null: it is left to the record. */
  #throughColumns<T>(use: (now: ColumnsNow, evaluate: Evaluate) => T): T | null {
    const evaluate = this.#evaluate()
    return evaluate && this.#source.columns.read((now) => use(now, evaluate))
  }

  #evaluate(): Evaluate | null {
    if (this.#compiled === undefined) this.#compiled = this.#source.evaluate()
    return this.#compiled
  }

  /** Of a stretch: those of the candidates that match, or when there are many of them, all that do. */
  #ask<R extends ShapedRow>(
    shape: RowShape,
    order: 'seq' | 'seqBack',
    stretch: Told,
    candidates: readonly number[],
    limit: number,
    deadline: number,
  ): Found<R> {
    const { range } = stretch
    if (isDense(candidates, stretch)) return this.#throughRecord<R>(shape, order, range, limit, deadline)
    const { sql, params } = this.#source.compiled
    const rows: R[] = []
    for (let at = 0; at < candidates.length; ) {
      const asked = candidates.slice(at, at + Math.min(readRows, limit - rows.length))
      const statement = this.#statement(
        `SELECT ${shape.columns} FROM json_each(?) j CROSS JOIN ${shape.from} WHERE e.seq = j.value AND (${sql}) ORDER BY j.key`,
      )
      const stop = this.#keep(this.#run<R>(statement, JSON.stringify(asked), ...params), rows, deadline)?.[0]
      at += asked.length
      const isLast = at >= candidates.length
      if (stop === undefined && (isLast || (rows.length < limit && performance.now() < deadline))) continue
      return { rows, rest: withoutRow(order, range, [stop ?? (asked.at(-1) as number), 0]) }
    }
    return { rows, rest: withoutFirst(order, range, range) }
  }

  #throughRecord<R extends ShapedRow>(shape: RowShape, direction: Direction, range: Range, limit: number, deadline: number): Found<R> {
    const { sql } = this.#source.compiled
    const statement = this.#statement(
      `SELECT ${shape.columns} FROM ${shape.from} ${within[direction]} AND (${sql}) ORDER BY ${orders[direction]} LIMIT ?`,
    )
    const rows: R[] = []
    let rest = range
    while (!isEmpty(rest) && rows.length < limit) {
      const window = firstOf(direction, rest, this.#pace.size)
      const most = Math.min(limit - rows.length, mostRows)
      const found = this.#timed<R>(statement, window, most)
      const until = this.#keep(found, rows, deadline)
      if (until === null && found.length < most) rest = withoutFirst(direction, rest, window)
      else rest = withoutRow(direction, rest, until ?? (found.at(-1) as R))
      if (performance.now() >= deadline) break
    }
    return { rows, rest }
  }

  /** Those of the candidates that match; the last one looked at when the deadline came before the end. */
  #keep<R extends ShapedRow>(candidates: readonly R[], rows: R[], deadline: number): R | null {
    if (this.#source.compiled.isExact) {
      for (const row of candidates) rows.push(row)
      return null
    }
    for (const row of candidates) {
      if (this.#source.verify(row[0]) !== null) rows.push(row)
      if (performance.now() >= deadline) return row
    }
    return null
  }

  /** What was found, whole; null: it has changed meanwhile, and matches no more or comes again at its new change. */
  *current(direction: Direction, found: readonly Row[]): Generator<[found: Row, row: ExchangeRow | null]> {
    for (let at = 0; at < found.length; at += readRows) {
      const part = found.slice(at, at + readRows)
      const seqs = JSON.stringify(part.map(([seq]) => seq))
      // One statement for many: each for itself would begin a transaction, which takes longer than the reading.
      const whole = `SELECT ${exchangeColumns} FROM json_each(?) j CROSS JOIN ${exchangeJoins} WHERE e.seq = j.value ORDER BY j.key`
      const rows = new Map((this.#statement(whole).all(seqs) as ExchangeRow[]).map((row) => [row[0], row]))
      for (const one of part) yield [one, this.#unchanged(direction, one, rows.get(one[0]))]
    }
  }

  #unchanged(direction: Direction, [seq, change]: Row, row: ExchangeRow | undefined): ExchangeRow | null {
    if (row === undefined || row[1] === change) return row ?? null
    return direction === 'change' ? null : this.#source.verify(seq)
  }

  #timed<R>(statement: Statement, { after, until }: Range, ...limit: number[]): R[] {
    const began = performance.now()
    const rows = this.#run<R>(statement, after, until, ...this.#source.compiled.params, ...limit)
    this.#pace.took(performance.now() - began)
    return rows
  }

  #run<R>(statement: Statement, ...params: unknown[]): R[] {
    const { compiled, withTests } = this.#source
    return withTests(compiled.tests, () => statement.all(...params) as R[])
  }

  /** Prepared once. */
  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#source.db.prepare(sql).raw()
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

const inAll: FromColumns<number> = { key: null, of: (sure) => sure.reduce((sum, { seqs }) => sum + seqs.length, 0) }

const ascending = (a: number, b: number) => a - b
const descending = (a: number, b: number) => b - a

const isDense = ({ length }: readonly number[], { range: { after, until } }: Told): boolean => length > mostCandidates * (until - after)

/** What is left of all when this is left of the first stretch of it. */
function behind(order: 'seq' | 'seqBack', all: Range, first: Range, left: Range): Range {
  const rest = withoutFirst(order, all, first)
  if (isEmpty(left)) return rest
  return order === 'seq' ? { after: left.after, until: rest.until } : { after: rest.after, until: left.until }
}
