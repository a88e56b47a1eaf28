/**
 * Exchanges of one session as a session file of their own. It is made anew from what is handed over, so nothing else of the first file is in it: what
 * was deleted, left out or redacted never was there.
 */
import { dirname } from 'node:path'
import { unavailable } from '../../sdk/errors.ts'
import type { Message, Part } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { type Database, isDiskFull, openForReading } from './database.ts'
import { ExchangeRecords, Unstorable } from './exchange-records.ts'
import { messageRecordOf } from './message-shape.ts'
import { type ExchangeRecord, type GapRecord, newBody } from './records.ts'
import { SessionFile } from './session-file.ts'
import { sessionKind } from './session-layout.ts'
import { vacuum } from './vacuum.ts'

const batchRecords = 500
/** Memory holds about as much of bodies and messages; larger ones are written in pieces. */
const batchBytes = 4 * 1024 * 1024
const nothing = Buffer.alloc(0)
const latestSeq = 2 ** 48

interface CopyRequest {
  /** The session file that they come from. */
  from: string
  exchanges: AsyncIterable<ExportedExchange>
  /** A path where nothing lies yet. */
  to: string
  signal: AbortSignal
}

/**
 * Compact, 0600. Seqs, sources and times stay; what was open is aborted, for its end will not come. Gaps come along, for the exchanges that are missing
 * there are missing here, too. Leaves half a file behind when it rejects.
 * @throws 1005 diskFull
 */
export async function copySession({ from, exchanges, to, signal }: CopyRequest): Promise<void> {
  try {
    const file = SessionFile.open(to, { create: true })
    try {
      const copy = new SessionCopy(file, 'the session when it was copied')
      for await (const exchange of exchanges) await copy.add(exchange)
      signal.throwIfAborted()
      const db = openForReading(from, sessionKind)
      try {
        copy.end(gapsOf(db))
      } finally {
        db.close()
      }
    } finally {
      file.close()
    }
    await vacuum(to)
  } catch (error) {
    throw isDiskFull(error) ? unavailable('diskFull', `there is no room on the disk for a copy of the session: ${dirname(to)}`) : error
  }
}

/** What is added, exchange by exchange, goes into the file; what comes in the middle of an exchange may have been written when the next of it fails. */
export class SessionCopy {
  readonly #file: SessionFile
  readonly #records: ExchangeRecords
  #batch: ExchangeRecord[] = []
  #batchBytes = 0
  #annotated: Pick<ExportedExchange, 'seq' | 'tags' | 'note'>[] = []

  /** @param from as it is called: `the file that was imported` */
  constructor(file: SessionFile, from: string) {
    this.#file = file
    this.#records = new ExchangeRecords(from)
  }

  /** @throws Unstorable */
  async add(exchange: ExportedExchange): Promise<void> {
    const { seq, source, tags, note, request, response } = exchange
    if (!(seq <= latestSeq)) throw new Unstorable('its seq is none that can be')
    this.#file.skipTo(seq)
    const large = { request: request.bodySize > batchBytes, response: (response?.bodySize ?? 0) > batchBytes }
    const bodies = {
      request: large.request ? nothing : await exchange.readBody('request'),
      response: large.response ? nothing : await exchange.readBody('response'),
    }
    const record = this.#records.record({ exchange, bodies, messages: [] }, source)
    record.seq = seq
    this.#batch.push(record)
    this.#batchBytes += bodies.request.length + bodies.response.length
    if (tags.length > 0 || note !== null) this.#annotated.push({ seq, tags, note })
    if (large.request) await this.#stream(exchange, 'request', record)
    if (large.response) await this.#stream(exchange, 'response', record)
    for await (const message of exchange.messages()) this.#message(message, record)
    if (this.#batch.length >= batchRecords || this.#batchBytes >= batchBytes) this.#commit()
  }

  /** @param filtered exchanges that were never recorded */
  end(gaps: GapRecord[], filtered = 0): void {
    this.#commit(gaps, filtered)
  }

  async #stream(exchange: ExportedExchange, part: Part, record: ExchangeRecord): Promise<void> {
    const { bodySize = 0, truncated = false } = exchange[part] ?? {}
    const body = { ...newBody(), truncated }
    const unkept = part === 'request' ? 'sentUnkept' : 'receivedUnkept'
    for await (const piece of exchange.streamBody(part)) {
      if (part === 'request') record.requestBody = body
      else record.responseBody = body
      body.pending.push(Buffer.from(piece))
      body.pendingBytes += piece.length
      body.size += piece.length
      record[unkept] = Math.max(0, bodySize - body.size)
      this.#batchBytes += piece.length
      if (this.#batchBytes >= batchBytes) this.#commit()
    }
    body.ended = true
    if (truncated) {
      body.size = Math.max(body.size, bodySize)
      record[unkept] = 0
    }
    this.#again(record)
  }

  #message(message: Message, record: ExchangeRecord): void {
    record.messages ??= []
    record.messages.push(messageRecordOf(message))
    record.messageCount++
    this.#batchBytes += message.size
    this.#again(record)
    if (this.#batchBytes >= batchBytes || record.messages.length >= batchRecords) this.#commit()
  }

  /** It may have been committed meanwhile. */
  #again(record: ExchangeRecord): void {
    if (this.#batch.at(-1) !== record) this.#batch.push(record)
  }

  #commit(gaps: GapRecord[] = [], filtered = 0): void {
    this.#file.commit(this.#batch, gaps, filtered)
    for (const { seq, tags, note } of this.#annotated)
      this.#file.annotate(seq, { ...(tags.length > 0 && { tags }), ...(note !== null && { note }) })
    this.#batch = []
    this.#batchBytes = 0
    this.#annotated = []
  }
}

/** As they are to be written into another file. */
export const gapsOf = (db: Database): GapRecord[] =>
  db.prepare('SELECT since AS "from", until AS "to", reason, exchanges, bytes FROM gap ORDER BY id').all() as GapRecord[]
