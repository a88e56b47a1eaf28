/** The life of sessions: started, paused, stopped, resumed, deleted; in the catalogue, the recorder and the proxy alike. */
import { ulid } from 'ulid'
import { conflict, invalidParams, notFound } from '../../sdk/errors.ts'
import type { Counts, SessionState, Session as SessionView } from '../../sdk/model.ts'
import type { Params, ProxySettings, TlsSettings } from '../../sdk/protocol.ts'
import type { RecorderSurface } from '../capture/surface.ts'
import { isLoopback } from '../config.ts'
import type { Log } from '../log.ts'
import type { ProxySurface } from '../proxy/surface.ts'
import type { ThreadLink } from '../thread/link.ts'
import { isThreadLost } from '../thread/supervisor.ts'
import type { CaptureThreads, SessionRecovery } from './capture-threads.ts'
import { ChangeFeed } from './change-feed.ts'
import { noCounts, Session } from './session.ts'

/** How long a stopping session waits for what is in flight, ms. */
export const drainMs = 2000
const defaultHost = '127.0.0.1'

export interface SessionManagerOptions {
  threads: CaptureThreads
  /** Absolute path of a session's file. */
  fileOf(id: string): string
  log: Log
  /** Hears of changes, at most once a second and session. */
  changed(session: SessionView): void
}

export class SessionManager implements SessionRecovery {
  readonly #threads: CaptureThreads
  readonly #options: SessionManagerOptions
  readonly #feed: ChangeFeed
  readonly #sessions = new Map<string, Session>()
  readonly #byHandle: Session[] = []
  /** Why the catalogue could not be read at the last try. */
  catalogueError: Error | null = null
  #catalogue: Promise<void> | null = null

  constructor(options: SessionManagerOptions) {
    this.#options = options
    this.#threads = options.threads
    this.#feed = new ChangeFeed((session) => options.changed(session.view()))
  }

  /** Reads the catalogue. Calls that need it wait for it, so that the daemon answers others meanwhile. */
  open(): Promise<void> {
    this.#catalogue ??= this.#readCatalogue()
    return this.#catalogue
  }

  async start({ name, proxy = {}, tls = {} }: Params<'session/start'>): Promise<SessionView> {
    refuseOpenDoor(proxy)
    await this.open()
    const startedAt = Date.now()
    const settings = JSON.stringify({ proxy, tls })
    const id = ulid(startedAt)
    const entry = { id, name: name ?? defaultName(startedAt), startedAt, stoppedAt: null, port: null, counts: noCounts(), settings }
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

  /** Closes the listener, gives what is in flight its time, commits, and closes the file. */
  async stop(id: string): Promise<SessionView> {
    const session = await this.#find(id)
    return session.exclusive(async () => {
      if (session.isOpen) await this.#end(session, 'sessionStopped', drainMs)
      return this.#tell(session)
    })
  }

  async pause(id: string): Promise<SessionView> {
    const session = await this.#find(id)
    return session.exclusive(async () => {
      if (session.state === 'stopped') throw conflict('sessionStopped', `session ${session.name} is stopped; resume it first`)
      if (session.state === 'running') await this.#setPaused(session, 'paused')
      return this.#tell(session)
    })
  }

  async resume(id: string): Promise<SessionView> {
    const session = await this.#find(id)
    return session.exclusive(async () => {
      if (session.state === 'paused') await this.#setPaused(session, 'running')
      else if (session.state === 'stopped') await this.#reopen(session)
      return this.#tell(session)
    })
  }

  async get(id: string): Promise<SessionView> {
    return (await this.#find(id)).view()
  }

  /** The session once everything that has passed so far is in its file. */
  async settled(id: string): Promise<SessionView> {
    const session = await this.#find(id)
    if (session.isOpen) await this.#threads.recorder.call('flush', {})
    return session.view()
  }

  async list(state?: SessionState): Promise<SessionView[]> {
    await this.open()
    const found = [...this.#sessions.values()].filter((session) => state === undefined || session.state === state)
    return found.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)).map((session) => session.view())
  }

  async set(id: string, { name, tls }: { name?: string; tls?: TlsSettings }): Promise<SessionView> {
    const session = await this.#find(id)
    return session.exclusive(async () => {
      // Refused before anything has changed.
      if (tls && session.listening) await this.#threads.proxy.call('setTls', { session: session.handle, tls })
      else if (tls) await this.#threads.checkTls(tls)
      if (name !== undefined) session.name = name
      if (tls) session.settings = { ...session.settings, tls }
      await this.#save(session)
      return this.#tell(session)
    })
  }

  async delete(id: string): Promise<void> {
    const session = await this.#find(id)
    await session.exclusive(async () => {
      if (session.isOpen) throw conflict('sessionRunning', `session ${session.name} is ${session.state}; stop it first`)
      await this.#threads.recorder.call('deleteEntry', { id, file: session.file })
      this.#sessions.delete(id)
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
        await this.#abandon(session)
      }
    }
  }

  async #reopenIn(recorder: ThreadLink<RecorderSurface>, session: Session): Promise<void> {
    const { id, file, handle } = session
    const { counts } = await recorder.call('openSession', { id, file, handle, repair: 'recorderCrashed' })
    if (session.state === 'paused') await recorder.call('pauseSession', { handle, paused: true })
    this.#count(session, counts)
  }

