/** A query for any of some values of one field. */
import type { Query, Term, Test } from '../../../sdk/query.ts'

export function anyOf(field: Term['field'], tests: readonly Test[]): Query {
  const terms = tests.map((test): Query => ({ type: 'term', field, test }))
  return terms.length === 1 ? (terms[0] as Query) : { type: 'or', of: terms }
}

export const not = (of: Query): Query => ({ type: 'not', of })

/** The text itself: no wildcards. */
export const is = (text: string): Test => ({ type: 'is', pieces: [text] })

/** `*` is any run of characters. */
export const like = (pattern: string): Test => ({ type: 'is', pieces: pattern.split('*') })

/** JSON Schema of one text or several. */
export const textOrTexts = (description: string) =>
  ({
    description,
    anyOf: [
      { type: 'string', minLength: 1 },
      { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
    ],
  }) as const
