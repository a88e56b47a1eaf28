/** The back end for columns: what they say of the exchanges of a stretch, in three values, for what they do not tell the record knows. */
import type { Query } from '../../../sdk/query/ast.ts'
import { join } from '../../../sdk/query/parser.ts'
import type { ColumnsNow } from './column-reader.ts'
import type { ColumnTerms, SharedTable } from './column-terms.ts'
import type { Segment } from './segment.ts'
import { and, not, or, type Truths, truthsOf, unknown, without } from './truths.ts'

/** Places [from, until) of a segment. */
export interface Stretch {
  readonly segment: Segment
  readonly from: number
  readonly until: number
  readonly now: ColumnsNow
}

/** The caller may change what it gets. @param among where it is no, and outside of the stretch, whatever is said is of no interest */
export type Evaluate = (stretch: Stretch, among: Truths) => Truths

/** Longer queries are asked of the record: each part takes its time, however little of a stretch is left to it. */
const mostParts = 64

/** null: whether it is so is in the record alone. */
export function compileColumns(query: Query, terms: ColumnTerms): Evaluate | null {
  if (countOf(query) > mostParts) return null
  return evaluated(compile(query, terms), terms)
}

/** What concerns one table that exchanges share is asked of it as a whole; null: the record alone knows. */
type Compiled = { evaluate: Evaluate; cost: number } | { shared: SharedTable; query: Query } | null

function compile(query: Query, terms: ColumnTerms): Compiled {
  switch (query.type) {
    case 'term':
      return terms.compile(query)
    case 'not': {
      const compiled = compile(query.of, terms)
      // Every exchange has a request line; of other tables it may have no row to say no of.
      if (compiled !== null && 'shared' in compiled && compiled.shared === 'l') return { shared: 'l', query }
      const evaluate = evaluated(compiled, terms)
      return evaluate && { evaluate: negation(evaluate), cost: costOf(compiled) }
    }
    case 'and':
    case 'or':
      return joined(
        query.type,
        query.of.map((part) => compile(part, terms)),
        terms,
      )
  }
}

function joined(type: 'and' | 'or', parts: readonly Compiled[], terms: ColumnTerms): Compiled {
  const groups = new Map<SharedTable, Query[]>()
  const compiled: Compiled[] = []
  for (const part of parts) {
    if (part === null || !('shared' in part)) compiled.push(part)
    else groups.set(part.shared, [...(groups.get(part.shared) ?? []), part.query])
  }
  for (const [shared, of] of groups) compiled.push({ shared, query: join(type, ...of) })
  const [only] = compiled
  if (compiled.length === 1 && only !== undefined) return only
  // What is asked later is asked of fewer.
  compiled.sort((a, b) => costOf(a) - costOf(b))
  const told = compiled.map((part) => evaluated(part, terms)).filter((evaluate) => evaluate !== null)
  const isOpen = told.length < compiled.length
  if (isOpen && (type === 'or' || told.length === 0)) return null
  return { evaluate: type === 'and' ? conjunction(told, isOpen) : disjunction(told), cost: Math.max(0, ...compiled.map(costOf)) }
}

const evaluated = (compiled: Compiled, terms: ColumnTerms): Evaluate | null =>
  compiled === null ? null : 'evaluate' in compiled ? compiled.evaluate : terms.shared(compiled.shared, compiled.query)

/** Heads are read, of which there may be more than exchanges. */
const costOf = (compiled: Compiled): number =>
  compiled === null ? 0 : 'evaluate' in compiled ? compiled.cost : compiled.shared === 'q' || compiled.shared === 'r' ? 2 : 0

const countOf = (query: Query): number =>
  query.type === 'term' ? 1 : query.type === 'not' ? countOf(query.of) : query.of.reduce((sum, part) => sum + countOf(part), 0)

const negation =
  (evaluate: Evaluate): Evaluate =>
  (stretch, among) => {
    const truths = evaluate(stretch, among)
    not(truths)
    return truths
  }

/** @param isOpen a part of it is in the record alone */
const conjunction =
  (parts: readonly Evaluate[], isOpen: boolean): Evaluate =>
  (stretch, among) => {
    const truths = among.slice()
    for (const part of parts) if (!and(truths, part(stretch, truths))) return truths
    if (isOpen) and(truths, truthsOf(unknown))
    return truths
  }

const disjunction =
  (parts: readonly Evaluate[]): Evaluate =>
  (stretch, among) => {
    const truths = truthsOf()
    const left = among.slice()
    for (const part of parts) {
      const found = part(stretch, left)
      or(truths, found)
      without(left, found)
    }
    return truths
  }
