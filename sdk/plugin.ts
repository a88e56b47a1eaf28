/**
 * The contracts of plugins. A plugin module's default export is its manifest; built-in plugins use the same loader as
 * anybody's. A plugin runs in a process of its own (built-in filters: in the recorder): that is fault isolation, not a sandbox.
 */
import type { Writable } from 'node:stream'
import type { Cookie, CookieKey } from './cookie/cookie.ts'
import type { Exchange, Message, Part, Session } from './model.ts'
import type { Described } from './schema.ts'
import type { SourceEvent } from './source.ts'

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

interface ManifestBase<Kind extends string> {
  kind: Kind
  /** Lower case, digits and dashes; what `exporter/run`, `filters` of a session and `targets` of a sync rule name. */
  name: string
  version: string
  api: typeof pluginApi
  description: string
  /** JSON Schema of the config (for an exporter: its options); validated before `create`. */
  config: object
}

/** One exchange on its way out, with its bodies within reach. What exchanges share (lists of fields, TLS) is one frozen object: copy it to change it. */
export interface ExportedExchange extends Exchange {
  /**
   * Wire bytes of a part, whole, in order; `decode` undoes Content-Encoding (within the limits of the guarantees; 1004 beyond them). What lies behind the
   * end of what is encoded may be passed over, as browsers do; with `whole` it makes the body undecodable.
   */
  readBody(part: Part, options?: { decode?: boolean | 'whole' }): Promise<Uint8Array>
  /** Its wire bytes in pieces of at most 1 MiB, for those that should not lie in memory whole. */
  streamBody(part: Part): AsyncIterable<Uint8Array>
  /** The messages inside of it (WebSocket, server-sent events, gRPC), by index. */
  messages(): AsyncIterable<Message>
}

/** The folder that an exporter with `out: 'folder'` writes; others have none. */
export interface OutFolder {
  /**
   * A new file in it, for text (UTF-8) or bytes. The host ends what is not ended.
   * @param path with slashes; folders are made. Throws when it leads out of the folder, is no name for every file system, or is there already.
   */
  file(path: string): Writable
}

export interface ExporterRun {
  session: Session
  /** By seq. Ends early when `signal` is aborted. */
  exchanges: AsyncIterable<ExportedExchange>
  /** Of an exporter that writes a folder nothing may go there. */
  out: Writable
  folder: OutFolder
  signal: AbortSignal
  /** The exchange in hand has no place in this format: it is not counted in the result. */
  leaveOut(): void
  /** A folder of this run's own (of a followed session: of all its runs), 0700. It goes when the run is over, however it ends. */
  scratch: string
  /**
   * Writes exchanges as a session file of weir's own (docs/sql.md), compact and 0600, with the gaps of this session.
   * @param path in `scratch`, where nothing lies yet
   */
  writeSession(path: string, exchanges: AsyncIterable<ExportedExchange>): Promise<void>
  /** What was written of earlier exchanges stands before it already: a run of a followed session that is not the first. */
  continues: boolean
}

export interface Exporter {
  /** Streams: memory does not grow with the session. `out` is ended by the host. */
  run(run: ExporterRun): Promise<void>
}

export interface ExporterManifest<Config = unknown> extends ManifestBase<'exporter'> {
  /** What is hidden when nobody says: `standard` when absent. `off`: what it writes is for keeping, or useless without secrets. */
  redaction?: 'off' | 'standard'
  /**
   * It can follow a live session: what it writes of some exchanges, and then of later ones, is what it would write of all. `run` is then called
   * again and again on the same exporter, each time with those that have ended since.
   */
  follow?: boolean
  /** `folder`: it writes files (`run.folder`) instead of one stream. `file` when absent. */
  out?: 'file' | 'folder'
  /** Of what it writes, as Content-Type; application/octet-stream when absent. */
  mediaType?: string
  create(config: Config, host: PluginHost): Exporter
}

/** The stored copy of one exchange that has ended. A filter may change it, or return another. */
export interface FilteredExchange extends Exchange {
  /** Without Content-Encoding. null: there is none, or not all of it is within reach (more than 4 MiB, or not to be decoded). */
  bodies: { request: Uint8Array | null; response: Uint8Array | null }
  /** Inside of it (WebSocket, server-sent events, gRPC), by index. null: not all of them are within reach (more than 4 MiB). */
  messages: Message[] | null
}

/**
 * What is recorded of a session's traffic, which flows on in any case: what matches a query (`where`), or what `apply` leaves. The session
 * file sees nothing of an exchange, but that there is one, until it has ended and all filters have decided.
 */
export type Filter = { where: string } | ApplyingFilter

export interface ApplyingFilter {
  /**
   * Synchronous. null: it is not recorded. Of what is returned these count: method, url, headers and trailers, reason and informational responses, the
   * message of its error, what a browser told of it, bodies, messages.
   */
  apply(exchange: FilteredExchange): FilteredExchange | null
  /** The filter is used no more. */
  dispose?(): void
}

export interface FilterManifest<Config = unknown> extends ManifestBase<'filter'> {
  /** What becomes of an exchange that it failed on: recorded as it was, or not at all (a gap counts it). `drop` when absent: it might have hidden a secret. */
  onError?: 'keep' | 'drop'
  create(config: Config, host: PluginHost): Filter
}

