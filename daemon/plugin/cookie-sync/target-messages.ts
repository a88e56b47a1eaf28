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

export type ToTarget =
  | { start: TargetJob }
  | { push: { changes: readonly CookieTargetChange[]; all: readonly Cookie[] } }
  | { pull: true }
  /** Of the jar call of that number. */
  | { jar: number; cookies: readonly Cookie[] }
  | { jar: number; failure: string }
  | { dispose: true }

export type FromTarget =
  | { ready: { name: string; reads: boolean } }
  | { invalid: ParamError[] }
  | { failure: WireError }
  /** Of the one push or pull that was asked. */
  | { done: PulledCookies | null }
  | { failed: string }
  /** changes: null: its cookies are asked for. */
  | { jar: number; name: string; changes: readonly CookieTargetChange[] | null }
  | { log: string }
  | { crashed: string }
