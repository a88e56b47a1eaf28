/**
 * What passes inside of exchanges of the tabs where the user asked for it: frames of WebSockets, server-sent events. The debugger tells of them, webRequest of their
 * exchanges: until that has said whose they are they wait.
 */
import { InStep } from './in-step.ts'
import { failureWhen } from './sight-lost.ts'
import type { Params, TabDebugger, TabListener } from './tab-debugger.ts'
import type { FrameTold, HandshakeTold, RequestTold, TabEvents, Told, ToldTwice } from './tab-events.ts'
import { type Direction, eventMessage, frameMessage, type ToldMessage } from './told-message.ts'
import type { Closed } from './told-request.ts'

/** Whose messages, as webRequest knows it. */
export interface Wanted {
  tabId: number
  kind: 'socket' | 'events'
  url: string
  /** Sec-WebSocket-Accept of the response, which no other has; null: there is none (HTTP/2, server-sent events). */
  accept: string | null
}

/** One that is followed. It outlives the service worker, so it is plain JSON. */
export interface Followed {
  tabId: number
  kind: Wanted['kind']
  /** The debugger's. */
  requestId: string
  /** Index of the next message. */
  next: number
  /** The browser's monotonic clock and Unix time apart, ms; null: not known. */
  ahead: number | null
  /** The last that was told, Unix ms. */
  at: number
}

export interface Follower {
  message(message: ToldMessage): void
  /** Unix ms: of some that came between there was no room. */
  missed(from: number, to: number): void
  /** Of a WebSocket: server-sent events end with their request. */
  closed(how: Closed): void
}

type Handlers = { readonly [Name in keyof TabEvents]: (told: TabEvents[Name], tabId: number) => void }

interface Stream {
  readonly followed: Followed
  url: string
  accept: string | null
  /** So far on its way that webRequest may ask for it. */
  isAnswered: boolean
  follower: Follower | null
  /** Somebody asked for it. */
  isClaimed: boolean
  /** Nobody did, or nobody can say who: nothing of it is told. */
  isLeft: boolean
  /** Before somebody asked. */
  readonly held: ToldMessage[]
  heldSince: number
  missed: { from: number; to: number } | null
  error: string | null
  end: Closed | null
  readonly over: PromiseWithResolvers<void>
}

const mostStreams = 5_000
/** Of messages that wait, all together. */
const mostHeldCharacters = 4 * 1024 * 1024
/** Nobody asks for it after that, ms. */
const unclaimedMs = 5_000
/** For the last messages of a request that has ended, ms. */
const lastWordsMs = 1_000

export class TabMessages implements TabListener {
  readonly #debugger: Pick<TabDebugger, 'has'>
  readonly #streams = new Map<string, Stream>()
  readonly #arrivals = new InStep()
  #heldCharacters = 0

  constructor(tabs: Pick<TabDebugger, 'has'>) {
    this.#debugger = tabs
  }

