/** What is switched on: a source of a session, its queue, and the sending of it. */
import { browserName, type DaemonAccount } from './daemon-account.ts'
import { CallFailed } from './daemon-link.ts'
import { EventQueue, type QueueState } from './event-queue.ts'
import type { CaptureSetting } from './state.ts'

/** Events of so long go together, ms. */
const gatherMs = 50

export interface SessionFacts {
  id: string
  name: string
  state: 'running' | 'paused' | 'stopped'
  proxy: object | null
}

export interface CaptureOptions {
  account: DaemonAccount
  setting: CaptureSetting | null
  queue: QueueState
  /** What a new source has to know first: the requests that are open. */
  beginnings(): object[]
  /** Resolves when the setting and the queue will be there for the next worker. */
  keep(): Promise<void>
  changed(): void
}

export class Capture {
  readonly queue: EventQueue
  readonly #options: CaptureOptions
  #setting: CaptureSetting | null
  #timer: ReturnType<typeof setTimeout> | undefined
  #sending: Promise<void> | null = null
  /** Why it is off although nobody has switched it off. */
  problem: string | null = null

  constructor(options: CaptureOptions) {
    this.#options = options
    this.#setting = options.setting
    this.queue = new EventQueue(options.queue)
  }

  get setting(): CaptureSetting | null {
    return this.#setting
  }

  /** Into that session, or one of its own. Rejects when weir is not connected, and as session/start does. */
  async start(sessionId: string | null): Promise<void> {
    const { account } = this.#options
    const session =
      sessionId === null
        ? await this.#call<SessionFacts>('session/start', { name: browserName(), proxy: null })
        : await this.#call<SessionFacts>('session/get', { sessionId })
    if (session.state === 'stopped') await this.#call('session/resume', { sessionId: session.id })
    // What is on its way belongs to what was on before, and so does the answer.
    while (this.#sending) await this.#sending
    this.queue.clear()
    this.problem = null
    this.#set({ sessionId: session.id, sourceId: null, isOwn: sessionId === null, viaProxy: session.proxy !== null })
    if (account.link) await this.send()
  }

  /** Once what is waiting has been sent, as far as it can be. */
  async stop(): Promise<void> {
    await this.send()
    const setting = this.#setting
    this.#set(null)
    this.queue.clear()
    if (setting?.sourceId) await this.#call('source/stop', { sourceId: setting.sourceId }).catch(() => undefined)
    if (setting?.isOwn) await this.#call('session/stop', { sessionId: setting.sessionId })
  }

  async pause(isPaused: boolean): Promise<void> {
    if (this.#setting) await this.#call(isPaused ? 'session/pause' : 'session/resume', { sessionId: this.#setting.sessionId })
  }

  /** How its session is; null: nobody can say now. */
  async session(): Promise<SessionFacts | null> {
    if (!this.#setting) return null
    return this.#call<SessionFacts>('session/get', { sessionId: this.#setting.sessionId }).catch(() => null)
  }

  /** False: there is no room for this piece of a body, or nothing is on. */
  add(event: object): boolean {
    if (this.#setting === null) return false
    const isTaken = this.queue.add(event)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.send()
    }, gatherMs)
    return isTaken
  }

  /** Resolves when nothing is waiting any more, or there is no connection. Never rejects. */
  send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null
    })
    return this.#sending
  }

  async #sendAll(): Promise<void> {
    try {
      while (this.#setting && (await this.#sendBatch(this.#setting))) this.#options.changed()
    } catch (error) {
      this.#failed(error as Error)
    } finally {
      this.#options.changed()
    }
  }

  /** @returns whether there may be more */
  async #sendBatch(setting: CaptureSetting): Promise<boolean> {
    const { link } = this.#options.account
    if (!link) return false
    const sourceId = setting.sourceId ?? (await this.#open(setting))
    const batch = this.queue.next()
    if (!batch) return false
    // A worker that takes over has to know every number that was given: another event of that number would be taken for a repetition.
    // Where there is no room to keep them they are sent all the same: waiting would not make any.
    await this.#options.keep().catch(() => undefined)
    const params = `{"sourceId":${JSON.stringify(sourceId)},"from":${batch.from},"events":[${batch.events.join(',')}]}`
    try {
      const { acknowledged } = await link.callWith<{ acknowledged: number }>('source/feed', params)
      this.queue.acknowledge(acknowledged)
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error
      const refused = /^\/events\/(\d+)/.exec((error.data.errors as { path: string }[] | undefined)?.[0]?.path ?? '')
      if (error.reason === 'invalidEvent' && refused) this.queue.giveUp(Number(refused[1]), Date.now())
      else if (error.reason === 'sourceNotFound') this.#forgetSource(setting)
      else throw error
    }
    return true
  }

  /** The daemon was started anew, or somebody stopped it: the session says which. */
  #forgetSource(setting: CaptureSetting): void {
    this.#set({ ...setting, sourceId: null })
    this.queue.renumber(this.#options.beginnings())
  }

  async #open(setting: CaptureSetting): Promise<string> {
    const session = await this.#call<SessionFacts & { stopReason?: string }>('session/get', { sessionId: setting.sessionId })
    // A daemon that ended has stopped it, not its user.
    if (session.state === 'stopped' && session.stopReason !== 'sessionStopped')
      await this.#call('session/resume', { sessionId: session.id })
    const { sourceId } = await this.#call<{ sourceId: string }>('source/start', {
      kind: 'extension',
      sessionId: setting.sessionId,
      config: { browser: browserName() },
    })
    this.#set({ ...setting, sourceId })
    return sourceId
  }

  /** What is refused will be refused again; what was lost on the way is sent anew once there is a connection. */
  #failed(error: Error): void {
    if (!(error instanceof CallFailed) || error.reason === 'connectionLost' || error.reason === 'daemonStopping') return
    this.problem = error.message
    this.queue.clear()
    this.#set(null)
  }

  #set(setting: CaptureSetting | null): void {
    this.#setting = setting
    this.#options.changed()
  }

  #call<Result = unknown>(method: string, params: object): Promise<Result> {
    const { link } = this.#options.account
    return link ? link.call<Result>(method, params) : Promise.reject(new CallFailed('weir is not connected'))
  }
}
