/** What the daemon and the process of a source say to each other, as structured clones: bytes travel as bytes. */
import type { Cookie } from '../../../sdk/cookie/cookie.ts'
import type { ParamError, WireError } from '../../../sdk/errors.ts'
import type { CookieTargetChange, PulledCookies, SourceRun } from '../../../sdk/plugin.ts'
import type { SourceEvent } from '../../../sdk/source.ts'

export interface SourceJob {
  /** Absolute path. */
  module: string
  /** The plugins' own folders lie in it. */
  dataRoot: string
  config: Record<string, unknown>
  run: Omit<SourceRun, 'emit'>
}

export type ToSource =
  | { start: SourceJob }
  /** So many messages of events are with the recorder. */
  | { taken: number }
  /** Numbered: several rules may ask at a time. */
  | { ask: number; push: { changes: readonly CookieTargetChange[]; all: readonly Cookie[] } }
  | { ask: number; pull: true }
  | { stop: true }

export interface ReadySource {
  browser: string
  notes: readonly string[]
  /** What of its cookies can be asked. */
  cookies: 'none' | 'written' | 'readAndWritten'
}

export type FromSource =
  | { ready: ReadySource }
  | { invalid: ParamError[] }
  | { failure: WireError }
  | { events: readonly SourceEvent[] }
  | { answer: number; pulled: PulledCookies | null }
  | { answer: number; failed: string }
  | { log: string }
  | { alive: true }
  /** Of itself; all its events have been sent. */
  | { ended: string }
  /** It did what may not be, and the process ends. */
  | { crashed: string }
  /** As it was told; all its events have been sent. */
  | { stopped: true }
