/** The browsers that tell sessions of their requests: opened by `source/start`, ended with their session; others join by themselves. */
import { createHash, X509Certificate } from 'node:crypto'
import { isAbsolute, join } from 'node:path'
import type { Transferable } from 'node:worker_threads'
import { ulid } from 'ulid'
import { conflict, notFound } from '../../sdk/errors.ts'
import type { CookieTarget, SourceRun } from '../../sdk/plugin.ts'
import type { NotificationParams, Params, Result } from '../../sdk/protocol.ts'
import type { SourceEvent, SourceInfo } from '../../sdk/source.ts'
import type { Log } from '../log.ts'
import type { PluginDirectory } from '../plugin/plugin-directory.ts'
import { SourceChild } from '../plugin/source/source-child.ts'
import { unlessLost } from '../thread/supervisor.ts'
import type { CaptureThreads } from './capture-threads.ts'
import { LatestIds } from './latest-ids.ts'
import type { SessionManager } from './session-manager.ts'

/** How long a source may take to tell what it has seen, ms: a part of the 2 s of its session. */
const stopMs = 1_500
/** A profile that is kept is written to its end, so long at most; its session does not wait for that, ms. */
const profileStopMs = 10_000

export interface SourcesOptions {
  home: string
  compileCache: string | null
  directory: PluginDirectory
  threads: CaptureThreads
  sessions: SessionManager
  log: Log
  /** Hears of each that was opened or has joined. */
  opened(source: SourceInfo): void
  /** Hears of each that was open and has ended. */
  ended(end: NotificationParams<'source/didEnd'>): void
}

/** What is behind a source. */
export interface SourceBody {
  /** Resolves when it has told what it saw, after so many ms at the latest. */
  stop(withinMs: number): Promise<void>
  cookies: CookieTarget | null
}

interface Entry {
  info: SourceInfo
  handle: number
  /** It was running before: connections are told apart by their certificates. */
  attached: boolean
  /** null: it opens. */
  body: SourceBody | null
  stopping: Promise<void> | null
}

/** One that was let in. */
export interface JoinedSource {
  info: SourceInfo
  /** Resolves when the recorder has them. One call at a time. */
  take(events: readonly SourceEvent[]): Promise<void>
  /** It is gone by itself. */
  left(reason: string, failed: boolean): void
}

export class Sources {
  readonly #options: SourcesOptions
  readonly #entries = new Map<string, Entry>()
  /** So that stopping one again is no error. */
  readonly #ended = new LatestIds()
  /** What is left of them, open or not. */
  readonly #children = new Set<SourceChild>()
  /** Browsers that have been stopped and are still writing their named profiles. */
  readonly #endingProfiles = new Map<string, Promise<unknown>>()

  constructor(options: SourcesOptions) {
    this.#options = options
  }

