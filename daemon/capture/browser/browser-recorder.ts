/**
 * The browsers that tell a session of their requests: each of these is an exchange of the proxy, which gets the browser's view, or becomes one of its own. It never throws.
 */
import type { BrowserView } from '../../../sdk/browser-view.ts'
import { bytesOf } from '../../../sdk/held-size.ts'
import type { Failure } from '../../../sdk/model.ts'
import type { SourceEvent } from '../../../sdk/source.ts'
import type { ExchangeSink } from '../connection.ts'
import type { FilterStage } from '../filters/filter-stage.ts'
import { connectionRecord, type LiveExchange } from '../live-exchange.ts'
import type { SessionRecorder } from '../session-recorder.ts'
import { BrowserSink, type PassingExchanges } from './browser-sink.ts'
import { commonView } from './browser-views.ts'
import { type Decision, Matcher, type MatcherLimits } from './matcher.ts'
import { OpenRequests } from './open-requests.ts'
import { ConnectionNumbers, mayHaveAnswered, PassedExchange } from './passed-exchange.ts'
import { browserTarget, wireKey } from './request-key.ts'
import { SeenRequest } from './seen-request.ts'

export interface BrowserRecorderOptions {
  session: SessionRecorder
  entrance: FilterStage
  /** Unix ms. */
  now(): number
  /** Something is to be decided, soon or when time has passed: `decide` is to be called till nothing is. */
  wake(): void
  limits?: MatcherLimits
  /** Of bodies and messages that wait for an exchange, bytes. */
  heldBytes?: number
  /** Of one source, requests that have not ended or are not decided, and what their heads take, bytes. */
  open?: { requests: number; bytes: number }
}

/** What the browser still says of an exchange is awaited so long after its end, ms. */
const lastWordsMs = 5_000
const heldBytes = 32 * 1024 * 1024
/** As many as a browser is followed with (plugins/interceptor), and the sockets. */
const mostOpen = { requests: 25_000, bytes: 64 * 1024 * 1024 }
/** What a pause between two decisions counts at most, ms: news may have been held up with them. */
const longestPauseMs = 250

const lostSight: Failure = { reason: 'clientAborted', message: 'the browser was closed, or weir lost sight of it, while this was open' }

export class BrowserRecorder implements PassingExchanges {
  /** Where the exchanges of the session's proxy go in. */
  readonly sink: ExchangeSink<LiveExchange>
  readonly #options: BrowserRecorderOptions
  readonly #matcher: Matcher<SeenRequest, PassedExchange>
  readonly #numbers = new ConnectionNumbers()
  readonly #connection = connectionRecord(null)
  /** By source, by id: those that have not ended, or are not decided. */
  readonly #sources = new Map<string, OpenRequests>()
  readonly #passing = new Map<LiveExchange, PassedExchange>()
  /** They are exchanges of the proxy, and more may come of them. */
  readonly #shared = new Set<SeenRequest>()
  #answers = 0
  #held = 0
  /** Waiting is measured by it, ms: it stands still while the thread, or the machine, does. */
  #clock = 0
  #decidedAt = 0

  constructor(options: BrowserRecorderOptions) {
    this.#options = options
    this.#matcher = new Matcher<SeenRequest, PassedExchange>(options.now(), options.limits)
    this.sink = new BrowserSink(options.entrance, this)
  }

  get isPending(): boolean {
    return this.#matcher.isPending || this.#shared.size > 0
  }

  // What passes the proxy

