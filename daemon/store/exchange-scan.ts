/** All exchanges of a session by seq, with their bodies: what exporters read. */
import { setImmediate } from 'node:timers/promises'
import type { Message, Part } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { BodyReader } from './body-reader.ts'
import { contentCodings, decodeContent } from './content-decoding.ts'
import { type Database, openForReading, orClose, type Statement } from './database.ts'
import { type ExchangeRow, exchangeColumns, exchangeJoins, jsonSize, toExchange } from './exchange-row.ts'
import { Matching } from './matching.ts'
import type { MatchingRows } from './matching-rows.ts'
import { MessageReader } from './message-reader.ts'
import { isEmpty, type Range } from './range.ts'
import { sessionKind } from './session-layout.ts'
import { sharedJson } from './shared-json.ts'

/** A slice reads as long without letting the writer have its log, ms; a page ends with its slice. */
const sliceMs = 5
/** Rows and prefetched bodies of a page, about, bytes. */
const pageBytes = 1024 * 1024
/** Larger bodies are read when they are asked for. */
const prefetchedBytes = 32 * 1024
/** Of a streamed body. */
const pieceBytes = 256 * 1024
/** After so many the event loop may turn. */
const pausedMessages = 256
const firstRows = 64
const mostRows = 256

export interface ScanOptions {
  /** Only those after this seq. */
  after?: number
  /** Only those that match this query; absent: all. */
  where?: string
  /** Once aborted, it ends. */
  signal?: AbortSignal
  /** Between two pages; a turn of the event loop when absent. */
  turn?: () => Promise<void>
}

/**
 * What is on record now, in order of seq; what comes later is left out. Between pages no transaction is held. Ending the
 * iteration closes the file; bodies can be read until then. Throws WeirError: 1001 fileNotFound, 1005 notReadable or newerFile, -32602 invalidQuery.
 */
export async function* openExchangeScan(
  file: string,
  sessionId: string,
  { after = 0, where, signal, turn = setImmediate }: ScanOptions = {},
): AsyncGenerator<ExportedExchange> {
  const scan = new ExchangeScan(file, sessionId, after, where)
  try {
    for (let page = scan.next(); page !== null && !signal?.aborted; page = scan.next()) {
      // One at a time, so that each is garbage soon after it was used: whole pages of them outlive the young generation.
      for (const row of page.rows) {
        if (signal?.aborted) return
        yield scan.exported(row, page)
      }
      await turn()
    }
  } finally {
    scan.close()
  }
}

type Bodies = Map<number, Buffer>
interface ScanPage {
  rows: ExchangeRow[]
  bodies: Bodies
  /** Seqs of those with messages: to ask each for its messages would cost more than all else. */
  talking: ReadonlySet<number>
}

class ExchangeScan {
  #db: Database
  #sessionId: string
  #rows: Statement
  #bodyRange: Statement
  #body: Statement
  #reader: BodyReader
  #messages: MessageReader
  #queries: Matching
  #matching: MatchingRows | null
  readonly #parse = sharedJson()
  #rest: Range
  #count = firstRows

  constructor(file: string, sessionId: string, after: number, where: string | undefined) {
    const db = openForReading(file, sessionKind)
    this.#db = db
    this.#sessionId = sessionId
    this.#rows = db.prepare(`SELECT ${exchangeColumns} FROM ${exchangeJoins} WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?`).raw()
    this.#bodyRange = db
      .prepare(`SELECT id, data FROM body WHERE id BETWEEN ? AND ? AND size <= ${prefetchedBytes} AND data IS NOT NULL`)
      .raw()
    this.#body = db.prepare(`SELECT data FROM body WHERE id = ? AND size <= ${prefetchedBytes}`).pluck()
    this.#reader = new BodyReader(db)
    this.#messages = new MessageReader(db)
    this.#queries = new Matching(db, file, this.#reader)
    this.#matching = orClose(db, () => (where === undefined ? null : this.#queries.of(where)))
    this.#rest = { after, until: (db.prepare('SELECT max(seq) FROM exchange').pluck().get() as number | null) ?? 0 }
  }

