/** What a recorder thread answers (over a ThreadLink), and what it says by itself. */
import type { MessagePort } from 'node:worker_threads'
import type { Counts } from '../../sdk/model.ts'
import type { CatalogueEntry } from '../store/surface.ts'

export type { CatalogueEntry }

export type OpenedSession = {
  /** The one given to openSession. */
  handle: number
  counts: Counts
  change: number
}

/** Lives in the recorder thread. Calls reject with WeirError. */
export type RecorderSurface = {
  /**
   * Recorder 0 only: opens (makes, migrates) the catalogue. Sessions it left running are repaired: stopped, their open exchanges
   * aborted (daemonKilled), one gap each. With `running: 'keep'` (a recorder that replaces a crashed one) they are left alone:
   * openSession repairs them.
   */
  openCatalogue(params: { home: string; running?: 'repair' | 'keep' }): Promise<{ entries: CatalogueEntry[] }>
  /** Recorder 0 only: inserts or replaces. */
  saveEntry(params: { entry: CatalogueEntry }): Promise<void>
  /** Recorder 0 only: removes the entry and unlinks the session's files. */
  deleteEntry(params: { id: string; file: string }): Promise<void>
  /**
   * Opens or creates the file. `handle` names the session in wire copies; the session manager gives it, so that it outlives a recorder.
   * `repair`: repairs what a lost thread left behind with that reason and one gap.
   */
  openSession(params: { id: string; file: string; handle: number; repair?: 'recorderCrashed' | 'daemonKilled' }): Promise<OpenedSession>
  pauseSession(params: { handle: number; paused: boolean }): Promise<void>
  /** Waits until no exchange is open, at most so long; after the listener's listenerClosed record. */
  drainSession(params: { handle: number; timeoutMs: number }): Promise<void>
  /** Marks the rest aborted with the reason, commits, checkpoints into the one file, closes it. */
  closeSession(params: { handle: number; reason: 'sessionStopped' | 'daemonStopped' }): Promise<{ counts: Counts; change: number }>
  /** The port over which a proxy thread sends BatchMessage and gets CreditMessage. */
  attachProxy(params: { port: MessagePort }): Promise<void>
  /** The proxy thread died: every open exchange of its connections fails (proxyCrashed) and each running session gets a gap. */
  proxyLost(params: Record<never, never>): Promise<void>
  /** Commits what is in hand. */
  flush(params: Record<never, never>): Promise<void>
}

/** What the main thread hears from a recorder, at most once a commit and session. */
export type RecorderEvents = {
  advanced(params: { handle: number; change: number; counts: Counts; commitIntervalMs: number }): void
  log(params: { level: 'info' | 'warn' | 'error'; message: string; [more: string]: unknown }): void
}
