/** What the daemon and an exporter process say to each other over the IPC channel, as JSON. */
import type { ParamError, WireError } from '../../sdk/errors.ts'
import type { Session } from '../../sdk/model.ts'
import type { PluginInfo } from '../../sdk/plugin-info.ts'
import type { ExportRedact, Redacted } from '../../sdk/redaction/settings.ts'

/** The file descriptor of an exporter process on which text goes out, and what follows a session. */
export const outDescriptor = 3

/** The daemon's first message. */
export type ExporterJob =
  | { job: 'list'; modules: string[] }
  | {
      job: 'run'
      module: string
      session: Session
      /** Only what matches this query; null: everything. */
      where: string | null
      options: Record<string, unknown>
      /** null: as the exporter itself says. */
      redact: ExportRedact | null
      /** The plugin's own folders lie in it. */
      dataRoot: string
      /** The run's own folder; removed when the daemon is gone before the end. */
      scratch: string
      /** The `partial` is a folder. */
      isFolder: boolean
      /** What is written to, and is there already; removed when the daemon is gone before the end. null: the pipe behind outDescriptor. */
      partial: string | null
    }

/** Where what a followed session gives goes: all but the endpoint by way of outDescriptor. */
export type FollowTarget =
  /** A pipe, named or to the daemon. */
  | { kind: 'pipe' }
  /** Open for appending, and so many bytes long; `clockFile` is to say how far it is. */
  | { kind: 'file'; bytes: number; clockFile: string }
  | { kind: 'endpoint'; url: string; headers: readonly (readonly [string, string])[] }

/** Goes on with what ends in the session, until that is over, or it is aborted. */
export interface FollowJob extends Omit<Extract<ExporterJob, { job: 'run' }>, 'job' | 'partial' | 'isFolder'> {
  job: 'follow'
  /** The change after which it begins. */
  since: number
  target: FollowTarget
}

export type ToExporter =
  | ExporterJob
  | FollowJob
  | { abort: true }
  /** Of a followed session: there may be something new. */
  | { look: true }
  /** Of a followed session: nothing more will come than is on record now. */
  | { over: true }
  /** Captures take all they can get, or do so no longer. */
  | { crowded: boolean }

/** How far a followed session has been delivered. */
export interface Delivered {
  exchanges: number
  bytes: number
  /** Up to which all is. */
  change: number
  /** Exchanges that were deleted meanwhile. */
  deleted: number
}

export type FromExporter =
  /** The modules of a list job, each in its turn. `files`: the user's that were loaded for it, and for none before it. */
  | { module: string; files: string[]; info?: Omit<PluginInfo, 'builtIn'>; failure?: WireError }
  | { alive: true; exchanges: number; bytes: number; rssBytes: number }
  | { log: string }
  | { delivered: Delivered }
  /** Why nothing is delivered for the moment; null: it is again. */
  | { trouble: string | null }
  | { invalid: ParamError[] }
  | { failure: WireError }
  /** An exception that nobody caught; the process ends. */
  | { crashed: string }
  | { done: true; exchanges: number; bytes: number; redacted: Redacted | null }
