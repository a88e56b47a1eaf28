/** The life of sessions: started, paused, stopped, resumed, deleted; in the catalogue, the recorder and the proxy alike. */
import { ulid } from 'ulid'
import { conflict, notFound } from '../../sdk/errors.ts'
import type { Counts, SessionState, Session as SessionView } from '../../sdk/model.ts'
import type { NotificationParams, Params } from '../../sdk/protocol.ts'
import { parseQuery } from '../../sdk/query.ts'
import type { AutoStopSettings, ProxySettings, SessionLimits } from '../../sdk/session-settings.ts'
import type { EditedSession, RecorderSurface } from '../capture/surface.ts'
import type { Log } from '../log.ts'
import type { FileWatch } from '../plugin/file-watch.ts'
import type { FilterFault } from '../plugin/filters/filter-step.ts'
import type { RunningCall } from '../plugin/filters/running-filter.ts'
import type { PluginDirectory } from '../plugin/plugin-directory.ts'
import type { ListenerSettings, ProxySurface } from '../proxy/surface.ts'
import type { IndexMaker } from '../store/index-maker.ts'
import type { ThreadLink } from '../thread/link.ts'
import { isThreadLost, unlessLost } from '../thread/supervisor.ts'
import { AutoStop, type AutoStopReason } from './auto-stop.ts'
import type { CaptureThreads, SessionRecovery } from './capture-threads.ts'
import { ChangeFeed } from './change-feed.ts'
import type { ChangeSignals } from './change-signals.ts'
import { checkListener } from './listener-rules.ts'
import { noCounts, Session, type SessionChanges, type SessionSettings } from './session.ts'
import { SessionFilters } from './session-filters.ts'
import { limitsOf, listenerSettings, listenParams, openParams } from './thread-params.ts'

/** How long a stopping session waits for what is in flight, ms. */
export const drainMs = 2000

export interface SessionManagerOptions {
  threads: CaptureThreads
  /** Absolute path of a session's file. */
  fileOf(id: string): string
  /** Of sessions that have none of their own. */
  limits: SessionLimits
  log: Log
  indexes: IndexMaker
  /** Of plugins. */
  plugins: PluginDirectory
  /** Is told which files the filters of open sessions were read from. */
  files: FileWatch
  /** Hears of every commit. */
  signals: ChangeSignals
  /** Hears of changes, at most once a second and session. */
  changed(session: SessionView): void
  deleted(sessionId: string): void
  sources: {
    of(sessionId: string): readonly string[]
    /** Before its listener ends; bounded. Never rejects. */
    end(sessionId: string): Promise<void>
  }
  /** Hears of what went wrong with a session's filter. */
  pluginFailed(failure: NotificationParams<'plugin/didFail'>): void
}

export class SessionManager implements SessionRecovery {
  readonly #threads: CaptureThreads
  readonly #options: SessionManagerOptions
  readonly #feed: ChangeFeed
  readonly #filters: SessionFilters
  readonly #sessions = new Map<string, Session>()
  readonly #byHandle: Session[] = []
  /** Why the catalogue could not be read at the last try. */
  catalogueError: Error | null = null
  #catalogue: Promise<void> | null = null

  constructor(options: SessionManagerOptions) {
    this.#options = options
    this.#threads = options.threads
    this.#filters = new SessionFilters(options)
    this.#feed = new ChangeFeed((session) => options.changed(session.view()))
  }

  /** Reads the catalogue. Calls that need it wait for it, so that the daemon answers others meanwhile. */
  open(): Promise<void> {
    this.#catalogue ??= this.#readCatalogue()
    return this.#catalogue
  }

  async start({ name, proxy = {}, tls = {}, ...more }: Params<'session/start'>): Promise<SessionView> {
    checkListener(proxy, more.reverse)
    parseQuery(more.where ?? '')
    await this.open()
    const startedAt = Date.now()
    const settings = JSON.stringify({ proxy, tls, ...more } satisfies SessionSettings)
    const id = ulid(startedAt)
    const entry = {
      id,
      name: name ?? defaultName(startedAt),
      startedAt,
      stoppedAt: null,
      port: null,
      counts: noCounts(),
      settings,
      repair: null,
    }
    const session = this.#add({ ...entry, state: 'running' })
    return session.exclusive(async () => {
      try {
        await this.#begin(session, proxy)
      } catch (error) {
        this.#sessions.delete(id)
        await this.#discard(session)
        throw error
      }
      return this.#tell(session)
    })
  }

