/** A connection of a source (the program whose traffic passes), from the moment it was accepted. */
import type { Duplex } from 'node:stream'
import type { Client, Endpoint, Failure } from '../../sdk/model.ts'
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import { unixTime } from '../thread/unix-time.ts'
import type { ConnectionCopy } from './connection-copy.ts'
import type { LearnedBypasses } from './learned-bypasses.ts'
import type { Policy } from './policy.ts'
import type { ReverseOrigin } from './reverse-origin.ts'

/** What its listener says about it. */
export interface ListenerView {
  /** The session's settings as they are now: they may change between connections. */
  readonly policy: Policy
  readonly learned: LearnedBypasses
  /** Which origins its sources may reach. */
  readonly reach: 'anywhere' | 'public'
  /** `Basic` credentials required of every source, base64; null: none. */
  readonly credentials: string | null
  /** The port of origins that only a server name (SNI) names. */
  readonly tlsPort: number
  /** The one origin that it stands for; null: it is a proxy. */
  readonly reverse: ReverseOrigin | null
  /** Of the names that tell its connections apart in their leaf certificates; null: they have none. */
  readonly tagDomain: string | null
}

/** As many wait for the origin; the ClientHello is one or two. */
const earlyChunks = 8

interface ArrivalFacts {
  stream: Duplex
  transport: Duplex
  client: Client
  local: () => Endpoint
  startedAt: number
  listener: ListenerView
  copy: ConnectionCopy
}

const leftEarly: Failure = { reason: 'clientAborted', message: 'the client left before its origin had answered' }

export class Arrival {
  readonly stream: Duplex
  /** The TCP socket under the stream. */
  readonly transport: Duplex
  readonly client: Client
  /** Where on this machine it came in. Asked of the system, so not at every connection. */
  readonly local: () => Endpoint
  readonly startedAt: number
  readonly listener: ListenerView
  readonly copy: ConnectionCopy
  #deadline: NodeJS.Timeout | null = null
  #underway: ConnectionOpened | null = null
  #early: Buffer[] = []

  constructor(facts: ArrivalFacts) {
    this.stream = facts.stream
    this.transport = facts.transport
    this.client = facts.client
    this.local = facts.local
    this.startedAt = facts.startedAt
    this.listener = facts.listener
    this.copy = facts.copy
  }

  /** A name for its leaf certificate alone; null: none. */
  get tag(): string | null {
    const { tagDomain } = this.listener
    return tagDomain === null ? null : `p${this.client.port}.${tagDomain}`
  }

  /** The same, once its TLS has been undone. */
  within(stream: Duplex): Arrival {
    const { transport, client, local, startedAt, listener, copy } = this
    return new Arrival({ stream, transport, client, local, startedAt, listener, copy })
  }

  /** A connection of its own within this one: a tunnel of HTTP/2 CONNECT, or what TLS to the proxy itself protects. @param transport what a reset ends */
  another(stream: Duplex, transport: Duplex, copy: ConnectionCopy): Arrival {
    this.settled()
    stream.on('error', () => undefined)
    const { client, local, listener } = this
    const inner = new Arrival({ stream, transport, client, local, startedAt: unixTime(), listener, copy })
    stream.once('close', () => inner.left())
    return inner
  }

  /**
   * Its origin is being reached: a client that leaves meanwhile is put on record as this. What it sends waits in the stream.
   * `endMeans`: a client that ends its direction may still listen, or (TLS) has no use for an answer.
   */
  reaching(opened: ConnectionOpened, endMeans: 'listening' | 'leaving'): void {
    this.#underway = opened
    if (endMeans === 'listening') {
      // Reads ahead, for only who reads is told of a reset.
      this.stream.read(0)
    } else {
      this.stream.on('data', this.#keep)
      this.stream.on('end', this.#give)
      this.stream.resume()
    }
  }

  /** The stream is as it was before `reaching`, with what has come since. */
  reached(): void {
    const { stream } = this
    stream.off('data', this.#keep)
    stream.off('end', this.#give)
    stream.pause()
    if (this.#early.length > 0 && !stream.destroyed) stream.unshift(Buffer.concat(this.#early))
    this.#early = []
  }

  /** Nor is it any longer: who leaves before something else begins leaves no record. */
  unreached(): void {
    this.#underway = null
  }

  #keep = (chunk: Buffer): void => {
    this.#early.push(chunk)
    if (this.#early.length >= earlyChunks) this.stream.pause()
  }

  #give = (): void => void this.stream.destroy()

  /** It is closed. What became traffic closes its record itself. */
  left(): void {
    this.settled()
    if (this.copy.isOpen) return
    if (this.#underway) this.copy.open(this.#underway)
    this.copy.close({ by: 'client', reset: false, ...(this.#underway ? { failure: leftEarly } : {}) })
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
