/** WebSockets as the browser tells of them. Its messages count where no proxy has seen them. */

import type { Failure, Message } from '../../../sdk/model.ts'
import type { SourceEvent } from '../../../sdk/source.ts'
import type { EventHandlers } from '../cdp/connection.ts'
import type { Protocol } from '../cdp/protocol.ts'
import type { TargetEnd, Targets, WatchedTarget } from '../cdp/targets.ts'
import { failureWhen } from '../extension/sight-lost.ts'
import { frameMessage } from '../extension/told-message.ts'
import type { BrowserClock } from './browser-clock.ts'
import { initiatorOf } from './browser-words.ts'
import { failureOf } from './failures.ts'
import { headerFields } from './header-fields.ts'
import type { Pages } from './pages.ts'
import type { ProxyUse, Way } from './proxied.ts'

export interface WebSocketsOptions {
  sourceId: string
  clock: BrowserClock
  targets: Pick<Targets, 'of' | 'watchDocuments'>
  pages: Pages
  proxyUse: ProxyUse
  tell(event: SourceEvent): void
}

interface Socket {
  session: string
  created: Protocol.Network.WebSocketCreatedEvent
  at: number
  isAsked: boolean
  isAnswered: boolean
  /** Through the proxy somebody else has its messages; where that is not known they are held until it is. */
  way: Way
  messages: number
  error: string | null
}

const mostOpen = 5_000

export class WebSockets {
  readonly #options: WebSocketsOptions
  readonly #sockets = new Map<string, Socket>()

  constructor(options: WebSocketsOptions) {
    this.#options = options
  }

  readonly handlers: EventHandlers = {
    'Network.webSocketCreated': (created, session = '') => this.#create(created, session),
    'Network.webSocketWillSendHandshakeRequest': ({ requestId, request, timestamp, wallTime }) => {
      const { clock } = this.#options
      clock.learn(timestamp, wallTime)
      const socket = this.#sockets.get(requestId)
      // Whichever comes first: what was told of its creation may have waited here, and the handshake may have gone before its time was taken.
      if (socket && !socket.isAsked) socket.at = Math.min(socket.at, clock.at(timestamp))
      this.#ask(requestId, request.headers)
    },
    'Network.webSocketHandshakeResponseReceived': (told) => this.#answer(told),
    'Network.webSocketFrameSent': (told) => this.#message(told, 'sent'),
    'Network.webSocketFrameReceived': (told) => this.#message(told, 'received'),
    'Network.webSocketFrameError': ({ requestId, errorMessage }) => {
      const socket = this.#sockets.get(requestId)
      if (socket) socket.error = errorMessage
    },
    'Network.webSocketClosed': ({ requestId, timestamp }) => this.#close(requestId, this.#options.clock.at(timestamp)),
  }

  leave({ session }: WatchedTarget, how: TargetEnd): void {
    for (const [id, socket] of this.#sockets) if (socket.session === session) this.#cut(id, failureWhen[how])
  }

  stop(): void {
    for (const id of this.#sockets.keys()) this.#cut(id, failureWhen.stopped)
  }

  #create(created: Protocol.Network.WebSocketCreatedEvent, session: string): void {
    const { requestId } = created
    if (this.#sockets.has(requestId)) return
    const { clock, proxyUse, targets } = this.#options
    // Of sockets that end with their document no end is told.
    targets.watchDocuments(session)
    this.#sockets.set(requestId, {
      session,
      created,
      // It tells no time.
      at: clock.now(),
      isAsked: false,
      isAnswered: false,
      way: proxyUse.untold(),
      messages: 0,
      error: null,
    })
    if (this.#sockets.size > mostOpen) this.#cut(this.#sockets.keys().next().value as string, failureWhen.tooMany)
  }

  #ask(id: string, fields: Protocol.Network.Headers): void {
    const socket = this.#sockets.get(id)
    if (!socket || socket.isAsked) return
    socket.isAsked = true
    const { sourceId, targets, pages, tell } = this.#options
    const { created, session, at } = socket
    const target = targets.of(session)
    const initiator = initiatorOf(created.initiator)
    const page = pages.urlFor(session)
    tell({
      kind: 'request',
      id,
      at,
      exchange: 'websocket',
      method: 'GET',
      url: created.url,
      headers: headerFields(fields),
      view: {
        sourceId,
        requestId: id,
        resource: 'webSocket',
        ...(initiator && { initiator }),
        ...(page !== undefined && { page }),
        ...(target?.type.endsWith('worker') && { worker: target.url }),
      },
    })
  }

  #answer({ requestId: id, response, timestamp }: Protocol.Network.WebSocketHandshakeResponseReceivedEvent): void {
    const socket = this.#sockets.get(id)
    if (!socket || socket.isAnswered) return
    this.#ask(id, {})
    socket.isAnswered = true
    const { clock, tell } = this.#options
    if (response.requestHeaders) tell({ kind: 'more', id, headers: headerFields(response.requestHeaders) })
    tell({
      kind: 'response',
      id,
      at: clock.at(timestamp),
      status: response.status,
      reason: response.statusText,
      httpVersion: '1.1',
      headers: headerFields(response.headers),
      proxied: socket.way !== 'past',
    })
  }

  #message(told: Protocol.Network.WebSocketFrameSentEvent, direction: Message['direction']): void {
    const socket = this.#sockets.get(told.requestId)
    if (!socket || socket.way === 'proxy') return
    const { clock, tell } = this.#options
    const message = frameMessage(told.response, direction, { index: socket.messages++, at: clock.at(told.timestamp) })
    tell({ kind: 'message', id: told.requestId, message })
  }

  #close(id: string, at: number): void {
    const { error = null, isAnswered = false } = this.#sockets.get(id) ?? {}
    const isWhole = error === null && isAnswered
    this.#end(id, at, isWhole ? null : failureOf(error ?? ''), error)
  }

  #cut(id: string, failure: Failure): void {
    this.#end(id, this.#options.clock.now(), failure, null)
  }

  #end(id: string, at: number, failure: Failure | null, words: string | null): void {
    const socket = this.#sockets.get(id)
    if (!socket) return
    this.#ask(id, {})
    this.#sockets.delete(id)
    this.#options.tell({
      kind: 'end',
      id,
      at,
      ...(failure && { failure }),
      ...(!socket.isAnswered && { proxied: socket.way !== 'past' }),
      ...(words !== null && { view: { failure: words } }),
    })
  }
}
