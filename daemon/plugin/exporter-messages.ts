/** What the daemon and an exporter process say to each other over the IPC channel, as JSON. */
import type { ParamError, WireError } from '../../sdk/errors.ts'
import type { Session } from '../../sdk/model.ts'
import type { ExporterInfo } from '../../sdk/protocol.ts'

/** The file descriptor of an exporter process on which the export goes out. */
export const outDescriptor = 3

/** The daemon's first message. */
export type ExporterJob =
  | { job: 'list'; modules: string[] }
  | {
      job: 'run'
      module: string
      session: Session
      options: Record<string, unknown>
      /** The plugin's own folders lie in it. */
      dataRoot: string
      /** The file behind the descriptor, removed when the daemon is gone before the end; null for a pipe. */
      partial: string | null
    }

export type ToExporter = ExporterJob | { abort: true }

export type FromExporter =
  /** The modules of a list job, each in its turn. */
  | { module: string; info?: ExporterInfo; failure?: WireError }
  | { alive: true; exchanges: number; bytes: number; rssBytes: number }
  | { log: string }
  | { invalid: ParamError[] }
  | { failure: WireError }
  /** An exception that nobody caught; the process ends. */
  | { crashed: string }
  | { done: true; exchanges: number; bytes: number }
