/**
 * The test kit of plugins: runs a filter or an exporter over exchanges of a test's making, a target or a source by itself, in the test's own process, as the daemon would: its manifest,
 * its config and what it gives back are checked. No daemon is needed; limits of time and memory are the daemon's alone.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { type Cookie, keyOf } from './cookie/cookie.ts'
import { codes, invalidParams, WeirError } from './errors.ts'
import type { Exchange, Part, Request, Response, Session } from './model.ts'
import { checkTarget } from './plugin/cookie-target.ts'
import { checkAnswer, checkFilter } from './plugin/filter.ts'
import { folderPathFault } from './plugin/folder-path.ts'
import { manifestFaults } from './plugin/manifest.ts'
import { checkOpening, checkSource, EventCheck } from './plugin/source.ts'
import type {
  CookieSyncManifest,
  CookieTarget,
  ExportedExchange,
  ExporterManifest,
  FilteredExchange,
  FilterManifest,
  JarAccess,
  Manifest,
  PluginHost,
  Source,
  SourceCookies,
  SourceManifest,
  SourceRun,
} from './plugin.ts'
import { queryPredicate } from './query.ts'
import type { SourceEvent } from './source.ts'
import { Validator } from './validation.ts'

/** An exchange with what else plugins can ask of it. */
export interface TestExchange extends FilteredExchange {
  /** Bodies as they were on the wire, where Content-Encoding makes them others than `bodies`: what an exporter gets without `decode`. */
  received?: { request?: Uint8Array; response?: Uint8Array }
}

type Content = string | Uint8Array | null

/** What makes an exchange another than the plain one. */
export type ExchangeChange = Partial<Omit<TestExchange, 'request' | 'response' | 'bodies'>> & {
  request?: Partial<Request>
  /** null: there was none. */
  response?: Partial<Response> | null
  /** Texts are UTF-8. */
  bodies?: { request?: Content; response?: Content }
}

const bytesOf = (content: Content = null): Uint8Array | null => (typeof content === 'string' ? new TextEncoder().encode(content) : content)

/** `GET https://origin.test/` that was answered 200 with the text `hello`, but for what `change` says. Sizes follow from the bodies. */
export function testExchange(change: ExchangeChange = {}): TestExchange {
  const { request, response, bodies, received, ...more } = change
  const seq = change.seq ?? 1
  const sent = bytesOf(bodies?.request)
  const answer = response === null ? null : bytesOf(bodies?.response === undefined ? 'hello' : bodies.response)
  return {
    seq,
    sessionId: 'test',
    connectionId: '1',
    source: 'proxy',
    state: response === null ? 'failed' : 'complete',
    kind: 'http',
    startedAt: 1_700_000_000_000 + seq * 1000,
    durationMs: 20,
    timings: { send: 1, wait: 15, receive: 4 },
    client: { address: '127.0.0.1', port: 50000 },
    server: { address: '192.0.2.1', port: 443 },
    tls: null,
    tags: [],
    note: null,
    messages: [],
    ...more,
    request: {
      method: 'GET',
      url: 'https://origin.test/',
      httpVersion: '1.1',
      headers: [['Host', 'origin.test']],
      trailers: [],
      bodySize: (received?.request ?? sent)?.length ?? 0,
      truncated: false,
      ...request,
    },
    response:
      response === null
        ? null
        : {
            status: 200,
            reason: 'OK',
            httpVersion: '1.1',
            headers: [['Content-Type', 'text/plain']],
            trailers: [],
            informational: [],
            bodySize: (received?.response ?? answer)?.length ?? 0,
            truncated: false,
            ...response,
          },
    bodies: { request: sent, response: answer },
    ...(received && { received }),
  }
}

export interface FilterTest<Config> {
  /** Checked by the schema, whose defaults are filled in. */
  config?: Partial<Config>
  /** Absent: an empty folder for this run alone. */
  dataDir?: string
}

/** `sid=1` of shop.example and its subdomains, but for what `change` says. */
export const testCookie = (change: Partial<Cookie> = {}): Cookie => ({
  name: 'sid',
  value: '1',
  domain: 'shop.example',
  hostOnly: false,
  path: '/',
  expires: null,
  secure: true,
  httpOnly: true,
  sameSite: null,
  partitionKey: null,
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000,
  ...change,
})

