/** An HTTP/1 connection: its two directions become exchanges, responses matched to requests in order. */
import { withoutDefaultPort } from '../../sdk/authority.ts'
import type { Anomaly, Failure } from '../../sdk/model.ts'
import type { ConnectionRecord, OriginRecord } from '../store/records.ts'
import { type ExchangeSink, type FollowedConnection, failure, failureOf } from './connection.ts'
import type { HeaderBlocks } from './decoders/header-block.ts'
import { Http1RequestDecoder, Http1ResponseDecoder, type RequestHead } from './decoders/http1.ts'
import { RequestSide, ResponseSide } from './http1-sides.ts'
import { connectionRecord, LiveExchange, tunnelExchange } from './live-exchange.ts'
import { splitterFor } from './message-splitter.ts'
import { disagrees, readTarget } from './request-target.ts'
import { setConnectTimes } from './tunnel-connection.ts'
import type { ConnectionClosed, ConnectionOpened, CopyGap, OriginFacts } from './wire-copy.ts'

export class Http1Connection implements FollowedConnection {
  sink: ExchangeSink<LiveExchange>
  readonly requests: Http1RequestDecoder
  readonly responses: Http1ResponseDecoder
  /** Requests whose response has not begun, oldest first. */
  readonly waiting: LiveExchange[] = []
  /** Its request has not ended. */
  sending: LiveExchange | null = null
  /** Its response has begun and not ended. */
  receiving: LiveExchange | null = null
  /** The client has ended its direction: what is cut after that, it broke off. */
  clientEnded = false
  /** What is no HTTP any more is counted here, and read as messages where it is a WebSocket's. */
  undecoded: LiveExchange | null = null
  readonly #record: ConnectionRecord
  readonly #scheme: 'http' | 'https'
  readonly #authority: string
  readonly #originOf: (facts: OriginFacts) => OriginRecord
  #origin: OriginRecord | null = null
  /** Of connecting to it; goes to the next exchange. */
  #facts: OriginFacts | null = null
  readonly #told: OriginFacts[] = []
  #latest: LiveExchange | null = null
  /** Bytes are missing: responses are skipped until a request is known. */
  #lost = false
  #lastHost: string | null = null
  #lastAuthority: string

  constructor(
    sink: ExchangeSink<LiveExchange>,
    opened: ConnectionOpened,
    blocks: HeaderBlocks,
    originOf: (facts: OriginFacts) => OriginRecord,
  ) {
    this.sink = sink
    this.#record = connectionRecord(opened.client)
    this.#scheme = opened.scheme
    this.#authority = withoutDefaultPort(opened.authority, opened.scheme)
    this.#lastAuthority = this.#authority
    this.#originOf = originOf
    this.requests = new Http1RequestDecoder(new RequestSide(this), { blocks })
    this.responses = new Http1ResponseDecoder(new ResponseSide(this), { blocks })
    if (opened.origin) this.origin(opened.origin, opened.startedAt)
  }

  fromClient(bytes: Buffer, at: number): void {
    const { requests } = this
    requests.push(bytes, at)
    if (!requests.opaque || this.undecoded === null) return
    this.undecoded.passSent(bytes.subarray(requests.position), at)
    this.#touchUndecoded()
  }