  began(exchange: LiveExchange): boolean {
    if (this.#sources.size === 0 && !this.#matcher.isLooking) return false
    const key = wireKey(exchange)
    if (key === null) return false
    const wire = new PassedExchange(key, exchange, this.#numbers.of(exchange.connection), this.#clock)
    this.#passing.set(exchange, wire)
    this.#matcher.passed(wire)
    this.#options.wake()
    return true
  }

  changed(exchange: LiveExchange): void {
    if (exchange.firstHeadAt === 0) return
    const wire = this.#passing.get(exchange)
    if (wire !== undefined && wire.answeredAt === 0) this.#answered(wire, exchange.firstHeadAt)
  }

  ended(exchange: LiveExchange, at: number): void {
    this.changed(exchange)
    const wire = this.#passing.get(exchange)
    if (wire === undefined || wire.endedAt > 0) return
    if (mayHaveAnswered(exchange)) this.#answered(wire, at)
    wire.endedAt = at
    wire.isCut = exchange.state !== 'complete'
    wire.heardAt = this.#clock
    this.#matcher.changed(wire)
  }

  missed(from: number, to: number): void {
    this.#matcher.missed(from, to)
  }

  #answered(wire: PassedExchange, at: number): void {
    wire.answeredAt = at
    wire.order = ++this.#answers
    this.#matcher.changed(wire)
  }

  // What browsers tell

  /** From now on what passes the proxy is looked at. */
  start(source: string): void {
    const now = this.#options.now()
    if (this.#sources.size === 0) this.#matcher.missed(now, now)
    if (!this.#sources.has(source)) this.#sources.set(source, new OpenRequests(this.#options.open ?? mostOpen))
  }

  /** Bytes of what is to be stored. */
  take(source: string, events: readonly SourceEvent[]): number {
    this.start(source)
    const requests = this.#sources.get(source) as OpenRequests
    const leftOut = { from: Number.POSITIVE_INFINITY, to: 0, requests: 0 }
    let bytes = 0
    for (const event of events) {
      if (event.kind === 'connection') this.#matcher.told(source, event.connection, event.port)
      else if (event.kind === 'lost') this.#options.session.lost(event.from, event.to, event.requests ?? null)
      else if (event.kind === 'request') {
        if (this.#request(source, requests, event)) continue
        leftOut.from = Math.min(leftOut.from, event.at)
        leftOut.to = Math.max(leftOut.to, event.at)
        leftOut.requests++
      } else {
        const request = requests.get(event.id)
        if (request !== undefined) bytes += this.#more(request, requests, event)
      }
    }
    if (leftOut.requests > 0) this.#options.session.lost(leftOut.from, leftOut.to, leftOut.requests)
    this.#options.wake()
    return bytes
  }

  /** Nothing more comes of it: what is open ends. */
  end(source: string, failure: Failure = lostSight): void {
    const requests = this.#sources.get(source)
    if (requests === undefined) return
    const at = this.#options.now()
    for (const request of requests.values())
      if (!request.hasEnded) this.#end(request, requests, { kind: 'end', id: request.id, at, failure })
    this.#sources.delete(source)
    this.#options.wake()
  }

  /** @returns false: there is no room for it, or its id is that of another one that goes on */
  #request(source: string, requests: OpenRequests, event: Extract<SourceEvent, { kind: 'request' }>): boolean {
    const target = browserTarget(event.url)
    if (target === null) return true
    const bytes = bytesOf(event)
    if (!requests.hasRoomFor(event.id, bytes)) return false
    const request = new SeenRequest(source, event, target, this.#clock)
    requests.add(request, bytes)
    this.#matcher.saw(request)
    return true
  }

  #more(request: SeenRequest, requests: OpenRequests, event: Exclude<SourceEvent, { kind: 'request' | 'connection' | 'lost' }>): number {
    if (request.hasEnded) return 0
    switch (event.kind) {
      case 'more':
        request.learn(event.view, event.headers)
        this.#showView(request)
        return 0
      case 'response':
        if (request.response !== null) return 0
        request.respond(event)
        request.heardAt = this.#clock
        if (event.proxied) this.#matcher.changed(request)
        else if (request.place === 'undecided') this.#alone(request)
        return 0
      case 'body':
      case 'message':
        return this.#content(request, event)
      case 'end':
        this.#end(request, requests, event)
        return 0
    }
  }

  #content(request: SeenRequest, event: Extract<SourceEvent, { kind: 'body' | 'message' }>): number {
    const size = event.kind === 'message' ? bytesOf(event.message) : event.data.length
    if (request.place !== 'undecided') {
      request.hold(event)
      return size
    }
    if (this.#held + size > (this.#options.heldBytes ?? heldBytes)) {
      request.learn(event.kind === 'body' && event.part === 'request' ? { requestBody: 'partial' } : { responseBody: 'partial' })
      return 0
    }
    this.#held += size
    request.heldBytes += size
    request.hold(event)
    return size
  }

  #end(request: SeenRequest, requests: OpenRequests, event: Extract<SourceEvent, { kind: 'end' }>): void {
    request.learn(event.view)
    const isKnownAlone = event.proxied === false && request.response === null
    if (request.response === null) {
      request.connection = event.connection ?? null
      request.heardAt = this.#clock
    }
    request.end(event.at, event.failure ?? null)
    if (request.place === 'undecided') {
      if (isKnownAlone) this.#alone(request)
      else this.#matcher.changed(request)
    } else this.#showView(request)
    if (request.place !== 'undecided') requests.delete(request.id)
  }

  /** The proxy has not seen it. */
  #alone(request: SeenRequest): void {
    this.#matcher.withdraw(request)
    this.#begin(request, [], null)
  }

  // What follows

