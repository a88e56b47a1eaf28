/**
 * The store as the rest of the daemon sees it. SessionFile lives in a recorder thread (the only writer); Reader in a
 * reader thread or a child process, read-only.
 */
import type { Counts, Exchange, Part, Session } from '../../sdk/model.ts'
import type { ExchangeRecord, GapRecord } from './records.ts'

/** One session's file, open for writing. Synchronous; throws the driver's SqliteError (SQLITE_FULL among them). */
export interface SessionWriter {
  readonly counts: Counts
  /** The session's change counter. */
  readonly change: number
  /** Seqs are given in order at the start of exchanges and never again, also after a reopening. */
  nextSeq(): number
  /**
   * One transaction: inserts or updates the records (each gets the next change), writes what their bodies hold, adds the
   * gaps. All or nothing: after a throw nothing of it is stored and the records are as before, so it can be tried again.
   * Also checkpoints when the write-ahead log is long.
   */
  commit(records: readonly ExchangeRecord[], gaps: readonly GapRecord[]): void
  /** Everything into the one file, then closed. */
  close(): void
}

export interface ListQuery {
  order: 'asc' | 'desc'
  before: number | null
  after: number | null
  limit: number
}
export interface Page {
  items: Exchange[]
  /** The change up to which this page is true. */
  change: number
  more: boolean
}
export interface ChangesPage extends Page {
  deleted: number[]
}

/** Runs in the reader pool: name -> (params) => result. `file` is the session file, `sessionId` goes into the exchanges. Throw WeirErrors (1001 exchangeNotFound). */
export interface ReaderSurface {
  list(params: { file: string; sessionId: string; query: ListQuery }): Page
  changes(params: { file: string; sessionId: string; since: number; limit: number }): ChangesPage
  get(params: { file: string; sessionId: string; seq: number }): Exchange
  readBody(params: { file: string; seq: number; part: Part; offset: number; length: number; decode: boolean }): Promise<{
    data: Uint8Array
    size: number
    eof: boolean
    truncated: boolean
  }>
}

/** A session as the catalogue keeps it: `settings` is the session manager's own, opaque to the store. */
export interface CatalogueEntry {
  id: string
  name: string
  state: Session['state']
  startedAt: number
  stoppedAt: number | null
  /** The port it last had, so that a resume can ask for it again. */
  port: number | null
  counts: Counts
  settings: string
}