export interface FilterResult {
  /** What would be recorded, in order: changed ones, and as they were given those that the filter left alone. */
  kept: FilteredExchange[]
  logs: string[]
}

/**
 * What a filter makes of exchanges. They are given to it as copies.
 * @throws WeirError -32602 invalidConfig; 1003 pluginFailed that names the plugin, what it was doing and the exchange.
 */
export async function runFilter<Config>(
  manifest: FilterManifest<Config>,
  exchanges: readonly TestExchange[],
  { config = {}, dataDir }: FilterTest<NoInfer<Config>> = {},
): Promise<FilterResult> {
  checkKind(manifest, 'filter')
  const checked = checkedConfig(manifest, config)
  const logs: string[] = []
  const { host, end } = hostFor(logs, dataDir)
  const doing = hooks(manifest)
  try {
    const filter = doing('create', () => checkFilter(manifest.create(checked, host)))
    if ('where' in filter) {
      const matches = doing('create', () => queryPredicate(filter.where))
      return { kept: exchanges.filter((exchange) => matches(exchange, (part) => exchange.bodies[part])), logs }
    }
    const kept = exchanges.map((exchange) => doing('apply', () => checkAnswer(filter.apply(structuredClone(exchange))), exchange))
    doing('dispose', () => filter.dispose?.())
    return { kept: kept.filter((exchange) => exchange !== null), logs }
  } finally {
    end()
  }
}

export interface TargetResult {
  target: CookieTarget
  /** The jars that it asked for, with what they hold; and the sources. */
  jars: ReadonlyMap<string, readonly Cookie[]>
  sources: ReadonlyMap<string, readonly Cookie[]>
  logs: string[]
}

/**
 * A cookie-sync target as weir makes it, whose `push` and `pull` a test calls. Its jars lie in memory.
 * @throws WeirError -32602 invalidConfig; 1003 pluginFailed that names the plugin and what it was doing
 */
export async function openTarget<Config>(
  manifest: CookieSyncManifest<Config>,
  { config = {}, dataDir }: { config?: Partial<NoInfer<Config>>; dataDir?: string } = {},
): Promise<TargetResult> {
  checkKind(manifest, 'cookie-sync')
  const checked = checkedConfig(manifest, config)
  const logs: string[] = []
  const jars = new Map<string, Cookie[]>()
  const sources = new Map<string, Cookie[]>()
  const { host, end } = hostFor(logs, dataDir)
  const created = hooks(manifest)('create', () =>
    checkTarget(manifest.create(checked, { ...host, jar: (name) => jarIn(jars, name), source: (name) => sourceIn(sources, name) })),
  )
  const { dispose: disposeTarget } = created
  const dispose = () => {
    disposeTarget?.call(created)
    end()
  }
  return { target: Object.assign(created, { dispose }), jars, sources, logs }
}

const jarIn = (jars: Map<string, Cookie[]>, name: string): JarAccess => ({
  cookies: async () => jars.get(name) ?? [],
  change: async (changes) => {
    const keys = new Set(changes.map((change) => keyOf('put' in change ? change.put : change.gone)))
    const left = (jars.get(name) ?? []).filter((cookie) => !keys.has(keyOf(cookie)))
    jars.set(name, [...left, ...changes.flatMap((change) => ('put' in change ? [change.put] : []))])
  },
})

const sourceIn = (sources: Map<string, Cookie[]>, name: string): SourceCookies => {
  const { cookies, change } = jarIn(sources, name)
  return { place: async () => name, pull: async () => ({ cookies: await cookies(), at: Date.now() }), push: (changes) => change(changes) }
}

export interface SourceTest<Config> {
  /** Checked by the schema, whose defaults are filled in. */
  config?: Partial<Config>
  session?: Partial<Session>
  caCertificate?: string
  caKeyHash?: string
  proxyCredentials?: SourceRun['proxyCredentials']
  dataDir?: string
}

export interface SourceResult {
  source: Source
  /** What it has emitted so far. */
  events: SourceEvent[]
  logs: string[]
}

/**
 * A source as weir opens it; a test waits for its `events`, and stops it.
 * @throws WeirError -32602 invalidConfig; 1003 pluginFailed that names the plugin and what it was doing
 */