  /** @param now Unix ms @param readUpTo all that passed the proxy before is read, Unix ms */
  decide(now: number, readUpTo: number): void {
    this.#clock += Math.min(now - this.#decidedAt, longestPauseMs)
    this.#decidedAt = now
    this.#carryOutAll(this.#matcher.decide(this.#clock, readUpTo))
    for (const request of this.#shared) this.#letGo(request, now)
  }

  /** Nothing more comes, of browsers or of the proxy. What is open ends with the failure. */
  close(failure: Failure): void {
    for (const source of [...this.#sources.keys()]) this.end(source, failure)
    this.#carryOutAll(this.#matcher.decide(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY))
    for (const request of this.#shared) this.#letGo(request, Number.POSITIVE_INFINITY)
    for (const { exchange } of this.#passing.values()) this.#options.entrance.viewed(exchange)
    this.#passing.clear()
  }

  #carryOutAll(decisions: readonly Decision<SeenRequest, PassedExchange>[]): void {
    for (const decision of decisions) this.#carryOut(decision)
  }

  #carryOut(decision: Decision<SeenRequest, PassedExchange>): void {
    switch (decision.kind) {
      case 'same':
        this.#share(decision.sighting, decision.wire)
        break
      case 'apart':
        this.#begin(decision.sighting, decision.candidates, decision.givenUp ? ['matchGivenUp'] : null)
        break
      case 'unlinked':
        this.#unlink(decision.sighting, decision.wire)
        break
      case 'resent':
        this.#resend(decision.sighting, decision.wire, decision.earlier)
        break
      case 'settled':
        decision.sighting.isSettled = true
        break
      case 'free':
        this.#settle(decision.wire)
    }
  }

  #share(request: SeenRequest, wire: PassedExchange): void {
    request.place = 'shared'
    request.wire = wire
    wire.linked = []
    this.#release(request)
    this.#shared.add(request)
    this.#passing.delete(wire.exchange)
    this.#showView(request)
    if (request.hasEnded) this.#sources.get(request.source)?.delete(request.id)
  }

  #begin(request: SeenRequest, candidates: readonly PassedExchange[], anomalies: LiveExchange['anomalies']): void {
    const { session, entrance } = this.#options
    const kept = candidates.filter(({ exchange }) => exchange.kept || exchange.held !== null)
    const { response } = request
    if (candidates.length > 0 && kept.length === 0) {
      request.place = 'nowhere'
      this.#release(request)
    } else {
      if (response?.proxied === true) request.leaveBodiesToProxy()
      if (kept.length > 0) request.mayBe(kept.map(({ exchange }) => exchange.seq))
      const origin = response?.server === undefined ? null : session.originOf({ server: response.server })
      request.begin({ sink: entrance, connection: this.#connection, origin }, anomalies)
      this.#release(request)
      for (const wire of kept) this.#link(wire, [...wire.linked, request])
    }
    if (request.hasEnded) this.#sources.get(request.source)?.delete(request.id)
  }

  /** What it holds is given on. */
  #release(request: SeenRequest): void {
    this.#held -= request.heldBytes
    request.heldBytes = 0
    if (request.place !== 'own') request.dropContent()
  }

  #link(wire: PassedExchange, linked: SeenRequest[]): void {
    wire.linked = linked
    const seqs = linked.map(({ exchange }) => exchange?.seq ?? 0).filter((seq) => seq > 0)
    if (seqs.length === 0) return
    const view = commonView(linked.map((request) => request.view))
    this.#attach(wire.exchange, { ...view, ambiguous: seqs })
  }

  #unlink(request: SeenRequest, { exchange }: PassedExchange): void {
    const { ambiguous = [], ...view } = request.view
    const left = ambiguous.filter((seq) => seq !== exchange.seq)
    request.view = left.length > 0 ? { ...view, ambiguous: left } : view
    request.touch()
  }

  #resend(request: SeenRequest, wire: PassedExchange, { exchange }: PassedExchange): void {
    if (exchange.seq > 0) request.view = { ...request.view, resends: [...(request.view.resends ?? []), exchange.seq] }
    const { resends: _, ...view } = request.view
    this.#attach(exchange, wire.exchange.seq > 0 ? { ...view, resent: wire.exchange.seq } : view)
    this.#passing.delete(exchange)
    this.#options.entrance.viewed(exchange)
    this.#showView(request)
  }

  #showView(request: SeenRequest): void {
    if (request.wire !== null) this.#attach(request.wire.exchange, request.view)
    else request.touch()
  }

  #attach(exchange: LiveExchange, view: BrowserView): void {
    exchange.browser = view
    this.#options.entrance.touch(exchange)
  }

  #settle({ exchange }: PassedExchange): void {
    this.#passing.delete(exchange)
    this.#options.entrance.viewed(exchange)
  }

  /** Its exchange is decided on once both sides have said all. */
  #letGo(request: SeenRequest, now: number): void {
    const { wire } = request
    if (wire === null || !request.isSettled) return
    const { exchange } = wire
    if (!request.hasEnded && (exchange.isOpen || exchange.endedAt + lastWordsMs > now)) return
    this.#shared.delete(request)
    this.#options.entrance.viewed(exchange)
  }
}
