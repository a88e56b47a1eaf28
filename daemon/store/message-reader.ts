/** The messages inside of an exchange, out of a session file. */
import { notFound } from '../../sdk/errors.ts'
import type { Message } from '../../sdk/model.ts'
import type { Database, Statement } from './database.ts'
import type { DecodeMessage } from './message-decoding.ts'
import { jsonBytes, messageOf, messagePageBytes } from './message-shape.ts'
import type { MessageRecord } from './records.ts'
import type { MessagesPage } from './surface.ts'

/** Rows of one statement: few, for one may hold 4 MiB. */
const sliceRows = 50
/** Of decoding for a page, ms: then the thread is free for somebody else. */
const decodingMs = 500

/** Its time in microseconds. */
interface MessageRow extends MessageRecord {
  number: number
}

export class MessageReader {
  #exchange: Statement
  #rows: Statement
  #first: Statement

  constructor(db: Database) {
    this.#exchange = db.prepare('SELECT 1 FROM exchange WHERE seq = ?').pluck()
    this.#rows = db.prepare(
      `SELECT number, at, direction, type, text, data, size, event, event_id AS id FROM message
       WHERE seq = ? AND number >= ? ORDER BY number LIMIT ?`,
    )
    this.#first = db.prepare('SELECT min(seq) FROM message WHERE seq >= ?').pluck()
  }

  /**
   * From the index `since` on; a page ends early before it is too large for an answer, or takes long to decode. Throws 1001
   * exchangeNotFound.
   * @param decode null: what is inside of their content is not asked for
   */
  read(seq: number, since: number, limit: number, decode: DecodeMessage | null = null): MessagesPage {
    if (this.#exchange.get(seq) === undefined) throw notFound('exchangeNotFound', `this session has no exchange ${seq}`)
    const items: Message[] = []
    const deadline = performance.now() + decodingMs
    let bytes = 0
    for (let next = since; ; ) {
      const wanted = Math.min(sliceRows, limit + 1 - items.length)
      const rows = this.#rows.all(seq, next, wanted) as MessageRow[]
      for (const row of rows) {
        if (decode !== null && items.length > 0 && performance.now() > deadline) return { items, more: true }
        const message = messageOf(row.number, { ...row, at: row.at / 1000 })
        if (decode !== null && row.data !== null && !message.truncated) {
          const decoded = decode(message.direction, row.data)
          if (decoded !== null) message.decoded = decoded
        }
        bytes += jsonBytes(message)
        if (items.length === limit || (bytes > messagePageBytes && items.length > 0)) return { items, more: true }
        items.push(message)
        next = row.number + 1
      }
      if (rows.length < wanted) return { items, more: false }
    }
  }

  /** Those of the exchanges in between that have some: a step in the index for each, and one more. */
  among(from: number, until: number): Set<number> {
    const seqs = new Set<number>()
    const next = (after: number) => (this.#first.get(after) as number | null) ?? Number.POSITIVE_INFINITY
    for (let seq = next(from); seq <= until; seq = next(seq + 1)) seqs.add(seq)
    return seqs
  }

  /** All of them, a page of memory at a time. */
  *all(seq: number): Generator<Message> {
    for (let since = 0, more = true; more; ) {
      const page = this.read(seq, since, sliceRows)
      for (const message of page.items) yield message
      since += page.items.length
      more = page.more
    }
  }
}
