/** A page in the making: it ends before it is too large for an answer, but holds at least one exchange. */
import type { Exchange } from '../../sdk/model.ts'
import { type ExchangeRow, jsonSize, toExchange } from './exchange-row.ts'
import type { PageQuery } from './surface.ts'

/** Below the protocol's pageBytes by what the envelope takes; a number of its own, so that threads need not load the schemas. */
const pageBytes = (8 * 1024 - 64) * 1024

export class PageInProgress {
  readonly items: Exchange[] = []
  bytes = 0
  #sessionId: string
  #limit: number
  #mostBytes: number

  constructor(sessionId: string, { limit, bytes = pageBytes }: PageQuery) {
    this.#sessionId = sessionId
    this.#limit = limit
    this.#mostBytes = bytes
  }

  get room(): number {
    return this.#limit - this.items.length
  }

  /** False: it is full, and this one belongs to the next. */
  add(row: ExchangeRow): boolean {
    const bytes = this.bytes + jsonSize(row)
    if (this.room <= 0 || (bytes > this.#mostBytes && this.items.length > 0)) return false
    this.items.push(toExchange(row, this.#sessionId))
    this.bytes = bytes
    return true
  }
}
