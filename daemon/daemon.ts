/** The daemon as a whole: the order in which its parts start and stop, and how long each may take. */
import { setTimeout } from 'node:timers/promises'
import { WeirError } from '../sdk/errors.ts'
import type { Home } from '../sdk/home.ts'
import type { Result } from '../sdk/protocol.ts'
import { runtimeWarnings } from '../sdk/runtime.ts'
import type { ImportRunner } from './import/import-runner.ts'
import type { Jars } from './jar/jars.ts'
import type { Log } from './log.ts'
import type { ExporterRunner } from './plugin/exporter-runner.ts'
import type { FileWatch } from './plugin/file-watch.ts'
import type { Dispatcher } from './rpc/dispatcher.ts'
import type { RpcServer } from './rpc/server.ts'
import type { AwaitedPort } from './rpc/websocket/awaited-port.ts'
import type { WebSocketTransport } from './rpc/websocket/websocket-transport.ts'
import type { CaptureThreads } from './session/capture-threads.ts'
import type { PluginReload } from './session/plugin-reload.ts'
import { drainMs, type SessionManager } from './session/session-manager.ts'
import type { SessionRetention } from './session/session-retention.ts'
import type { Sources } from './session/sources.ts'
import { becomeInstance, type Instance } from './single-instance.ts'
import type { IndexMaker } from './store/index-maker.ts'
import type { ReaderPool } from './store/reader-pool.ts'
import type { SqlRunner } from './store/sql-runner.ts'
import type { CookieSync } from './sync/cookie-sync.ts'

/** Parts of the 5 s within which a stop ends, ms. Browsers have what sessions leave of theirs. */
const stopLimits = { sessions: 4_000, sync: 100, threads: 400, clients: 300 }

export interface DaemonParts {
  home: Home
  /** As they were set, for who asks. */
  limits: Result<'daemon/status'>['limits']
  log: Log
  version: string
  threads: CaptureThreads
  sessions: SessionManager
  retention: SessionRetention
  sources: Sources
  readers: ReaderPool
  /** The user's .proto files and folders. */
  protos: readonly string[]
  indexes: IndexMaker
  exporters: ExporterRunner
  pluginFiles: FileWatch
  pluginReload: PluginReload
  imports: ImportRunner
  sqlRunner: SqlRunner
  jars: Jars
  cookieSync: CookieSync
  dispatcher: Dispatcher
  rpc: RpcServer
  webSockets: WebSocketTransport
  /** Where it answers over WebSockets from the start on. */
  websocketPort: number | null
  awaitedPort: AwaitedPort
}

export class Daemon {
  /** Resolves when the home is free: whether everything has ended, or something hangs that only the end of the process ends. */
  readonly stopped: Promise<'whole' | 'hanging'>
  readonly #parts: DaemonParts
  readonly #startedAt = performance.now()
  #instance: Instance | null = null
  #protoProblems: readonly string[] = []
  #websocketProblem: string | null = null
  #draining: Promise<unknown> | null = null
  #browsersEndAt = 0
  #stopping: Promise<void> | null = null
  #resolveStopped: (how: 'whole' | 'hanging') => void = () => undefined

