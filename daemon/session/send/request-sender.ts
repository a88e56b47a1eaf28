/** Requests that weir sends itself: each is an exchange like others, with the source `send`; a redirect that is followed is one more. */
import { limitExceeded, unavailable, WeirError } from '../../../sdk/errors.ts'
import { limits } from '../../../sdk/limits.ts'
import type { Exchange } from '../../../sdk/model.ts'
import type { Params } from '../../../sdk/protocol.ts'
import type { CaptureThreads } from '../capture-threads.ts'
import type { ExchangeReader } from '../exchange-reader.ts'
import type { ExchangeWaiter } from '../exchange-waiter.ts'
import { type CookieJars, refuseBoth, SentCookies } from './cookies.ts'
import { type Draft, outgoing } from './draft.ts'
import { givenRequest } from './given-request.ts'
import { mostRedirects, redirected } from './redirect.ts'
import type { SendPlace, SendPlaces } from './send-places.ts'

/** How long filters may take to decide on what has ended, ms. */
const decidedWithinMs = 60_000

/** Who sends. */
export interface SendCaller {
  signal: AbortSignal
  /** Hears of each exchange when it begins. */
  progress(begun: { sessionId: string; seq: number }): void
}

type SendParams = Params<'request/send'>
type HowToSend = Pick<SendParams, 'jar' | 'follow' | 'timeoutMs'>

export class RequestSender {
  readonly #threads: CaptureThreads
  readonly #exchanges: ExchangeReader
  readonly #waiter: ExchangeWaiter
  readonly #places: SendPlaces
  readonly #jars: CookieJars

  constructor(threads: CaptureThreads, exchanges: ExchangeReader, waiter: ExchangeWaiter, places: SendPlaces, jars: CookieJars) {
    this.#threads = threads
    this.#jars = jars
    this.#places = places
    this.#exchanges = exchanges
    this.#waiter = waiter
  }

  /** request/send. As `run`, and 1002 sessionStopped, sessionPaused. */
  async send({ request, sessionId, ...how }: SendParams, caller: SendCaller): Promise<Exchange> {
    refuseBoth(how.jar, request.headers ?? [])
    const draft = givenRequest(request)
    // Refused before a session is made for it.
    outgoing(draft)
    return this.run(draft, await this.#places.of(sessionId), how, caller)
  }

  /** The last exchange, once it has ended. -32602 as `outgoing`; 1004 tooManyRedirects; 1005 notRecorded. */
  async run(draft: Draft, place: SendPlace, how: HowToSend, caller: SendCaller): Promise<Exchange> {
    const { jar, follow = false, timeoutMs = limits.sendTimeoutDefault } = how
    const cookies = new SentCookies(this.#jars, jar)
    const deadline = performance.now() + timeoutMs
    for (let hop = draft, redirects = 0; ; redirects++) {
      const exchange = await this.#sendOne(await cookies.into(hop), place, Math.max(1, deadline - performance.now()), caller)
      await cookies.takeFrom(hop, exchange.response)
      const next = follow && exchange.response && exchange.state === 'complete' ? redirected(hop, exchange.response) : null
      if (next === null) return exchange
      if (redirects === mostRedirects) throw tooManyRedirects(exchange)
      hop = next
    }
  }

  async #sendOne(draft: Draft, place: SendPlace, timeoutMs: number, { signal, progress }: SendCaller): Promise<Exchange> {
    const { sessionId, handle: session, settings } = place
    let seq = 0
    const sent = {
      body: draft.body,
      begun: (given: number) => {
        seq = given
        if (seq > 0) progress({ sessionId, seq })
      },
    }
    const params = { session, settings, request: outgoing(draft), timeoutMs }
    try {
      await this.#threads.sends.run(this.#threads, params, sent, signal)
    } catch (error) {
      // What has begun is on record with what became of it.
      if (seq === 0 || signal.aborted) throw error
    }
    return this.#ended(sessionId, seq, signal)
  }

  async #ended(sessionId: string, seq: number, signal: AbortSignal): Promise<Exchange> {
    if (seq === 0) throw notRecorded()
    try {
      const exchange = await this.#exchanges.get({ sessionId, seq }, signal)
      if (exchange.state !== 'open') return exchange
      const wait = { sessionId, where: `seq:${seq} -state:open`, timeoutMs: decidedWithinMs }
      return (await this.#waiter.wait(wait, signal)).item ?? exchange
    } catch (error) {
      throw error instanceof WeirError && error.reason === 'exchangeNotFound' ? notRecorded() : error
    }
  }
}

const notRecorded = () =>
  unavailable(
    'notRecorded',
    'the request was made and is not on record: the `where` or a filter of its session left it out, or the session was ended',
  )

const tooManyRedirects = ({ sessionId, seq }: Exchange): WeirError =>
  limitExceeded('tooManyRedirects', `more than ${mostRedirects} redirects; the last one is exchange ${seq} of session ${sessionId}`)
