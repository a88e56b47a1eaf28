/** What a recorder and the process of a filter say to each other over the IPC channel (structured clones: bodies travel as bytes). */
import type { ParamError, WireError } from '../../../sdk/errors.ts'
import type { FilteredExchange } from '../../../sdk/plugin.ts'
import type { OnError } from './filter-step.ts'

export interface FilterJob {
  /** Absolute path of its module. */
  module: string
  config: Record<string, unknown>
  /** The plugin's own folders lie in it. */
  dataRoot: string
}

export type ToFilter = { start: FilterJob } | { apply: FilteredExchange[] } | { dispose: true }

export interface FilterReady {
  name: string
  onError: OnError
  /** Not null: it is a query, and the process is not needed any more. */
  where: string | null
  /** The user's files that were loaded for it. */
  files: string[]
}

export type FromFilter =
  | { ready: FilterReady }
  | { invalid: ParamError[] }
  | { failure: WireError }
  | { log: string }
  | { crashed: string }
  /** In the order they were given. `same`: kept as it was. */
  | { answer: number; same: true }
  | { answer: number; exchange: FilteredExchange | null }
  | { answer: number; failure: string }
