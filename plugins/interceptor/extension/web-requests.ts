/** Follows the requests of the browser by chrome.webRequest, and emits source events. */
import { pieces, type ReadBody, readBody, type ToldBody } from './request-body.ts'
import type { TabBodies } from './tab-bodies.ts'
import type { Followed, Follower, TabMessages, Wanted } from './tab-messages.ts'
import {
  closedEvent,
  type Details,
  endEvent,
  fieldOf,
  hasBody,
  isEventStream,
  isHttp,
  requestEvent,
  responseEvent,
} from './told-request.ts'

export interface Seen {
  method: string
  url: string
  /** 0: none came. */
  status: number
}

export interface WebRequestsOptions {
  /** Tells requests of different runs of the browser apart. */
  run: string
  isWanted(method: string, url: string): boolean
  /** Whether the session has a proxy that this browser may use. */
  viaProxy(): boolean
  /** Whether there is room for one more; when not, it is counted as lost. */
  begins(at: number): boolean
  /** False: there is no room for this piece of a body. */
  emit(event: object): boolean
  ended(seen: Seen): void
  bodies: Pick<TabBodies, 'take'>
  messages: Pick<TabMessages, 'find' | 'follow' | 'leaveAlone' | 'over'>
}

/** One that has not ended. It outlives the service worker, so it is plain JSON. */
interface Open {
  id: string
  /** Redirects that it has followed. */
  hop: number
  /** Null: not told yet. */
  event: object | null
  /** Its response. Null: not told yet. */
  answer: object | null
  /** The debugger tells of its messages. */
  messages?: Followed
  /** A redirect has led it to where nothing is told of; another may lead it back, and then its hops go on. */
  isLeftOut?: true
  /** Of its body there was no room for all. */
  requestBody?: 'partial'
  status: number
  method: string
  url: string
}

export type OpenRequests = [requestId: string, open: Open][]

/** What all of its events have in common. */
interface WebRequestEvent {
  addListener(heard: (details: unknown) => undefined, filter: typeof everything, ...extra: [string[]] | []): void
  removeListener(heard: (details: unknown) => undefined): void
}

/** Of those that never end nobody can say so; the oldest goes. */
const mostOpen = 5_000
const everything = { urls: ['<all_urls>'] }

/** What its end says of its own body. */
const requestView = ({ requestBody }: Open): object => (requestBody ? { requestBody } : {})

export class WebRequests {
  readonly #options: WebRequestsOptions
  readonly #open: Map<string, Open>
  /** Bodies wait for the header fields. */
  readonly #bodies = new Map<string, ReadBody>()
  /** tab -> its page */
  readonly #pages = new Map<number, string>()
  /** Those of whose messages it is not known yet whether the debugger tells of them. */
  readonly #finding = new Map<string, Promise<boolean>>()

  constructor(options: WebRequestsOptions, open: OpenRequests) {
    this.#options = options
    this.#open = new Map(open)
  }

