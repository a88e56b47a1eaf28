/** The recorder: reads what proxy threads send and is the only writer of session files. */
import { statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import type { MessagePort } from 'node:worker_threads'
import { notFound, unavailable, WeirError } from '../../sdk/errors.ts'
import type { FilterChain } from '../plugin/filters/filter-chain.ts'
import { type FilterSpec, openFilters } from '../plugin/filters/open-filters.ts'
import { RunningFilter } from '../plugin/filters/running-filter.ts'
import { Ballast } from '../store/ballast.ts'
import { Catalogue } from '../store/catalogue.ts'
import { isDiskFull, isStoreError } from '../store/database.ts'
import type { Repair } from '../store/repair.ts'
import { type OpenOptions, SessionFile } from '../store/session-file.ts'
import type { CatalogueEntry, SessionWriter } from '../store/surface.ts'
import { unixTime } from '../thread/unix-time.ts'
import { BatchReader } from './batch-reader.ts'
import { BrowserRecorder } from './browser/browser-recorder.ts'
import { CommitPace } from './commit-pace.ts'
import { HeaderBlocks } from './decoders/header-block.ts'
import { DiskRoom } from './disk-room.ts'
import { Http2Heads } from './http2-fields.ts'
import { SessionRecorder } from './session-recorder.ts'
import type { EditedSession, OpenedSession, RecorderEvents, RecorderSurface } from './surface.ts'

export interface RecorderOptions {
  events: RecorderEvents
  /** Says which filter it is in. */
  running?: RunningFilter
  /** Opens session files. */
  openFile?(path: string, options: OpenOptions): SessionWriter
}

/** Batches read and not yet committed: more are committed at once, bytes. */
const uncommittedBytes = 4 * 1024 * 1024
/** How long a session waits for the last records of its connections, ms. */
const lastRecordsMs = 1_000
/** How long the record of its closed listener may take to come, ms. */
const listenerClosedMs = 100
/** How long a session that ends tries to write its last records, and the rest between two tries, ms. A daemon that stops has 5 s for everything. */
const lastCommitMs = { sessionStopped: 2_000, daemonStopped: 500 } as const
const lastCommitRestMs = 250
/** How often room for the ballast is looked for, ms; and how long after the first session it is made. */
const ballastMs = 5_000
const firstBallastMs = 2_000
/** How often sessions are looked at for what is beyond their limits, ms. */
const tendMs = 200
/** After a slice of that the recorder does other things so many times as long. */
const tendRest = 4
/** How often it is looked at what browsers told and what passed the proxy, ms. */
const browserMs = 100
/** Exchanges deleted by one transaction. */
const deletedAtOnce = 500

const messages = {
  sessionStopped: 'the session was stopped while this was open',
  daemonStopped: 'the daemon was stopped while this was open',
} as const

interface Wait {
  isSo(): boolean
  end(): void
}

export class Recorder {
  #events: RecorderEvents
  #running: RunningFilter
  #openFile: NonNullable<RecorderOptions['openFile']>
  #sessions = new Map<number, SessionRecorder>()
  #readers = new Set<BatchReader>()
  #blocks = new HeaderBlocks()
  #heads = new Http2Heads()
  #pace = new CommitPace()
  #timer: NodeJS.Timeout | null = null
  #ballastTimer: NodeJS.Timeout | null = null
  #tendTimer: NodeJS.Timeout | null = null
  #browserTimer: NodeJS.Timeout | null = null
  /** Of batches since the last round of commits, and since nothing was held. */
  #uncommitted = 0
  #held = 0
  #waiting = new Set<Wait>()
  #home = ''
  #cache: string | null = null
  #catalogue: Catalogue | null = null
  #room: DiskRoom | null = null

  constructor(options: RecorderOptions) {
    this.#events = options.events
    this.#running = options.running ?? new RunningFilter()
    this.#openFile = options.openFile ?? SessionFile.open
  }

  surface(): RecorderSurface {
    return {
      openCatalogue: async (params) => this.#openCatalogue(params),
      saveEntry: async ({ entry }) => this.#saveEntry(entry),
      deleteEntry: async ({ id, file }) => this.#opened().delete(id, file),
      openSession: (params) => this.#openSession(params),
      setFilters: async ({ handle, filters }) => {
        const chain = await this.#openFilters(handle, filters)
        this.#session(handle).entrance.use(chain)
        return { filterFiles: chain?.files ?? [] }
      },
      setWhere: async ({ handle, where }) => this.#session(handle).keepOnly(where),
      pauseSession: async ({ handle, paused }) => {
        const now = unixTime()
        if (paused) this.#session(handle).pause(now)
        else this.#session(handle).resume(now)
      },
      limitSession: async ({ handle, limits, exchangesLeft = Number.POSITIVE_INFINITY }) => {
        this.#session(handle).limit(limits, exchangesLeft)
      },
      deleteExchanges: async (params) => this.#deleteExchanges(params),
      annotateExchange: async (params) => this.#annotateExchange(params),
      sourceStarted: async ({ handle, sourceId }) => this.#browsersOf(handle).start(sourceId),
      takeSourceEvents: async ({ handle, sourceId, events }) => this.#read(this.#browsersOf(handle).take(sourceId, events)),
      sourceEnded: async ({ handle, sourceId }) => {
        this.#browsersOf(handle).end(sourceId)
        this.#schedule()
      },
      drainSession: async ({ handle, timeoutMs }) => this.#drain(this.#session(handle), timeoutMs),
      closeSession: async ({ handle, reason }) => this.#close(this.#session(handle), reason),
      attachProxy: async ({ port }) => this.#attach(port),
      proxyLost: async () => this.#proxyLost(),
      flush: async () => {
        for (const reader of this.#readers) reader.readSent()
        this.#commit()
      },
    }
  }

  /** Everything is committed and closed, as far as that goes. For the end of the thread and for tests. */
  end(): void {
    for (const reader of this.#readers) reader.close()
    for (const session of this.#sessions.values()) session.close(Date.now())
    this.#sessions.clear()
    this.#catalogue?.close()
    this.#catalogue = null
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#ballastTimer) clearTimeout(this.#ballastTimer)
    if (this.#tendTimer) clearTimeout(this.#tendTimer)
    if (this.#browserTimer) clearTimeout(this.#browserTimer)
  }

  #openCatalogue({ home, cache, running }: Parameters<RecorderSurface['openCatalogue']>[0]): { entries: CatalogueEntry[] } {
    this.#home = home
    this.#cache = cache ?? null
    this.#catalogue?.close()
    this.#catalogue = Catalogue.open(home)
    this.#room = new DiskRoom(new Ballast(home), () => freeBytes(home))
    if (running !== 'keep') {
      const { entries, failures } = this.#catalogue.repair()
      for (const { id, error } of failures)
        this.#warn(
          'a session whose recording broke off could not be repaired; it is tried again when it is resumed, or at the next start',
          error,
          { session: id },
        )
      return { entries }
    }
    return { entries: this.#catalogue.entries() }
  }

  #saveEntry(entry: CatalogueEntry): void {
    const catalogue = this.#opened()
    try {
      catalogue.save(entry)
    } catch (error) {
      if (!isDiskFull(error) || !this.#room?.ranOut()) throw error
      catalogue.save(entry)
    }
  }

  #opened(): Catalogue {
    if (this.#catalogue === null) throw new Error('openCatalogue comes first')
    return this.#catalogue
  }

  async #openSession(params: Parameters<RecorderSurface['openSession']>[0]): Promise<OpenedSession> {
    const { id, file, handle, repair, limits = {}, exchangesLeft = Number.POSITIVE_INFINITY, where = '', filters = [] } = params
    const { withoutCookies = false } = params
    const chain = await this.#openFilters(handle, filters)
    this.#sessions.get(handle)?.close(Date.now())
    this.#sessions.delete(handle)
    const writer = this.#openFile(file, { create: true, withoutCookies, ...(repair ? { repair } : {}) })
    const session = new SessionRecorder({
      id,
      handle,
      file: writer,
      isDiskFull,
      makeRoom: () => this.#room?.ranOut() ?? false,
      isRoomLow: () => this.#room?.isLow() ?? false,
      readUpTo: () => this.#readUpTo(),
      report: (error) => this.#report(file, error),
      decided: () => {
        this.#schedule()
        this.#wake()
      },
    })
    session.limit(limits, exchangesLeft)
    session.keepOnly(where)
    session.entrance.use(chain)
    this.#sessions.set(handle, session)
    this.#tendTimer ??= setTimeout(() => this.#tend(), tendMs).unref()
    if (this.#room) this.#ballastTimer ??= setTimeout(() => this.#keepBallast(), firstBallastMs).unref()
    return { handle, counts: session.counts, change: session.change, filterFiles: chain?.files ?? [] }
  }

  #openFilters(handle: number, filters: readonly FilterSpec[]): Promise<FilterChain | null> {
    return openFilters(filters, {
      dataRoot: join(this.#home, 'plugins'),
      compileCache: this.#cache,
      running: this.#running,
      report: (fault) => this.#events.filterFailed({ handle, ...fault }),
      log: (plugin, line) => this.#events.log({ level: 'info', message: line, plugin }),
    })
  }

  #session(handle: number): SessionRecorder {
    const session = this.#sessions.get(handle)
    if (session === undefined) throw notFound('sessionNotOpen', `the recorder has no open session ${handle}`)
    return session
  }

  #browsersOf(handle: number): BrowserRecorder {
    const session = this.#session(handle)
    if (session.browsers === null) {
      const { entrance } = session
      session.browsers = new BrowserRecorder({ session, entrance, now: unixTime, wake: () => this.#wakeBrowsers() })
      for (const reader of this.#readers) reader.redirect(session)
    }
    return session.browsers
  }

  #wakeBrowsers(): void {
    this.#browserTimer ??= setTimeout(() => this.#decideOnBrowsers(), browserMs).unref()
  }

  /** Which requests of browsers are which exchanges of the proxy, as far as that is known by now. */
  #decideOnBrowsers(): void {
    this.#browserTimer = null
    // What waits to be read may be what is looked for.
    for (const reader of this.#readers) reader.readSent()
    const now = unixTime()
    const readUpTo = Math.min(...[...this.#readers].map((reader) => reader.look(now, browserMs)))
    for (const session of this.#sessions.values()) {
      const { browsers } = session
      if (browsers === null || !browsers.isPending) continue
      browsers.decide(now, readUpTo)
      if (session.isDirty) this.#schedule()
      if (browsers.isPending) this.#wakeBrowsers()
    }
  }

  #attach(port: MessagePort): void {
    const reader = new BatchReader({
      port,
      blocks: this.#blocks,
      heads: this.#heads,
      sessionOf: (handle) => this.#sessions.get(handle),
      sent: (send, seq) => this.#events.sent({ send, seq }),
      read: (bytes) => this.#read(bytes),
      fault: (error) => this.#warn('a connection is not recorded any more', error),
    })
    this.#readers.add(reader)
  }

  #read(bytes: number): void {
    this.#uncommitted += bytes
    this.#held += bytes
    if (this.#waiting.size > 0) this.#wake()
    if (this.#timer !== null && this.#uncommitted > uncommittedBytes) this.#commit()
    else this.#schedule()
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#due(), this.#pace.dueIn(performance.now()))
  }

  #due(): void {
    this.#timer = null
    this.#commit()
    for (const session of this.#sessions.values()) {
      if (!session.isDirty) continue
      this.#timer = setTimeout(() => this.#due(), Math.max(1, this.#pace.dueIn(performance.now())))
      break
    }
  }

  #commit(): void {
    const begunAt = performance.now()
    const now = Date.now()
    let holdsNothing = true
    for (const session of this.#sessions.values()) {
      if (session.commit(now, this.#held)) this.#advanced(session)
      if (session.becameFull()) this.#events.full({ handle: session.handle })
      holdsNothing &&= session.holdsNothing
    }
    this.#uncommitted = 0
    // Once a round, not once a batch: a message between threads costs more than the decoding of an exchange.
    for (const reader of this.#readers) {
      if (!holdsNothing) reader.keep()
      reader.credit()
    }
    if (holdsNothing) this.#held = 0
    this.#pace.committed(begunAt, performance.now())
  }

  async #drain(session: SessionRecorder, timeoutMs: number): Promise<void> {
    const begunAt = performance.now()
    // A session without a listener has no such record.
    await this.#until(() => session.stopping, Math.min(timeoutMs, listenerClosedMs))
    // With all its connections closed nothing that is open can end any more.
    await this.#until(
      () => (session.open === 0 && !session.isAsking) || session.connectionsClosed,
      timeoutMs - (performance.now() - begunAt),
    )
    this.#commit()
  }

  async #close(session: SessionRecorder, reason: keyof typeof messages): Promise<EditedSession & { repair: Repair | null }> {
    const { handle } = session
    if (session.stopping || this.#follows(session)) await this.#until(() => session.connectionsClosed, lastRecordsMs)
    session.stopping = true
    const now = Date.now()
    const ended = { reason, message: messages[reason] }
    for (const reader of this.#readers) reader.stop(session, ended, now)
    session.entrance.endLeft(ended, now)
    session.browsers?.close(ended)
    await session.entrance.close()
    const until = performance.now() + lastCommitMs[reason]
    while (!session.commitLast(Date.now()) && performance.now() < until) await rest(lastCommitRestMs)
    const repair = session.close(Date.now())
    this.#sessions.delete(handle)
    if (repair !== null) this.#tellLost(repair, handle)
    return { counts: session.counts, change: session.change, repair }
  }

  #tellLost({ gaps = [] }: Repair, handle: number): void {
    const exchanges = gaps.reduce((sum, gap) => sum + (gap.exchanges ?? 0), 0)
    const message = 'the last records of a session could not be written and are lost; gaps will say so once its file can be written again'
    this.#events.log({ level: 'error', message, handle, exchanges })
  }

  /** Copies come in the order of what they tell of, each proxy's over a port of its own. */
  #readUpTo(): number | null {
    if (this.#readers.size === 0) return null
    const last = Math.min(...[...this.#readers].map(({ lastAt }) => lastAt))
    return last || null
  }

  #follows(session: SessionRecorder): boolean {
    for (const reader of this.#readers) if (reader.follows(session)) return true
    return false
  }

  #proxyLost(): void {
    const now = Date.now()
    for (const reader of this.#readers) {
      reader.close()
      reader.stop(null, { reason: 'proxyCrashed', message: 'the proxy thread died while this was open' }, now)
      const from = reader.lastAt || now
      for (const session of this.#sessions.values()) {
        session.addGap(from, now, 'proxyCrashed', null)
        session.browsers?.missed(from, now)
      }
    }
    this.#readers.clear()
    this.#wake()
    this.#commit()
  }

  /** Resolves when it is so, looked at after each batch, or when the time is over. */
  #until(isSo: () => boolean, timeoutMs: number): Promise<void> {
    if (isSo() || timeoutMs <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const wait: Wait = {
        isSo,
        end: () => {
          clearTimeout(timer)
          this.#waiting.delete(wait)
          resolve()
        },
      }
      const timer = setTimeout(wait.end, timeoutMs)
      this.#waiting.add(wait)
    })
  }

  #wake(): void {
    for (const wait of this.#waiting) if (wait.isSo()) wait.end()
  }

  async #deleteExchanges({
    handle,
    file,
    seqs,
  }: Parameters<RecorderSurface['deleteExchanges']>[0]): Promise<EditedSession & { deleted: number }> {
    return this.#edit(handle, file, async (edit) => {
      let deleted = 0
      for (let at = 0; at < seqs.length; at += deletedAtOnce) {
        const beganAt = performance.now()
        deleted += edit((writer) => writer.delete(seqs.slice(at, at + deletedAtOnce)))
        await rest(performance.now() - beganAt)
      }
      return { deleted }
    })
  }

  async #annotateExchange({ handle, file, seq, change }: Parameters<RecorderSurface['annotateExchange']>[0]): Promise<EditedSession> {
    return this.#edit(handle, file, async (edit) => {
      if (!edit((writer) => writer.annotate(seq, change))) throw notFound('exchangeNotFound', `this session has no exchange ${seq}`)
      return {}
    })
  }

  /** In the file of a session that is open, or else opened for it. */
  async #edit<Result>(
    handle: number,
    file: string,
    work: (edit: <R>(step: (writer: SessionWriter) => R) => R) => Promise<Result>,
  ): Promise<Result & EditedSession> {
    const session = this.#sessions.get(handle)
    const writer = session === undefined ? this.#openFile(file, {}) : null
    try {
      const edit = <R>(step: (writer: SessionWriter) => R): R =>
        session === undefined ? step(writer as SessionWriter) : session.edit(Date.now(), this.#held, step)
      const result = await work(edit)
      const { counts, change } = session ?? (writer as SessionWriter)
      return { ...result, counts, change }
    } catch (error) {
      // What was committed before it failed.
      if (session !== undefined) this.#advanced(session)
      throw isStoreError(error) ? unavailable('notWritable', 'the file of this session cannot be written; is the disk full?') : error
    } finally {
      writer?.close()
    }
  }

  #tend(): void {
    const beganAt = performance.now()
    const now = Date.now()
    let isMore = false
    for (const session of this.#sessions.values()) {
      const { change } = session
      if (!session.tend(now)) continue
      isMore = true
      if (session.change > change) this.#advanced(session)
    }
    const took = performance.now() - beganAt
    this.#tendTimer = setTimeout(() => this.#tend(), isMore ? Math.max(1, took * tendRest) : tendMs).unref()
  }

  #advanced({ handle, change, counts }: SessionRecorder): void {
    this.#events.advanced({ handle, change, counts, commitIntervalMs: Math.round(this.#pace.intervalMs) })
  }

  #keepBallast(): void {
    try {
      this.#room?.restore()
    } catch (error) {
      this.#warn('the ballast file could not be made', error)
    }
    this.#ballastTimer = setTimeout(() => this.#keepBallast(), ballastMs).unref()
  }

  #report(file: string, error: unknown): void {
    if (error === null) this.#events.log({ level: 'info', message: 'the session file can be written again', file })
    else this.#warn('a session file could not be written; what it misses will be on record as a gap', error, { file })
  }

  #warn(message: string, error: unknown, more: { [name: string]: unknown } = {}): void {
    const text = error instanceof WeirError ? error.message : String((error as Error)?.stack ?? error)
    this.#events.log({ level: 'error', message, error: text, ...more })
  }
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
