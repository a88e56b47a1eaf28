/** What the daemon and the process of a user's cookie-sync plugin say to each other. */
import type { Cookie } from '../../../sdk/cookie/cookie.ts'
import type { ParamError, WireError } from '../../../sdk/errors.ts'
import type { CookieTargetChange, PulledCookies } from '../../../sdk/plugin.ts'

export interface TargetJob {
  /** Absolute path. */
  module: string
  /** The plugins' own folders lie in it. */
  dataRoot: string
  config: Record<string, unknown>
}

type SourceAsk = 'place' | 'pull' | { changes: readonly CookieTargetChange[]; all: readonly Cookie[] }

export type ToTarget =
  | { start: TargetJob }
  | { push: { changes: readonly CookieTargetChange[]; all: readonly Cookie[] } }
  | { pull: true }
  | { place: true }
  /** Of the jar call of that number. */
  | { jar: number; cookies: readonly Cookie[] }
  | { jar: number; failure: string }
  /** Of the call of a source of that number. */
  | { source: number; answer: PulledCookies | string | null }
  | { source: number; failure: string }
  | { dispose: true }

export type FromTarget =
  | { ready: { name: string; reads: boolean; moves: boolean } }
  | { invalid: ParamError[] }
  | { failure: WireError }
  /** Of the one thing that was asked. */
  | { done: PulledCookies | string | null }
  | { failed: string }
  /** changes: null: its cookies are asked for. */
  | { jar: number; name: string; changes: readonly CookieTargetChange[] | null }
  /** The cookies of a source are asked for. */
  | { source: number; name: string; ask: SourceAsk }
  | { log: string }
  | { crashed: string }
