/** An HTTP/2 connection: its streams become exchanges (RFC 9113 section 8). */
import { withoutDefaultPort } from '../../sdk/authority.ts'
import type { Anomaly, Failure } from '../../sdk/model.ts'
import type { ConnectionRecord, OriginRecord } from '../store/records.ts'
import { type ExchangeSink, type FollowedConnection, failure, failureOf } from './connection.ts'
import { type FieldsRead, Http2Decoder } from './decoders/http2.ts'
import { type Http2Head, type Http2Heads, type Http2Part, hostOf } from './http2-fields.ts'
import { connectionRecord, LiveExchange, tunnelExchange } from './live-exchange.ts'
import { splitterFor } from './message-splitter.ts'
import { setConnectTimes } from './tunnel-connection.ts'
import type { ConnectionClosed, ConnectionOpened, CopyGap, OriginFacts } from './wire-copy.ts'

/** RFC 9113 section 7. */
const errorNames = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
]
const errorName = (code: number): string => errorNames[code] ?? `error ${code}`
const noError = 0
/** Streams that ended last: what comes late on them is put on record. */
const rememberedStreams = 32
/** Requests taken back without an answer, within a second: no browser takes back so many (CVE-2023-44487). */
const manyResets = 100

export class Http2Connection implements FollowedConnection {
  sink: ExchangeSink<LiveExchange>
  readonly #heads: Http2Heads
  readonly #record: ConnectionRecord
  readonly #scheme: 'http' | 'https'
  readonly #authority: string
  readonly #originOf: (facts: OriginFacts) => OriginRecord
  readonly #client: Http2Decoder
  readonly #server: Http2Decoder
  /** Those that have not ended, by stream. */
  readonly #streams = new Map<number, LiveExchange>()
  #origin: OriginRecord | null = null
  /** Of connecting to it; goes to the next exchange. */
  #facts: OriginFacts | null = null
  /** The highest streams begun, by the parity of their numbers: pushed ones, requested ones. */
  readonly #latest = new Uint32Array(2)
  /** A ring. */
  readonly #ended: LiveExchange[] = []
  #endings = 0
  #resets = 0
  #resetsSince = 0
  /** A flood came while no stream was open: the next one says so. */
  #flooded = false
  /** What cannot be decoded any more is counted here. */
  #undecoded: LiveExchange | null = null

