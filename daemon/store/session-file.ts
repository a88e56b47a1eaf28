/** One session's file, open for writing: the only writer of it, in a recorder thread or, until the session is there, in an import's process. */
import { statSync } from 'node:fs'
import type { Counts } from '../../sdk/model.ts'
import { BodyWriter } from './body-writer.ts'
import { addCookieChanges, CookieWriter } from './cookie-writer.ts'
import { type Database, isStoreError, openForWriting, orClose, type Statement } from './database.ts'
import { type Deleted, Deletion } from './deletion.ts'
import { extraOf, flagsOf, microseconds } from './exchange-row.ts'
import { Interned } from './interned.ts'
import { MessageWriter } from './message-writer.ts'
import type { ExchangeRecord, GapRecord } from './records.ts'
import { type Repair, repairOpen } from './repair.ts'
import { layOut, sessionKind } from './session-layout.ts'
import { removeCaches } from './session-path.ts'
import type { Annotation, OldExchange, SessionWriter, StoredCookieChange } from './surface.ts'

const columns = [
  'change',
  'flags',
  'connection',
  'origin',
  'request_line',
  'path',
  'status',
  'status_line',
  'started',
  'request_ended',
  'response_started',
  'ended',
  'request_head',
  'response_head',
  'request_body',
  'response_body',
  'request_size',
  'response_size',
  'extra',
  'stream',
  'seq',
]

/** What an update adds to its assignments: an exchange that has ended keeps the change with which it did. */
const keepEnding = 'ended_change = CASE WHEN flags & 3 <> 0 THEN coalesce(ended_change, change) END'

/** The write-ahead log is cut back when it is longer, bytes. */
const walBytes = 48 * 1024 * 1024
/** How long cutting it back waits for readers (their slices are 5 ms), ms. */
const walPatienceMs = 40

/** A commit of fewer body bytes also looks for repeated bodies: beside a large transfer that would take as much as the transfer itself. */
const quietBytes = 1024 * 1024
/** What closing spends on repeated bodies at most, ms; the rest stays for the next opening, or is stored twice. */
const closingMs = 500
/** Free pages that one slice of tidying gives back. */
const tidiedPages = 256
/** Free pages that closing gives back to the disk at most. */
const vacuumedPages = 8192

export interface OpenOptions {
  /** Make it when it is missing. */
  create?: boolean
  /** Cookie changes are not recorded. */
  withoutCookies?: boolean
  /** It was not closed in order: its open exchanges end, and a gap says so. */
  repair?: Repair
}

export class SessionFile implements SessionWriter {
  readonly path: string
  #db: Database
  #counts: Counts
  #change: number
  #lastSeq: number
  /** Unix ms: what passed before is on record. */
  #readUpTo: number
  #interned: Interned
  #bodies: BodyWriter
  #messages: MessageWriter
  #cookies: CookieWriter | null
  #begin: Statement
  #commit: Statement
  #insert: Statement
  #update: Statement
  #stored: Statement
  #insertGap: Statement
  #updateGap: Statement
  #saveProgress: Statement
  #oldestEnded: Statement
  #annotate: { readonly [N in keyof Annotation]-?: Statement }
  /** Made with the first deletion. */
  #deletion: Deletion | null = null
  #isUntidy = false
  /** Written by the running transaction. */
  #freshGaps: GapRecord[] = []

  /**
   * Throws WeirError: 1001 fileNotFound, 1005 notReadable (no session file, damaged), 1005 newerFile (left untouched);
   * otherwise the driver's SqliteError.
   */
  static open(path: string, options: OpenOptions = {}): SessionFile {
    const db = openForWriting(path, sessionKind, layOut, options)
    return orClose(db, () => {
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = NORMAL')
      db.pragma('wal_autocheckpoint = 500')
      db.pragma('cache_size = -8000')
      db.pragma('temp_store = MEMORY')
      db.prepare('UPDATE progress SET committed_at = ? WHERE committed_at = 0').run(Date.now())
      if (options.repair) {
        removeCaches(path)
        repairOpen(db, options.repair)
      }
      return new SessionFile(path, db, options)
    })
  }

