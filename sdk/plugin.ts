/**
 * The contracts of plugins. A plugin module's default export is its manifest; built-in plugins use the same loader as
 * anybody's. A plugin runs in a process of its own: that is fault isolation, not a sandbox.
 */
import type { Writable } from 'node:stream'
import type { Exchange, Part, Session } from './model.ts'

/** The version of these contracts that a manifest names. */
export const pluginApi = 1

/** All that a plugin gets from weir. */
export interface PluginHost {
  log(message: string): void
  /** Aborted when the work is cancelled or its time is up. */
  signal: AbortSignal
  /** A folder of the plugin's own, 0700. */
  dataDir: string
}

interface ManifestBase<Kind extends string, Config> {
  kind: Kind
  /** Lower case, digits and dashes; what `exporter/run` names. */
  name: string
  version: string
  api: typeof pluginApi
  description: string
  /** JSON Schema of the config (for an exporter: its options); validated before `create`. */
  config: object
  /** Present so that `Config` is inferred; never read. */
  readonly configType?: Config
}

/** One exchange on its way out, with its bodies within reach. */
export interface ExportedExchange extends Exchange {
  /** Wire bytes of a part, whole, in order; `decode` undoes Content-Encoding (within the limits of the guarantees; 1004 beyond them). */
  readBody(part: Part, options?: { decode?: boolean }): Promise<Uint8Array>
  /** Its wire bytes in pieces of at most 1 MiB, for those that should not lie in memory whole. */
  streamBody(part: Part): AsyncIterable<Uint8Array>
}

export interface ExporterRun {
  session: Session
  /** By seq. Ends early when `signal` is aborted. */
  exchanges: AsyncIterable<ExportedExchange>
  out: Writable
  signal: AbortSignal
  /** The exchange in hand has no place in this format: it is not counted in the result. */
  leaveOut(): void
}

export interface Exporter {
  /** Streams: memory does not grow with the session. `out` is ended by the host. */
  run(run: ExporterRun): Promise<void>
}

export interface ExporterManifest<Config = unknown> extends ManifestBase<'exporter', Config> {
  create(config: Config, host: PluginHost): Exporter
}

export type Manifest = ExporterManifest