  constructor(
    sink: ExchangeSink<LiveExchange>,
    opened: ConnectionOpened,
    heads: Http2Heads,
    originOf: (facts: OriginFacts) => OriginRecord,
  ) {
    this.sink = sink
    this.#heads = heads
    this.#record = connectionRecord(opened.client)
    this.#scheme = opened.scheme
    this.#authority = withoutDefaultPort(opened.authority, opened.scheme)
    this.#originOf = originOf
    this.#client = new Http2Decoder('client', {
      onFields: (stream, list, at) => this.#requestFields(stream, list, at),
      onData: (stream, bytes, at) => this.#requestData(stream, bytes, at),
      onEnd: (stream, at) => this.#requestEnded(stream, at),
      // A client cannot.
      onPromise: () => undefined,
      onReset: (stream, _, at) => this.#resetByClient(stream, at),
      onGoAway: (last, _, at) => this.#notProcessed(0, last, failure('clientAborted'), at),
      onFlood: () => this.#flood(),
      onViolation: (_, at) => this.#giveUp(at, 'invalidFrame'),
    })
    this.#server = new Http2Decoder('origin', {
      onFields: (stream, list, at) => this.#responseFields(stream, list, at),
      onData: (stream, bytes, at) => this.#responseData(stream, bytes, at),
      onEnd: (stream, at) => this.#responseEnded(stream, at),
      onPromise: (_, promised, list, at) => this.#promised(promised, list, at),
      onReset: (stream, code, at) => this.#resetByOrigin(stream, code, at),
      onGoAway: (last, code, at) => this.#refused(last, code, at),
      onFlood: () => this.#flood(),
      onViolation: (_, at) => this.#giveUp(at, 'invalidFrame'),
    })
    if (opened.origin) this.origin(opened.origin)
  }

  fromClient(bytes: Buffer, at: number): void {
    const wasDecoded = this.#undecoded === null
    if (wasDecoded) this.#client.push(bytes, at)
    this.#count(wasDecoded ? this.#client.unread : bytes.length, 0)
  }

  fromOrigin(bytes: Buffer, at: number): void {
    const wasDecoded = this.#undecoded === null
    if (wasDecoded) this.#server.push(bytes, at)
    this.#count(0, wasDecoded ? this.#server.unread : bytes.length)
  }

  clientEnd(): void {
    // Streams end by frames; what is open ends with the connection.
  }

  originEnd(): void {
    // As above.
  }

  origin(facts: OriginFacts): void {
    this.#origin = this.#originOf(facts)
    this.#facts = facts
  }

  failed(reason: Failure, at: number): void {
    if (this.#streams.size === 0 && this.#undecoded === null) this.#end(this.#hold(at), reason, at)
    else this.stop(reason, at)
  }

  /** The state of both HPACK tables is lost with the bytes. */
  gap(gap: CopyGap, at: number): void {
    const bytes = gap.sent + gap.received
    if (bytes === 0) return
    this.#giveUp(at, null)
    this.#count(gap.sent, gap.received)
    this.sink.addGap(gap.since, at, 'overload', bytes)
  }

  closed(closed: ConnectionClosed, at: number): void {
    const reason = failureOf(closed)
    const isUnused = this.#latest.every((stream) => stream === 0) && this.#undecoded === null
    if (isUnused && (closed.failure || this.#flooded)) this.#end(this.#hold(at), reason, at)
    for (const [stream, exchange] of this.#open()) {
      if (exchange === this.#undecoded && !closed.reset && !closed.failure && closed.by !== 'weir') this.#end(exchange, null, at)
      else if (reason === null && this.sink.stopping) this.sink.leaveOpen(exchange)
      else this.#end(exchange, reason ?? failure('limitExceeded'), at)
      this.#streams.delete(stream)
    }
  }

  stop(reason: Failure, at: number): void {
    for (const [stream, exchange] of this.#open()) {
      this.#streams.delete(stream)
      this.#end(exchange, reason, at)
    }
  }

  #requestFields(stream: number, read: FieldsRead, at: number): void {
    const open = this.#streams.get(stream)
    if (open !== undefined) {
      if (open.requestEnded) open.addAnomaly('frameAfterEnd')
      else open.requestTrailers = this.#fields(open, read, 'trailers').block
      this.sink.touch(open)
    } else if (this.#isNew(stream) || read.fields.some(([name]) => name === ':method')) this.#begin(stream, read, at, 'request')
    else this.#late(stream, 'client')
  }

  #isNew = (stream: number): boolean => stream > (this.#latest[stream & 1] as number)

  /** Reads fields of an exchange and puts on it what is odd about them. */
  #fields(exchange: LiveExchange, read: FieldsRead, part: Http2Part): Http2Head {
    const head = this.#heads.read(read.fields, part)
    this.#addAnomalies(exchange, read, head)
    if (part === 'trailers' && !read.endsStream) exchange.addAnomaly('invalidTrailers')
    return head
  }

  #addAnomalies(exchange: LiveExchange, read: FieldsRead, head: Http2Head): void {
    for (const anomaly of read.anomalies) exchange.addAnomaly(anomaly)
    for (const anomaly of head.anomalies) exchange.addAnomaly(anomaly)
  }

  #begin(stream: number, read: FieldsRead, at: number, by: 'request' | 'promise'): LiveExchange {
    const fields = this.#heads.read(read.fields, 'request')
    const { method, scheme, authority, path, protocol, block } = fields
    const own = scheme === 'http' || scheme === 'https' ? scheme : this.#scheme
    const host = authority === '' ? hostOf(block) : authority
    const named = host === '' ? this.#authority : withoutDefaultPort(host, own)
    const exchange = new LiveExchange('http', this.#record, this.#origin, at, method, own, named, path, '2', block)
    exchange.stream = stream
    exchange.extendedConnect = protocol
    exchange.requestLength = block.contentLength
    this.#addAnomalies(exchange, read, fields)
    if ((stream & 1) !== (by === 'request' ? 1 : 0) || !this.#isNew(stream)) exchange.addAnomaly('unexpectedStream')
    if (this.#flooded) exchange.addAnomaly('frameFlood')
    this.#flooded = false
    if (this.#facts !== null) setConnectTimes(exchange, this.#facts)
    this.#facts = null
    this.#latest[stream & 1] = Math.max(stream, this.#latest[stream & 1] as number)
    this.#streams.set(stream, exchange)
    this.sink.begin(exchange)
    exchange.splitter = splitterFor(exchange, this.sink)
    return exchange
  }

  #promised(stream: number, read: FieldsRead, at: number): void {
    if (!this.#isNew(stream)) return
    const exchange = this.#begin(stream, read, at, 'promise')
    exchange.requestEnded = true
    exchange.requestEndedAt = at
  }

  #responseFields(stream: number, read: FieldsRead, at: number): void {
    const exchange = this.#streams.get(stream)
    if (exchange === undefined) {
      this.#late(stream, 'origin')
      return
    }
    if (exchange.responseEnded) exchange.addAnomaly('frameAfterEnd')
    else if (exchange.status !== 0) exchange.responseTrailers = this.#fields(exchange, read, 'trailers').block
    else {
      const { status, block } = this.#fields(exchange, read, 'response')
      if (!/^\d{3}$/.test(status)) exchange.addAnomaly('invalidStatusLine')
      else if (status.startsWith('1')) {
        exchange.firstHeadAt ||= at
        exchange.informational ??= []
        exchange.informational.push({ status: Number(status), reason: '', headers: block.fields as never })
      } else {
        exchange.status = Number(status)
        exchange.responseVersion = '2'
        exchange.responseFields = block
        exchange.responseStartedAt = at
        exchange.firstHeadAt ||= at
        exchange.responseLength = block.contentLength
        this.#switch(exchange)
      }
    }
    this.sink.touch(exchange)
  }

  /** What an ended stream's sender still says, where that sender had ended it: RFC 9113 section 5.1 has frames cross with the other's reset. */
  #late(stream: number, sender: 'client' | 'origin'): void {
    const exchange = this.#ended.find((ended) => ended.stream === stream)
    if (exchange === undefined) return
    const hadEnded = sender === 'client' ? exchange.requestEnded || exchange.error?.reason === 'clientAborted' : exchange.responseEnded
    if (!hadEnded) return
    exchange.addAnomaly('frameAfterEnd')
    this.sink.touch(exchange)
  }

  #flood(): void {
    this.#flooded = this.#streams.size === 0
    for (const exchange of this.#streams.values()) {
      exchange.addAnomaly('frameFlood')
      this.sink.touch(exchange)
    }
  }

  /** After an answered CONNECT the stream carries another protocol. */
  #switch(exchange: LiveExchange): void {
    if (exchange.method === 'CONNECT' && exchange.status < 300)
      exchange.kind = exchange.extendedConnect === 'websocket' ? 'websocket' : 'tunnel'
    exchange.splitter = splitterFor(exchange, this.sink)
    if (exchange.kind !== 'http' && exchange.splitter === null) exchange.addAnomaly('undecoded')
  }

  #requestData(stream: number, bytes: Buffer, at: number): void {
    const exchange = this.#streams.get(stream)
    if (exchange === undefined) {
      this.#late(stream, 'client')
      return
    }
    if (exchange.requestEnded) exchange.addAnomaly('frameAfterEnd')
    else if (exchange.kind === 'http') exchange.addToRequest(bytes, at)
    else exchange.passSent(bytes, at)
    this.sink.touch(exchange)
  }

  #responseData(stream: number, bytes: Buffer, at: number): void {
    const exchange = this.#streams.get(stream)
    if (exchange === undefined) {
      this.#late(stream, 'origin')
      return
    }
    if (exchange.responseEnded) exchange.addAnomaly('frameAfterEnd')
    else if (exchange.kind === 'http') exchange.addToResponse(bytes, at)
    else exchange.passReceived(bytes, at)
    this.sink.touch(exchange)
  }

  #requestEnded(stream: number, at: number): void {
    const exchange = this.#streams.get(stream)
    if (exchange === undefined || exchange.requestEnded) return
    exchange.requestEnded = true
    exchange.requestEndedAt = at
    if (exchange.requestBody !== null) exchange.requestBody.ended = true
    if (isOff(exchange.requestLength, exchange.requestBody)) exchange.addAnomaly('contentLengthMismatch')
    if (exchange.responseEnded) this.#end(stream, null, at)
    else this.sink.touch(exchange)
  }

  #responseEnded(stream: number, at: number): void {
    const exchange = this.#streams.get(stream)
    if (exchange === undefined || exchange.responseEnded) return
    exchange.responseEnded = true
    if (exchange.responseBody !== null) exchange.responseBody.ended = true
    const isBodiless = exchange.method === 'HEAD' || exchange.status === 304
    if (!isBodiless && isOff(exchange.responseLength, exchange.responseBody)) exchange.addAnomaly('contentLengthMismatch')
    if (exchange.requestEnded) this.#end(stream, null, at)
    else this.sink.touch(exchange)
  }

  #resetByClient(stream: number, at: number): void {
    const exchange = this.#streams.get(stream)
    if (exchange === undefined) return
    if (at - this.#resetsSince > 1000) {
      this.#resetsSince = at
      this.#resets = 0
    }
    if (exchange.status === 0 && ++this.#resets > manyResets) exchange.addAnomaly('rapidReset')
    this.#end(stream, failure('clientAborted'), at)
  }

  /** RFC 9113 section 8.1: after its whole answer an origin may say that it needs no more of the request. */
  #resetByOrigin(stream: number, code: number, at: number): void {
    const answered = code === noError && this.#streams.get(stream)?.responseEnded === true
    this.#end(stream, answered ? null : { reason: 'upstreamReset', message: `the origin reset the stream (${errorName(code)})` }, at)
  }

  #refused(last: number, code: number, at: number): void {
    this.#notProcessed(
      1,
      last,
      { reason: 'upstreamClosed', message: `the origin did not process the request (GOAWAY, ${errorName(code)})` },
      at,
    )
  }

  #notProcessed(parity: 0 | 1, last: number, reason: Failure, at: number): void {
    for (const stream of this.#streams.keys()) {
      if (stream > last && (stream & 1) === parity) this.#end(stream, reason, at)
    }
  }

  /** Nothing of the connection means anything from here on: what was open is cut, the rest is counted. */
  #giveUp(at: number, anomaly: Anomaly | null): void {
    if (this.#undecoded !== null) return
    for (const exchange of this.#streams.values()) exchange.markTruncated()
    this.stop(failure('notRecorded'), at)
    const held = this.#hold(at)
    if (anomaly !== null) held.addAnomaly(anomaly)
    held.addAnomaly('undecoded')
    this.#undecoded = held
  }

  #remember(exchange: LiveExchange): void {
    this.#ended[this.#endings++ % rememberedStreams] = exchange
  }

  #hold(at: number): LiveExchange {
    const exchange = tunnelExchange(this.#record, this.#origin, at, this.#scheme, this.#authority)
    if (this.#flooded) exchange.addAnomaly('frameFlood')
    this.#flooded = false
    if (this.#facts !== null) setConnectTimes(exchange, this.#facts)
    this.#facts = null
    this.sink.begin(exchange)
    return exchange
  }

  #count(sent: number, received: number): void {
    const held = this.#undecoded
    if (held === null || (sent === 0 && received === 0)) return
    held.sentUnkept += sent
    held.receivedUnkept += received
    if (held.isOpen) this.sink.touch(held)
  }

  #open(): [stream: number, exchange: LiveExchange][] {
    const open = [...this.#streams]
    if (this.#undecoded !== null) open.push([0, this.#undecoded])
    return open
  }

  #end(which: number | LiveExchange, reason: Failure | null, at: number): void {
    const exchange = typeof which === 'number' ? this.#streams.get(which) : which
    if (typeof which === 'number' && exchange !== undefined) {
      this.#streams.delete(which)
      this.#remember(exchange)
    }
    if (exchange?.isOpen) this.sink.finish(exchange, reason, at)
  }
}

/** RFC 9113 section 8.1.1. */
const isOff = (length: number | null, body: { size: number } | null): boolean => length !== null && length !== (body?.size ?? 0)
