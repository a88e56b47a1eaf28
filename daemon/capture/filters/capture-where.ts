/** The query that says what of a session is stored. Each exchange is decided on as soon as what is known of it decides: at its end at the latest. */
import type { Part } from '../../../sdk/model.ts'
import { compilePredicate, type Decide } from '../../../sdk/query/predicate.ts'
import { parseQuery } from '../../../sdk/query.ts'
import { searchableBody, searchableBytes } from '../../store/searchable-body.ts'
import type { SessionWriter } from '../../store/surface.ts'
import type { LiveExchange } from '../live-exchange.ts'

export class CaptureWhere {
  readonly #decide: Decide
  readonly #file: SessionWriter

  /** Relative times are meant from now. Throws invalidQuery. */
  constructor(where: string, file: SessionWriter) {
    this.#decide = compilePredicate(parseQuery(where))
    this.#file = file
  }

  /** null: not to be known yet. */
  decide(exchange: LiveExchange): boolean | null {
    const phase = exchange.isOpen ? (exchange.status === 0 ? 'request' : 'response') : 'end'
    return this.#decide(exchange, phase, (part) => this.#bodyOf(exchange, part))
  }

  /** What is stored of it already, and what is not. */
  #bodyOf(exchange: LiveExchange, part: Part): Uint8Array | null {
    const body = part === 'request' ? exchange.requestBody : exchange.responseBody
    if (body === null || body.written + body.pendingBytes === 0) return null
    const stored = body.id === 0 ? [] : [this.#file.storedBody(body.id, searchableBytes)]
    const bytes = Buffer.concat([...stored, ...body.pending]).subarray(0, searchableBytes)
    const fields = (part === 'request' ? exchange.requestFields : exchange.responseFields)?.fields ?? []
    return searchableBody(bytes, body.written + body.pendingBytes, fields, body.truncated || exchange.state !== 'complete')
  }
}
