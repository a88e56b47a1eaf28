/** Requests as the browser tells of them, from their begin to their end: what comes twice, late, out of order or never. */

import type { Failure } from '../../../sdk/model.ts'
import type { EventHandlers } from '../cdp/connection.ts'
import type { Protocol } from '../cdp/protocol.ts'
import type { TargetEnd, WatchedTarget } from '../cdp/targets.ts'
import { failureWhen } from '../extension/sight-lost.ts'
import type { BrowserClock } from './browser-clock.ts'
import { isHttp } from './browser-words.ts'
import { Chain } from './chain.ts'
import { failureOf } from './failures.ts'
import { Hop, type HopEnd } from './hop.ts'
import type { Pages } from './pages.ts'
import type { Telling } from './telling.ts'

export interface RequestsOptions {
  clock: BrowserClock
  pages: Pages
  telling: Telling
  /** More are open than are followed: the oldest was given up. */
  gaveUp(): void
}

/** How long a response waits for heads that were announced. */
const rawHeadsMs = 1_000
const mostOpen = 20_000
/** Of which there are raw heads only: requests that are not known yet, or any more. */
const mostUnknown = 1_000

export class Requests {
  readonly #options: RequestsOptions
  readonly #chains = new Map<string, Chain>()
  readonly #unknown = new Map<string, Chain>()
  /** Ends that wait for bodies. */
  readonly #ending = new Set<Promise<void>>()

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  readonly handlers: EventHandlers = {
    'Network.requestWillBeSent': (told, session = '') => this.#begin(told, session),
    'Network.requestWillBeSentExtraInfo': (told, session = '') => {
      const chain = this.#chainFor(told.requestId, session)
      chain.addRawRequest(told, session)
      this.#settle(chain)
    },
    'Network.responseReceivedExtraInfo': (told, session = '') => {
      const chain = this.#chainFor(told.requestId, session)
      chain.addRawResponse(told, session)
      this.#settle(chain)
    },
    'Network.requestServedFromCache': ({ requestId }) => {
      const hop = this.#chains.get(requestId)?.current
      if (hop) hop.fromMemory = true
    },
    'Network.responseReceived': (told, session = '') => this.#respond(told, session),
    'Network.dataReceived': ({ requestId, dataLength }) => {
      const hop = this.#chains.get(requestId)?.current
      if (hop) hop.size += dataLength
    },
    'Network.eventSourceMessageReceived': (told) => this.#message(told),
    'Network.loadingFinished': (told, session = '') => {
      const hop = this.#chains.get(told.requestId)?.current
      if (hop) hop.wireSize = bodyLength(told, hop)
      this.#end(told.requestId, session, { timestamp: told.timestamp })
    },
    'Network.loadingFailed': ({ requestId, timestamp, errorText, blockedReason, corsErrorStatus }, session = '') => {
      const blocked = blockedReason ?? corsErrorStatus?.corsError
      const end = {
        timestamp,
        failure: failureOf(errorText),
        words: errorText,
        ...(blocked !== undefined && { blocked }),
        ...mayHaveHeads(corsErrorStatus),
      }
      this.#end(requestId, session, end)
    },
  }