  /** Once its response is there. null: its tab is not on, the debugger knows nothing of it, or of several and nobody can say which. */
  async find(wanted: Wanted): Promise<Followed | null> {
    if (!this.#debugger.has(wanted.tabId)) return null
    const found = await this.#arrivals.find(() => this.#claim(wanted))
    return found?.followed ?? null
  }

  /** From its beginning, or, when another worker did so before, from now on. */
  follow(followed: Followed, follower: Follower): void {
    const stream = this.#streams.get(keyOf(followed)) ?? this.#add(followed, '')
    stream.follower = follower
    for (const message of this.#release(stream)) this.#give(stream, follower, message)
    if (stream.missed) follower.missed(stream.missed.from, stream.missed.to)
    if (stream.end) this.#end(stream, stream.end)
    else if (!this.#debugger.has(followed.tabId)) this.#end(stream, { at: Date.now(), words: null, lost: failureWhen.takenAway })
  }

  /** Nobody wants it any more. */
  leaveAlone(followed: Followed): void {
    const stream = this.#streams.get(keyOf(followed))
    if (stream) this.#leaveAlone(stream)
  }

  /** Resolves when the debugger has told all of it. */
  async over(followed: Followed): Promise<void> {
    const stream = this.#streams.get(keyOf(followed))
    if (stream) await Promise.race([stream.over.promise, new Promise((resolve) => setTimeout(resolve, lastWordsMs))])
  }

  leave(tabId: number, how: keyof typeof failureWhen): void {
    for (const stream of [...this.#streams.values()])
      if (stream.followed.tabId === tabId) this.#end(stream, { at: Date.now(), words: null, lost: failureWhen[how] })
  }

  hear(tabId: number, method: string, params: Params): void {
    const handler = this.#handlers[method as keyof TabEvents] as ((params: Params, tabId: number) => void) | undefined
    handler?.(params, tabId)
  }

  readonly #handlers: Handlers = {
    'Network.webSocketCreated': (told, tabId) => {
      if (!this.#get(tabId, told)) this.#begin(tabId, 'socket', told)
    },
    'Network.webSocketWillSendHandshakeRequest': (told, tabId) => {
      const stream = this.#get(tabId, told)
      if (stream) stream.followed.ahead = aheadOf(told)
    },
    'Network.webSocketHandshakeResponseReceived': (told, tabId) => this.#answer(this.#get(tabId, told), told),
    'Network.webSocketFrameSent': (told, tabId) => this.#frame(tabId, 'sent', told),
    'Network.webSocketFrameReceived': (told, tabId) => this.#frame(tabId, 'received', told),
    'Network.webSocketFrameError': (told, tabId) => {
      const stream = this.#get(tabId, told)
      if (stream) stream.error = told.errorMessage
    },
    'Network.webSocketClosed': (told, tabId) => this.#over(tabId, told),
    'Network.requestWillBeSent': (told, tabId) => this.#request(tabId, told),
    'Network.eventSourceMessageReceived': (told, tabId) => this.#take(tabId, told, (place) => eventMessage(told, place)),
    'Network.loadingFinished': (told, tabId) => this.#over(tabId, told),
    'Network.loadingFailed': (told, tabId) => this.#over(tabId, told),
    // Of the sockets that end by that the browser says nothing.
    'Page.frameNavigated': ({ frame }, tabId) => {
      if (frame.parentId === undefined) this.leave(tabId, 'gone')
    },
    'Inspector.targetCrashed': (_, tabId) => this.leave(tabId, 'crashed'),
  }

  #get(tabId: number, { requestId }: { requestId: string }): Stream | undefined {
    return this.#streams.get(keyOf({ tabId, requestId }))
  }

  #request(tabId: number, told: RequestTold): void {
    const stream = this.#get(tabId, told)
    // A redirect keeps its id.
    if (stream) stream.url = told.request.url
    else if (told.type === 'EventSource') {
      const begun = this.#begin(tabId, 'events', { requestId: told.requestId, url: told.request.url })
      begun.followed.ahead = aheadOf(told)
      begun.isAnswered = true
      this.#arrivals.arrived()
    }
  }

  #begin(tabId: number, kind: Wanted['kind'], { requestId, url }: { requestId: string; url: string }): Stream {
    for (const [key, { follower, end }] of this.#streams) if (!follower && end && Date.now() - end.at > unclaimedMs) this.#forget(key)
    return this.#add({ tabId, kind, requestId, next: 0, ahead: null, at: Date.now() }, url)
  }

  #add(followed: Followed, url: string): Stream {
    const stream: Stream = {
      followed,
      url,
      accept: null,
      isAnswered: false,
      follower: null,
      isClaimed: false,
      isLeft: false,
      held: [],
      heldSince: 0,
      missed: null,
      error: null,
      end: null,
      over: Promise.withResolvers<void>(),
    }
    this.#streams.set(keyOf(followed), stream)
    const [oldest] = this.#streams.values()
    if (this.#streams.size > mostStreams && oldest) {
      this.#end(oldest, { at: Date.now(), words: null, lost: failureWhen.tooMany })
      this.#forget(keyOf(oldest.followed))
    }
    return stream
  }

  #answer(stream: Stream | undefined, { response }: HandshakeTold): void {
    if (!stream) return
    const [, accept = null] = Object.entries(response.headers).find(([name]) => name.toLowerCase() === 'sec-websocket-accept') ?? []
    stream.accept = accept
    stream.isAnswered = true
    this.#arrivals.arrived()
  }

  #claim({ tabId, kind, url, accept }: Wanted): Stream | undefined {
    const isIt = (stream: Stream) => (accept === null ? stream.accept === null && stream.url === url : stream.accept === accept)
    const found = [...this.#streams.values()].filter(
      (stream) =>
        stream.followed.tabId === tabId &&
        stream.followed.kind === kind &&
        stream.isAnswered &&
        !stream.isLeft &&
        !stream.isClaimed &&
        isIt(stream),
    )
    // Nobody can say which is which.
    if (found.length > 1) for (const stream of found) this.#leaveAlone(stream)
    const [only] = found.length > 1 ? [] : found
    if (only) only.isClaimed = true
    return only
  }

