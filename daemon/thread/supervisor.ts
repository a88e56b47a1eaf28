/** Keeps one worker thread alive: starts it, and starts another when it dies. */
import { Worker } from 'node:worker_threads'
import { unavailable, WeirError } from '../../sdk/errors.ts'
import { type Surface, ThreadLink } from './link.ts'

export interface SupervisorOptions<Theirs> {
  /** For the log. */
  name: string
  entry: URL
  /** What this side answers. */
  surface: Surface
  /** The first calls to each new thread; other callers wait until it resolves. `isRestart`: one before it died. */
  prepare(link: ThreadLink<Theirs>, isRestart: boolean): Promise<void>
  /** What each new thread finds as its `workerData`. */
  data?(): unknown
  /** The thread has ended and is to be replaced. */
  lost?(): void
  /** Hears of each death and of errors that no call reports. */
  fault(message: string, error: unknown): void
}

/** Waiting before the n-th restart in a row, ms: at once first, then longer, for ever. */
const restartDelay = (restarts: number): number => Math.min(5_000, restarts <= 1 ? 0 : 50 * 2 ** restarts)
/** A thread that lived so long died for a new reason, ms. */
const settledMs = 30_000
/** So many deaths in a row, and nobody waits any longer. */
const patience = 3

export class ThreadSupervisor<Theirs> {
  readonly #options: SupervisorOptions<Theirs>
  #worker: Worker | null = null
  #link: ThreadLink<Theirs> | null = null
  #ready: Promise<ThreadLink<Theirs>> | null = null
  #preparedLink: ThreadLink<Theirs> | null = null
  #restarts = 0
  #restartsInARow = 0
  #stopping = false
  /** Rejects when patience is at its end. */
  #impatient = Promise.withResolvers<never>()

  constructor(options: SupervisorOptions<Theirs>) {
    this.#options = options
  }

  get restarts(): number {
    return this.#restarts
  }

  /** A call would be answered now. */
  get isPrepared(): boolean {
    return this.#preparedLink !== null
  }

  /** The living thread's link, prepared or not; null between two threads and before the first. */
  get current(): ThreadLink<Theirs> | null {
    return this.#link
  }

  /** Starts the thread, once; resolves when it is prepared. */
  async start(): Promise<void> {
    await this.#prepared()
  }

  /**
   * Starts the thread when it is not there and waits through a restart. Rejects with 1005: threadLost when it dies during
   * the call, threadFailing when it dies again and again (it is still being tried).
   */
  call: ThreadLink<Theirs>['call'] = async (name, params, transfer) => {
    const link = await this.#prepared()
    return link.call(name, params, transfer)
  }

  async #prepared(): Promise<ThreadLink<Theirs>> {
    if (this.#preparedLink) return this.#preparedLink
    if (this.#restartsInARow > patience) throw this.#failing()
    this.#ready ??= this.#boot(false)
    return Promise.race([this.#ready, this.#impatient.promise])
  }

  #failing = () => unavailable('threadFailing', `the ${this.#options.name} thread of the daemon keeps ending; its log says why`)

  /** Ends the thread, which does not come back from what it does, in favour of another. */
  async replace(): Promise<void> {
    await this.#worker?.terminate()
  }

  /** Ends the thread without a restart. What it should finish first is the caller's to ask for. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#link?.close(unavailable('daemonStopping', 'the daemon is stopping'))
    await this.#worker?.terminate()
  }

  /** Resolves with a link of a thread that outlived its preparation. */
  async #boot(isRestart: boolean): Promise<ThreadLink<Theirs>> {
    const link = this.#spawn()
    try {
      await this.#options.prepare(link, isRestart)
      this.#settleLater(link)
      this.#preparedLink = link
      return link
    } catch (error) {
      const next = this.#ready
      if (isThreadLost(error) && !this.#stopping && next) return next
      if (this.#link === link && !this.#stopping) this.#giveUp()
      throw error
    }
  }

  /** A thread that lives and cannot be prepared is of no use; the next call tries another. */
  #giveUp(): void {
    const worker = this.#worker
    this.#link?.close()
    this.#link = null
    this.#worker = null
    this.#ready = null
    void worker?.terminate()
  }

  #spawn(): ThreadLink<Theirs> {
    if (this.#stopping) throw unavailable('daemonStopping', 'the daemon is stopping')
    const { name, entry, surface, data, lost, fault } = this.#options
    const worker = new Worker(entry, { name, workerData: data?.() })
    const link = new ThreadLink<Theirs>(worker, surface, (error) => fault(`a notice of the ${name} thread failed`, error))
    let cause: unknown = null
    worker.on('error', (error) => {
      cause = error
    })
    worker.once('exit', (code) => {
      if (this.#stopping || this.#worker !== worker) return
      this.#restarts++
      fault(`the ${name} thread ended (${code}); starting another`, cause)
      this.#link = null
      this.#preparedLink = null
      lost?.()
      this.#ready = this.#restartLater()
      this.#ready.catch((error: unknown) => this.#stopping || fault(`the ${name} thread could not be started again`, error))
      link.close()
    })
    this.#worker = worker
    this.#link = link
    return link
  }

  /** A thread that lives has settled: its death would be a new matter. */
  #settleLater(link: ThreadLink<Theirs>): void {
    const settle = () => {
      if (this.#link === link) this.#restartsInARow = 0
    }
    setTimeout(settle, settledMs).unref()
  }

  #losePatience(): void {
    const { promise, reject } = this.#impatient
    promise.catch(() => undefined)
    reject(this.#failing())
    this.#impatient = Promise.withResolvers<never>()
  }

  async #restartLater(): Promise<ThreadLink<Theirs>> {
    const delay = restartDelay(++this.#restartsInARow)
    if (this.#restartsInARow === patience + 1) this.#losePatience()
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
    return this.#boot(true)
  }
}

export const isThreadLost = (error: unknown): boolean => error instanceof WeirError && error.reason === 'threadLost'

/** The same, where a thread's death settles the matter. */
export const unlessLost = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => (isThreadLost(error) ? undefined : Promise.reject(error)))
