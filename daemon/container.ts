/**
 * The composition root: what the daemon is made of, and of what each part is made. Factories under Symbol tokens, each
 * made once, at its first use. `dispose()` is never called: it runs concurrently and skips factories; daemon.ts starts
 * and stops by an explicit order.
 */
import { dirname } from 'node:path'
import './thread/metadata.ts'
import { container, type DependencyContainer, instanceCachingFactory } from 'tsyringe'
import type { WeirError } from '../sdk/errors.ts'
import { type Environment, type Home, sessionFile } from '../sdk/home.ts'
import { Validator } from '../sdk/validation.ts'
import { version } from '../sdk/version.ts'
import { type Config, readConfig } from './config.ts'
import { Daemon } from './daemon.ts'
import { ImportRunner } from './import/import-runner.ts'
import { Jars } from './jar/jars.ts'
import type { Log } from './log.ts'
import { ExporterRunner } from './plugin/exporter-runner.ts'
import { FileWatch } from './plugin/file-watch.ts'
import { Dispatcher } from './rpc/dispatcher.ts'
import { caHandlers } from './rpc/handlers/ca.ts'
import { cookieHandlers } from './rpc/handlers/cookie.ts'
import { daemonHandlers } from './rpc/handlers/daemon.ts'
import { exchangeHandlers } from './rpc/handlers/exchange.ts'
import { exporterHandlers } from './rpc/handlers/exporter.ts'
import { importerHandlers } from './rpc/handlers/importer.ts'
import { jarHandlers } from './rpc/handlers/jar.ts'
import { queryHandlers } from './rpc/handlers/query.ts'
import { requestHandlers } from './rpc/handlers/request.ts'
import { sessionHandlers } from './rpc/handlers/session.ts'
import { sourceHandlers } from './rpc/handlers/source.ts'
import { websocketHandlers } from './rpc/handlers/websocket.ts'
import { RpcServer } from './rpc/server.ts'
import { Subscriptions } from './rpc/subscriptions.ts'
import { AwaitedPort } from './rpc/websocket/awaited-port.ts'
import { PairRoom } from './rpc/websocket/pair-room.ts'
import { Pairings } from './rpc/websocket/pairings.ts'
import { Tokens } from './rpc/websocket/tokens.ts'
import { ViewerRoom } from './rpc/websocket/viewer-room.ts'
import { WebSocketTransport } from './rpc/websocket/websocket-transport.ts'
import { CaptureThreads, type ThreadEntries } from './session/capture-threads.ts'
import { ChangeSignals } from './session/change-signals.ts'
import { ChangeTopics } from './session/change-topics.ts'
import { CookieLister } from './session/cookie-lister.ts'
import { ExchangeEditor } from './session/exchange-editor.ts'
import { ExchangeReader } from './session/exchange-reader.ts'
import { ExchangeWaiter } from './session/exchange-waiter.ts'
import { FollowedExport } from './session/followed-export.ts'
import { PluginReload } from './session/plugin-reload.ts'
import { ExchangeReplayer } from './session/send/exchange-replayer.ts'
import { RequestSender } from './session/send/request-sender.ts'
import { SendPlaces } from './session/send/send-places.ts'
import { SessionManager } from './session/session-manager.ts'
import { SessionOverview } from './session/session-overview.ts'
import { SessionRetention } from './session/session-retention.ts'
import { SourceFeeds } from './session/source-feeds.ts'
import { Sources } from './session/sources.ts'
import { TextSearcher } from './session/text-searcher.ts'
import { IndexMaker } from './store/index-maker.ts'
import { ReaderPool } from './store/reader-pool.ts'
import { SqlRunner } from './store/sql-runner.ts'
import { CookieSync } from './sync/cookie-sync.ts'
import { SyncTargets } from './sync/sync-targets.ts'

/** Token and type in one: `resolve(c, parts.threads)` is a CaptureThreads. */
interface Part<T> {
  readonly token: symbol
  /** Never there; carries the type. */
  readonly made?: T
}
const part = <T>(name: string): Part<T> => ({ token: Symbol(name) })