  /** The next page, of which with a query there may be none yet; null at the end. */
  next(): ScanPage | null {
    if (isEmpty(this.#rest)) return null
    const began = performance.now()
    const rows = this.#matching === null ? this.#all() : this.#matches(this.#matching, began + sliceMs)
    const took = performance.now() - began
    const bytes = rows.reduce((sum, row) => sum + jsonSize(row) + prefetched(row[12]) + prefetched(row[13]), 0)
    this.#adapt(Math.max(took / sliceMs, bytes / pageBytes))
    return { rows, bodies: this.#prefetch(rows), talking: this.#messages.among(rows[0]?.[0] ?? 1, rows.at(-1)?.[0] ?? 0) }
  }

  #all(): ExchangeRow[] {
    const { after, until } = this.#rest
    const rows = this.#rows.all(after, until, this.#count) as ExchangeRow[]
    this.#rest = { after: rows.at(-1)?.[0] ?? until, until }
    return rows
  }

  #matches(matching: MatchingRows, deadline: number): ExchangeRow[] {
    const { rows, rest } = matching.find('seq', this.#rest, this.#count, deadline)
    this.#rest = rest
    return Array.from(matching.current('seq', rows), ([, row]) => row).filter((row) => row !== null)
  }

  /** `fullness` of the page before: 1 is as much as it may be. */
  #adapt(fullness: number): void {
    const scaled = fullness > 0 ? Math.floor(this.#count / fullness) : mostRows
    this.#count = Math.max(1, Math.min(scaled, this.#count * 2, mostRows))
  }

  /** Bodies lie in the order of the exchanges, so one range holds most of a page; repeats are farther back. */
  #prefetch(rows: ExchangeRow[]): Bodies {
    const ids = new Set<number>()
    for (const row of rows) for (const id of [row[10], row[11]]) if (id !== null) ids.add(id)
    const bodies: Bodies = new Map()
    if (ids.size === 0) return bodies
    const sorted = [...ids].sort((a, b) => a - b)
    const from = sorted[Math.max(0, sorted.length - 2 * rows.length)] as number
    const dense = sorted.findIndex((id, index) => (sorted.at(-1) as number) - id <= 4 * (sorted.length - index) && id >= from)
    for (const id of sorted.slice(0, dense)) {
      const data = this.#body.get(id) as Buffer | null | undefined
      if (data) bodies.set(id, data)
    }
    const range = this.#bodyRange.all(sorted[dense], sorted.at(-1)) as [number, Buffer][]
    for (const [id, data] of range) if (ids.has(id)) bodies.set(id, data)
    return bodies
  }

  exported(row: ExchangeRow, { bodies, talking }: ScanPage): ExportedExchange {
    const exchange = toExchange(row, this.#sessionId, this.#parse) as ExportedExchange
    const [requestBody, responseBody] = [row[10], row[11]]
    exchange.readBody = async (part: Part, { decode = false } = {}) => {
      const id = part === 'request' ? requestBody : responseBody
      if (id === null) return Buffer.alloc(0)
      const data = bodies.get(id)
      if (data === undefined) return (await this.#reader.read(exchange.seq, part, 0, Number.MAX_SAFE_INTEGER, decode)).data
      const message = part === 'request' ? exchange.request : exchange.response
      const codings = decode && message !== null ? contentCodings(message.headers) : []
      if (codings.length === 0) return data
      const cut = message?.truncated === true || exchange.state !== 'complete'
      return decodeContent(data, codings, { cut, whole: decode === 'whole' })
    }
    exchange.streamBody = (part: Part) => this.#pieces(exchange.seq, part)
    exchange.messages = () => (talking.has(exchange.seq) ? this.#messagesOf(exchange.seq) : noMessages)
    return exchange
  }

  async *#messagesOf(seq: number): AsyncGenerator<Message> {
    for (const message of this.#messages.all(seq)) {
      yield message
      if (message.index % pausedMessages === 0) await setImmediate()
    }
  }

  async *#pieces(seq: number, part: Part): AsyncGenerator<Uint8Array> {
    for (let at = 0; ; ) {
      const { data } = await this.#reader.read(seq, part, at, pieceBytes, false)
      if (data.length === 0) return
      yield data
      at += data.length
      await setImmediate()
    }
  }

  close(): void {
    this.#queries.close()
    this.#db.close()
  }
}

const noMessages: AsyncIterable<Message> = { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) }

const prefetched = (size: number): number => (size <= prefetchedBytes ? size : 0)
