/** A session without a file: what the recorder would have stored, and a store that can be made to fail. */
import type { MessagePort } from 'node:worker_threads'
import { BatchReader } from '../../daemon/capture/batch-reader.ts'
import type { HoldLimits } from '../../daemon/capture/commit-buffer.ts'
import { HeaderBlocks } from '../../daemon/capture/decoders/header-block.ts'
import { Http2Heads } from '../../daemon/capture/http2-fields.ts'
import { SessionRecorder } from '../../daemon/capture/session-recorder.ts'
import { readBatch } from '../../daemon/capture/wire-copy.ts'
import type { BodyRecord, ExchangeRecord, GapRecord, MessageRecord } from '../../daemon/store/records.ts'
import type { SessionWriter } from '../../daemon/store/surface.ts'
import type { Counts } from '../../sdk/model.ts'
import { WireScript } from './wire-script.ts'

/** A row, as far as it matters here. */
export interface Row {
  record: ExchangeRecord
  request: Buffer
  response: Buffer
  writes: number
  messages: MessageRecord[]
}

const none: Counts = { exchanges: 0, failed: 0, filtered: 0, messages: 0, bytesSent: 0, bytesReceived: 0, gaps: 0 }
export const diskFull = new Error('database or disk is full')

export class MemoryWriter implements SessionWriter {
  counts: Counts = { ...none }
  change = 0
  seq = 0
  rows = new Map<number, Row>()
  gaps: GapRecord[] = []
  deleted: number[] = []
  commits = 0
  closed = false
  /** What each commit throws. */
  trouble: Error | null = null

  nextSeq(): number {
    return ++this.seq
  }
  commit(records: readonly ExchangeRecord[], gaps: readonly GapRecord[], filtered = 0): void {
    if (this.trouble) throw this.trouble
    this.commits++
    for (const record of records) {
      if (record.removed !== null) {
        this.#remove(record)
        continue
      }
      const row = this.rows.get(record.seq) ?? { record, request: Buffer.alloc(0), response: Buffer.alloc(0), writes: 0, messages: [] }
      row.request = Buffer.concat([row.request, ...take(record.requestBody)])
      row.response = Buffer.concat([row.response, ...take(record.responseBody)])
      row.messages.push(...(record.messages ?? []))
      record.messages = null
      row.writes++
      // As it is now: later changes must come by another commit.
      row.record = { ...record, anomalies: record.anomalies && [...record.anomalies] }
      record.stored = true
      this.rows.set(record.seq, row)
      this.change++
    }
    this.gaps.push(...gaps.map((gap) => ({ ...gap })))
    this.counts = { ...this.counts, exchanges: this.rows.size, gaps: this.gaps.length, filtered: this.counts.filtered + filtered }
  }
  #remove({ seq, removed }: ExchangeRecord): void {
    if (removed === 'filtered') this.counts.filtered++
    if (this.rows.delete(seq)) this.deleted.push(seq)
  }
  storedBody(): Buffer {
    return Buffer.alloc(0)
  }
  delete(): number {
    return 0
  }
  annotate(): boolean {
    return false
  }
  oldestEnded(): [] {
    return []
  }
  readonly size = 0
  purge(): boolean {
    return false
  }
  tidy(): boolean {
    return false
  }
  close(): void {
    this.closed = true
  }
}

function take(body: BodyRecord | null): Buffer[] {
  if (body === null) return []
  const { pending } = body
  body.pending = []
  body.pendingBytes = 0
  return pending
}

export class RecordedSession {
  readonly script = new WireScript()
  readonly writer = new MemoryWriter()
  readonly session: SessionRecorder
  readonly faults: unknown[] = []
  readonly reports: unknown[] = []
  now = 0
  room = { made: false, low: false }
  #reader: BatchReader

  constructor(hold?: HoldLimits) {
    this.session = new SessionRecorder({
      id: 'kept',
      handle: 0,
      file: this.writer,
      isDiskFull: (error) => error === diskFull,
      makeRoom: () => this.room.made,
      isRoomLow: () => this.room.low,
      readUpTo: () => null,
      report: (error) => void this.reports.push(error),
      decided: () => undefined,
      ...(hold ? { hold } : {}),
    })
    this.#reader = new BatchReader({
      port: { on: () => undefined, postMessage: () => undefined, close: () => undefined } as unknown as MessagePort,
      blocks: new HeaderBlocks(),
      heads: new Http2Heads(),
      sessionOf: (handle) => (handle === 0 ? this.session : undefined),
      sent: () => undefined,
      read: () => undefined,
      fault: (error) => void this.faults.push(error),
    })
  }

  /** Reads what was told. */
  read(): this {
    readBatch(this.script.batch(), this.#reader)
    return this
  }
  /** Reads and commits; `afterMs` later than the last time. */
  commit(afterMs = 25, heldBytes = 0): boolean {
    this.read()
    this.now += afterMs
    return this.session.commit(this.now, heldBytes)
  }
  /** By seq. */
  get rows(): Row[] {
    this.commit()
    return [...this.writer.rows.values()].sort((a, b) => a.record.seq - b.record.seq)
  }
  /** What a reader would see first. */
  get summary(): string[] {
    return this.rows.map(({ record, response }) =>
      [
        record.state,
        record.kind,
        record.method,
        `${record.scheme}://${record.authority}${record.path}`,
        record.status,
        response.toString('latin1'),
        record.error?.reason ?? '',
        record.anomalies?.join() ?? '',
      ].join(' | '),
    )
  }
}