  /** A page, frame or worker is not watched any more. */
  leave({ session }: WatchedTarget, how: TargetEnd): void {
    for (const chain of this.#chains.values()) if (chain.session === session) this.#cut(chain, failureWhen[how])
  }

  /** All that is open ends here; resolves when that is told. */
  async stop(): Promise<void> {
    for (const chain of this.#chains.values()) this.#cut(chain, failureWhen.stopped)
    await Promise.all(this.#ending)
  }

  #begin(asked: Protocol.Network.RequestWillBeSentEvent, session: string): void {
    const { requestId, request, redirectResponse, timestamp, wallTime } = asked
    const { clock, pages, telling } = this.#options
    clock.learn(timestamp, wallTime)
    const before = this.#chains.get(requestId)
    // Told twice: by a page and its worker.
    if (before && !(redirectResponse && before.goesOn(redirectResponse, timestamp))) return
    before?.moveTo(session)
    const redirected = before?.current
    if (redirected && redirectResponse) {
      redirected.response = redirectResponse
      redirected.respondedAt = timestamp
      redirected.hasRaw = asked.redirectHasExtraInfo
      redirected.end = { timestamp, isRedirect: true }
    }
    if (isHttp(request.url)) {
      const chain = before ?? this.#known(requestId, session)
      const hop = new Hop(chain.count === 0 ? requestId : `${requestId}#${chain.count}`, asked)
      chain.count++
      chain.hops.push(hop)
      pages.learn(asked, session)
      telling.request(hop, session)
      this.#settle(chain)
    } else if (before) this.#settle(before)
  }

  #respond({ requestId, response, hasExtraInfo, timestamp }: Protocol.Network.ResponseReceivedEvent, session: string): void {
    const chain = this.#chains.get(requestId)
    const hop = chain?.current
    if (!chain || !hop || hop.response) return
    chain.session = session
    hop.response = response
    hop.respondedAt = timestamp
    hop.hasRaw = hasExtraInfo
    this.#settle(chain)
  }

  #message(told: Protocol.Network.EventSourceMessageReceivedEvent): void {
    const chain = this.#chains.get(told.requestId)
    const hop = chain?.current
    if (!chain || !hop?.response) return
    if (!hop.isTold) {
      // It cannot wait for heads.
      hop.isOverdue = true
      this.#settle(chain)
    }
    this.#options.telling.message(hop, told)
  }

  #end(requestId: string, session: string, end: HopEnd): void {
    const chain = this.#chains.get(requestId)
    const hop = chain?.current
    if (!chain || !hop || hop.end) return
    chain.session = session
    hop.end = end
    this.#settle(chain)
  }

  #cut(chain: Chain, failure: Failure): void {
    for (const hop of chain.hops) {
      hop.end ??= { failure }
      hop.isOverdue = true
    }
    this.#settle(chain)
  }

  /** Tells what can be told by now. */
  #settle(chain: Chain): void {
    const { telling } = this.#options
    chain.giveRawHeads()
    for (const hop of [...chain.hops]) {
      if (!hop.isReady) {
        this.#await(chain, hop)
        continue
      }
      clearTimeout(hop.awaited)
      if (hop.response && !hop.isTold) {
        hop.isTold = true
        telling.response(hop, hop.response)
      }
      if (hop.end) {
        chain.hops.splice(chain.hops.indexOf(hop), 1)
        const ending = telling.end(chain, hop, hop.end).finally(() => this.#ending.delete(ending))
        this.#ending.add(ending)
      }
    }
    if (chain.count > 0 && chain.hops.length === 0) this.#chains.delete(chain.requestId)
  }

  #await(chain: Chain, hop: Hop): void {
    if (hop.response === null && hop.end === null) return
    hop.awaited ??= setTimeout(() => {
      hop.isOverdue = true
      this.#settle(chain)
    }, rawHeadsMs)
  }

  /** Raw heads may come before their request. */
  #chainFor(requestId: string, session: string): Chain {
    const known = this.#chains.get(requestId) ?? this.#unknown.get(requestId)
    if (known) return known
    const chain = new Chain(requestId, session)
    this.#unknown.set(requestId, chain)
    if (this.#unknown.size > mostUnknown) this.#unknown.delete(this.#unknown.keys().next().value as string)
    return chain
  }

  /** Of a request that begins. */
  #known(requestId: string, session: string): Chain {
    const chain = this.#unknown.get(requestId) ?? new Chain(requestId, session)
    this.#unknown.delete(requestId)
    chain.session = session
    this.#chains.set(requestId, chain)
    if (this.#chains.size > mostOpen) {
      const [oldest] = this.#chains.values()
      if (oldest) this.#cut(oldest, failureWhen.tooMany)
      this.#options.gaveUp()
    }
    return chain
  }
}

/** A response that the page must not see came all the same: its raw heads may be told later. */
const mayHaveHeads = (cors: Protocol.Network.CorsErrorStatus | undefined): Pick<HopEnd, 'mayHaveHeads'> =>
  cors === undefined ? {} : { mayHaveHeads: true }

/** Chunks and frames that hold nothing. */
const framing = 32

/** As it was received, nearly: older versions only tell what came of head and body, and what of the head. */
function bodyLength({ encodedBodyLength, encodedDataLength }: Protocol.Network.LoadingFinishedEvent, { response }: Hop): number {
  return encodedBodyLength ?? Math.max(0, (encodedDataLength ?? 0) - (response?.encodedDataLength ?? 0) - framing)
}
