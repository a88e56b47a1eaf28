/** What the two decoders of an HTTP/1 connection say, told to its exchanges. */
import type { Anomaly } from '../../sdk/model.ts'
import { failure } from './connection.ts'
import type { HeaderBlock } from './decoders/header-block.ts'
import type { MessageHandler, RequestHead, ResponseHandler, ResponseHead } from './decoders/http1.ts'
import type { Http1Connection } from './http1-connection.ts'
import { isWebSocketUpgrade } from './live-exchange.ts'
import { splitterFor } from './message-splitter.ts'

export class RequestSide implements MessageHandler<RequestHead> {
  #connection: Http1Connection

  constructor(connection: Http1Connection) {
    this.#connection = connection
  }

  onHead(head: RequestHead, at: number): void {
    this.#connection.begin(head, at)
  }
  onData(bytes: Buffer, at: number): void {
    const { sending, sink } = this.#connection
    if (sending === null || !sending.isOpen) return
    sending.addToRequest(bytes, at)
    sink.touch(sending)
  }
  onTrailers(block: HeaderBlock): void {
    const { sending } = this.#connection
    if (sending !== null) sending.requestTrailers = block
  }
  onEnd(at: number): void {
    const { sending, sink } = this.#connection
    if (sending === null) return
    this.#connection.sending = null
    if (!sending.isOpen) return
    sending.requestEnded = true
    sending.requestEndedAt = at
    if (sending.requestBody !== null) sending.requestBody.ended = true
    if (sending.responseEnded) sink.finish(sending, null, at)
    else sink.touch(sending)
  }
  onCut(): void {
    const { sending, sink } = this.#connection
    if (sending === null || !sending.isOpen) return
    sending.requestCut = true
    sink.touch(sending)
  }
  onAnomaly(anomaly: Anomaly): void {
    const { sending } = this.#connection
    if (sending !== null) sending.addAnomaly(anomaly)
  }
  onViolation(anomaly: Anomaly, offset: number, at: number): void {
    const { requests, sending } = this.#connection
    this.#connection.giveUp(sending, anomaly, at, Math.max(0, requests.offset - offset), 0)
  }
}

export class ResponseSide implements ResponseHandler {
  #connection: Http1Connection

  constructor(connection: Http1Connection) {
    this.#connection = connection
  }

  requestMethod(): string | null {
    const first = this.#connection.waiting[0]
    return first === undefined ? null : first.method
  }
  onInformational(head: ResponseHead, at: number): void {
    const { waiting, sink } = this.#connection
    const exchange = waiting[0]
    if (exchange === undefined || !exchange.isOpen) return
    exchange.firstHeadAt ||= at
    exchange.informational ??= []
    exchange.informational.push({ status: head.status, reason: head.reason, headers: head.block.fields as never })
    sink.touch(exchange)
  }
  onHead(head: ResponseHead, at: number): void {
    const connection = this.#connection
    let exchange = connection.waiting.shift()
    if (exchange === undefined) {
      if (connection.undecoded !== null) {
        connection.giveUpResponses(head.raw.length)
        return
      }
      exchange = connection.unasked(at)
    }
    connection.receiving = exchange
    if (!exchange.isOpen) return
    exchange.status = head.status
    exchange.reason = head.reason
    exchange.responseVersion = head.version
    exchange.responseFields = head.block
    exchange.responseStartedAt = at
    exchange.firstHeadAt ||= at
    if (head.status === 101) {
      if (isWebSocketUpgrade(exchange)) exchange.kind = 'websocket'
      connection.switched(exchange)
    } else if (exchange.method === 'CONNECT' && head.status < 300 && exchange.kind === 'http') {
      exchange.kind = 'tunnel'
      connection.switched(exchange)
    } else exchange.splitter = splitterFor(exchange, connection.sink)
    connection.sink.touch(exchange)
  }
  onData(bytes: Buffer, at: number): void {
    const { receiving, sink } = this.#connection
    if (receiving === null || !receiving.isOpen) return
    receiving.addToResponse(bytes, at)
    sink.touch(receiving)
  }
  onTrailers(block: HeaderBlock): void {
    const { receiving } = this.#connection
    if (receiving !== null) receiving.responseTrailers = block
  }
  onEnd(at: number): void {
    const { receiving, sink } = this.#connection
    if (receiving === null) return
    this.#connection.receiving = null
    if (!receiving.isOpen) return
    receiving.responseEnded = true
    if (receiving.responseBody !== null) receiving.responseBody.ended = true
    if (receiving.requestEnded) sink.finish(receiving, null, at)
    else if (receiving.requestCut) sink.finish(receiving, failure('clientAborted'), at)
    else sink.touch(receiving)
  }
  onCut(at: number): void {
    const { receiving, sink, clientEnded } = this.#connection
    this.#connection.receiving = null
    if (receiving?.isOpen) sink.finish(receiving, failure(clientEnded ? 'clientAborted' : 'upstreamClosed'), at)
  }
  onAnomaly(anomaly: Anomaly): void {
    const { receiving, waiting } = this.#connection
    const exchange = receiving ?? waiting[0]
    if (exchange !== undefined) exchange.addAnomaly(anomaly)
  }
  onViolation(anomaly: Anomaly, offset: number, at: number): void {
    const connection = this.#connection
    const exchange = connection.receiving ?? connection.waiting[0] ?? null
    const before = Math.max(0, connection.responses.offset - offset)
    if (exchange === null && connection.undecoded !== null) connection.giveUpResponses(before)
    else connection.giveUp(exchange, anomaly, at, 0, before)
    connection.requests.becomeOpaque()
  }
}