export const parts = {
  captureThreads: part<CaptureThreads>('CaptureThreads'),
  changeSignals: part<ChangeSignals>('ChangeSignals'),
  cookieLister: part<CookieLister>('CookieLister'),
  cookieSync: part<CookieSync>('CookieSync'),
  daemon: part<Daemon>('Daemon'),
  dispatcher: part<Dispatcher>('Dispatcher'),
  exchangeReader: part<ExchangeReader>('ExchangeReader'),
  exchangeEditor: part<ExchangeEditor>('ExchangeEditor'),
  exchangeWaiter: part<ExchangeWaiter>('ExchangeWaiter'),
  exchangeReplayer: part<ExchangeReplayer>('ExchangeReplayer'),
  exporterRunner: part<ExporterRunner>('ExporterRunner'),
  followedExport: part<FollowedExport>('FollowedExport'),
  importRunner: part<ImportRunner>('ImportRunner'),
  jars: part<Jars>('Jars'),
  indexMaker: part<IndexMaker>('IndexMaker'),
  pluginFiles: part<FileWatch>('FileWatch'),
  pairings: part<Pairings>('Pairings'),
  pluginReload: part<PluginReload>('PluginReload'),
  readerPool: part<ReaderPool>('ReaderPool'),
  requestSender: part<RequestSender>('RequestSender'),
  rpcServer: part<RpcServer>('RpcServer'),
  sendPlaces: part<SendPlaces>('SendPlaces'),
  sessionManager: part<SessionManager>('SessionManager'),
  sessionOverview: part<SessionOverview>('SessionOverview'),
  sessionRetention: part<SessionRetention>('SessionRetention'),
  sources: part<Sources>('Sources'),
  sourceFeeds: part<SourceFeeds>('SourceFeeds'),
  sqlRunner: part<SqlRunner>('SqlRunner'),
  subscriptions: part<Subscriptions>('Subscriptions'),
  textSearcher: part<TextSearcher>('TextSearcher'),
  tokens: part<Tokens>('Tokens'),
  awaitedPort: part<AwaitedPort>('AwaitedPort'),
  webSocketTransport: part<WebSocketTransport>('WebSocketTransport'),
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
    () =>
      new CaptureThreads({
        home: home.folder,
        cache: home.cache,
        config,
        environment,
        log,
        ...(threadEntries && { entries: threadEntries }),
      }),
  )
  provide(
    parts.readerPool,
    () =>
      new ReaderPool({
        threads: config.readerThreads,
        protos: config.protos,
        home: home.folder,
        fault: (error) => log.fault('a reader thread failed', error),
      }),
  )
  provide(
    parts.exporterRunner,
    (get) =>
      new ExporterRunner({
        home: home.folder,
        compileCache: home.cache,
        modules: config.plugins,
        modulesFrom: dirname(home.configuration),
        files: get(parts.pluginFiles),
        log: (level, message, more) => log.write(level, message, more),
        isCrowded: () => get(parts.captureThreads).isCrowded,
        failed: (error) => tellFailed(get(parts.rpcServer), error),
      }),
  )
  provide(parts.pluginFiles, (get) => new FileWatch((changed) => get(parts.pluginReload).reload(changed)))
  provide(
    parts.pluginReload,
    (get) =>
      new PluginReload({
        configuration: home.configuration,
        readNames: () => readConfig(home.configuration, environment).plugins,
        directory: get(parts.exporterRunner).directory,
        sessions: get(parts.sessionManager),
        files: get(parts.pluginFiles),
        log,
        failed: (error) => tellFailed(get(parts.rpcServer), error),
      }),
  )
  provide(
    parts.sessionManager,
    (get) =>
      new SessionManager({
        threads: get(parts.captureThreads),
        fileOf: (id) => sessionFile(home, id),
        limits: config.retention.sessionBytes === null ? {} : { sessionBytes: config.retention.sessionBytes },
        log,
        indexes: get(parts.indexMaker),
        plugins: get(parts.exporterRunner).directory,
        files: get(parts.pluginFiles),
        signals: get(parts.changeSignals),
        changed: (session) => {
          get(parts.rpcServer).notify('session/didChange', { session })
          if (session.state === 'stopped') get(parts.sessionRetention).look()
        },
        deleted: (sessionId) => get(parts.rpcServer).notify('session/didDelete', { sessionId }),
        sources: {
          of: (sessionId) => get(parts.sources).of(sessionId),
          end: (sessionId) => get(parts.sources).end(sessionId),
        },
        pluginFailed: (failure) => get(parts.rpcServer).notify('plugin/didFail', failure),
      }),
  )
  provide(parts.sourceFeeds, (get) => new SourceFeeds(get(parts.sources)))
  provide(
    parts.sessionRetention,
    (get) =>
      new SessionRetention({
        limits: config.retention,
        folder: home.sessions,
        list: () => get(parts.sessionManager).list(),
        delete: (id) => get(parts.sessionManager).delete(id),
        log,
      }),
  )
  provide(
    parts.sources,
    (get) =>
      new Sources({
        home: home.folder,
        compileCache: home.cache,
        directory: get(parts.exporterRunner).directory,
        threads: get(parts.captureThreads),
        sessions: get(parts.sessionManager),
        log,
        // What waits for a browser need not wait any longer.
        opened: () =>
          void get(parts.cookieSync)
            .run({})
            .catch((error: unknown) => log.fault('cookies could not be kept in step', error)),
        ended: (end) => get(parts.rpcServer).notify('source/didEnd', end),
      }),
  )
  provide(parts.importRunner, () => new ImportRunner((error) => log.fault('an import failed inside', error)))
  provide(parts.jars, () => new Jars({ home: home.folder, sessions: home.sessions, fault: (message, error) => log.fault(message, error) }))
  provide(parts.cookieLister, (get) => new CookieLister(get(parts.readerPool), get(parts.sessionManager)))
  provide(parts.cookieSync, (get) => {
    const targets = new SyncTargets({
      home: home.folder,
      compileCache: home.cache,
      directory: get(parts.exporterRunner).directory,
      jars: get(parts.jars),
      sources: get(parts.sources),
      log: (plugin, message) => log.write('info', message, { plugin }),
    })
    return new CookieSync({
      home: home.folder,
      readers: get(parts.readerPool),
      signals: get(parts.changeSignals),
      session: (id) => get(parts.sessionManager).get(id),
      running: async () => (await get(parts.sessionManager).list('running')).map(({ id }) => id),
      open: (target) => targets.open(target),
      failing: (plugin, domain, message) => {
        log.write(message === null ? 'info' : 'warn', message ?? 'cookies are in step again', { plugin, domain })
        if (message !== null)
          get(parts.rpcServer).notify('plugin/didFail', { plugin, reason: 'targetFailed', message: `${domain}: ${message}` })
      },
      fault: (error) => log.fault('cookies could not be kept in step', error),
    })
  })
  provide(parts.indexMaker, () => new IndexMaker((error) => log.fault('an index could not be made', error)))
  provide(parts.sessionOverview, (get) => new SessionOverview(get(parts.readerPool), get(parts.sessionManager), get(parts.indexMaker)))
  provide(parts.textSearcher, (get) => new TextSearcher(get(parts.readerPool), get(parts.sessionManager), get(parts.indexMaker)))
  provide(parts.sqlRunner, () => new SqlRunner((error) => log.fault('a statement failed inside', error)))
  provide(parts.changeSignals, () => new ChangeSignals())
  provide(
    parts.exchangeReader,
    (get) => new ExchangeReader(get(parts.readerPool), get(parts.sessionManager), get(parts.changeSignals), get(parts.indexMaker)),
  )
  provide(parts.exchangeEditor, (get) => new ExchangeEditor(get(parts.sessionManager), get(parts.exchangeReader)))
  provide(parts.exchangeWaiter, (get) => new ExchangeWaiter(get(parts.exchangeReader), get(parts.changeSignals)))
  provide(
    parts.requestSender,
    (get) =>
      new RequestSender(
        get(parts.captureThreads),
        get(parts.exchangeReader),
        get(parts.exchangeWaiter),
        get(parts.sendPlaces),
        get(parts.jars),
      ),
  )
  provide(parts.sendPlaces, (get) => new SendPlaces(get(parts.sessionManager)))
  provide(
    parts.exchangeReplayer,
    (get) => new ExchangeReplayer(get(parts.sessionManager), get(parts.exchangeReader), get(parts.requestSender), get(parts.sendPlaces)),
  )
  provide(parts.subscriptions, (get) => new Subscriptions(new ChangeTopics(get(parts.exchangeReader), get(parts.changeSignals))))
  provide(parts.followedExport, (get) => new FollowedExport(get(parts.exporterRunner), get(parts.sessionManager), get(parts.changeSignals)))
  provide(parts.dispatcher, (get) => {
    const handlers = {
      ...daemonHandlers({
        version: version(),
        status: () => get(parts.daemon).status(),
        stop: () => get(parts.daemon).stopOnRequest(),
      }),
      ...caHandlers(get(parts.captureThreads)),
      ...sessionHandlers(get(parts.sessionManager), get(parts.sessionOverview)),
      ...exchangeHandlers(
        get(parts.exchangeReader),
        get(parts.exchangeEditor),
        get(parts.exchangeWaiter),
        get(parts.subscriptions),
        get(parts.textSearcher),
        get(parts.exchangeReplayer),
      ),
      ...requestHandlers(get(parts.requestSender)),
      ...queryHandlers(get(parts.sqlRunner), get(parts.sessionManager)),
      ...exporterHandlers(get(parts.exporterRunner), get(parts.sessionManager), get(parts.followedExport)),
      ...importerHandlers(get(parts.importRunner), get(parts.sessionManager)),
      ...jarHandlers(get(parts.jars)),
      ...sourceHandlers(get(parts.sources), get(parts.sourceFeeds)),
      ...cookieHandlers(get(parts.cookieLister), get(parts.cookieSync)),
      ...websocketHandlers({
        transport: get(parts.webSocketTransport),
        pairings: get(parts.pairings),
        tokens: get(parts.tokens),
        connections: (tokenId) => get(parts.rpcServer).connectionsOf(tokenId),
        revoke: (tokenId) => get(parts.rpcServer).revoke(tokenId),
      }),
    }
    return new Dispatcher(handlers, new Validator(), log)
  })
  provide(parts.rpcServer, (get) => new RpcServer(get(parts.dispatcher)))
  provide(parts.tokens, () => new Tokens(home.tokens))
  provide(parts.awaitedPort, () => new AwaitedPort(home.awaitedPort))
  provide(
    parts.pairings,
    (get) => new Pairings(get(parts.tokens), (pairingId, token) => get(parts.rpcServer).notify('pairing/didEnd', { pairingId, token })),
  )
  provide(
    parts.webSocketTransport,
    (get) =>
      new WebSocketTransport({
        tokens: get(parts.tokens),
        awaited: get(parts.awaitedPort),
        rooms: [new PairRoom(get(parts.pairings)), new ViewerRoom()],
        welcome: (wire, grant) => get(parts.rpcServer).welcome(wire, grant),
      }),
  )
  provide(
    parts.daemon,
    (get) =>
      new Daemon({
        home,
        log,
        version: version(),
        threads: get(parts.captureThreads),
        sessions: get(parts.sessionManager),
        retention: get(parts.sessionRetention),
        sources: get(parts.sources),
        readers: get(parts.readerPool),
        protos: config.protos,
        indexes: get(parts.indexMaker),
        exporters: get(parts.exporterRunner),
        pluginFiles: get(parts.pluginFiles),
        pluginReload: get(parts.pluginReload),
        imports: get(parts.importRunner),
        sqlRunner: get(parts.sqlRunner),
        jars: get(parts.jars),
        cookieSync: get(parts.cookieSync),
        dispatcher: get(parts.dispatcher),
        rpc: get(parts.rpcServer),
        webSockets: get(parts.webSocketTransport),
        limits: { ...config.limits, retention: config.retention },
        websocketPort: config.websocketPort,
        awaitedPort: get(parts.awaitedPort),
      }),
  )
  return root
}

const tellFailed = (rpc: RpcServer, { message, reason, data: { plugin = '', hook, seq } }: WeirError): void =>
  rpc.notify('plugin/didFail', {
    plugin: String(plugin),
    reason,
    message,
    ...(typeof hook === 'string' && { hook }),
    ...(typeof seq === 'number' && { seq }),
  })