  fromOrigin(bytes: Buffer, at: number): void {
    if (this.#lost && this.waiting.length === 0) return
    this.#lost = false
    const { responses } = this
    responses.push(bytes, at)
    if (!responses.opaque || this.undecoded === null) return
    this.undecoded.passReceived(bytes.subarray(responses.position), at)
    this.#touchUndecoded()
  }

  clientEnd(at: number): void {
    this.clientEnded = true
    this.requests.end(at)
  }

  originEnd(at: number): void {
    this.responses.end(at)
  }

  origin(facts: OriginFacts, at: number): void {
    this.#origin = this.#originOf(facts)
    // A client that goes back to an origin may go over the connection that is there: its times were told before.
    this.#facts = this.#told.some((earlier) => sameConnecting(earlier, facts)) ? null : facts
    if (this.#facts !== null) this.#told.push(facts)
    this.responses.end(at)
    this.responses.restart()
    const latest = this.#latest
    // A forwarder may connect only when it has read the request.
    if (latest === null || !latest.isOpen || latest.status !== 0) return
    latest.origin = this.#origin
    this.#giveTimes(latest)
    this.sink.touch(latest)
  }

  failed(reason: Failure, at: number): void {
    const exchange = this.receiving ?? this.waiting[0] ?? this.sending ?? this.undecoded
    if (exchange === null) {
      if (this.#latest === null || this.requests.heldBytes > 0) this.#failTunnel(reason, at)
      return
    }
    if (exchange === this.waiting[0]) this.waiting.shift()
    if (exchange === this.sending) {
      this.sending = null
      this.requests.restart()
    }
    if (exchange === this.receiving) {
      this.receiving = null
      this.responses.restart()
    }
    this.#end(exchange, reason, at)
  }

  gap(gap: CopyGap, at: number): void {
    if (this.undecoded !== null) {
      this.#gapAfterSwitch(this.undecoded, gap, at)
      return
    }
    if (gap.sent > 0 || gap.received > 0) {
      const lost = failure('notRecorded')
      for (const exchange of this.#open()) exchange.markTruncated()
      this.stop(lost, at)
      this.sink.addGap(gap.since, at, 'overload', gap.sent + gap.received)
    } else if (this.#latest !== null) return
    this.requests.resynchronise()
    this.responses.resynchronise()
    this.#lost = true
  }

  closed(closed: ConnectionClosed, at: number): void {
    if (closed.by === 'origin' && !closed.reset) this.responses.end(at)
    const byClient = this.clientEnded && closed.by === 'origin' && !closed.reset
    const reason = failureOf(byClient ? { ...closed, by: 'client' } : closed)
    const open = this.#open()
    if (open.length === 0 && this.#latest === null) this.#closedUnused(closed, reason, at)
    this.#forgetOpen()
    for (const exchange of open) {
      if (exchange === this.undecoded && !closed.reset && !closed.failure && closed.by !== 'weir') this.#end(exchange, null, at)
      else if (reason === null && this.sink.stopping) this.sink.leaveOpen(exchange)
      else this.#end(exchange, reason ?? failure('limitExceeded'), at)
    }
  }

  stop(reason: Failure, at: number): void {
    const open = this.#open()
    this.#forgetOpen()
    for (const exchange of open) this.#end(exchange, reason, at)
  }

  /** A request head came. */
  begin(head: RequestHead, at: number): void {
    const { method, target, version, block } = head
    const { host } = block.framing
    let scheme = this.#scheme
    let path = target
    if (target.charCodeAt(0) !== 47 || method === 'CONNECT' || host !== this.#lastHost) {
      const read = readTarget(target, method, host, scheme, this.#authority)
      scheme = read.scheme
      path = read.path
      this.#lastAuthority = read.authority
      // Only what an origin-form target gave may be taken again for the same host.
      this.#lastHost = target.charCodeAt(0) === 47 && method !== 'CONNECT' ? host : null
    }
    const exchange = new LiveExchange('http', this.#record, this.#origin, at, method, scheme, this.#lastAuthority, path, version, block)
    if (host === null && version === '1.1') exchange.addAnomaly('missingHost')
    if (host !== null && disagrees(target, host)) exchange.addAnomaly('hostMismatch')
    if (this.#facts !== null) this.#giveTimes(exchange)
    this.#latest = exchange
    this.sending = exchange
    this.waiting.push(exchange)
    this.sink.begin(exchange)
    exchange.splitter = splitterFor(exchange, this.sink)
  }

  /** Nobody can say what the bytes of a direction mean any more; `sent`, `received`: those of them that came in earlier pieces. */
  giveUp(exchange: LiveExchange | null, anomaly: Anomaly, at: number, sent: number, received: number): void {
    const holder = exchange ?? this.#tunnel(at)
    holder.addAnomaly(anomaly)
    holder.addAnomaly('undecoded')
    holder.splitter = null
    this.#countOn(holder)
    this.#count(sent, received)
  }

  /** Responses that belong to nothing known; `unread`: bytes of the head that came just now. */
  giveUpResponses(unread: number): void {
    this.responses.becomeOpaque()
    this.#count(0, unread)
  }

  /** What follows in both directions is another protocol. */
  switched(exchange: LiveExchange): void {
    // A client that did not wait for the switch wrote what nobody can place.
    const isPlaced = this.requests.heldBytes === 0 && this.undecoded === null
    if (exchange.kind === 'websocket' && isPlaced) exchange.splitter = splitterFor(exchange, this.sink)
    if (exchange.splitter === null) exchange.addAnomaly('undecoded')
    this.#countOn(exchange)
    this.requests.becomeOpaque()
  }

  /** A response that nobody asked for. */
  unasked(at: number): LiveExchange {
    const exchange = this.#tunnel(at)
    exchange.requestEnded = true
    return exchange
  }

  /** The first stays: it is open for as long as the connection, and only here is it known. */
  #countOn(exchange: LiveExchange): void {
    this.undecoded ??= exchange
  }

  #tunnel(at: number): LiveExchange {
    const exchange = tunnelExchange(this.#record, this.#origin, at, this.#scheme, this.#authority)
    if (this.#facts !== null) this.#giveTimes(exchange)
    this.#latest = exchange
    this.sink.begin(exchange)
    return exchange
  }

  #closedUnused(closed: ConnectionClosed, reason: Failure | null, at: number): void {
    const partly = this.requests.heldBytes
    if (closed.failure === undefined && partly === 0) return
    const exchange = this.#tunnel(at)
    exchange.sentUnkept = partly
    if (partly > 0) exchange.addAnomaly('undecoded')
    this.#end(exchange, reason ?? failure('limitExceeded'), at)
  }

  #failTunnel(reason: Failure, at: number): void {
    const exchange = this.#tunnel(at)
    exchange.sentUnkept = this.requests.heldBytes
    this.requests.restart()
    this.#end(exchange, reason, at)
  }

  #giveTimes(exchange: LiveExchange): void {
    if (this.#facts !== null) setConnectTimes(exchange, this.#facts)
    this.#facts = null
  }

  #count(sent: number, received: number): void {
    const { undecoded } = this
    if (undecoded === null || (sent === 0 && received === 0)) return
    undecoded.sentUnkept += sent
    undecoded.receivedUnkept += received
    this.#touchUndecoded()
  }

  #touchUndecoded(): void {
    if (this.undecoded?.isOpen) this.sink.touch(this.undecoded)
  }

  /** The bytes are counted; of a WebSocket they were messages, and what follows cannot be read without them. */
  #gapAfterSwitch(exchange: LiveExchange, { since, sent, received }: CopyGap, at: number): void {
    if (exchange.splitter !== null && sent + received > 0) {
      exchange.splitter = null
      exchange.addAnomaly('undecoded')
      this.sink.addGap(since, at, 'overload', sent + received)
    }
    this.#count(sent, received)
  }

  #open(): LiveExchange[] {
    const open = [...this.waiting]
    for (const exchange of [this.receiving, this.sending, this.undecoded]) {
      if (exchange !== null && !open.includes(exchange)) open.push(exchange)
    }
    return open
  }

  #forgetOpen(): void {
    this.waiting.length = 0
    this.sending = null
    this.receiving = null
  }

  #end(exchange: LiveExchange, reason: Failure | null, at: number): void {
    if (exchange.isOpen) this.sink.finish(exchange, exchange.requestCut ? failure('clientAborted') : reason, at)
  }
}

const sameConnecting = (one: OriginFacts, other: OriginFacts): boolean =>
  one.connect === other.connect &&
  one.dns === other.dns &&
  one.tlsHandshake === other.tlsHandshake &&
  one.server.port === other.server.port &&
  one.server.address === other.server.address
