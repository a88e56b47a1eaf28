/** Tells of the cookie changes of sessions as they are committed, each once, also those of a session that was stopped meanwhile. */
import { CookieState } from '../../sdk/cookie/seen-cookies.ts'
import type { Session } from '../../sdk/model.ts'
import type { ChangeSignals } from '../session/change-signals.ts'
import type { Readers } from '../session/exchange-reader.ts'
import type { StoredCookieChange } from '../store/surface.ts'

export interface SessionFeedOptions {
  readers: Readers
  /** Rejects with 1001 sessionNotFound. */
  session(id: string): Promise<Session>
  signals: ChangeSignals
  heard(changes: readonly StoredCookieChange[]): void
  fault(error: unknown): void
}

const sliceLimit = 1_000
const rememberedSessions = 1_000

export class SessionFeed {
  readonly #options: SessionFeedOptions
  /** Session -> the last change that was told. */
  #told = new Map<string, number>()
  #reading = new Map<string, { again: boolean }>()
  #unlisten: (() => void) | null = null
  /** Unix ms. */
  #startedAt = 0

  constructor(options: SessionFeedOptions) {
    this.#options = options
  }

  /** From now on. Sessions that begin later are told whole, those that `told` knows from there on, and of others only what is captured from now on. */
  start(told: { readonly [sessionId: string]: number }): void {
    if (this.#unlisten !== null) return
    this.#startedAt = Date.now()
    this.#unlisten = this.#options.signals.listen((id) => this.#read(id))
    // What was told before it was stopped says nothing of the sessions since.
    this.#told = new Map(Object.entries(told))
    for (const id of this.#told.keys()) this.#read(id)
  }

  stop(): void {
    this.#unlisten?.()
    this.#unlisten = null
  }

  /** Where `start` can go on another time. */
  get positions(): { [sessionId: string]: number } {
    // Ids sort by time.
    return Object.fromEntries([...this.#told].sort(([a], [b]) => (a < b ? -1 : 1)).slice(-rememberedSessions))
  }

  /** The changes by which a session's cookies are now what they are; nobody is told of them again. */
  async inForce(id: string): Promise<StoredCookieChange[]> {
    const session = await this.#options.session(id)
    const state = new CookieState<StoredCookieChange>()
    let last = 0
    for await (const changes of this.#changes(session.file, 0)) {
      for (const change of changes) state.apply(change)
      last = changes.at(-1)?.index ?? last
    }
    if (!this.#told.has(id)) this.#told.set(id, last)
    return state.at(Date.now())
  }

  #read(id: string): void {
    const reading = this.#reading.get(id)
    if (reading !== undefined) {
      reading.again = true
      return
    }
    const state = { again: false }
    this.#reading.set(id, state)
    this.#readOn(id, state)
      .catch((error: unknown) => this.#options.fault(error))
      .finally(() => this.#reading.delete(id))
  }

  async #readOn(id: string, state: { again: boolean }): Promise<void> {
    const session = await this.#options.session(id).catch(() => null)
    if (session === null) {
      this.#told.delete(id)
      return
    }
    const isOld = !this.#told.has(id) && (session.state === 'stopped' || session.startedAt < this.#startedAt)
    if (isOld) await this.inForce(id)
    do {
      state.again = false
      for await (const changes of this.#changes(session.file, this.#told.get(id) ?? 0)) {
        this.#told.set(id, changes.at(-1)?.index ?? 0)
        this.#options.heard(changes)
      }
    } while (state.again)
  }

  async *#changes(file: string, after: number): AsyncGenerator<StoredCookieChange[]> {
    for (let next: number | null = after; next !== null; ) {
      const slice: { items: StoredCookieChange[]; next: number | null } = await this.#options.readers.run('cookieChanges', {
        file,
        after: next,
        limit: sliceLimit,
        domain: null,
        until: Number.MAX_SAFE_INTEGER / 1000,
      })
      if (slice.items.length > 0) yield slice.items
      next = slice.next
    }
  }
}
