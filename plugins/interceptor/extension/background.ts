/** The service worker: hears the browser, keeps what the daemon has not got yet, obeys the popup. */

import { Capture, type SessionFacts } from './capture.ts'
import { BrowserCookies, type CookieAsk } from './cookies.ts'
import { DaemonAccount } from './daemon-account.ts'
import { isWanted } from './filters.ts'
import type { Command, Look, Reply } from './popup-messages.ts'
import { type KeptState, keepForGood, keepForNow, readState } from './state.ts'
import { TabBodies } from './tab-bodies.ts'
import { TabDebugger } from './tab-debugger.ts'
import { TabMessages } from './tab-messages.ts'
import { type Seen, WebRequests } from './web-requests.ts'

const shownRequests = 20
/** How long changes are gathered before they are kept, ms. */
const keepMs = 250
/** Wakes the worker while the daemon is away, minutes. */
const retryMinutes = 0.5
/** The browser takes so long at most to start the worker for an event, ms. */
const startMs = 5_000

class Extension {
  readonly #state: KeptState
  readonly #account: DaemonAccount
  readonly #capture: Capture
  readonly #requests: WebRequests
  readonly #tabs: TabDebugger
  readonly #cookies = new BrowserCookies()
  readonly #recent: Seen[] = []
  #seen = 0
  #shown = ''
  readonly #hearing: Hearing
  #keeping: ReturnType<typeof setTimeout> | undefined

