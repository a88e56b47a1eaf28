/** Single terms, as columns answer them. What concerns rows that exchanges share is asked of those, by the same conditions as in the record. */
import type { Query, Term, Test } from '../../../sdk/query/ast.ts'
import type { FieldName } from '../../../sdk/query/fields.ts'
import { momentOf } from '../../../sdk/query/predicate.ts'
import { numberTest, scaled, textTest } from '../../../sdk/query/text-test.ts'
import type { Database } from '../database.ts'
import { kinds, sources, states } from '../exchange-row.ts'
import { type ColumnTest, compileCondition, type Table } from '../query-sql.ts'
import type { Evaluate, Stretch } from './column-query.ts'
import type { ColumnsNow } from './column-reader.ts'
import type { NumberColumn, WordColumn } from './columns-file.ts'
import { parameterTerm, pathTerm, urlTerm } from './path-terms.ts'
import { firstSeqOf, flagsMask, noNumber, noWord } from './segment.ts'
import { SharedTruths } from './shared-truths.ts'
import { no, truthsOf, unknown, yes } from './truths.ts'

/** Runs statements whose `weir_test(n, ...)` are these. */
export type WithTests = <R>(tests: readonly ColumnTest[], run: () => R) => R

export class ColumnTerms {
  readonly #db: Database
  readonly #now: number
  readonly #withTests: WithTests
  readonly #truths = new Map<string, SharedTruths>()

  /** @param db the session @param now relative times are meant from then, Unix ms */
  constructor(db: Database, now: number, withTests: WithTests) {
    this.#db = db
    this.#now = now
    this.#withTests = withTests
  }