  #frame(tabId: number, direction: Direction, told: FrameTold): void {
    this.#take(tabId, told, (place) => frameMessage(told.response, direction, place))
  }

  #take(tabId: number, told: Told, made: (place: { index: number; at: number }) => ToldMessage): void {
    const stream = this.#get(tabId, told)
    if (!stream || stream.isLeft || stream.end) return
    const message = made({ index: stream.followed.next++, at: at(stream, told) })
    if (stream.follower) this.#give(stream, stream.follower, message)
    else this.#hold(stream, message)
  }

  #over(tabId: number, told: Told): void {
    const stream = this.#get(tabId, told)
    if (stream) this.#end(stream, { at: at(stream, told), words: stream.error, lost: null })
  }

  #give({ followed }: Stream, follower: Follower, message: ToldMessage): void {
    followed.at = message.at
    follower.message(message)
  }

  #hold(stream: Stream, message: ToldMessage): void {
    stream.heldSince ||= Date.now()
    if (Date.now() - stream.heldSince > unclaimedMs) {
      this.#leaveAlone(stream)
      return
    }
    const characters = charactersOf(message)
    if (this.#heldCharacters + characters > mostHeldCharacters) {
      stream.missed = { from: stream.missed?.from ?? message.at, to: message.at }
      return
    }
    this.#heldCharacters += characters
    stream.held.push(message)
  }

  #leaveAlone(stream: Stream): void {
    stream.isLeft = true
    stream.follower = null
    this.#release(stream)
  }

  /** It waits no more. */
  #release({ held }: Stream): ToldMessage[] {
    const messages = held.splice(0)
    for (const message of messages) this.#heldCharacters -= charactersOf(message)
    return messages
  }

  #end(stream: Stream, how: Closed): void {
    stream.end = how
    stream.over.resolve()
    const { follower } = stream
    if (!follower && !stream.isLeft) return
    this.#forget(keyOf(stream.followed))
    if (stream.followed.kind === 'socket') follower?.closed(how)
  }

  #forget(key: string): void {
    const stream = this.#streams.get(key)
    if (stream) this.#release(stream)
    this.#streams.delete(key)
  }
}

const keyOf = ({ tabId, requestId }: Pick<Followed, 'tabId' | 'requestId'>): string => `${tabId} ${requestId}`

/** What it takes beside its content. */
const charactersOf = ({ text = '', data = '' }: ToldMessage): number => 200 + text.length + data.length

/** One moment by both of the browser's clocks, in seconds. */
const aheadOf = ({ wallTime, timestamp }: ToldTwice): number | null => {
  const ahead = (wallTime - timestamp) * 1000
  return Number.isFinite(ahead) ? ahead : null
}

/** Unix ms. */
const at = ({ followed: { ahead } }: Stream, { timestamp }: Told): number => (ahead === null ? Date.now() : ahead + timestamp * 1000)
