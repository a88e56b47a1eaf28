/**
 * The query language as a tree: plain JSON, without positions. What the language writes in several ways is one thing here: `ws` is
 * kind:websocket, a bare word is url~word, `header.x:1` asks the request or the response, `host:a:8080` is host:a and port:8080,
 * a list is an `or`.
 */
import type { FieldName } from './fields.ts'

export type Query = And | Or | Not | Term

/** Nested ones are flat. Without parts: everything matches. */
export interface And {
  type: 'and'
  of: Query[]
}

/** Two parts at least; nested ones are flat. */
export interface Or {
  type: 'or'
  of: Query[]
}

export interface Not {
  type: 'not'
  of: Query
}

/** True when any value of the field passes the test: so false on an absent field, and its `not` true. */
export interface Term {
  type: 'term'
  field: FieldName
  /** Of a header field, cookie, parameter, or the path into JSON; absent: any of them (JSON: the whole). */
  name?: string
  test: Test
}

export type Test =
  /** There is a value, whatever it is. */
  | { type: 'present' }
  /** The whole text: the pieces in this order, any run of characters between each two. */
  | { type: 'is'; pieces: string[] }
  /** The text has the pieces in this order. */
  | { type: 'contains'; pieces: string[] }
  /** RE2 syntax; it need not match the whole text. */
  | { type: 'regex'; source: string }
  /** A class of media types. */
  | { type: 'class'; class: string }
  /** Milliseconds, bytes or plain numbers, as the field has them. */
  | { type: 'number'; operator: NumberOperator; value: number }
  /** Both ends included. */
  | { type: 'range'; from: number; to: number }
  /** Unix ms. */
  | { type: 'time'; at: number }
  /** Milliseconds before the moment of asking (negative: after it). */
  | { type: 'time'; ago: number }

export type NumberOperator = '=' | '<' | '<=' | '>' | '>='
