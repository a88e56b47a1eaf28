/**
 * The composition root: what the daemon is made of, and of what each part is made. Factories under Symbol tokens, each
 * made once, at its first use. `dispose()` is never called: it runs concurrently and skips factories; daemon.ts starts
 * and stops by an explicit order.
 */
import './thread/metadata.ts'
import { container, type DependencyContainer, instanceCachingFactory } from 'tsyringe'
import { type Environment, type Home, sessionFile } from '../sdk/home.ts'
import { Validator } from '../sdk/validation.ts'
import { version } from '../sdk/version.ts'
import type { Config } from './config.ts'
import { Daemon } from './daemon.ts'
import type { Log } from './log.ts'
import { ExporterRunner } from './plugin/exporter-runner.ts'
import { Dispatcher } from './rpc/dispatcher.ts'
import { caHandlers } from './rpc/handlers/ca.ts'
import { daemonHandlers } from './rpc/handlers/daemon.ts'
import { exchangeHandlers } from './rpc/handlers/exchange.ts'
import { exporterHandlers } from './rpc/handlers/exporter.ts'
import { sessionHandlers } from './rpc/handlers/session.ts'
import { RpcServer } from './rpc/server.ts'
import { CaptureThreads, type ThreadEntries } from './session/capture-threads.ts'
import { ExchangeReader } from './session/exchange-reader.ts'
import { SessionManager } from './session/session-manager.ts'
import { ReaderPool } from './store/reader-pool.ts'

/** Token and type in one: `resolve(c, parts.threads)` is a CaptureThreads. */
interface Part<T> {
  readonly token: symbol
  /** Never there; carries the type. */
  readonly made?: T
}
const part = <T>(name: string): Part<T> => ({ token: Symbol(name) })

export const parts = {
  captureThreads: part<CaptureThreads>('CaptureThreads'),
  daemon: part<Daemon>('Daemon'),
  dispatcher: part<Dispatcher>('Dispatcher'),
  exchangeReader: part<ExchangeReader>('ExchangeReader'),
  exporterRunner: part<ExporterRunner>('ExporterRunner'),
  readerPool: part<ReaderPool>('ReaderPool'),
  rpcServer: part<RpcServer>('RpcServer'),
  sessionManager: part<SessionManager>('SessionManager'),
}

export const resolve = <T>(from: DependencyContainer, { token }: Part<T>): T => from.resolve<T>(token)

export interface Surroundings {
  home: Home
  config: Config
  environment: Environment
  log: Log
  /** Other threads than weir's own, for a test of how they die. */
  threadEntries?: ThreadEntries
}

export function compose(surroundings: Surroundings): DependencyContainer {
  const { home, config, environment, log, threadEntries } = surroundings
  const root = container.createChildContainer()
  const provide = <T>({ token }: Part<T>, make: (get: <P>(part: Part<P>) => P) => T) =>
    root.register(token, { useFactory: instanceCachingFactory((from) => make((wanted) => resolve(from, wanted))) })

  provide(
    parts.captureThreads,
    () => new CaptureThreads({ home: home.folder, config, environment, log, ...(threadEntries && { entries: threadEntries }) }),
  )
  provide(
    parts.readerPool,
    () => new ReaderPool({ threads: config.readerThreads, fault: (error) => log.fault('a reader thread failed', error) }),
  )
  provide(
    parts.exporterRunner,
    (get) =>
      new ExporterRunner({
        home: home.folder,
        compileCache: home.cache,
        modules: config.plugins,
        log: (level, message, more) => log.write(level, message, more),
        failed: ({ message, reason, data }) =>
          get(parts.rpcServer).notify('plugin/didFail', { plugin: String(data.plugin ?? ''), reason, message }),
      }),
  )
  provide(
    parts.sessionManager,
    (get) =>
      new SessionManager({
        threads: get(parts.captureThreads),
        fileOf: (id) => sessionFile(home, id),
        log,
        changed: (session) => get(parts.rpcServer).notify('session/didChange', { session }),
      }),
  )
  provide(parts.exchangeReader, (get) => new ExchangeReader(get(parts.readerPool), get(parts.sessionManager)))
  provide(parts.dispatcher, (get) => {
    const handlers = {
      ...daemonHandlers({
        version: version(),
        status: () => get(parts.daemon).status(),
        stop: () => get(parts.daemon).stopOnRequest(),
      }),
      ...caHandlers(get(parts.captureThreads)),
      ...sessionHandlers(get(parts.sessionManager)),
      ...exchangeHandlers(get(parts.exchangeReader)),
      ...exporterHandlers(get(parts.exporterRunner), get(parts.sessionManager)),
    }
    return new Dispatcher(handlers, new Validator(), log)
  })
  provide(parts.rpcServer, (get) => new RpcServer(get(parts.dispatcher)))
  provide(
    parts.daemon,
    (get) =>
      new Daemon({
        home,
        log,
        version: version(),
        threads: get(parts.captureThreads),
        sessions: get(parts.sessionManager),
        readers: get(parts.readerPool),
        exporters: get(parts.exporterRunner),
        dispatcher: get(parts.dispatcher),
        rpc: get(parts.rpcServer),
      }),
  )
  return root
}