  constructor(parts: DaemonParts) {
    this.#parts = parts
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve
    })
  }

  /** Resolves when the socket answers; the catalogue is read after that. Rejects with 1002 daemonRunning when there is one. */
  async start(): Promise<void> {
    const { home, log, version, rpc, sessions, retention, imports, pluginReload, cookieSync } = this.#parts
    this.#instance = await becomeInstance(home, rpc.server)
    pluginReload.start()
    log.write('info', 'weir answers', { version, node: process.versions.node })
    sessions.open().then(
      () => retention.start(),
      (error: unknown) => log.fault('the sessions could not be opened', error),
    )
    imports.removeUnfinished(home.sessions).catch((error: unknown) => log.fault('what an import left could not be removed', error))
    cookieSync.open().catch((error: unknown) => log.fault('the sync rules could not be read', error))
    this.#startWebSockets().catch((error: unknown) => log.fault('WebSockets cannot be answered', error))
    this.#checkProtos().catch((error: unknown) => log.fault('the .proto files could not be checked', error))
  }

  /** Where the port is taken the daemon goes on without; of one that was set it says so. */
  async #startWebSockets(): Promise<void> {
    const { websocketPort, awaitedPort, webSockets, log } = this.#parts
    const port = websocketPort ?? awaitedPort.port
    if (port === null) return
    try {
      await webSockets.start(port)
    } catch (error) {
      if (!(error instanceof WeirError)) throw error
      if (websocketPort !== null) this.#websocketProblem = error.message
      log.write('warn', `${websocketPort === null ? 'the port for WebSockets that clients wait at' : 'websocket.port'}: ${error.message}`)
    }
  }

  /** In a reader thread, where they are read for decoding, too. */
  async #checkProtos(): Promise<void> {
    const { protos, readers, log } = this.#parts
    if (protos.length === 0) return
    this.#protoProblems = await readers.run('protoProblems', null)
    for (const problem of this.#protoProblems) log.write('warn', `grpc.protos: ${problem}`)
  }

  async status(): Promise<Result<'daemon/status'>> {
    const { home, version, threads, sessions, retention, webSockets } = this.#parts
    const { address, connections } = webSockets
    return {
      version,
      pid: process.pid,
      uptimeMs: performance.now() - this.#startedAt,
      home: home.folder,
      node: process.versions.node,
      sessions: sessions.count(),
      memory: { rssBytes: process.memoryUsage.rss() },
      recorder: { commitIntervalMs: threads.commitIntervalMs, restarts: threads.recorder.restarts },
      proxy: { running: threads.proxy.current !== null, connections: await threads.connections(), restarts: threads.proxy.restarts },
      websocket: address && { ...address, connections },
      limits: this.#parts.limits,
      warnings: [
        ...runtimeWarnings(process.versions.node),
        ...(this.#websocketProblem === null || address ? [] : [`websocket.port: ${this.#websocketProblem}`]),
        ...this.#protoProblems.map((problem) => `grpc.protos: ${problem}; messages are decoded without it`),
        ...retention.warnings(),
        ...(sessions.catalogueError ? [`sessions cannot be opened: ${sessions.catalogueError.message}`] : []),
      ],
    }
  }

  /** For daemon/stop: resolves when every session is closed; the rest follows once that has been answered. */
  async stopOnRequest(): Promise<void> {
    await this.#drain()
    setImmediate(() => void this.stop())
  }

  /** For signals: sessions, browsers, exporters, imports and readers, threads, clients, socket; within 5 s whatever hangs. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopInOrder()
    return this.#stopping
  }

  /** A stop that runs gives up waiting for exchanges in flight. */
  hurry(): void {
    void this.#parts.sessions.abandonTraffic()
  }

  #drain(): Promise<unknown> {
    const { dispatcher, rpc, sessions, log } = this.#parts
    if (!this.#draining) {
      log.write('info', 'weir stops')
      dispatcher.stop()
      rpc.notify('daemon/willStop', {})
      this.#browsersEndAt = performance.now() + stopLimits.sessions
      this.#draining = this.#within(stopLimits.sessions, 'sessions', sessions.stopAll(drainMs))
    }
    return this.#draining
  }

  async #stopInOrder(): Promise<void> {
    const {
      retention,
      sources,
      exporters,
      imports,
      pluginFiles,
      sqlRunner,
      readers,
      indexes,
      jars,
      cookieSync,
      threads,
      rpc,
      webSockets,
      log,
    } = this.#parts
    retention.stop()
    const watching = pluginFiles.close()
    await this.#drain()
    sqlRunner.close()
    // A profile that is kept is written: the end of this process ends its browser.
    await this.#within(Math.max(0, this.#browsersEndAt - performance.now()), 'browsers', sources.gone())
    await this.#within(stopLimits.sync, 'cookie targets', cookieSync.stop())
    const ending = Promise.all([
      watching,
      exporters.close(),
      imports.close(),
      readers.close(),
      indexes.close(),
      jars.stop(),
      threads.stop(),
    ])
    const ended = await this.#within(stopLimits.threads, 'threads and processes', ending)
    this.#instance?.release()
    // The next daemon may want its port.
    const listening = this.#within(stopLimits.clients, 'WebSockets', webSockets.stop())
    await rpc.close(stopLimits.clients)
    await listening
    log.write('info', 'weir has stopped')
    this.#resolveStopped(ended ? 'whole' : 'hanging')
  }

  /** Whether the work was done in time; what did not end well is in the log. */
  async #within(limitMs: number, what: string, work: Promise<unknown>): Promise<boolean> {
    const late = Symbol('late')
    const timer = new AbortController()
    try {
      const result = await Promise.race([work, setTimeout(limitMs, late, { signal: timer.signal })])
      if (result === late) this.#parts.log.write('error', `${what} did not end within ${Math.round(limitMs)} ms; stopping without them`)
      return result !== late
    } catch (error) {
      this.#parts.log.fault(`${what} did not stop in order`, error)
      return false
    } finally {
      timer.abort()
    }
  }
}
