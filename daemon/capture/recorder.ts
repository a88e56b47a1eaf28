/** The recorder: reads what proxy threads send and is the only writer of session files. */
import { statfsSync } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import { notFound, WeirError } from '../../sdk/errors.ts'
import { Ballast } from '../store/ballast.ts'
import { Catalogue } from '../store/catalogue.ts'
import { isDiskFull } from '../store/database.ts'
import { type OpenOptions, SessionFile } from '../store/session-file.ts'
import type { CatalogueEntry, SessionWriter } from '../store/surface.ts'
import { unixTime } from '../thread/unix-time.ts'
import { BatchReader } from './batch-reader.ts'
import { CommitPace } from './commit-pace.ts'
import { HeaderBlocks } from './decoders/header-block.ts'
import { DiskRoom } from './disk-room.ts'
import { Http2Heads } from './http2-fields.ts'
import { SessionRecorder } from './session-recorder.ts'
import type { OpenedSession, RecorderEvents, RecorderSurface } from './surface.ts'

export interface RecorderOptions {
  events: RecorderEvents
  /** Opens session files. */
  openFile?(path: string, options: OpenOptions): SessionWriter
}

/** Batches read and not yet committed: more are committed at once, bytes. */
const uncommittedBytes = 4 * 1024 * 1024
/** How long a session waits for the last records of its connections, ms. */
const lastRecordsMs = 1_000
/** How long the record of its closed listener may take to come, ms. */
const listenerClosedMs = 100
/** How often room for the ballast is looked for, ms; and how long after the first session it is made. */
const ballastMs = 5_000
const firstBallastMs = 2_000

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
  #openFile: NonNullable<RecorderOptions['openFile']>
  #sessions = new Map<number, SessionRecorder>()
  #readers = new Set<BatchReader>()
  #blocks = new HeaderBlocks()
  #heads = new Http2Heads()
  #pace = new CommitPace()
  #timer: NodeJS.Timeout | null = null
  #ballastTimer: NodeJS.Timeout | null = null
  /** Of batches since the last round of commits, and since nothing was held. */
  #uncommitted = 0
  #held = 0
  #waiting = new Set<Wait>()
  #catalogue: Catalogue | null = null
  #room: DiskRoom | null = null

  constructor(options: RecorderOptions) {
    this.#events = options.events
    this.#openFile = options.openFile ?? SessionFile.open
  }

  surface(): RecorderSurface {
    return {
      openCatalogue: async (params) => this.#openCatalogue(params),
      saveEntry: async ({ entry }) => this.#saveEntry(entry),
      deleteEntry: async ({ id, file }) => this.#opened().delete(id, file),
      openSession: async (params) => this.#openSession(params),
      pauseSession: async ({ handle, paused }) => {
        const now = unixTime()
        if (paused) this.#session(handle).pause(now)
        else this.#session(handle).resume(now)
      },
      drainSession: async ({ handle, timeoutMs }) => this.#drain(this.#session(handle), timeoutMs),
      closeSession: async ({ handle, reason }) => this.#close(this.#session(handle), reason),
      attachProxy: async ({ port }) => this.#attach(port),
      proxyLost: async () => this.#proxyLost(),
      flush: async () => this.#commit(),
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
  }

  #openCatalogue({ home, running }: { home: string; running?: 'repair' | 'keep' }): { entries: CatalogueEntry[] } {
    this.#catalogue?.close()
    this.#catalogue = Catalogue.open(home)
    this.#room = new DiskRoom(new Ballast(home), () => freeBytes(home))
    if (running !== 'keep') {
      for (const { id, error } of this.#catalogue.repair())
        this.#warn('a session that a kill left running could not be repaired', error, { session: id })
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

  #openSession({ file, handle, repair }: { file: string; handle: number; repair?: 'recorderCrashed' | 'daemonKilled' }): OpenedSession {
    this.#sessions.get(handle)?.close(Date.now())
    this.#sessions.delete(handle)
    const writer = this.#openFile(file, { create: true, ...(repair ? { repair } : {}) })
    const session = new SessionRecorder({
      handle,
      file: writer,
      isDiskFull,
      makeRoom: () => this.#room?.ranOut() ?? false,
      isRoomLow: () => this.#room?.isLow() ?? false,
      report: (error) => this.#report(file, error),
    })
    this.#sessions.set(handle, session)
    if (this.#room) this.#ballastTimer ??= setTimeout(() => this.#keepBallast(), firstBallastMs).unref()
    return { handle, counts: session.counts, change: session.change }
  }

  #session(handle: number): SessionRecorder {
    const session = this.#sessions.get(handle)
    if (session === undefined) throw notFound('sessionNotOpen', `the recorder has no open session ${handle}`)
    return session
  }

  #attach(port: MessagePort): void {
    const reader = new BatchReader({
      port,
      blocks: this.#blocks,
      heads: this.#heads,
      sessionOf: (handle) => this.#sessions.get(handle),
      read: (bytes) => this.#read(bytes),
      fault: (error) => this.#warn('a connection is not recorded any more', error),
    })
    this.#readers.add(reader)
  }

  #read(bytes: number): void {
    this.#uncommitted += bytes
    this.#held += bytes
    if (this.#waiting.size > 0) this.#wake()
    if (this.#timer === null) this.#timer = setTimeout(() => this.#due(), this.#pace.dueIn(performance.now()))
    else if (this.#uncommitted > uncommittedBytes) this.#commit()
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
      const { handle } = session
      if (session.commit(now, this.#held)) {
        this.#events.advanced({
          handle,
          change: session.change,
          counts: session.counts,
          commitIntervalMs: Math.round(this.#pace.intervalMs),
        })
      }
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
    await this.#until(() => session.open === 0 || session.connectionsClosed, timeoutMs - (performance.now() - begunAt))
    this.#commit()
  }

  async #close(session: SessionRecorder, reason: keyof typeof messages): Promise<OpenedSession> {
    const { handle } = session
    if (session.stopping || this.#follows(session)) await this.#until(() => session.connectionsClosed, lastRecordsMs)
    session.stopping = true
    const now = Date.now()
    const ended = { reason, message: messages[reason] }
    for (const reader of this.#readers) reader.stop(session, ended, now)
    session.endLeft(ended, now)
    session.close(now)
    this.#sessions.delete(handle)
    return { handle, counts: session.counts, change: session.change }
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
      for (const session of this.#sessions.values()) session.addGap(reader.lastAt || now, now, 'proxyCrashed', null)
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
