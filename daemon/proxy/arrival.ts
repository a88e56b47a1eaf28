/** A connection of a source (the program whose traffic passes), from the moment it was accepted. */
import type { Duplex } from 'node:stream'
import type { Endpoint } from '../../sdk/model.ts'
import { unixTime } from '../thread/unix-time.ts'
import type { ConnectionCopy } from './connection-copy.ts'
import type { TlsPolicy } from './tls-policy.ts'

/** What its listener says about it. */
export interface ListenerView {
  /** TLS settings as they are now: they may change between connections. */
  readonly policy: TlsPolicy
  /** Which origins its sources may reach. */
  readonly reach: 'anywhere' | 'public'
  /** `Basic` credentials required of every source, base64; null: none. */
  readonly credentials: string | null
}

export class Arrival {
  readonly stream: Duplex
  /** The TCP socket under the stream. */
  readonly transport: Duplex
  readonly client: Endpoint
  readonly startedAt: number
  readonly listener: ListenerView
  readonly copy: ConnectionCopy
  #deadline: NodeJS.Timeout | null = null

  constructor(stream: Duplex, transport: Duplex, client: Endpoint, startedAt: number, listener: ListenerView, copy: ConnectionCopy) {
    this.stream = stream
    this.transport = transport
    this.client = client
    this.startedAt = startedAt
    this.listener = listener
    this.copy = copy
  }

  /** A tunnel of its own within this connection (HTTP/2 CONNECT). */
  another(stream: Duplex, copy: ConnectionCopy): Arrival {
    this.settled()
    stream.on('error', () => undefined)
    const inner = new Arrival(stream, stream, this.client, unixTime(), this.listener, copy)
    stream.once('close', () => inner.left())
    return inner
  }

  /** It is closed. What became traffic closes its record itself. */
  left(): void {
    this.settled()
    if (!this.copy.isOpen) this.copy.close({ by: 'client', reset: false })
  }

  /** Ends the connection unless the next step comes within so many ms. */
  expectWithin(ms: number): void {
    this.settled()
    this.#deadline = setTimeout(() => this.stream.destroy(), ms)
  }

  /** No deadline any more: the traffic itself decides how long it lasts. */
  settled(): void {
    if (this.#deadline) clearTimeout(this.#deadline)
    this.#deadline = null
  }
}
