/** What the daemon and an exporter process say to each other over the IPC channel, as JSON. */
import type { ParamError, WireError } from '../../sdk/errors.ts'
import type { Session } from '../../sdk/model.ts'
import type { PluginInfo } from '../../sdk/protocol.ts'
import type { ExportRedact, Redacted } from '../../sdk/redaction/settings.ts'

/** The file descriptor of an exporter process on which the export goes out. */
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
      /** The file behind the descriptor, removed when the daemon is gone before the end; null for a pipe. */
      partial: string | null
    }

export type ToExporter = ExporterJob | { abort: true }

export type FromExporter =
  /** The modules of a list job, each in its turn. `files`: the user's that were loaded for it, and for none before it. */
  | { module: string; files: string[]; info?: Omit<PluginInfo, 'builtIn'>; failure?: WireError }
  | { alive: true; exchanges: number; bytes: number; rssBytes: number }
  | { log: string }
  | { invalid: ParamError[] }
  | { failure: WireError }
  /** An exception that nobody caught; the process ends. */
  | { crashed: string }
  | { done: true; exchanges: number; bytes: number; redacted: Redacted | null }
