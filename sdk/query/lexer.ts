/** From the text of a query to its tokens. */
import type { NumberOperator } from './ast.ts'
import { invalidQuery } from './query-error.ts'

/** A value as it was written. */
export interface Literal {
  position: number
  /** As in the query, without quotes. */
  raw: string
  /** Escapes undone; between each two stood a star. */
  pieces: string[]
  quoted: boolean
  /** `>=` before it. */
  comparison: Exclude<NumberOperator, '='> | null
}

export type Operator = ':' | '~' | '=~' | Exclude<NumberOperator, '='>

export interface TermToken {
  type: 'term'
  position: number
  /** What stands before the operator: `host`, `header.x-id`. */
  head: string
  /** A quoted name behind the head's last dot. */
  name: string | null
  operator: Operator
  /** At least one; a list where commas stood between them. For `=~` one, whose only piece is the pattern. */
  values: Literal[]
}

export type Token =
  | { type: 'open' | 'close' | 'and' | 'or' | 'not' | 'end'; position: number }
  | { type: 'word'; position: number; value: Literal }
  | TermToken

const blanks = /\s*/y
const keyword = /(AND|OR|NOT)(?=[\s()]|$)/y
const termHead = /([A-Za-z][^\s:~=<>"(),]*)(?:(?<=\.)"((?:[^"\\]|\\[\s\S])*)")?(=~|[:~]|[<>]=?)/y
const address = /(?:https?|wss?):\/\//y
const comparing = /[<>]=?/y
const blank = /\s/

export class Lexer {
  readonly #text: string
  #at = 0

  /** @param text without lone surrogates */
  constructor(text: string) {
    this.#text = text
  }

  /** Throws invalidQuery. */
  next(): Token {
    this.#match(blanks)
    const position = this.#at
    const character = this.#text[position]
    if (character === undefined) return { type: 'end', position }
    if (character === '(' || character === ')') {
      this.#at++
      return { type: character === '(' ? 'open' : 'close', position }
    }
    if (character === '-' && !this.#endsAt(position + 1)) {
      this.#at++
      return { type: 'not', position }
    }
    const [word] = this.#match(keyword) ?? []
    if (word !== undefined) return { type: word.toLowerCase() as 'and' | 'or' | 'not', position }
    return this.#term(position) ?? { type: 'word', position, value: this.#literal(false) }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match) this.#at = pattern.lastIndex
    return match
  }

  #term(position: number): TermToken | null {
    address.lastIndex = position
    if (address.test(this.#text)) return null
    const match = this.#match(termHead)
    if (!match) return null
    const [, head = '', quoted, operator] = match
    const name = quoted === undefined ? null : quoted.replace(/\\([\s\S])/g, '$1')
    const values = operator === '=~' ? [this.#regex()] : this.#list(operator === ':')
    return { type: 'term', position, head, name, operator: operator as Operator, values }
  }

  /** @param compares a comparison may stand before each value */
  #list(compares: boolean): Literal[] {
    const values: Literal[] = []
    do {
      const comparison = compares ? ((this.#match(comparing)?.[0] ?? null) as Literal['comparison']) : null
      values.push({ ...this.#literal(true), comparison })
    } while (this.#passed(','))
    return values
  }

  #passed(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  /** @param inList commas end it */
  #literal(inList: boolean): Literal {
    const position = this.#at
    if (this.#text[position] === '"') return this.#quoted()
    const pieces: string[] = []
    let piece = ''
    let depth = 0
    for (; !this.#endsAt(this.#at); this.#at++) {
      const character = this.#text[this.#at] as string
      if (character === ')' && depth-- === 0) break
      if (character === ',' && inList) break
      if (character === '(') depth++
      if (character === '*') {
        pieces.push(piece)
        piece = ''
      } else piece += character === '\\' ? this.#escaped() : character
    }
    pieces.push(piece)
    if (this.#at === position) throw invalidQuery('a value is missing here; an empty one is ""', position)
    return { position, raw: this.#text.slice(position, this.#at), pieces, quoted: false, comparison: null }
  }

  /** The character behind a backslash. */
  #escaped(): string {
    const character = this.#text[++this.#at]
    if (character === undefined) throw invalidQuery('a backslash has nothing behind it', this.#at - 1)
    return character
  }

  #quoted(): Literal {
    const position = this.#at++
    let piece = ''
    for (let character = this.#text[this.#at]; character !== '"'; character = this.#text[++this.#at]) {
      if (character === undefined) throw invalidQuery('a quote is not closed', position)
      piece += character === '\\' ? this.#escaped() : character
    }
    const raw = this.#text.slice(position + 1, this.#at++)
    this.#afterQuote()
    return { position, raw, pieces: [piece], quoted: true, comparison: null }
  }

  #afterQuote(): void {
    const character = this.#text[this.#at]
    if (this.#endsAt(this.#at) || character === ')' || character === ',') return
    throw invalidQuery('a closing quote needs a space behind it; a quote within a text is \\"', this.#at)
  }

  /** Quoted, or up to white space or a parenthesis that is not its own. Backslashes are the pattern's. */
  #regex(): Literal {
    const position = this.#at
    const quoted = this.#text[position] === '"'
    const source = (quoted ? this.#quotedRegex() : this.#bareRegex()).replace(/\\([\s\S])/g, (both, escaped) =>
      escaped === '"' ? '"' : both,
    )
    if (source === '' && !quoted) throw invalidQuery('a pattern is missing here', position)
    return { position, raw: source, pieces: [source], quoted, comparison: null }
  }

  #quotedRegex(): string {
    const position = this.#at++
    const start = this.#at
    for (let character = this.#text[start]; character !== '"'; character = this.#text[++this.#at]) {
      if (character === '\\') character = this.#text[++this.#at]
      if (character === undefined) throw invalidQuery('a quote is not closed', position)
    }
    const source = this.#text.slice(start, this.#at++)
    this.#afterQuote()
    return source
  }

  #bareRegex(): string {
    const start = this.#at
    let depth = 0
    let inClass = false
    for (; !this.#endsAt(this.#at); this.#at++) {
      const character = this.#text[this.#at]
      if (character === '\\') this.#at++
      else if (character === '[') inClass = true
      else if (character === ']') inClass = false
      else if (character === '(' && !inClass) depth++
      else if (character === ')' && !inClass && depth-- === 0) break
    }
    this.#at = Math.min(this.#at, this.#text.length)
    return this.#text.slice(start, this.#at)
  }

  #endsAt(at: number): boolean {
    const character = this.#text[at]
    return character === undefined || blank.test(character)
  }
}