  /** null: columns do not tell it. */
  compile(term: Term): { evaluate: Evaluate; cost: number } | { shared: SharedTable; query: Term } | null {
    const compileOwn = own[term.field]
    const { now, db } = { now: this.#now, db: this.#db }
    if (compileOwn !== undefined) return { evaluate: compileOwn(term.test, term.name, now, db), cost: onText.has(term.field) ? 1 : 0 }
    const { table } = compileCondition(term, { now, tests: [] })
    return isShared(table) ? { shared: table, query: term } : null
  }

  /** @param query of that table alone */
  shared(alias: SharedTable, query: Query): Evaluate {
    const { column } = sharedTables[alias]
    // A field of either side is the same question to a head, and heads of both lie side by side.
    const question = JSON.stringify(query).replaceAll('"field":"resp.header"', '"field":"req.header"')
    let truths = this.#truths.get(question)
    if (truths === undefined) {
      truths = this.#truthsOf(alias, query)
      this.#truths.set(question, truths)
    }
    const asked = truths
    return ({ segment, from, until, now }, among) => asked.evaluate(segment.numbers(column), from, until, among, now.reached)
  }

  #truthsOf(alias: SharedTable, query: Query): SharedTruths {
    const tests: ColumnTest[] = []
    const { sql, params } = compileCondition(query, { now: this.#now, tests })
    const { table, mayChange = false } = sharedTables[alias]
    const ids = this.#db
      .prepare(`SELECT ${alias}.id FROM ${table} ${alias} WHERE ${alias}.id > ? AND ${alias}.id <= ? AND (${sql})`)
      .pluck()
    const last = this.#db.prepare(`SELECT max(id) FROM ${table}`).pluck()
    return new SharedTruths({
      idsOf: (after, until) => this.#withTests(tests, () => ids.all(after, until, ...params) as number[]),
      lastId: () => (last.get() as number | null) ?? 0,
      mayChange,
      withoutId: no,
    })
  }
}

export type SharedTable = Exclude<Table, 'e' | 's'>

/** By alias: where exchanges name their rows. */
const sharedTables: { readonly [T in SharedTable]: { table: string; column: NumberColumn; mayChange?: true } } = {
  l: { table: 'request_line', column: 'requestLine' },
  o: { table: 'origin', column: 'origin' },
  // Its process may come later.
  c: { table: 'connection', column: 'connection', mayChange: true },
  q: { table: 'head', column: 'requestHead' },
  r: { table: 'head', column: 'responseHead' },
}

const isShared = (table: Table): table is SharedTable => table in sharedTables

type Compile = (test: Test, name: string | undefined, now: number, db: Database) => Evaluate
type Values = (stretch: Stretch) => Uint32Array | Float64Array

/** All values are whole numbers. */
function between(least: number, most: number, values: Values): Evaluate {
  return (stretch) => {
    const numbers = values(stretch)
    const absent = numbers instanceof Uint32Array ? noNumber : Number.NaN
    const truths = truthsOf()
    for (let place = stretch.from; place < stretch.until; place++) {
      const number = numbers[place] as number
      if (number >= least && number <= most && number !== absent) truths[place] = yes
    }
    return truths
  }
}

const number =
  (values: Values, factor = 1): Compile =>
  (test) => {
    const bounds = boundsOf(scaled(test, factor))
    return between(...bounds, values)
  }

/** Of whole numbers, both included. */
function boundsOf(test: Test): [least: number, most: number] {
  if (test.type === 'range') return [test.from, test.to]
  if (test.type !== 'number') return [-Infinity, Infinity]
  const { operator, value } = test
  if (operator === '=') return [value, value]
  if (operator === '<') return [-Infinity, Math.ceil(value) - 1]
  if (operator === '<=') return [-Infinity, value]
  return [operator === '>' ? Math.floor(value) + 1 : value, Infinity]
}

const column =
  (of: NumberColumn): Values =>
  ({ segment }) =>
    segment.numbers(of)

/** NaN: there is no response. */
const receivedSizes: Values = ({ segment, from, until }) => {
  const [received, status] = [segment.numbers('received'), segment.words('status')]
  const sizes = new Float64Array(received.length)
  for (let place = from; place < until; place++) sizes[place] = status[place] === noWord ? Number.NaN : (received[place] as number)
  return sizes
}

const bothSizes: Values = (stretch) => {
  const sent = stretch.segment.numbers('sent')
  const sizes = receivedSizes(stretch)
  for (let place = stretch.from; place < stretch.until; place++) sizes[place] = (sent[place] as number) + (sizes[place] || 0)
  return sizes
}

const seqs: Values = ({ segment, from, until }) => {
  const numbers = new Float64Array(segment.flags.length)
  for (let place = from; place < until; place++) numbers[place] = firstSeqOf(segment.number) + place
  return numbers
}

const started: Values = ({ segment }) => segment.started

/** Words that lie in bits of the flags, as their place in the list. */
const flags =
  (list: readonly string[], shift: number): Compile =>
  (test) => {
    const passes = textTest(test, false)
    const truths = Uint8Array.from({ length: flagsMask + 1 }, (_, bits) => (passes(list[(bits >> shift) & 3] ?? '') ? yes : no))
    return ({ segment, from, until }) => {
      const found = truthsOf()
      for (let place = from; place < until; place++) found[place] = truths[segment.flags[place] as number] as number
      return found
    }
  }

/** The keys of overviews tell it. */
const word =
  (of: WordColumn, testOf: (test: Test) => (text: string) => boolean): Compile =>
  (test) => {
    const passes = testOf(test)
    let words: ColumnsNow['words'] | null = null
    let truths: SharedTruths | null = null
    return ({ segment, from, until, now }, among) => {
      if (truths === null || words !== now.words) {
        words = now.words
        truths = wordTruths(words, passes)
      }
      return truths.evaluate(segment.words(of), from, until, among, now.change)
    }
  }

const wordTruths = (words: ColumnsNow['words'], passes: (text: string) => boolean): SharedTruths =>
  new SharedTruths({
    idsOf: (after, until) => words.between(after, until).flatMap(([id, text]) => (passes(text) ? [id] : [])),
    lastId: () => words.lastId,
    mayChange: false,
    withoutId: unknown,
  })

const own: { readonly [F in FieldName]?: Compile } = {
  url: (test, _, __, db) => urlTerm(test, db),
  path: pathTerm,
  query: parameterTerm,
  status: word('status', (test) => {
    const passes = numberTest(test)
    return (text) => passes(Number(text))
  }),
  type: word('type', (test) => textTest(test, true)),
  size: number(bothSizes),
  'req.size': number(column('sent')),
  'resp.size': number(receivedSizes),
  dur: number(column('duration'), 1000),
  wait: number(column('wait'), 1000),
  from: (test, _, now) => between(momentOf(test, now), Infinity, started),
  until: (test, _, now) => between(-Infinity, Math.ceil(momentOf(test, now)) - 1, started),
  source: flags(sources, 4),
  kind: flags(kinds, 2),
  state: flags(states, 0),
  stream: number(column('stream')),
  seq: number(seqs),
}

/** Texts are looked at. */
const onText: ReadonlySet<FieldName> = new Set(['url', 'path', 'query'])
