/**
 * What decides on an exchange while it passes: the query that says what of a session is stored, then its filters that are queries, as far as no function comes before
 * them. Each exchange is decided on as soon as what is known of it decides: at its end at the latest.
 */
import type { Part } from '../../../sdk/model.ts'
import type { Decide } from '../../../sdk/query/predicate.ts'
import { askedOnce } from '../../../sdk/query/subject.ts'
import type { FilterChain } from '../../plugin/filters/filter-chain.ts'
import { searchableBody, searchableBytes } from '../../store/searchable-body.ts'
import type { SessionWriter } from '../../store/surface.ts'
import type { LiveExchange } from '../live-exchange.ts'

/** `undecided`: a filter failed, and nobody knows whether it would have hidden something. */
export type Verdict = 'wanted' | 'filtered' | 'undecided'

export class Admission {
  readonly #where: Decide | null
  readonly #chain: FilterChain | null
  readonly #file: Pick<SessionWriter, 'storedBody'>

  constructor(where: Decide | null, chain: FilterChain | null, file: Pick<SessionWriter, 'storedBody'>) {
    this.#where = where
    this.#chain = chain
    this.#file = file
  }

  /** null: not to be known yet. What the `where` does not want, or may not want, no filter is asked about. */
  decide(exchange: LiveExchange): Verdict | null {
    const isOver = !exchange.isOpen && !exchange.awaitsView && !exchange.awaitsProcess
    const phase = isOver ? 'end' : exchange.status === 0 ? 'request' : 'response'
    const bodyOf = askedOnce((part) => this.#bodyOf(exchange, part))
    const ask = (query: Decide) => query(exchange, phase, bodyOf)
    const meant = this.#where === null ? true : ask(this.#where)
    if (meant !== true) return meant === null ? null : 'filtered'
    if (this.#chain === null) return 'wanted'
    const bytes = phase === 'end' ? Math.min(exchange.requestSize + exchange.responseSize, 2 * searchableBytes) : 0
    const { wanted, failed } = this.#chain.foresee(exchange.seq, bytes, ask)
    if (wanted === null) return null
    if (!wanted) return failed ? 'undecided' : 'filtered'
    if (failed) exchange.addAnomaly('filterFailed')
    return 'wanted'
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