  constructor(path: string, db: Database, { withoutCookies = false }: OpenOptions = {}) {
    this.path = path
    this.#db = db
    const progress = db
      .prepare(
        `SELECT change, last_seq AS lastSeq, exchanges, failed, filtered, messages, bytes_sent AS bytesSent,
         bytes_received AS bytesReceived, gaps, committed_at AS readUpTo FROM progress`,
      )
      .get() as Counts & { change: number; lastSeq: number; readUpTo: number }
    const { change, lastSeq, readUpTo, ...counts } = progress
    this.#counts = counts
    this.#change = change
    this.#lastSeq = lastSeq
    this.#readUpTo = readUpTo
    this.#interned = new Interned(db)
    this.#bodies = new BodyWriter(db)
    this.#messages = new MessageWriter(db)
    this.#cookies = withoutCookies ? null : new CookieWriter(db)
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#insert = db.prepare(`INSERT INTO exchange (${columns.join()}) VALUES (${columns.map(() => '?').join()})`)
    const assignments = columns.slice(0, -1).map((column) => `${column} = ?`)
    this.#update = db.prepare(`UPDATE exchange SET ${assignments.join()}, ${keepEnding} WHERE seq = ?`)
    this.#stored = db.prepare('SELECT flags & 3, request_size, response_size FROM exchange WHERE seq = ?').raw()
    this.#insertGap = db.prepare('INSERT INTO gap (since, until, reason, exchanges, bytes) VALUES (?, ?, ?, ?, ?)')
    this.#updateGap = db.prepare('UPDATE gap SET since = ?, until = ?, exchanges = ?, bytes = ? WHERE id = ?')
    this.#oldestEnded = db.prepare(
      `SELECT seq, started / 1000.0 AS startedAt, request_size + response_size AS bytes FROM exchange
       WHERE flags & 3 <> 0 ORDER BY seq LIMIT ?`,
    )
    this.#annotate = {
      tags: db.prepare(`UPDATE exchange SET change = ?, tags = ?, ${keepEnding} WHERE seq = ?`),
      note: db.prepare(`UPDATE exchange SET change = ?, note = ?, ${keepEnding} WHERE seq = ?`),
    }
    this.#saveProgress = db.prepare(
      `UPDATE progress SET change = ?, last_seq = ?, committed_at = ?, exchanges = ?, failed = ?, filtered = ?,
       messages = ?, bytes_sent = ?, bytes_received = ?, gaps = ?`,
    )
  }

  get counts(): Counts {
    return this.#counts
  }

  get change(): number {
    return this.#change
  }

  nextSeq(): number {
    return ++this.#lastSeq
  }

  /** None up to this one is given any more: it is an exchange's that comes from another file. */
  skipTo(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq)
  }

  /** One transaction: as they stand in another file of these exchanges, where none are made (`withoutCookies`). Those of others are let go. */
  addCookieChanges(changes: Iterable<Omit<StoredCookieChange, 'index'>>): void {
    this.#transact(() => addCookieChanges(this.#db, changes))
  }

  commit(records: readonly ExchangeRecord[], gaps: readonly GapRecord[], filtered = 0, readUpTo: number | null = null): void {
    if (records.length === 0 && gaps.length === 0 && filtered === 0 && !this.#bodies.repeated.waiting) return
    const readBefore = this.#readUpTo
    this.#readUpTo = readUpTo ?? readBefore
    const inserted: ExchangeRecord[] = []
    const isQuiet = pendingBytes(records) < quietBytes
    const deletion = records.some(({ removed }) => removed !== null) ? this.#readyToDelete() : null
    try {
      this.#transact((counts) => {
        for (const record of records) {
          if (deletion !== null && record.removed !== null) this.#remove(record, counts, deletion)
          else this.#put(record, counts, inserted)
        }
        for (const gap of gaps) this.#putGap(gap, counts)
        counts.filtered += filtered
        if (isQuiet) this.#bodies.repeated.slice()
      })
    } catch (error) {
      for (const record of inserted) record.stored = false
      this.#readUpTo = readBefore
      throw error
    }
  }

  delete(seqs: readonly number[], gap?: GapRecord): number {
    const deletion = this.#readyToDelete()
    const grown = gap && { ...gap }
    const exchanges = this.#transact((counts) => {
      const deleted = deletion.delete(seqs, () => ++this.#change, counts)
      if (grown !== undefined && deleted.exchanges > 0) {
        grow(grown, deleted)
        this.#putGap(grown, counts)
      }
      return deleted.exchanges
    })
    // Only what was committed is gone.
    if (gap !== undefined) Object.assign(gap, grown)
    return exchanges
  }

  #readyToDelete(): Deletion {
    this.#deletion ??= new Deletion(this.#db, this.#bodies.repeated)
    this.#interned.distrust(this.#deletion.gone)
    this.#isUntidy = true
    return this.#deletion
  }

  annotate(seq: number, { tags, note }: Annotation): boolean {
    return this.#transact(() => {
      const change = ++this.#change
      let isThere = false
      if (tags !== undefined) isThere = this.#annotate.tags.run(change, tags.length > 0 ? JSON.stringify(tags) : null, seq).changes > 0
      if (note !== undefined) isThere = this.#annotate.note.run(change, note, seq).changes > 0
      return isThere
    })
  }

  oldestEnded(limit: number): OldExchange[] {
    return this.#oldestEnded.all(limit) as OldExchange[]
  }

  storedBody(id: number, bytes: number): Buffer {
    return this.#bodies.stored(id, bytes)
  }

  get size(): number {
    const number = (name: string) => this.#db.pragma(name, { simple: true }) as number
    return (number('page_count') - number('freelist_count')) * number('page_size')
  }

  purge(): boolean {
    if (!this.#bodies.repeated.isPurging) return false
    this.commit([], [])
    return true
  }

  tidy(): boolean {
    if (!this.#isUntidy) return false
    if (this.purge()) return true
    this.#isUntidy = (this.#db.pragma('freelist_count', { simple: true }) as number) > 0
    if (this.#isUntidy) this.#db.pragma(`incremental_vacuum(${tidiedPages})`)
    this.#boundLog()
    return true
  }

  /** All or nothing; after a throw everything is as before. */
  #transact<Result>(work: (counts: Counts) => Result): Result {
    const counts = { ...this.#counts }
    const change = this.#change
    let result: Result
    this.#begin.run()
    try {
      result = work(counts)
      this.#deletion?.save()
      this.#save(counts)
      this.#commit.run()
    } catch (error) {
      this.#rollBack()
      this.#change = change
      throw error
    }
    this.#counts = counts
    this.#deletion?.keep()
    this.#interned.keep()
    this.#bodies.keep()
    this.#messages.keep()
    this.#cookies?.keep()
    this.#freshGaps = []
    this.#boundLog()
    return result
  }

  #putGap(gap: GapRecord, counts: Counts): void {
    const { from, to, reason, exchanges, bytes } = gap
    if (gap.id !== undefined) {
      this.#updateGap.run(from, to, exchanges, bytes, gap.id)
      return
    }
    gap.id = Number(this.#insertGap.run(from, to, reason, exchanges, bytes).lastInsertRowid)
    this.#freshGaps.push(gap)
    counts.gaps++
  }

  #remove(record: ExchangeRecord, counts: Counts, deletion: Deletion): void {
    this.#cookies?.drop(record.seq)
    if (record.removed === 'filtered') counts.filtered++
    if (record.stored) deletion.delete([record.seq], () => ++this.#change, counts)
  }

  #put(record: ExchangeRecord, counts: Counts, inserted: ExchangeRecord[]): void {
    const { requestBody, responseBody, startedAt } = record
    const sent = (requestBody === null ? 0 : requestBody.size) + record.sentUnkept
    const received = (responseBody === null ? 0 : responseBody.size) + record.receivedUnkept
    if (record.stored) {
      const stored = this.#stored.get(record.seq) as [number, number, number] | undefined
      if (stored === undefined) {
        this.#cookies?.drop(record.seq)
        letGo(record)
        return
      }
      const [state, sentBefore, receivedBefore] = stored
      counts.bytesSent += sent - sentBefore
      counts.bytesReceived += received - receivedBefore
      counts.failed += (record.state === 'failed' ? 1 : 0) - (state === 2 ? 1 : 0)
    } else {
      counts.exchanges++
      counts.bytesSent += sent
      counts.bytesReceived += received
      if (record.state === 'failed') counts.failed++
    }
    const started = microseconds(startedAt)
    const statement = record.stored ? this.#update : this.#insert
    statement.run(
      ++this.#change,
      flagsOf(record),
      this.#interned.connection(record.connection),
      record.origin === null ? null : this.#interned.origin(record.origin),
      this.#interned.requestLine(record),
      record.path,
      record.status === 0 ? null : record.status,
      record.status === 0 ? null : this.#interned.statusLine(record),
      started,
      record.requestEndedAt === 0 ? null : since(started, record.requestEndedAt),
      record.responseStartedAt === 0 ? null : since(started, record.responseStartedAt),
      record.endedAt === 0 ? null : since(started, record.endedAt),
      this.#interned.head(record.requestFields),
      record.responseFields === null ? null : this.#interned.head(record.responseFields),
      requestBody === null ? null : this.#bodies.write(requestBody, record.seq, 'request'),
      responseBody === null ? null : this.#bodies.write(responseBody, record.seq, 'response'),
      sent,
      received,
      extraOf(record),
      record.stream === 0 ? null : record.stream,
      record.seq,
    )
    counts.messages += this.#messages.write(record)
    this.#cookies?.write(record)
    if (!record.stored) {
      record.stored = true
      inserted.push(record)
    }
  }

  #save(counts: Counts): void {
    this.#saveProgress.run(
      this.#change,
      this.#lastSeq,
      this.#readUpTo,
      counts.exchanges,
      counts.failed,
      counts.filtered,
      counts.messages,
      counts.bytesSent,
      counts.bytesReceived,
      counts.gaps,
    )
  }

  /** SQLite has rolled back by itself after some errors (a full disk among them). */
  #rollBack(): void {
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
    for (const gap of this.#freshGaps) delete gap.id
    this.#freshGaps = []
    this.#interned.forget()
    this.#bodies.forget()
    this.#messages.forget()
    this.#cookies?.forget()
  }

  /**
   * Readers beside the writer keep the log from starting over; then it is cut back before it grows large. Where that fails (a full
   * disk) the transaction before it is committed all the same.
   */
  #boundLog(): void {
    const log = statSync(`${this.path}-wal`, { throwIfNoEntry: false })
    if (log === undefined || log.size < walBytes) return
    this.#db.pragma(`busy_timeout = ${walPatienceMs}`)
    try {
      this.#db.pragma('wal_checkpoint(TRUNCATE)')
    } catch (error) {
      if (!isStoreError(error)) throw error
    } finally {
      this.#db.pragma('busy_timeout = 100')
    }
  }

  /** A disk or reader in the way is no failure: what is committed stays in the log beside the file, and the next opening finds it there. */
  close(): void {
    try {
      this.#settle()
    } catch (error) {
      if (!isStoreError(error)) throw error
    } finally {
      this.#db.close()
    }
  }

  /** One file that can be read from anywhere. */
  #settle(): void {
    const until = performance.now() + closingMs
    while (this.#bodies.repeated.waiting && performance.now() < until) this.commit([], [])
    this.#db.pragma(`incremental_vacuum(${vacuumedPages})`)
    this.#db.pragma('wal_checkpoint(TRUNCATE)')
    this.#db.pragma('journal_mode = DELETE')
  }
}

/** Never negative, also when the system's clock was set back meanwhile. */
const since = (started: number, at: number): number => Math.max(0, microseconds(at) - started)

/** It was deleted: what it still brings goes nowhere. */
function letGo(record: ExchangeRecord): void {
  for (const body of [record.requestBody, record.responseBody]) {
    if (body === null) continue
    body.pending = []
    body.pendingBytes = 0
  }
  record.messages = null
}

function grow(gap: GapRecord, { exchanges, bytes, from, to }: Deleted): void {
  gap.exchanges = (gap.exchanges ?? 0) + exchanges
  gap.bytes = (gap.bytes ?? 0) + bytes
  gap.from = Math.min(gap.from, from)
  gap.to = Math.max(gap.to, to)
}

function pendingBytes(records: readonly ExchangeRecord[]): number {
  let bytes = 0
  for (const { requestBody, responseBody } of records) bytes += (requestBody?.pendingBytes ?? 0) + (responseBody?.pendingBytes ?? 0)
  return bytes
}
