/** A connection whose inside nobody reads: one exchange, open while it lives. */

import { withoutDefaultPort } from '../../sdk/authority.ts'
import type { Failure } from '../../sdk/model.ts'
import type { OriginRecord } from '../store/records.ts'
import { type ExchangeSink, type FollowedConnection, failure, failureOf } from './connection.ts'
import { connectionRecord, type LiveExchange, tunnelExchange } from './live-exchange.ts'
import type { ConnectionClosed, ConnectionOpened, OriginFacts } from './wire-copy.ts'

export class TunnelConnection implements FollowedConnection {
  sink: ExchangeSink<LiveExchange>
  #exchange: LiveExchange

  constructor(sink: ExchangeSink<LiveExchange>, opened: ConnectionOpened, origin: OriginRecord | null) {
    const { client, startedAt, scheme, authority } = opened
    this.sink = sink
    this.#exchange = tunnelExchange(connectionRecord(client), origin, startedAt, scheme, withoutDefaultPort(authority, scheme))
    if (opened.origin) setConnectTimes(this.#exchange, opened.origin)
    if (opened.opaque !== 'bypassed') this.#exchange.addAnomaly(opened.opaque ?? 'undecoded')
    sink.begin(this.#exchange)
  }

  fromClient(bytes: Buffer): void {
    this.#exchange.sentUnkept += bytes.length
    this.sink.touch(this.#exchange)
  }
  fromOrigin(bytes: Buffer): void {
    this.#exchange.receivedUnkept += bytes.length
    this.sink.touch(this.#exchange)
  }
  clientEnd(): void {
    // It lives until it is closed.
  }
  originEnd(): void {
    // It lives until it is closed.
  }
  origin(facts: OriginFacts): void {
    setConnectTimes(this.#exchange, facts)
    this.sink.touch(this.#exchange)
  }
  failed(reason: Failure, at: number): void {
    this.stop(reason, at)
  }
  gap(): void {
    // Its bytes are counted at the end, copied or not.
  }

  closed(closed: ConnectionClosed, at: number): void {
    const exchange = this.#exchange
    if (!exchange.isOpen) return
    exchange.sentUnkept = closed.sent
    exchange.receivedUnkept = closed.received
    if (closed.failure) this.sink.finish(exchange, closed.failure, at)
    else if (closed.by === 'weir' && this.sink.stopping) this.sink.leaveOpen(exchange)
    else if (closed.reset) this.sink.finish(exchange, failureOf(closed) ?? failure('limitExceeded'), at)
    else this.sink.finish(exchange, null, at)
  }

  stop(reason: Failure, at: number): void {
    if (this.#exchange.isOpen) this.sink.finish(this.#exchange, reason, at)
  }
}

export function setConnectTimes(exchange: LiveExchange, { dns, connect, tlsHandshake }: OriginFacts): void {
  if (dns !== undefined) exchange.dnsMs = dns
  if (connect !== undefined) exchange.connectMs = connect
  if (tlsHandshake !== undefined) exchange.tlsMs = tlsHandshake
}