  get open(): OpenRequests {
    return [...this.#open]
  }

  /** The beginnings of all that are open: a source that has not heard of them is told. */
  get beginnings(): object[] {
    return [...this.#open.values()].flatMap(({ event, answer }) => [event ?? [], answer ?? []].flat())
  }

  /** What another worker followed. Of what came between the two nobody heard anything. */
  takeUp(): void {
    const { emit, messages } = this.#options
    for (const [requestId, open] of this.#open) {
      if (!open.messages) continue
      emit({ kind: 'lost', from: open.messages.at, to: Date.now() })
      messages.follow(open.messages, this.#follower(requestId, open))
    }
  }

  /** Those that are open are told of no more: another source knows nothing of them. */
  forgetAll(): void {
    for (const { messages } of this.#open.values()) if (messages) this.#options.messages.leaveAlone(messages)
    this.#open.clear()
    this.#bodies.clear()
  }

  /** Of tabs that were open before. */
  async lookAtTabs(): Promise<void> {
    for (const { id, url } of await chrome.tabs.query({}))
      if (id !== undefined && url !== undefined && !this.#pages.has(id)) this.#pages.set(id, url)
  }

  began(details: Details & { requestBody?: ToldBody | null }): void {
    const { requestId, method, url, tabId, type, timeStamp } = details
    if (type === 'main_frame') this.#pages.set(tabId, url)
    const earlier = this.#open.get(requestId)
    if (!isHttp(url) || this.#isOwn(details) || !this.#options.isWanted(method, url) || !this.#options.begins(timeStamp)) {
      if (earlier?.event === null) earlier.isLeftOut = true
      return
    }
    const hop = (earlier?.hop ?? -1) + 1
    if (this.#open.size >= mostOpen) for (const [oldest] of [...this.#open].slice(0, 1)) this.#forget(oldest)
    this.#open.set(requestId, { id: `${this.#options.run}.${requestId}.${hop}`, hop, event: null, answer: null, status: 0, method, url })
    const body = readBody(details.requestBody)
    if (body) this.#bodies.set(requestId, body)
  }

  /** With the header fields as they are sent. */
  sent(details: Details): void {
    const open = this.#followed(details)
    if (open) this.#tell(open, details)
  }

  responded(details: Details): void {
    const open = this.#followed(details)
    if (!open) return
    this.#tell(open, details)
    this.#respond(open, details)
    if (isEventStream(details)) this.#finding.set(details.requestId, this.#find(open, details, 'events'))
  }

  /** What it is redirected to begins with the same id. */
  redirected(details: Details): void {
    const open = this.#followed(details)
    if (!open) return
    this.#tell(open, details)
    this.#respond(open, details)
    this.#options.emit(endEvent(open.id, details, this.#options.viaProxy(), requestView(open)))
    this.#options.ended(open)
    open.event = null
    open.answer = null
  }

  async ended(details: Details): Promise<void> {
    const open = this.#followed(details)
    if (!open) return this.#forget(details.requestId)
    this.#tell(open, details)
    if (details.error === undefined && open.status === 0) this.#respond(open, details)
    if (await this.#goesOn(open, details)) return this.#options.ended(open)
    this.#forget(details.requestId)
    const responseBody = await this.#responseBody(open, details)
    const view = { ...requestView(open), ...(responseBody !== null && { responseBody }) }
    this.#options.emit(endEvent(open.id, details, this.#options.viaProxy(), view))
    this.#options.ended(open)
  }

  #respond(open: Open, details: Details): void {
    open.status = details.statusCode ?? 0
    open.answer = responseEvent(open.id, details, this.#options.viaProxy())
    this.#options.emit(open.answer)
  }

  /** To webRequest a WebSocket ends when it is open. */
  async #goesOn(open: Open, details: Details): Promise<boolean> {
    if (details.type === 'websocket' && details.error === undefined && open.status !== 0) return this.#find(open, details, 'socket')
    await this.#finding.get(details.requestId)
    this.#finding.delete(details.requestId)
    if (open.messages) await this.#options.messages.over(open.messages)
    return false
  }

  /** @returns whether its messages will be told */
  async #find(open: Open, details: Details, kind: Wanted['kind']): Promise<boolean> {
    const { messages } = this.#options
    const accept = kind === 'socket' ? fieldOf(details, 'sec-websocket-accept') : null
    const followed = await messages.find({ tabId: details.tabId, kind, url: details.url, accept })
    if (followed === null) return false
    open.messages = followed
    messages.follow(followed, this.#follower(details.requestId, open))
    return true
  }

  #follower(requestId: string, open: Open): Follower {
    const { emit } = this.#options
    return {
      message: (message) => void emit({ kind: 'message', id: open.id, message }),
      missed: (from, to) => void emit({ kind: 'lost', from, to }),
      closed: (how) => {
        this.#forget(requestId)
        emit(closedEvent(open.id, how))
      },
    }
  }

  /** Once: some are over before any header field is known. */
  #tell(open: Open, details: Details): void {
    if (open.event !== null) return
    const body = this.#bodies.get(details.requestId)
    this.#bodies.delete(details.requestId)
    const event = requestEvent(open.id, details, details.type === 'main_frame' ? details.url : this.#pages.get(details.tabId))
    open.event = body?.state ? { ...event, view: { ...event.view, requestBody: body.state } } : event
    this.#options.emit(open.event)
    if (body && !this.#emitBody(open.id, 'request', body.bytes)) open.requestBody = 'partial'
  }

  /** What is to be said of it; null: nothing. */
  async #responseBody({ id, method, url, status }: Open, { tabId }: Details): Promise<string | null> {
    if (!hasBody(method, status)) return null
    const body = await this.#options.bodies.take(tabId, method, url)
    if (body === null) return 'notRead'
    return this.#emitBody(id, 'response', body) ? 'decoded' : 'partial'
  }

  /** False: there was no room for all of it. */
  #emitBody(id: string, part: 'request' | 'response', bytes: Uint8Array): boolean {
    for (const data of pieces(bytes)) if (!this.#options.emit({ kind: 'body', id, part, data })) return false
    return true
  }

  #followed({ requestId }: Details): Open | undefined {
    const open = this.#open.get(requestId)
    return open?.isLeftOut ? undefined : open
  }

  #forget(requestId: string): void {
    this.#open.delete(requestId)
    this.#bodies.delete(requestId)
    this.#finding.delete(requestId)
  }

  #isOwn({ initiator, originUrl = '' }: Details): boolean {
    const own = chrome.runtime.getURL('').slice(0, -1)
    return initiator === own || originUrl.startsWith(own)
  }

  /** Begins to hear. To be called while the worker starts, or what woke it is missed. @returns what ends it */
  static listen(handle: (act: (requests: WebRequests) => void) => void): () => void {
    const { webRequest } = chrome
    // Chromium alone hides Cookie and others without it, and Firefox does not know the word.
    const extra = 'OnSendHeadersOptions' in webRequest && 'EXTRA_HEADERS' in webRequest.OnSendHeadersOptions ? ['extraHeaders'] : []
    const ends: (() => void)[] = []
    const events = webRequest as unknown as { [name: string]: WebRequestEvent }
    const hear = (name: keyof typeof webRequest, act: (requests: WebRequests, details: Details) => void, ...what: [string[]] | []) => {
      const event = events[name] as WebRequestEvent
      const heard = (details: unknown) => {
        handle((requests) => act(requests, details as Details))
        return undefined
      }
      event.addListener(heard, everything, ...what)
      ends.push(() => event.removeListener(heard))
    }
    hear('onBeforeRequest', (requests, details) => requests.began(details), ['requestBody'])
    hear('onSendHeaders', (requests, details) => requests.sent(details), ['requestHeaders', ...extra])
    hear('onBeforeRedirect', (requests, details) => requests.redirected(details), ['responseHeaders', ...extra])
    hear('onResponseStarted', (requests, details) => requests.responded(details), ['responseHeaders', ...extra])
    hear('onCompleted', (requests, details) => void requests.ended(details), ['responseHeaders', ...extra])
    hear('onErrorOccurred', (requests, details) => void requests.ended(details))
    return () => {
      for (const end of ends) end()
    }
  }
}
