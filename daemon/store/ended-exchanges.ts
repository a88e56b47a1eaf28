/** The exchanges of a session in the order in which they ended, each once, whatever becomes of it later: what a followed export reads. */
import { setImmediate } from 'node:timers/promises'
import type { Message, Part } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { BodyReader } from './body-reader.ts'
import { type Database, openForReading, orClose, type Statement } from './database.ts'
import { type ExchangeRow, exchangeColumns, exchangeJoins, toExchange } from './exchange-row.ts'
import { MessageReader } from './message-reader.ts'
import { sessionKind } from './session-layout.ts'

export interface EndedBatch {
  /** By seq. Their bodies can be read until the reading is closed. */
  exchanges: ExportedExchange[]
  /** The change up to which all that ended is in this batch or came before it. */
  change: number
}

/** Changes that one statement looks at: about 2 ms. */
const windowChanges = 4096
/** Of a batch: it lies in memory, and is delivered as one. */
const mostExchanges = 200
/** Bodies of a batch together, about, bytes. */
const batchBytes = 1024 * 1024
/** Of a streamed body. */
const pieceBytes = 256 * 1024

/** An exchange that has not changed since it ended has its end in `change`, any other in `ended_change`. */
const endings = `
SELECT seq, at, bytes FROM (
  SELECT seq, change AS at, request_size + response_size AS bytes FROM exchange INDEXED BY exchange_change
    WHERE change > @after AND change <= @until AND ended_change IS NULL AND flags & 3 <> 0
  UNION ALL
  SELECT seq, ended_change, request_size + response_size FROM exchange INDEXED BY exchange_ended_change
    WHERE ended_change > @after AND ended_change <= @until
) ORDER BY at LIMIT ${mostExchanges}`

interface Ending {
  seq: number
  /** The change with which it ended. */
  at: number
  /** Of both bodies. */
  bytes: number
}

export class EndedExchanges {
  readonly #db: Database
  readonly #sessionId: string
  readonly #change: Statement
  readonly #endings: Statement
  readonly #rows: Statement
  readonly #deleted: Statement
  readonly #bodies: BodyReader
  readonly #messages: MessageReader

  /** Throws WeirError: 1001 fileNotFound, 1005 notReadable or newerFile. */
  constructor(file: string, sessionId: string) {
    const db = openForReading(file, sessionKind)
    this.#db = db
    this.#sessionId = sessionId
    this.#bodies = new BodyReader(db)
    this.#messages = new MessageReader(db)
    const prepare = (sql: string) => orClose(db, () => db.prepare(sql))
    this.#change = prepare('SELECT change FROM progress').pluck()
    this.#endings = prepare(endings)
    this.#rows = prepare(
      `SELECT ${exchangeColumns} FROM json_each(?) j CROSS JOIN ${exchangeJoins} WHERE e.seq = j.value ORDER BY e.seq`,
    ).raw()
    this.#deleted = prepare('SELECT count(*) FROM tombstone WHERE change > ? AND change <= ?').pluck()
  }

  /** The change at which the record stands. */
  get change(): number {
    return this.#change.get() as number
  }

  /** What ended after this change, as far as one batch goes; without exchanges: nothing more has ended. */
  next(after: number): EndedBatch {
    const reached = this.change
    for (let from = after; from < reached; ) {
      const until = Math.min(reached, from + windowChanges)
      const found = this.#endings.all({ after: from, until }) as Ending[]
      const batch = firstOf(found)
      if (batch.length > 0) {
        const isWhole = batch.length === found.length && found.length < mostExchanges
        const seqs = JSON.stringify(batch.map(({ seq }) => seq))
        const rows = this.#rows.all(seqs) as ExchangeRow[]
        return { exchanges: rows.map((row) => this.#exported(row)), change: isWhole ? until : (batch.at(-1) as Ending).at }
      }
      from = until
    }
    return { exchanges: [], change: Math.max(after, reached) }
  }

  /** How many were deleted after the one change, up to the other; of long ago not all are known. */
  deleted(after: number, until: number): number {
    return this.#deleted.get(after, until) as number
  }

  /** See BodyReader.searchable. */
  searchable(seq: number, part: Part): Uint8Array | null {
    return this.#bodies.searchable(seq, part)
  }

  close(): void {
    this.#db.close()
  }

  #exported(row: ExchangeRow): ExportedExchange {
    const exchange = toExchange(row, this.#sessionId)
    const { seq } = exchange
    return {
      ...exchange,
      readBody: async (part, { decode = false } = {}) => (await this.#bodies.read(seq, part, 0, Number.MAX_SAFE_INTEGER, decode)).data,
      streamBody: (part) => this.#pieces(seq, part),
      messages: () => this.#messagesOf(seq),
    }
  }

  async *#pieces(seq: number, part: Part): AsyncGenerator<Uint8Array> {
    for (let at = 0; ; ) {
      const { data } = await this.#bodies.read(seq, part, at, pieceBytes, false)
      if (data.length === 0) return
      yield data
      at += data.length
      await setImmediate()
    }
  }

  async *#messagesOf(seq: number): AsyncGenerator<Message> {
    yield* this.#messages.all(seq)
  }
}

/** As many as a batch may have, one at least. */
function firstOf(endings: readonly Ending[]): Ending[] {
  let bytes = 0
  const tooMany = endings.findIndex((ending, index) => {
    bytes += ending.bytes
    return index > 0 && bytes > batchBytes
  })
  return tooMany < 0 ? [...endings] : endings.slice(0, tooMany)
}
