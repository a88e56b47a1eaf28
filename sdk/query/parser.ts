/** From a query's text to its tree: a Pratt parser over three levels, OR below AND below NOT. */
import type { Query, Term } from './ast.ts'
import { words } from './fields.ts'
import { Lexer, type Literal, type Token } from './lexer.ts'
import { invalidQuery } from './query-error.ts'
import { readTerm, withoutEmptyEnds } from './term.ts'

export const queryLimits = {
  /** Characters. */
  length: 64 * 1024,
  /** Of parentheses and NOT. */
  depth: 64,
  terms: 1000,
} as const

/** An empty text matches everything. Throws WeirError -32602 invalidQuery with `position`, and for words `word`, `nearest` and `known`. */
export function parseQuery(text: string): Query {
  if (text.length > queryLimits.length) throw invalidQuery(`a query has at most ${queryLimits.length} characters`, queryLimits.length)
  return new Parser(text.toWellFormed()).parse()
}

const powers = { or: 1, and: 2, not: 3 } as const

class Parser {
  #lexer: Lexer
  #token: Token
  #depth = 0
  #terms = 0

  constructor(text: string) {
    this.#lexer = new Lexer(text)
    this.#token = this.#lexer.next()
  }

  parse(): Query {
    if (this.#isAtEnd()) return { type: 'and', of: [] }
    const query = this.#expression(0)
    if (!this.#isAtEnd()) throw invalidQuery('this parenthesis closes nothing', this.#token.position)
    return query
  }

  #isAtEnd(): boolean {
    return this.#token.type === 'end'
  }

  #advance(): void {
    this.#token = this.#lexer.next()
  }

  /** Up to an operator that binds less than `power`. */
  #expression(power: number): Query {
    let left = this.#operand()
    for (;;) {
      const type = this.#token.type
      if (type === 'end' || type === 'close') return left
      const binding = type === 'or' ? 'or' : 'and'
      if (powers[binding] <= power) return left
      if (type === 'or' || type === 'and') this.#advance()
      left = join(binding, left, this.#expression(powers[binding]))
    }
  }

  #operand(): Query {
    const token = this.#token
    switch (token.type) {
      case 'word':
        this.#advance()
        return this.#count(token.position, readWord(token.value))
      case 'term':
        this.#advance()
        return this.#count(token.position, readTerm(token))
      case 'not':
        return this.#nested(token.position, () => ({ type: 'not', of: this.#expression(powers.not) }))
      case 'open':
        return this.#nested(token.position, () => this.#group(token.position))
      case 'close':
      case 'end':
      case 'and':
      case 'or':
        throw invalidQuery('a term is missing here', token.position)
    }
  }

  #group(position: number): Query {
    const query = this.#expression(0)
    if (this.#token.type !== 'close') throw invalidQuery('this parenthesis is not closed', position)
    this.#advance()
    return query
  }

  #nested(position: number, read: () => Query): Query {
    if (++this.#depth > queryLimits.depth) throw invalidQuery(`it nests deeper than ${queryLimits.depth}`, position)
    this.#advance()
    const query = read()
    this.#depth--
    return query
  }

  #count(position: number, query: Query): Query {
    this.#terms += termsIn(query)
    if (this.#terms > queryLimits.terms) throw invalidQuery(`it has more than ${queryLimits.terms} terms`, position)
    return query
  }
}

/** Nested ones are flat. */
export function join(type: 'and' | 'or', ...parts: Query[]): Query {
  const of: Query[] = []
  for (const part of parts) {
    if (part.type === type) for (const inner of part.of) of.push(inner)
    else of.push(part)
  }
  return of.length === 1 ? (of[0] as Query) : { type, of }
}

function readWord(value: Literal): Query {
  const term = value.quoted || !Object.hasOwn(words, value.raw) ? null : parseQuery(words[value.raw as keyof typeof words])
  if (term !== null) return term
  const pieces = withoutEmptyEnds(value.pieces)
  return { type: 'term', field: 'url', test: pieces.length === 0 ? { type: 'present' } : { type: 'contains', pieces } } satisfies Term
}

function termsIn(query: Query): number {
  if (query.type === 'term') return 1
  return query.type === 'not' ? termsIn(query.of) : query.of.reduce((sum, part) => sum + termsIn(part), 0)
}