  /**
   * A stopped session whose file `make` makes. There is no such session before, and none when it rejects.
   * @param make is given the path of the file that shall be there
   */
  async adopt<Made extends { counts: Counts }>(name: string, make: (file: string) => Promise<Made>): Promise<{ id: string; made: Made }> {
    await this.open()
    const id = ulid()
    const made = await make(this.#options.fileOf(id))
    const now = Date.now()
    const settings = JSON.stringify({ proxy: null, tls: {} } satisfies SessionSettings)
    const entry = { id, name, startedAt: now, stoppedAt: now, port: null, counts: made.counts, settings, repair: null }
    const session = this.#add({ ...entry, state: 'stopped' })
    try {
      await this.#save(session)
    } catch (error) {
      this.#sessions.delete(id)
      await this.#discard(session)
      throw error
    }
    this.#tell(session)
    return { id, made }
  }

  /** Closes the listener, gives what is in flight its time, commits, and closes the file. */
  async stop(id: string): Promise<SessionView> {
    return this.#inTurn(id, async (session) => {
      if (session.isOpen) await this.#end(session, 'sessionStopped', drainMs)
      return this.#tell(session)
    })
  }

  async pause(id: string): Promise<SessionView> {
    return this.#inTurn(id, async (session) => {
      if (session.state === 'stopped') throw conflict('sessionStopped', `session ${session.name} is stopped; resume it first`)
      if (session.state === 'running') await this.#setPaused(session, 'paused')
      return this.#tell(session)
    })
  }

  async resume(id: string): Promise<SessionView> {
    return this.#inTurn(id, async (session) => {
      if (session.state === 'paused') await this.#setPaused(session, 'running')
      else if (session.state === 'stopped') await this.#reopen(session)
      return this.#tell(session)
    })
  }

  async get(id: string): Promise<SessionView> {
    return (await this.#find(id)).view()
  }

  /** How requests of weir's own get out, and into it. */
  async way(id: string): Promise<{ name: string; state: SessionState; handle: number; settings: ListenerSettings }> {
    const { name, state, handle, settings, file, isEnding } = await this.#find(id)
    return { name, state: isEnding ? 'stopped' : state, handle, settings: listenerSettings(settings, file) }
  }

  /**
   * From the next connection on its leaf certificates have one name more, `p<client port>.<domain>`, or they have not.
   * @returns the domain
   */
  async tagConnections(id: string, isTagged: boolean): Promise<string> {
    const session = await this.#find(id)
    const { tagDomain, handle } = session
    if (session.isTagged !== isTagged) {
      session.isTagged = isTagged
      if (session.listening)
        await unlessLost(this.#threads.proxy.call('tagConnections', { session: handle, tagDomain: isTagged ? tagDomain : null }))
    }
    return tagDomain
  }

  /** The session once everything that has passed so far is in its file. */
  async settled(id: string): Promise<SessionView> {
    const session = await this.#find(id)
    if (session.isOpen) await this.#threads.settle()
    return session.view()
  }

  async list(state?: SessionState): Promise<SessionView[]> {
    await this.open()
    const found = [...this.#sessions.values()].filter((session) => state === undefined || session.state === state)
    return found.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)).map((session) => session.view())
  }

  async set(id: string, name: string | undefined, changes: SessionChanges): Promise<SessionView> {
    return this.#inTurn(id, async (session) => {
      const settings: SessionSettings = { ...session.settings, ...changes }
      if (!settings.tls.autoBypass) delete settings.autoBypassed
      // Refused before anything has changed.
      parseQuery(changes.where ?? '')
      // What has passed is decided by what held then.
      if (session.isOpen && (changes.filters !== undefined || changes.where !== undefined)) await this.#threads.settle()
      await this.#changeFilters(session, settings, changes)
      if (session.listening)
        await this.#threads.proxy.call('setSettings', { session: session.handle, settings: listenerSettings(settings, session.file) })
      else if (Object.keys(changes).length > 0) await this.#threads.checkSettings(listenerSettings(settings, session.file))
      if (session.isOpen && changes.where !== undefined)
        await this.#threads.recorder.call('setWhere', { handle: session.handle, where: changes.where })
      if (session.isOpen && (changes.limits || changes.autoStop)) {
        const { autoStop = {} } = settings
        const limits = limitsOf(settings, this.#options.limits)
        const exchangesLeft = changes.autoStop ? autoStop.exchanges : session.autoStop?.exchangesLeft
        await this.#threads.recorder.call('limitSession', { handle: session.handle, limits, exchangesLeft })
        if (changes.autoStop) this.#awaitStop(session, autoStop)
      }
      if (name !== undefined) session.name = name
      session.settings = settings
      await this.#save(session)
      return this.#tell(session)
    })
  }

  async delete(id: string): Promise<void> {
    await this.#inTurn(id, async (session) => {
      if (session.isOpen) throw conflict('sessionRunning', `session ${session.name} is ${session.state}; stop it first`)
      this.#options.indexes.forget(session.file)
      await this.#threads.recorder.call('deleteEntry', { id, file: session.file })
      this.#sessions.delete(id)
      this.#options.signals.gone(id)
      this.#feed.forget(session)
      this.#options.deleted(id)
    })
  }

  /** Changes what is on record, in turn with what else is asked of the session. */
  async edit<Edited extends EditedSession>(
    id: string,
    call: (recorder: CaptureThreads['recorder'], session: { handle: number; file: string }) => Promise<Edited>,
  ): Promise<Edited> {
    return this.#inTurn(id, async (session) => {
      const { handle, file } = session
      const edited = await call(this.#threads.recorder, { handle, file })
      this.#options.signals.advanced(id, edited.change)
      this.#count(session, edited.counts)
      if (!session.isOpen) await this.#save(session)
      return edited
    })
  }

  /** How many there are; what is known before the catalogue has been read counts only. */
  count(): { running: number; total: number } {
    const all = [...this.#sessions.values()]
    return { running: all.filter(({ state }) => state === 'running').length, total: all.length }
  }

  /** Stops all that is open, at the same time; never rejects. */
  async stopAll(drainTimeMs: number): Promise<void> {
    const stopping = [...this.#sessions.values()].map((session) =>
      session.exclusive(async () => {
        if (session.isOpen) await this.#end(session, 'daemonStopped', drainTimeMs)
      }),
    )
    for (const result of await Promise.allSettled(stopping)) {
      if (result.status === 'rejected') this.#options.log.fault('a session could not be stopped in order', result.reason)
    }
    this.#feed.stop()
  }

  /** Sessions that are being stopped lose their connections now; their exchanges end and are on record. */
  async abandonTraffic(): Promise<void> {
    if (!this.#threads.proxy.current) return
    const open = [...this.#sessions.values()].filter((session) => session.isOpen)
    await Promise.allSettled(open.map(({ handle }) => this.#threads.proxy.call('closeSession', { session: handle })))
  }

  /** A session that cannot be opened again ends; the others go on. */
  async reopen(recorder: ThreadLink<RecorderSurface>): Promise<void> {
    for (const session of this.#sessions.values()) {
      if (!session.isOpen) continue
      try {
        await this.#reopenIn(recorder, session)
      } catch (error) {
        if (isThreadLost(error)) throw error
        this.#options.log.fault('a session could not be opened again after its recorder thread; it is stopped', error, {
          session: session.id,
        })
        await this.#abandon(session, recorder)
      }
    }
  }

  async #reopenIn(recorder: ThreadLink<RecorderSurface>, session: Session): Promise<void> {
    const { id, handle } = session
    const { counts, change } = await this.#openIn(recorder, session, {
      exchangesLeft: session.autoStop?.exchangesLeft,
      repair: { reason: 'recorderCrashed' },
    })
    this.#options.signals.advanced(id, change)
    for (const sourceId of this.#options.sources.of(id)) await recorder.call('sourceStarted', { handle, sourceId })
    if (session.state === 'paused') await recorder.call('pauseSession', { handle, paused: true })
    this.#count(session, counts)
  }

  /** Nothing of it can be recorded any more, so nothing may look as if it were. */
  async #abandon(session: Session, recorder: ThreadLink<RecorderSurface>): Promise<void> {
    const listens = session.listening !== null
    session.listening = null
    session.repair = { reason: 'recorderCrashed', until: Date.now() }
    void this.#options.sources.end(session.id)
    this.#stopped(session, undefined)
    await recorder.call('saveEntry', { entry: session.entry() }).catch((error: unknown) => {
      this.#options.log.fault('what is to be repaired of a session is not on record', error, { session: session.id })
    })
    this.#feed.changed(session)
    if (listens && this.#threads.proxy.isPrepared) await unlessLost(this.#threads.proxy.call('closeSession', { session: session.handle }))
  }

  async relisten(proxy: ThreadLink<ProxySurface>): Promise<void> {
    for (const session of this.#sessions.values()) {
      if (!session.listening) continue
      try {
        session.listening = await proxy.call('listen', listenParams(session, session.listening.port))
      } catch (error) {
        if (isThreadLost(error)) throw error
        session.listening = null
        this.#options.log.fault('a session lost its port with its proxy thread', error, { session: session.id })
      }
      this.#feed.changed(session)
    }
  }

  advanced(handle: number, change: number, counts: Counts): void {
    const session = this.#byHandle[handle]
    if (!session) return
    this.#options.signals.advanced(session.id, change)
    this.#count(session, counts)
  }

  full(handle: number): void {
    this.#byHandle[handle]?.autoStop?.full()
  }

  /** Open sessions take up what has changed of the user's filters, from the next exchange on. */
  async reloadFilters(changed: ReadonlySet<string>): Promise<void> {
    const reload = (session: Session) =>
      session.exclusive(async () => void (session.isOpen && (await this.#filters.reload(session, changed))))
    await Promise.all([...this.#sessions.values()].map(reload))
  }

  filterFailed(handle: number, fault: FilterFault): void {
    const session = this.#byHandle[handle]
    if (session) this.#filters.failed(session, fault)
  }

  filterStuck(call: RunningCall): void {
    this.#filters.stuck(call)
  }

  autoBypassed(handle: number, host: string): void {
    const session = this.#byHandle[handle]
    if (!session) return
    const learn = async () => {
      if (!session.settings.tls.autoBypass) return
      const { autoBypassed = [] } = session.settings
      session.settings = { ...session.settings, autoBypassed: [...autoBypassed, host] }
      this.#feed.changed(session)
      await this.#save(session)
    }
    session
      .exclusive(learn)
      .catch((error: unknown) => this.#options.log.fault('a learned bypass was not saved', error, { session: session.id }))
  }

  async #readCatalogue(): Promise<void> {
    try {
      for (const entry of await this.#threads.start(this)) this.#add(entry)
      this.catalogueError = null
    } catch (error) {
      this.#catalogue = null
      this.catalogueError = error as Error
      throw error
    }
  }

  async #begin(session: Session, proxy: ProxySettings | null): Promise<void> {
    const { recorder } = this.#threads
    await Promise.all([this.#save(session), this.#threads.certificateAuthority()])
    session.counts = (await this.#openIn(recorder, session)).counts
    session.isOpen = true
    if (proxy) await this.#listen(session, proxy.port ?? 0)
    else await this.#threads.checkSettings(listenerSettings(session.settings, session.file))
    this.#awaitStop(session, session.settings.autoStop ?? {})
    await this.#save(session)
  }

  /** On its old port when that is free, else on another. */
  async #reopen(session: Session): Promise<void> {
    const { settings } = session
    await this.#threads.certificateAuthority()
    session.counts = (await this.#openIn(this.#threads.recorder, session)).counts
    session.isOpen = true
    try {
      if (settings.proxy) await this.#listenAgain(session)
    } catch (error) {
      await this.#end(session, 'sessionStopped', 0)
      throw error
    }
    session.state = 'running'
    session.stoppedAt = null
    this.#awaitStop(session, settings.autoStop ?? {})
    await this.#save(session)
  }

  async #listenAgain(session: Session): Promise<void> {
    try {
      await this.#listen(session, session.port ?? 0)
    } catch (error) {
      if (session.port === null || (error as { reason?: string }).reason !== 'portInUse') throw error
      await this.#listen(session, 0)
    }
  }

  async #listen(session: Session, port: number): Promise<void> {
    session.listening = await this.#threads.proxy.call('listen', listenParams(session, port))
    session.port = session.listening.port
  }

  async #end(
    session: Session,
    reason: 'sessionStopped' | 'daemonStopped',
    drainTimeMs: number,
    stopReason: SessionView['stopReason'] = reason,
  ): Promise<void> {
    const { recorder } = this.#threads
    const { handle } = session
    const endsAt = performance.now() + drainTimeMs
    session.isEnding = true
    try {
      await this.#options.sources.end(session.id)
      session.listening = null
      await this.#drain(handle, endsAt)
      // A recorder that dies here is replaced, and the session is open in the new one, too.
      const close = () => recorder.call('closeSession', { handle, reason })
      const { counts, change, repair } = await close().catch((error: unknown) => (isThreadLost(error) ? close() : Promise.reject(error)))
      this.#options.signals.advanced(session.id, change)
      session.counts = counts
      session.repair = repair
      this.#stopped(session, stopReason)
    } finally {
      session.isEnding = false
    }
    await this.#save(session)
  }

  async #drain(handle: number, endsAt: number): Promise<void> {
    const { recorder, proxy } = this.#threads
    // Requests of weir's own need no listener.
    if (!proxy.isPrepared) return
    await unlessLost(proxy.call('closeListener', { session: handle }))
    await unlessLost(recorder.call('drainSession', { handle, timeoutMs: Math.max(0, endsAt - performance.now()) }))
    await unlessLost(proxy.call('closeSession', { session: handle }))
  }

  #stopped(session: Session, stopReason: SessionView['stopReason']): void {
    session.autoStop?.cancel()
    session.autoStop = null
    session.isOpen = false
    session.isTagged = false
    this.#filters.forget(session)
    session.state = 'stopped'
    session.stoppedAt = Date.now()
    const { stopReason: _, ...settings } = session.settings
    session.settings = { ...settings, ...(stopReason && { stopReason }) }
    this.#options.signals.stirred(session.id)
  }

  /** From now on. */
  #awaitStop(session: Session, settings: AutoStopSettings): void {
    session.autoStop?.cancel()
    const stop = async (reason: AutoStopReason) => {
      if (session.autoStop !== autoStop) return
      await this.#end(session, 'sessionStopped', drainMs, reason)
      this.#feed.changed(session)
    }
    const autoStop = new AutoStop(settings, session.counts, (reason) => {
      session
        .exclusive(() => stop(reason))
        .catch((error: unknown) => this.#options.log.fault('a session could not be stopped by itself', error, { session: session.id }))
    })
    session.autoStop = autoStop
  }

  async #setPaused(session: Session, state: 'paused' | 'running'): Promise<void> {
    await this.#threads.recorder.call('pauseSession', { handle: session.handle, paused: state === 'paused' })
    session.state = state
    await this.#save(session)
  }

  /** A start that failed leaves nothing behind. */
  async #discard(session: Session): Promise<void> {
    session.autoStop?.cancel()
    this.#filters.forget(session)
    try {
      const { id, file, handle } = session
      if (session.isOpen) await this.#threads.recorder.call('closeSession', { handle, reason: 'sessionStopped' })
      await this.#threads.recorder.call('deleteEntry', { id, file })
    } catch (error) {
      this.#options.log.fault('a session that could not be started was not removed whole', error, { session: session.id })
    }
  }

  #add(entry: ReturnType<Session['entry']>): Session {
    const session = new Session(entry, this.#options.fileOf(entry.id), this.#byHandle.length)
    this.#byHandle.push(session)
    this.#sessions.set(entry.id, session)
    return session
  }

  async #find(id: string): Promise<Session> {
    await this.open()
    const session = this.#sessions.get(id)
    if (!session) throw notFound('sessionNotFound', `there is no session ${JSON.stringify(id.slice(0, 100))}; session/list names them`)
    return session
  }

  /** In turn with what else is asked of the session. @throws 1001 sessionNotFound also when it was deleted before its turn came */
  async #inTurn<T>(id: string, work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#find(id)
    return session.exclusive(async () => work(await this.#find(id)))
  }

  async #changeFilters(session: Session, settings: SessionSettings, { filters, ...more }: SessionChanges): Promise<void> {
    if (filters === undefined) return
    const specs = await this.#filters.specsOf(settings)
    if (Object.keys(more).length > 0) await this.#threads.checkSettings(listenerSettings(settings, session.file))
    if (session.isOpen) await this.#filters.set(session, specs)
  }

  /** Opens it in a recorder. @returns how it stands */
  async #openIn(
    recorder: Pick<ThreadLink<RecorderSurface>, 'call'>,
    session: Session,
    more: Partial<Parameters<RecorderSurface['openSession']>[0]> = {},
  ): Promise<EditedSession> {
    const filters = await this.#filters.specsAgain(session)
    const { repair } = session
    const open = () =>
      recorder.call('openSession', { ...openParams(session, this.#options.limits), filters, ...(repair && { repair }), ...more })
    const opened = await this.#filters.opened(session, filters, open)
    session.repair = null
    return opened
  }

  async #save(session: Session): Promise<void> {
    await this.#threads.recorder.call('saveEntry', { entry: session.entry() })
  }

  #count(session: Session, counts: Counts): void {
    session.counts = counts
    session.autoStop?.advanced(counts)
    this.#feed.changed(session)
  }

  #tell(session: Session): SessionView {
    this.#feed.changed(session)
    return session.view()
  }
}

function defaultName(at: number): string {
  return `capture ${new Date(at).toTimeString().slice(0, 8)}`
}
