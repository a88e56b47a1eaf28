/**
 * The store as the rest of the daemon sees it. SessionFile lives in a recorder thread, or in the process that imports a session (the only writer); Reader in a
 * reader thread or a child process, read-only.
 */

import type { SeenChange } from '../../sdk/cookie/seen-cookies.ts'
import type { Counts, Exchange, Message, Part, Session } from '../../sdk/model.ts'
import type { OverviewKey } from '../../sdk/overview-keys.ts'
import type { Redact } from '../../sdk/redaction/settings.ts'
import type { Form } from './body-form.ts'
import type { BodyText } from './body-text.ts'
import type { SearchSlice, TextQuery } from './index/text-search.ts'
import type { OverviewSlice } from './overview/overview-slice.ts'
import type { ExchangeRecord, GapRecord } from './records.ts'
import type { Repair } from './repair.ts'

/** What is given replaces what was. */
export interface Annotation {
  tags?: readonly string[]
  /** null: none. */
  note?: string | null
}

export interface OldExchange {
  seq: number
  /** Unix ms. */
  startedAt: number
  /** Of its bodies. */
  bytes: number
}

/** One session's file, open for writing. Synchronous; throws the driver's SqliteError (SQLITE_FULL among them). */
export interface SessionWriter {
  readonly counts: Counts
  /** The session's change counter. */
  readonly change: number
  /** Seqs are given in order at the start of exchanges and never again, also after a reopening. */
  nextSeq(): number
  /**
   * One transaction: inserts or updates the records (each gets the next change), writes what their bodies hold, adds the
   * gaps, and counts how many more were filtered and have no record. All or nothing: after a throw nothing of it is stored and the records are as before, so it can be tried again.
   * Also checkpoints when the write-ahead log is long. `readUpTo`, Unix ms: what passed before is on record with it, so the gap after a kill begins there; null: where it did.
   */
  commit(records: readonly ExchangeRecord[], gaps: readonly GapRecord[], filtered?: number, readUpTo?: number | null): void
  /**
   * One transaction: those of the exchanges that are there go, each leaves a tombstone. How many they were. What large bodies held
   * goes with `purge`. A `gap` grows by them and is written with them. A record of theirs that is committed later is let go.
   */
  delete(seqs: readonly number[], gap?: GapRecord): number
  /** One transaction: what a user says of an exchange. False: there is none. */
  annotate(seq: number, change: Annotation): boolean
  /** The oldest that are not open, by seq. */
  oldestEnded(limit: number): OldExchange[]
  /** What is in the file of a body, as received, at most so much. */
  storedBody(id: number, bytes: number): Buffer
  /** In use, without what deleting has freed, bytes. */
  readonly size: number
  /** Removes a little of the large bodies that nothing refers to; false: there are none. */
  purge(): boolean
  /** After a deletion: `purge`, then gives a little of the room back to the disk. False: nothing was left to do. */
  tidy(): boolean
  /** Everything into the one file, then closed. */
  close(): void
}

/** What narrows a page. */
export interface PageQuery {
  limit: number
  /** A query; absent: everything. */
  where?: string
  /** It ends before it is larger, bytes of JSON; almost 8 MiB when absent. The first exchange is always in it. */
  bytes?: number
}
export interface ListQuery extends PageQuery {
  order: 'asc' | 'desc'
  before: number | null
  after: number | null
}
export interface ChangesQuery extends PageQuery {
  since: number
  /** Deletions up to this change are known, or of no interest; `since` when absent. */
  known?: number
}
export interface Page {
  items: Exchange[]
  /** The items as JSON are no longer. */
  bytes: number
  /** The change up to which this page is true. */
  change: number
  more: boolean
}
export interface SeqPage extends Page {
  /** With `more`: the next page's `after`, or its `before` backwards. With a `where` a page may move on without an item. */
  next: number
  /** Changes of the record that columns do not tell, and would: what making them is worth. */
  behind: number
}
export interface Counted {
  count: number
  next: number | null
  /** As in a SeqPage. */
  behind: number
}
export interface ChangesPage extends Page {
  deleted: number[]
  /** Where the record stood before it was read. */
  begunAt: number
  /** What was deleted up to this change is not told any more. */
  forgotten: number
}

export interface MessagesPage {
  items: Message[]
  more: boolean
}

export interface StoredCookieChange extends SeenChange {
  /** In the order they were seen. */
  index: number
  /** Of the exchange. */
  seq: number
}
export interface CookieChangesSlice {
  items: StoredCookieChange[]
  /** The next slice's `after`; null: that was all. */
  next: number | null
}

/** Runs in the reader pool: name -> (params) => result. `file` is the session file, `sessionId` goes into the exchanges. Throw WeirErrors (1001 exchangeNotFound; where a `where` is taken, -32602 invalidQuery). */
export interface ReaderSurface {
  /** With a `where` it ends after some 10 ms, with what it has found. */
  list(params: { file: string; sessionId: string; query: ListQuery; redact?: Redact | undefined }): SeqPage
  changes(params: { file: string; sessionId: string; query: ChangesQuery; redact?: Redact | undefined }): ChangesPage
  /** A slice of counting, of some 10 ms: `after` of the next one is `next`; null: that was all. */
  count(params: { file: string; where: string; after: number }): Counted
  /** A slice of grouping, as `count` is one of counting. */
  overview(params: { file: string; where: string; by: OverviewKey; after: number }): OverviewSlice
  get(params: { file: string; sessionId: string; seq: number; redact?: Redact | undefined }): Exchange
  /** A slice of a search, of some 10 ms: its `before` goes into the next one's query. */
  search(params: { file: string; query: TextQuery; redact?: Redact | undefined }): SearchSlice
  /** A slice of what was seen up to that time (Unix ms), of some 10 ms. Throws -32602 invalidDomain. */
  cookieChanges(params: {
    file: string
    after: number
    limit: number
    domain: string | null
    until: number
    redact?: Redact | undefined
  }): CookieChangesSlice
  readMessages(params: {
    file: string
    seq: number
    since: number
    limit: number
    decode: boolean
    redact?: Redact | undefined
  }): Promise<MessagesPage>
  /** What is wrong with the user's .proto files: one line each, for people. */
  protoProblems(params: null): Promise<readonly string[]>
  readBody(params: {
    file: string
    seq: number
    part: Part
    offset: number
    length: number
    decode: boolean
    redact?: Redact | undefined
  }): Promise<{
    data: Uint8Array
    size: number
    eof: boolean
    truncated: boolean
  }>
  readText(params: {
    file: string
    seq: number
    part: Part
    offset: number
    length: number
    redact?: Redact | undefined
  }): Promise<BodyText>
  readForm(params: { file: string; seq: number; part: Part; since: number; limit: number; redact?: Redact | undefined }): Promise<Form>
  /** As an overview by path names its groups: authority and path. */
  pathKeys(params: { keys: (string | null)[]; redact?: Redact | undefined }): (string | null)[]
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
  /** Of a stopped one whose file was not closed in order: what the next opening does. */
  repair: Repair | null
}