/** A cookie in the place of the one with its key, or one that is gone. */
export type CookieTargetChange = { put: Cookie } | { gone: CookieKey }

/** A place that holds cookies and is kept in step with those of a domain. One call at a time; each has 10 s. */
export interface CookieTarget {
  /**
   * Resolves once the target holds what was put and has lost what is gone, and nothing else of it is different; rejects when it does not:
   * then it comes again, later, with what has changed since.
   * @param all that it should hold after that, of the rule's domain: for a target that has lost everything
   */
  push(changes: readonly CookieTargetChange[], all: readonly Cookie[]): Promise<void>
  /** What it holds now, asked every second; null: as it was the last time. Absent: it cannot be read. */
  pull?(): Promise<PulledCookies | null>
  /**
   * Names what stands behind it now (a browser that is started anew is another one); asked before the others. With another name than the last time nothing is
   * there of what it was handed, so nothing has gone either, and all goes to it. Rejects while nothing does. Absent: it is always the same.
   */
  place?(): Promise<string>
  /** It is used no more. */
  dispose?(): void
}

export interface PulledCookies {
  /** Of other domains, too. Their `updatedAt` decides which is newer. */
  cookies: readonly Cookie[]
  /** When it last changed, Unix ms: then those that are missing went. */
  at: number
  /** true: more may be there, so none has gone. */
  partial?: boolean
}

/** A cookie jar of weir. */
export interface JarAccess {
  /** Those that have not expired. */
  cookies(): Promise<readonly Cookie[]>
  change(changes: readonly CookieTargetChange[]): Promise<void>
}

/** The cookies of a browser that is a source; each rejects while it is not there. */
export type SourceCookies = Required<Pick<CookieTarget, 'push' | 'pull' | 'place'>>

export interface CookieSyncHost extends PluginHost {
  /** Naming a jar makes it. */
  jar(name: string): JarAccess
  /** @param source its id, or `last`: whichever was opened last */
  source(source: string): SourceCookies
}

export interface CookieSyncManifest<Config = unknown> extends ManifestBase<'cookie-sync'> {
  create(config: Config, host: CookieSyncHost): CookieTarget
}

/** Where a source puts what it sees, and what it may know of its session. */
export interface SourceRun {
  sourceId: string
  /** `proxy`: null where it has none that a browser could use (it stands for an origin). */
  session: Session
  /** weir's CA, PEM: for launched browsers, which have to trust it. */
  caCertificate: string
  /** The CA by its key (SHA-256 of the SubjectPublicKeyInfo, base64). */
  caKeyHash: string
  /**
   * For browsers that are attached to (`endpoint` in the config): the session's leaf certificates have one name more, `p<port at the browser's end>.<tagDomain>`,
   * from the next connection on.
   */
  tagDomain: string
  /** What the session's proxy asks for (`proxy.auth`); null: nothing, or there is none that a browser could use. For that proxy only, and for no process's arguments. */
  proxyCredentials: { username: string; password: string } | null
  /**
   * In the order in which they are to be taken; bodies in pieces of at most 1 MiB. Resolves when the recorder has taken them: a source that does not await it is
   * ended when 64 MiB wait. Rejects for what is no event, and once the source is ended.
   */
  emit(events: readonly SourceEvent[]): Promise<void>
}

/** A browser that is open, or attached to. */
export interface Source {
  /** As it calls itself. */
  browser: string
  /** For its user: as root it has no sandbox. */
  notes: readonly string[]
  /** Resolves when it has ended by itself, with the reason: the browser was closed, it crashed. */
  ended: Promise<string>
  /** Its cookies, those of all domains and partitions, for cookie-sync targets that name the source. */
  cookies?: CookieTarget
  /** Ends it, with all that it has started; what it has seen is emitted before that. */
  stop(): Promise<void>
}

export interface SourceOpening {
  /** Rejects, with what to do, when there is no such browser or it cannot be reached; nothing is left running then. */
  open(run: SourceRun): Promise<Source>
}

/** A source opens when `source/start` names its plugin as `kind`, in a process of its own; its config is what the call gives beside `kind` and `sessionId`. */
export interface SourceManifest<Config = unknown> extends ManifestBase<'source'> {
  create(config: Config, host: PluginHost): SourceOpening
}

export type Manifest = ExporterManifest | FilterManifest | CookieSyncManifest | SourceManifest

/** The manifest as it is; its `create` is given what `config`, a schema written in place, describes. Plain JavaScript can do without. */
export const defineExporter = <const Schema extends object>(
  manifest: ExporterManifest<Described<Schema>> & { config: Schema },
): ExporterManifest<Described<Schema>> => manifest

/** As `defineExporter`. */
export const defineFilter = <const Schema extends object>(
  manifest: FilterManifest<Described<Schema>> & { config: Schema },
): FilterManifest<Described<Schema>> => manifest

/** As `defineExporter`. */
export const defineCookieSync = <const Schema extends object>(
  manifest: CookieSyncManifest<Described<Schema>> & { config: Schema },
): CookieSyncManifest<Described<Schema>> => manifest

/** As `defineExporter`. */
export const defineSource = <const Schema extends object>(
  manifest: SourceManifest<Described<Schema>> & { config: Schema },
): SourceManifest<Described<Schema>> => manifest
