/** The queries of one connection, compiled. */
import type { Query } from '../../sdk/query/ast.ts'
import { parseQuery } from '../../sdk/query/parser.ts'
import { compilePredicate, type Decide, matches } from '../../sdk/query/predicate.ts'
import { type BodyOf, WireSubject } from '../../sdk/query/subject.ts'
import type { BodyReader } from './body-reader.ts'
import { compileColumns } from './columns/column-query.ts'
import { ColumnReader } from './columns/column-reader.ts'
import { ColumnTerms, type WithTests } from './columns/column-terms.ts'
import type { Database, Statement } from './database.ts'
import { type ExchangeRow, exchangeColumns, exchangeJoins, toExchange } from './exchange-row.ts'
import { MatchingRows } from './matching-rows.ts'
import { type ColumnTest, compileSql } from './query-sql.ts'

/** Compiled queries kept. */
const mostKept = 16

export class Matching {
  readonly #db: Database
  readonly #bodies: BodyReader
  readonly #columns: ColumnReader
  readonly #one: Statement
  readonly #kept = new Map<string, MatchingRows>()
  #tests: readonly ColumnTest[] = []

  /** @param file of the session, which `db` is */
  constructor(db: Database, file: string, bodies: BodyReader) {
    this.#db = db
    this.#bodies = bodies
    this.#columns = new ColumnReader(db, file)
    this.#one = db.prepare(`SELECT ${exchangeColumns} FROM ${exchangeJoins} WHERE e.seq = ?`).raw()
    db.function('weir_test', { deterministic: true, directOnly: true }, (n, value) =>
      (this.#tests[n as number] as ColumnTest)(value) ? 1 : 0,
    )
  }

  close(): void {
    this.#columns.close()
  }

  /** Throws invalidQuery. */
  of(where: string): MatchingRows {
    const kept = this.#kept.get(where)
    if (kept !== undefined) return kept
    const now = Date.now()
    const query = parseQuery(where)
    const compiled = compileSql(query, now)
    const decide = compilePredicate(query, now)
    const withTests: WithTests = (tests, run) => {
      this.#tests = tests
      return run()
    }
    const rows = new MatchingRows({
      db: this.#db,
      compiled,
      columns: this.#columns,
      evaluate: () => compileColumns(query, new ColumnTerms(this.#db, now, withTests)),
      withTests,
      verify: (seq) => this.#verified(seq, decide),
    })
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