export async function openSource<Config>(
  manifest: SourceManifest<Config>,
  { config = {}, session, caCertificate = '', caKeyHash = '', proxyCredentials = null, dataDir }: SourceTest<NoInfer<Config>> = {},
): Promise<SourceResult> {
  checkKind(manifest, 'source')
  const checked = checkedConfig(manifest, config)
  const logs: string[] = []
  const events: SourceEvent[] = []
  const check = new EventCheck()
  const { host, end } = hostFor(logs, dataDir)
  const emit = async (seen: readonly SourceEvent[]) => {
    check.check(seen)
    events.push(...structuredClone(seen))
  }
  const run = {
    sourceId: 'test',
    session: { ...testSession, ...session },
    caCertificate,
    caKeyHash,
    tagDomain: 'test.tag.weir.invalid',
    proxyCredentials,
    emit,
  }
  const opening = hooks(manifest)('create', () => checkOpening(manifest.create(checked, host)))
  try {
    const source = checkSource(await opening.open(run))
    const { stop: stopSource } = source
    const stop = async () => {
      await stopSource.call(source)
      end()
    }
    return { source: Object.assign(source, { stop }), events, logs }
  } catch (error) {
    end()
    throw failed(manifest, 'open', error)
  }
}

export interface ExporterTest<Options> {
  /** Checked by the schema, whose defaults are filled in. */
  options?: Partial<Options>
  session?: Partial<Session>
  signal?: AbortSignal
  dataDir?: string
  /** As a followed session, in batches of so many exchanges; what they leave over is the last one. Absent: one run has all. */
  batches?: readonly number[]
}

export interface ExporterResult {
  /** All that was written, as UTF-8. */
  text: string
  bytes: Buffer
  /** Of an exporter that writes a folder, by their paths; else there are none. */
  files: ReadonlyMap<string, Buffer>
  /** Without those that it left out. */
  exchanges: number
  logs: string[]
}

/**
 * What an exporter writes of exchanges.
 * @throws WeirError -32602 invalidConfig; 1003 pluginFailed that names the plugin, what it was doing and the exchange; -32800 cancelled.
 */
export async function runExporter<Options>(
  manifest: ExporterManifest<Options>,
  exchanges: readonly TestExchange[],
  { options = {}, session, signal = new AbortController().signal, dataDir, batches }: ExporterTest<NoInfer<Options>> = {},
): Promise<ExporterResult> {
  checkKind(manifest, 'exporter')
  if (batches && !manifest.follow) throw failed(manifest, 'manifest', 'it does not say follow: true, so nothing is followed with it')
  const checked = checkedConfig(manifest, options)
  const logs: string[] = []
  const { host, end } = hostFor(logs, dataDir, signal)
  const isFolder = manifest.out === 'folder'
  const out = new Written(isFolder ? "its manifest says out: 'folder', so it has to write to run.folder and not to run.out" : null)
  const opened = new Map<string, Written>()
  const file = (path: string) => {
    const fault = isFolder ? folderPathFault(path) : "is for exporters whose manifest says out: 'folder'"
    if (fault !== null) throw new Error(`folder.file: ${JSON.stringify(path)} ${fault}`)
    if (opened.has(path)) throw new Error(`folder.file: ${JSON.stringify(path)} is there already`)
    const written = new Written(null)
    opened.set(path, written)
    return written
  }
  let count = 0
  let inHand: Exchange | undefined
  async function* read(batch: readonly TestExchange[]): AsyncGenerator<ExportedExchange> {
    for (const exchange of batch) {
      if (signal.aborted) return
      count++
      inHand = exchange
      yield exported(exchange)
    }
  }
  const leaveOut = () => void count--
  const scratch = mkdtempSync(join(tmpdir(), 'weir-scratch-'))
  const writeSession = () => Promise.reject(new Error('the test kit writes no session files'))
  try {
    const exporter = hooks(manifest)('create', () => manifest.create(checked, host))
    const given = { ...testSession, ...session }
    try {
      for (const [index, batch] of inBatches(exchanges, batches).entries())
        await exporter.run({
          session: given,
          exchanges: read(batch),
          out,
          folder: { file },
          signal,
          leaveOut,
          scratch,
          continues: index > 0,
          writeSession,
        })
    } catch (error) {
      signal.throwIfAborted()
      throw failed(manifest, 'run', error, inHand)
    }
    signal.throwIfAborted()
    const all = [out, ...opened.values()]
    for (const one of all) if (!one.destroyed) one.end()
    await Promise.all(all.map((one) => finished(one))).catch((error: unknown) => {
      throw failed(manifest, 'run', error)
    })
    const files = new Map(Array.from(opened, ([path, written]) => [path, written.bytes]))
    return { text: out.bytes.toString(), bytes: out.bytes, files, exchanges: count, logs }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    end()
  }
}