  /** Nothing of it can be recorded any more, so nothing may look as if it were. */
  async #abandon(session: Session): Promise<void> {
    const listens = session.listening !== null
    session.listening = null
    session.isOpen = false
    session.state = 'stopped'
    session.stoppedAt = Date.now()
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

  advanced(handle: number, _change: number, counts: Counts): void {
    const session = this.#byHandle[handle]
    if (session) this.#count(session, counts)
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
    const { id, file, handle } = session
    session.counts = (await recorder.call('openSession', { id, file, handle })).counts
    session.isOpen = true
    if (proxy) await this.#listen(session, proxy.port ?? 0)
    await this.#save(session)
  }

  /** On its old port when that is free, else on another. */
  async #reopen(session: Session): Promise<void> {
    const { id, file, handle, settings } = session
    await this.#threads.certificateAuthority()
    session.counts = (await this.#threads.recorder.call('openSession', { id, file, handle })).counts
    session.isOpen = true
    try {
      if (settings.proxy) await this.#listenAgain(session)
    } catch (error) {
      await this.#end(session, 'sessionStopped', 0)
      throw error
    }
    session.state = 'running'
    session.stoppedAt = null
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

  async #end(session: Session, reason: 'sessionStopped' | 'daemonStopped', drainTimeMs: number): Promise<void> {
    const { recorder, proxy } = this.#threads
    const { handle } = session
    const listens = session.listening !== null
    session.listening = null
    if (listens) {
      await unlessLost(proxy.call('closeListener', { session: handle }))
      await unlessLost(recorder.call('drainSession', { handle, timeoutMs: drainTimeMs }))
      await unlessLost(proxy.call('closeSession', { session: handle }))
    }
    // A recorder that dies here is replaced, and the session is open in the new one, too.
    const close = () => recorder.call('closeSession', { handle, reason })
    const { counts } = await close().catch((error: unknown) => (isThreadLost(error) ? close() : Promise.reject(error)))
    session.counts = counts
    session.isOpen = false
    session.state = 'stopped'
    session.stoppedAt = Date.now()
    await this.#save(session)
  }

  async #setPaused(session: Session, state: 'paused' | 'running'): Promise<void> {
    await this.#threads.recorder.call('pauseSession', { handle: session.handle, paused: state === 'paused' })
    session.state = state
    await this.#save(session)
  }

  /** A start that failed leaves nothing behind. */
  async #discard(session: Session): Promise<void> {
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

  async #save(session: Session): Promise<void> {
    await this.#threads.recorder.call('saveEntry', { entry: session.entry() })
  }

  #count(session: Session, counts: Counts): void {
    session.counts = counts
    this.#feed.changed(session)
  }

  #tell(session: Session): SessionView {
    this.#feed.changed(session)
    return session.view()
  }
}

const listenParams = (session: Session, port: number) => {
  const { proxy, tls } = session.settings
  return { session: session.handle, proxy: { host: defaultHost, ...proxy, port }, tls }
}

const unlessLost = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => (isThreadLost(error) ? undefined : Promise.reject(error)))

/** Everybody who reaches the port could use the proxy, and be captured. */
function refuseOpenDoor(proxy: ProxySettings | null): void {
  if (!proxy || isLoopback(proxy.host ?? defaultHost) || proxy.auth) return
  const message = `a proxy that listens on ${proxy.host} needs proxy.auth {username, password}: everybody who reaches it could use it`
  throw invalidParams('authRequired', message, [{ path: '/proxy/auth', message: 'is required beyond loopback' }])
}

function defaultName(at: number): string {
  return `capture ${new Date(at).toTimeString().slice(0, 8)}`
}
