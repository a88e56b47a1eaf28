/** The query language (docs/query.md) for clients and plugins: the parser and the predicate that the daemon itself uses. */
import type { Exchange } from './model.ts'
import type { Query } from './query/ast.ts'
import { parseQuery } from './query/parser.ts'
import { compilePredicate, matches } from './query/predicate.ts'
import { type BodyOf, WireSubject } from './query/subject.ts'

export type { And, Not, NumberOperator, Or, Query, Term, Test } from './query/ast.ts'
export { parseQuery, queryLimits } from './query/parser.ts'
export { printQuery } from './query/printer.ts'
export type { BodyOf, QuerySubject } from './query/subject.ts'

/**
 * Whether an exchange matches; compiled once, so keep it for many. Terms on bodies ask `bodyOf`; without it they are false, as on an
 * exchange without bodies. Relative times are meant from the moment of this call. Throws WeirError -32602 invalidQuery.
 */
export function queryPredicate(query: string | Query): (exchange: Exchange, bodyOf?: BodyOf) => boolean {
  const decide = compilePredicate(typeof query === 'string' ? parseQuery(query) : query)
  return (exchange, bodyOf) => matches(decide, new WireSubject(exchange), bodyOf)
}