class Written extends Writable {
  readonly #pieces: Buffer[] = []
  readonly #refusal: string | null

  /** @param refusal why nothing may be written; null: it may */
  constructor(refusal: string | null) {
    super()
    this.#refusal = refusal
    // Whoever waits for its end hears of it.
    this.on('error', () => undefined)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces)
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#pieces.push(Buffer.from(piece))
    done(this.#refusal === null ? undefined : new Error(this.#refusal))
  }
}

function inBatches(exchanges: readonly TestExchange[], sizes: readonly number[] = []): (readonly TestExchange[])[] {
  let at = 0
  const batches = sizes.map((size) => {
    at += size
    return exchanges.slice(at - size, at)
  })
  return at < exchanges.length || batches.length === 0 ? [...batches, exchanges.slice(at)] : batches
}

const testSession: Session = {
  id: 'test',
  name: 'test',
  state: 'stopped',
  startedAt: 1_700_000_000_000,
  stoppedAt: 1_700_000_100_000,
  proxy: null,
  file: '/nowhere/test.weir',
  counts: { exchanges: 0, failed: 0, filtered: 0, messages: 0, bytesSent: 0, bytesReceived: 0, gaps: 0 },
}

function exported({ bodies, received, messages, ...exchange }: TestExchange): ExportedExchange {
  const bytes = (part: Part, decode = false) => (decode ? undefined : received?.[part]) ?? bodies[part] ?? new Uint8Array()
  return {
    ...structuredClone(exchange),
    readBody: async (part, { decode = false } = {}) => bytes(part, decode !== false),
    async *streamBody(part) {
      for (let all = bytes(part); all.length > 0; all = all.subarray(pieceBytes)) yield all.subarray(0, pieceBytes)
    },
    async *messages() {
      yield* messages ?? []
    },
  }
}

const pieceBytes = 1024 * 1024

function checkKind(manifest: Manifest, kind: Manifest['kind']): void {
  const faults = manifestFaults(manifest)
  if (faults.length === 0 && manifest.kind !== kind) faults.push(`it is no ${kind}`)
  if (faults.length > 0) throw failed(manifest, 'manifest', faults.join('; '))
}

function checkedConfig<Config>(manifest: Manifest, given: Partial<Config>): Config {
  const config = structuredClone(given)
  const errors = new Validator().check(manifest.config, config)
  if (errors.length === 0) return config as Config
  const words = errors.map(({ path, message }) => `${path || 'it'} ${message}`).join('; ')
  throw invalidParams('invalidConfig', `plugin ${manifest.name} does not take this config: ${words}`, errors)
}

function hostFor(logs: string[], dataDir?: string, signal?: AbortSignal): { host: PluginHost; end(): void } {
  const own = dataDir === undefined ? mkdtempSync(join(tmpdir(), 'weir-plugin-')) : null
  const running = new AbortController()
  const host: PluginHost = {
    log: (message) => void logs.push(message),
    signal: signal ?? running.signal,
    dataDir: dataDir ?? (own as string),
  }
  const end = () => {
    running.abort()
    if (own !== null) rmSync(own, { recursive: true, force: true })
  }
  return { host, end }
}

/** Whatever goes wrong is told with what the plugin was doing. */
const hooks =
  (manifest: Manifest) =>
  <T>(hook: string, work: () => T, exchange?: Exchange): T => {
    try {
      return work()
    } catch (error) {
      throw failed(manifest, hook, error, exchange)
    }
  }

function failed({ name }: Manifest, hook: string, error: unknown, exchange?: Exchange): WeirError {
  const words = error instanceof Error ? error.message : String(error)
  const where = exchange === undefined ? hook : `${hook}, exchange ${exchange.seq}`
  const failure = new WeirError(codes.pluginFailed, 'pluginFailed', `plugin ${name} (${where}): ${words}`, {
    plugin: name,
    hook,
    ...(exchange && { seq: exchange.seq }),
  })
  failure.cause = error
  return failure
}