  constructor(state: KeptState, hearing: Hearing) {
    this.#state = state
    this.#hearing = hearing
    this.#tabs = new TabDebugger(() => this.#show())
    const bodies = new TabBodies(this.#tabs)
    const messages = new TabMessages(this.#tabs)
    this.#tabs.listen(bodies)
    this.#tabs.listen(messages)
    this.#account = new DaemonAccount({
      paired: state.paired,
      keep: (paired) => void keepForGood({ paired }),
      connected: () => void this.#capture.send(),
      notified: (method, params) => {
        if (method === 'source/ask') void this.#answer(params as CookieAsk)
      },
      changed: () => this.#show(),
    })
    this.#capture = new Capture({
      account: this.#account,
      setting: state.capture,
      queue: state.queue,
      beginnings: () => this.#requests.beginnings,
      keep: () => this.#keep(),
      changed: () => this.#changed(),
    })
    this.#requests = new WebRequests(
      {
        run: state.run,
        isWanted: (method, url) => !this.#isDaemon(url) && isWanted(this.#state.filters, method, url),
        viaProxy: () => this.#capture.setting?.viaProxy ?? false,
        begins: (at) => this.#capture.queue.begins(at),
        emit: (event) => {
          this.#keepSoon()
          return this.#capture.add(event)
        },
        ended: (seen) => this.#ended(seen),
        bodies,
        messages,
      },
      state.open,
    )
  }

  async wake(): Promise<void> {
    this.#hearing.set(this.#capture.setting !== null)
    await keepForNow({ run: this.#state.run })
    await this.#tabs.takeUp()
    this.#requests.takeUp()
    await this.#requests.lookAtTabs()
    this.#show()
    void this.#account.connect()
  }

  /** Requests have woken the worker: of those the browser now and then loses some events, and nobody can count them. @param since Unix ms */
  wokenByRequests(since: number): void {
    if (this.#capture.setting) this.#capture.add({ kind: 'lost', from: since, to: Date.now() })
  }

  hear(act: (requests: WebRequests) => void): void {
    if (!this.#capture.setting) return
    act(this.#requests)
    if (!this.#account.link) void this.#account.connect()
  }

  async obey(command: Command): Promise<Reply> {
    try {
      await this.#do(command)
      return { look: await this.#look('tabId' in command ? command.tabId : -1) }
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) }
    }
  }

  async connect(): Promise<void> {
    await this.#account.connect()
    await this.#capture.send()
  }

  async #do(command: Command): Promise<void> {
    switch (command.command) {
      case 'look':
        return
      case 'pair':
        return this.#account.pair(command.port, command.code)
      case 'unpair':
        if (this.#capture.setting) await this.#capture.stop().catch(() => undefined)
        return this.#account.unpair()
      case 'connect':
        return this.#account.connect()
      case 'start':
        await this.#requests.lookAtTabs()
        this.#requests.forgetAll()
        return this.#capture.start(command.sessionId)
      case 'stop':
        return this.#capture.stop()
      case 'pause':
        return this.#capture.pause(command.isPaused)
      case 'filter':
        this.#state.filters = command.filters
        return keepForGood({ filters: command.filters })
      case 'bodies':
        return command.isOn ? this.#tabs.turnOn(command.tabId) : this.#tabs.turnOff(command.tabId)
    }
  }

  async #look(tabId: number): Promise<Look> {
    const { link } = this.#account
    const listed = link ? await link.call<{ items: SessionFacts[] }>('session/list', {}).catch(() => null) : null
    return {
      link: this.#account.state,
      port: this.#account.port,
      session: await this.#capture.session(),
      isCapturing: this.#capture.setting !== null,
      problem: this.#capture.problem,
      sessions: (listed?.items ?? []).filter(({ state }) => state !== 'stopped'),
      filters: this.#state.filters,
      canReadBodies: TabDebugger.isPossible,
      bodiesOfTab: this.#tabs.has(tabId),
      waiting: this.#capture.queue.length,
      lost: this.#capture.queue.lostRequests,
      seen: this.#seen,
      recent: this.#recent,
    }
  }

  async #answer(question: CookieAsk): Promise<void> {
    const { sourceId, ask } = question
    const answer = await this.#cookies.answer(question).catch((error: unknown) => ({ error: String(error).slice(0, 1000) }))
    await this.#account.link?.call('source/answer', { sourceId, ask, ...answer }).catch(() => undefined)
  }

  #ended({ method, url, status }: Seen): void {
    this.#seen++
    this.#recent.unshift({ method, url, status })
    this.#recent.length = Math.min(this.#recent.length, shownRequests)
  }

  #isDaemon(url: string): boolean {
    return new RegExp(`^(?:http|ws)://(?:127\\.0\\.0\\.1|localhost):${this.#account.port}/`).test(url)
  }

  #changed(): void {
    this.#hearing.set(this.#capture.setting !== null)
    this.#keepSoon()
    this.#show()
  }

  #keepSoon(): void {
    this.#keeping ??= setTimeout(() => void this.#keep().catch(() => undefined), keepMs)
  }

  #keep(): Promise<void> {
    clearTimeout(this.#keeping)
    this.#keeping = undefined
    return keepForNow({ capture: this.#capture.setting, queue: this.#capture.queue.state, open: this.#requests.open })
  }

  /** On its button: whether it is on, and whether something is wrong. */
  #show(): void {
    const isOn = this.#capture.setting !== null
    const isWell = this.#account.state === 'connected'
    const text = isOn ? (isWell ? 'on' : '…') : this.#capture.problem === null ? '' : '!'
    const color = isWell ? '#1a7f37' : '#9a6700'
    if (this.#shown === text + color) return
    this.#shown = text + color
    void chrome.action.setBadgeText({ text })
    void chrome.action.setBadgeBackgroundColor({ color })
  }
}

/**
 * Whether the browser tells of its requests, which costs it more than half as much again as a request itself: only while something is on. It is until
 * that is known, for what wakes the worker has to be heard.
 */
class Hearing {
  readonly #listen: () => () => void
  #end: (() => void) | null

  constructor(listen: () => () => void) {
    this.#listen = listen
    this.#end = listen()
  }

  set(isOn: boolean): void {
    // Firefox wakes its page for those listeners alone that were there in its first turn.
    if (isOn === (this.#end !== null) || navigator.userAgent.includes('Firefox')) return
    if (isOn) this.#end = this.#listen()
    else {
      this.#end?.()
      this.#end = null
    }
  }
}

/** Listeners have to be there before the worker's first turn is over; what they hear waits for the state. */
const extension = readState().then(async (state) => {
  const made = new Extension(state, hearing)
  await made.wake()
  if (hasHeardEarly) made.wokenByRequests(performance.timeOrigin - startMs)
  return made
})
let awake: Extension | null = null
/** A request was there before all else was. */
let hasHeardEarly = false
void extension.then((made) => (awake = made))

const hearing = new Hearing(() =>
  WebRequests.listen((act) => {
    if (awake) {
      awake.hear(act)
      return
    }
    hasHeardEarly = true
    void extension.then((made) => made.hear(act))
  }),
)
chrome.runtime.onMessage.addListener((command: Command, sender, reply: (reply: Reply) => void) => {
  if (sender.id !== chrome.runtime.id) return false
  void extension.then((made) => made.obey(command)).then(reply)
  return true
})
chrome.alarms.onAlarm.addListener(() => void extension.then((made) => made.connect()))
void chrome.alarms.create('connect', { periodInMinutes: retryMinutes })
