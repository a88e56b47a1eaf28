/** What a recorder thread answers (over a ThreadLink), and what it says by itself. */
import type { MessagePort } from 'node:worker_threads'
import type { Counts } from '../../sdk/model.ts'
import type { SessionLimits } from '../../sdk/session-settings.ts'
import type { SourceEvent } from '../../sdk/source.ts'
import type { FilterFault } from '../plugin/filters/filter-step.ts'
import type { FilterSpec } from '../plugin/filters/open-filters.ts'
import type { Repair } from '../store/repair.ts'
import type { Annotation, CatalogueEntry } from '../store/surface.ts'

export type { CatalogueEntry }

export type OpenedSession = {
  /** The one given to openSession. */
  handle: number
  counts: Counts
  change: number
  /** The user's files that its filters were loaded from. */
  filterFiles: readonly string[]
}

/** How a session stands after a change of what is on record. */
export type EditedSession = Pick<OpenedSession, 'counts' | 'change'>

/** What the thread is started with. */
export interface RecorderData {
  /** Of its RunningFilter. */
  running: SharedArrayBuffer
}

/** Lives in the recorder thread. Calls reject with WeirError. */
export type RecorderSurface = {
  /**
   * Recorder 0 only: opens (makes, migrates) the catalogue. Sessions it left running are repaired: stopped, their open exchanges
   * aborted (daemonKilled), one gap each. With `running: 'keep'` (a recorder that replaces a crashed one) they are left alone:
   * openSession repairs them. `cache`: the folder of Node's compile cache, for the processes of plugins.
   */
  openCatalogue(params: { home: string; cache?: string; running?: 'repair' | 'keep' }): Promise<{ entries: CatalogueEntry[] }>
  /** Recorder 0 only: inserts or replaces. */
  saveEntry(params: { entry: CatalogueEntry }): Promise<void>
  /** Recorder 0 only: removes the entry and unlinks the session's files. */
  deleteEntry(params: { id: string; file: string }): Promise<void>
  /**
   * Opens or creates the file. `handle` names the session in wire copies; the session manager gives it, so that it outlives a recorder.
   * Rejects with -32602 invalidFilter before anything is opened. `repair`: what was not closed in order is repaired first.
   */
  openSession(params: {
    id: string
    file: string
    handle: number
    repair?: Repair
    limits?: SessionLimits
    /** A query: only what matches is stored. */
    where?: string | undefined
    /** Exchanges that may be recorded; absent: any number. */
    exchangesLeft?: number | undefined
    filters?: FilterSpec[]
    /** What Set-Cookie and Cookie fields change is not recorded. */
    withoutCookies?: boolean
  }): Promise<OpenedSession>
  /** From the next exchange on. */
  limitSession(params: { handle: number; limits: SessionLimits; exchangesLeft?: number | undefined }): Promise<void>
  /** From the next exchange on only what matches the query is stored; empty: everything. Rejects with invalidQuery. */
  setWhere(params: { handle: number; where: string }): Promise<void>
  /** Of any session; `file` is opened when it is not. How many of them there were. */
  deleteExchanges(params: { handle: number; file: string; seqs: readonly number[] }): Promise<EditedSession & { deleted: number }>
  /** Of any session. Rejects with 1001 exchangeNotFound. */
  annotateExchange(params: { handle: number; file: string; seq: number; change: Annotation }): Promise<EditedSession>
  /** From the next exchange on. Rejects with -32602 invalidFilter, and the session keeps those it had. */
  setFilters(params: { handle: number; filters: FilterSpec[] }): Promise<Pick<OpenedSession, 'filterFiles'>>
  pauseSession(params: { handle: number; paused: boolean }): Promise<void>
  /** A browser will tell of its requests: from now on those of the proxy are looked at. Comes before the browser begins. */
  sourceStarted(params: { handle: number; sourceId: string }): Promise<void>
  /** In the order that the source told them; bytes of bodies as Uint8Array. Resolves when they are taken: more is to come then only. */
  takeSourceEvents(params: { handle: number; sourceId: string; events: SourceEvent[] }): Promise<void>
  /** Nothing more comes of it: of what it told, what is open ends aborted, unless the proxy has it. */
  sourceEnded(params: { handle: number; sourceId: string }): Promise<void>
  /** Waits until no exchange is open, at most so long; after the listener's listenerClosed record. */
  drainSession(params: { handle: number; timeoutMs: number }): Promise<void>
  /**
   * Marks the rest aborted with the reason, commits, checkpoints into the one file, closes it. `repair`: the last records could not be written, in
   * some seconds of trying; the next openSession is to do that.
   */
  closeSession(params: { handle: number; reason: 'sessionStopped' | 'daemonStopped' }): Promise<EditedSession & { repair: Repair | null }>
  /** The port over which a proxy thread sends BatchMessage and gets CreditMessage. */
  attachProxy(params: { port: MessagePort }): Promise<void>
  /** The proxy thread died: every open exchange of its connections fails (proxyCrashed) and each running session gets a gap. */
  proxyLost(params: Record<never, never>): Promise<void>
  /** Reads what proxy threads have sent so far, and commits it. */
  flush(params: Record<never, never>): Promise<void>
}

/** What the main thread hears from a recorder, at most once a commit and session. */
export type RecorderEvents = {
  advanced(params: { handle: number; change: number; counts: Counts; commitIntervalMs: number }): void
  /** All the exchanges that it may record have ended; once. */
  full(params: { handle: number }): void
  /** The exchange of that send has begun (ConnectionOpened.send); seq 0: it is not recorded. */
  sent(params: { send: number; seq: number }): void
  /** A filter failed or was disabled. */
  filterFailed(params: { handle: number } & FilterFault): void
  log(params: { level: 'info' | 'warn' | 'error'; message: string; [more: string]: unknown }): void
}