  /** Rejects with 1001 sessionNotFound, sourceKindNotFound; 1002 sessionStopped; -32602 invalidConfig; 1003 pluginFailed. Aborted, nothing is left running. */
  async start({ kind, sessionId, config, ...known }: Params<'source/start'>, signal: AbortSignal): Promise<Result<'source/start'>> {
    const { directory, home, compileCache, log, threads } = this.#options
    const found = isAbsolute(kind) ? { module: kind } : await directory.find('source', kind)
    const entry = await this.#add(kind, sessionId, known.endpoint !== undefined)
    const { id } = entry.info
    const child = new SourceChild(
      {
        log: (message) => log.write('info', message, { plugin: kind, source: id }),
        take: (events) => this.#take(entry, events),
        ended: (reason, failed) => this.#left(entry, reason, failed),
      },
      compileCache,
    )
    this.#children.add(child)
    void child.gone.then(() => this.#children.delete(child))
    const kill = () => child.kill()
    signal.addEventListener('abort', kill)
    // Whoever ends its session ends what is only opening.
    const { profile } = known
    const stop = (withinMs: number) => {
      if (profile === undefined) return child.stop(withinMs, withinMs)
      this.#endingProfiles.set(profile, child.gone)
      void child.gone.then(() => this.#endingProfiles.get(profile) === child.gone && this.#endingProfiles.delete(profile))
      return child.stop(withinMs, profileStopMs)
    }
    entry.body = { stop, cookies: null }
    try {
      if (profile !== undefined) await this.#endingProfiles.get(profile)
      signal.throwIfAborted()
      const { certificate } = await threads.certificateAuthority()
      const run = {
        sourceId: id,
        ...(await this.#usable(sessionId)),
        caCertificate: certificate,
        caKeyHash: keyHash(certificate),
        tagDomain: await this.#tag(entry),
      }
      const ready = await child.open({
        module: found.module,
        dataRoot: join(home, 'plugins'),
        config: structuredClone({ ...known, ...config }),
        run,
      })
      await this.#running(sessionId)
      if (entry.stopping !== null) throw noSession()
      entry.info = { ...entry.info, browser: ready.browser, notes: [...ready.notes] }
      entry.body = { stop: entry.body.stop, cookies: child.cookies(ready.cookies) }
    } catch (error) {
      child.kill()
      await this.#forget(entry)
      throw entry.stopping === null ? error : noSession()
    } finally {
      signal.removeEventListener('abort', kill)
    }
    this.#options.opened(entry.info)
    const { browser = '', notes } = entry.info
    return { sourceId: id, browser, notes }
  }

  /** One that comes by itself, such as an extension. Rejects with 1001 sessionNotFound, 1002 sessionStopped. */
  async join(
    {
      kind,
      sessionId,
      browser,
      notes,
      attached,
    }: { kind: string; sessionId: string; browser: string; notes: readonly string[]; attached: boolean },
    body: SourceBody,
  ): Promise<JoinedSource> {
    const entry = await this.#add(kind, sessionId, attached)
    entry.info = { ...entry.info, browser, notes: [...notes] }
    entry.body = body
    try {
      await this.#tag(entry)
      if (entry.stopping !== null) throw noSession()
    } catch (error) {
      await this.#forget(entry)
      throw error
    }
    this.#options.opened(entry.info)
    return {
      info: entry.info,
      take: async (events) => {
        // The recorder has been told that it has ended.
        if (!this.#entries.has(entry.info.id)) throw missing(entry.info.id)
        await this.#take(entry, events)
      },
      left: (reason, failed) => this.#left(entry, reason, failed),
    }
  }

  /** Those that are open, in the order in which they were opened. */
  list({ sessionId }: Params<'source/list'> = {}): Result<'source/list'> {
    const open = [...this.#entries.values()].filter(({ info }) => info.browser !== undefined)
    return { items: open.map(({ info }) => info).filter((info) => sessionId === undefined || info.sessionId === sessionId) }
  }

  /** Rejects with 1001 sourceNotFound. */
  async stop(sourceId: string): Promise<void> {
    const entry = this.#entries.get(sourceId)
    if (entry) return this.#stop(entry, 'it was stopped')
    if (!this.#ended.has(sourceId)) throw missing(sourceId)
  }

  /** The ids of those that tell a session, or are about to. */
  of(sessionId: string): readonly string[] {
    return [...this.#entries.values()].filter(({ info }) => info.sessionId === sessionId).map(({ info }) => info.id)
  }

  /** Their session ends. Never rejects. */
  async end(sessionId: string): Promise<void> {
    const ending = [...this.#entries.values()].filter(({ info }) => info.sessionId === sessionId)
    await Promise.all(ending.map((entry) => this.#stop(entry, 'its session has ended')))
  }

  /** Resolves when all that are ended by now are gone, and have written the profiles that are kept. */
  async gone(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.gone))
  }

  /** The source of that id, or `last`: the one that was opened last and has cookies. null: there is none now. */
  withCookies(source: string): { id: string; cookies: CookieTarget } | null {
    const found = [...this.#entries.values()].flatMap(({ info: { id }, body }) => (body?.cookies ? [{ id, cookies: body.cookies }] : []))
    return (source === 'last' ? found.at(-1) : found.find(({ id }) => id === source)) ?? null
  }

  async #add(kind: string, sessionId: string, attached: boolean): Promise<Entry> {
    const { handle } = await this.#running(sessionId)
    const startedAt = Date.now()
    const info: SourceInfo = { id: ulid(startedAt), kind, sessionId, startedAt, notes: [] }
    const entry: Entry = { info, handle, attached, body: null, stopping: null }
    this.#entries.set(info.id, entry)
    try {
      await this.#options.threads.recorder.call('sourceStarted', { handle, sourceId: info.id })
      // Whoever ends a session has looked for its sources before it is stopped.
      await this.#running(sessionId)
    } catch (error) {
      this.#entries.delete(info.id)
      throw error
    }
    return entry
  }

  async #running(sessionId: string): Promise<{ handle: number }> {
    const { name, state, handle } = await this.#options.sessions.way(sessionId)
    if (state === 'stopped') throw conflict('sessionStopped', `session ${name} is stopped; resume it, or start another`)
    return { handle }
  }

  /** As a browser may use it. */
  async #usable(sessionId: string): Promise<Pick<SourceRun, 'session' | 'proxyCredentials'>> {
    const { sessions } = this.#options
    const [session, { settings }] = await Promise.all([sessions.get(sessionId), sessions.way(sessionId)])
    if (settings.reverse !== undefined) return { session: { ...session, proxy: null }, proxyCredentials: null }
    return { session, proxyCredentials: settings.proxy?.auth ?? null }
  }

  /** While one is attached, the session's certificates tell its connections apart. */
  async #tag({ info: { sessionId }, attached }: Entry): Promise<string> {
    return this.#options.sessions.tagConnections(sessionId, attached || this.#isTagged(sessionId))
  }

  #isTagged(sessionId: string): boolean {
    return [...this.#entries.values()].some(({ info, attached }) => attached && info.sessionId === sessionId)
  }

  async #take({ info: { id }, handle }: Entry, events: readonly SourceEvent[]): Promise<void> {
    const transfer: Transferable[] = []
    const own = events.map((event) => withOwnBytes(event, transfer))
    // A recorder that dies has lost more than these: a gap says so in each session.
    await unlessLost(this.#options.threads.recorder.call('takeSourceEvents', { handle, sourceId: id, events: own }, transfer))
  }

  #left(entry: Entry, reason: string, failed: boolean): void {
    if (entry.stopping !== null) return
    entry.stopping = this.#forget(entry)
    this.#tell(entry, reason, failed)
  }

  #stop(entry: Entry, reason: string): Promise<void> {
    entry.stopping ??= this.#end(entry, reason)
    return entry.stopping
  }

  #tell({ info: { id, kind, sessionId, browser } }: Entry, reason: string, failed: boolean): void {
    if (browser === undefined) return
    this.#options.log.write(failed ? 'warn' : 'info', `a source has ended: ${reason}`, { plugin: kind, source: id })
    this.#options.ended({ sourceId: id, kind, sessionId, reason, failed })
  }

  async #end(entry: Entry, reason: string): Promise<void> {
    try {
      await entry.body?.stop(stopMs)
    } catch (error) {
      this.#options.log.fault('a source did not stop in order', error, { source: entry.info.id })
    }
    await this.#forget(entry)
    this.#tell(entry, reason, false)
  }

  async #forget({ info: { id, sessionId }, handle, attached }: Entry): Promise<void> {
    if (!this.#entries.delete(id)) return
    this.#ended.add(id)
    try {
      await unlessLost(this.#options.threads.recorder.call('sourceEnded', { handle, sourceId: id }))
      if (attached) await this.#options.sessions.tagConnections(sessionId, this.#isTagged(sessionId))
    } catch (error) {
      this.#options.log.fault('a source did not end in order', error, { source: id })
    }
  }
}

const noSession = () => conflict('sessionStopped', 'the session was stopped, or the source ended, while it opened')

const missing = (sourceId: string) =>
  notFound('sourceNotFound', `there is no source ${JSON.stringify(sourceId.slice(0, 100))}; source/list names them`)

/** What came out of one message shares its memory with others, and cannot be handed on without them. */
function withOwnBytes(event: SourceEvent, transfer: Transferable[]): SourceEvent {
  if (event.kind !== 'body' || !(event.data instanceof Uint8Array)) return event
  const data = new Uint8Array(event.data)
  transfer.push(data.buffer)
  return { ...event, data }
}

/** SHA-256 of the SubjectPublicKeyInfo, base64, as Chromium's --ignore-certificate-errors-spki-list takes it (RFC 7469 section 2.4). */
const keyHash = (pem: string): string =>
  createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
