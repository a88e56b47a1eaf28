/**
 * The clear-text path. Raw sockets on both sides: the decoder finds where messages end, the request target becomes
 * origin-form, the fields meant for the proxy go, and every other byte passes as it came. One connection per client
 * connection and origin; requests to another origin wait until the responses before them are there.
 */
import type { HeaderBlocks } from '../capture/decoders/header-block.ts'
import { Http1RequestDecoder, type RequestHead } from '../capture/decoders/http1.ts'
import type { Arrival } from './arrival.ts'
import { Boundaries } from './boundaries.ts'
import { ClientSide } from './client-side.ts'
import { isAuthorized } from './credentials.ts'
import { type Destination, formatAuthority } from './destination.ts'
import { connectFailure } from './origin-failure.ts'
import { type LinkOwner, longestHead, OriginLink } from './origin-link.ts'
import { OriginLinks } from './origin-links.ts'
import { authRequiredPage, badRequestPage, farewell, welcomePage, wishOf } from './own-pages.ts'
import { refuseRequest } from './refusal.ts'
import { authorizationOf, hasHopFields, type RequestRoute, routeOf, toOriginForm, withoutHopFields } from './request-target.ts'
import { reset } from './reset.ts'
import type { Services } from './services.ts'
import type { TwoWayEnd } from './two-way.ts'

/** Bytes of requests that wait for their turn, before their client is made to wait. */
const heldBytes = 64 * 1024

/** Requests to the proxy itself: each names its origin. */
export function forwardRequests(services: Services, arrival: Arrival): void {
  new Forwarding(services, arrival, null).start()
}

/** Requests inside a tunnel, all to its destination. */
export function forwardTunnel(services: Services, arrival: Arrival, destination: Destination): void {
  new Forwarding(services, arrival, { destination, scheme: 'http' }).start()
}

/** reading: requests pass. stopped: what comes waits. raw: another protocol passes. over: nothing passes any more. */
type State = 'reading' | 'stopped' | 'raw' | 'over'

class Forwarding extends Boundaries<RequestHead> implements LinkOwner {
  #services: Services
  #arrival: Arrival
  #client: ClientSide
  #blocks: HeaderBlocks
  /** Where a tunnel's requests go; null: they say it themselves. */
  #tunnel: RequestRoute | null
  #state: State = 'reading'
  #decoder: Http1RequestDecoder
  #links = new OriginLinks()
  /** Where the latest request went. */
  #current: OriginLink | null = null
  #corked: OriginLink | null = null
  #recordedOrigin: OriginLink | null = null
  #chunk: Buffer = noBytes
  /** Of the chunk, what has been passed. */
  #cursor = 0
  #inMessage = false
  #mayUpgrade = false
  /** Of the request that is stopped at. */
  #headRecorded = false
  #waitingBytes: Buffer[] = []
  #waitingLength = 0
  #clientEnded = false
  /** null: the client will have ended it. */
  #ended: TwoWayEnd | { by: 'weir'; reset: boolean } | null = null

  constructor(services: Services, arrival: Arrival, tunnel: RequestRoute | null) {
    super()
    this.#services = services
    this.#arrival = arrival
    this.#tunnel = tunnel
    this.#blocks = services.blocks
    this.#decoder = this.#newDecoder()
    this.#client = new ClientSide(arrival)
  }

  start(): void {
    this.#arrival.settled()
    this.#client.start({
      onBytes: (chunk) => this.#read(chunk),
      onEnd: () => this.#clientEnd(),
      onDrain: () => this.#links.releaseAll(),
      onClose: (cut) => this.#clientClosed(cut),
    })
  }

  #newDecoder(): Http1RequestDecoder {
    return new Http1RequestDecoder(this, { blocks: this.#blocks, maxHead: longestHead })
  }

  // Requests

  #read(chunk: Buffer): void {
    if (this.#state === 'reading') this.#parse(chunk)
    else if (this.#state === 'raw') this.#pass(chunk)
    else if (this.#state === 'stopped') this.#wait(chunk)
  }

  #parse(chunk: Buffer): void {
    this.#chunk = chunk
    this.#cursor = 0
    this.#decoder.push(chunk, 0)
    if (this.#state === 'reading' && this.#inMessage && this.#cursor < chunk.length) this.#pass(chunk.subarray(this.#cursor))
    this.#chunk = noBytes
    this.#cork(null)
  }

  /** What one chunk says to an origin leaves in one piece. */
  #cork(link: OriginLink | null): void {
    if (link === this.#corked) return
    this.#corked?.side.stream.uncork()
    this.#corked = link
    link?.side.stream.cork()
  }

  override onHead(head: RequestHead): void {
    const { fields, framing } = head.block
    const { credentials } = this.#arrival.listener
    const busy = this.#isBusy()
    const authorized = this.#tunnel !== null || isAuthorized(credentials, credentials === null ? null : authorizationOf(fields))
    const route = this.#tunnel ?? (authorized ? routeOf(head.target) : null)
    if (!route) {
      const page = authorized ? pageFor(head) : authRequiredPage()
      this.#stopAt(head, busy ? null : () => this.#leaveWith(page))
      return
    }
    const key = `${route.scheme}://${formatAuthority(route.destination)}`
    const link = this.#links.usable(key)
    if (busy && (!link || link !== this.#current)) this.#stopAt(head, null)
    else if (link) {
      this.#mayUpgrade = framing.upgrade
      this.#send(head, link)
    } else {
      if (!this.#headRecorded) this.#record(head)
      this.#stopAt(head, () => void this.#dial(key, route))
    }
  }

  #send(head: RequestHead, link: OriginLink): void {
    if (!this.#headRecorded) this.#record(head)
    this.#headRecorded = false
    if (link !== this.#recordedOrigin) {
      this.#recordedOrigin = link
      this.#arrival.copy.origin(link.facts)
    }
    this.#current = link
    this.#inMessage = true
    this.#cursor = this.#decoder.position
    link.waiting.push(head.method)
    const clean = this.#clean(head)
    this.#cork(link)
    this.#write(link, this.#tunnel ? clean : toOriginForm(clean, head.method, head.target))
  }

  override onEnd(): void {
    const end = this.#decoder.position
    if (this.#cursor < end) this.#pass(this.#chunk.subarray(this.#cursor, end))
    this.#cursor = end
    this.#inMessage = false
    // What follows may be another protocol: its response will tell.
    if (this.#mayUpgrade) this.#stop(this.#chunk.subarray(end))
    this.#mayUpgrade = false
  }

  override onViolation(): void {
    // Within a body: it passes to its origin as it is, and everything after it too.
    if (this.#inMessage) return
    this.#stop(this.#chunk.subarray(this.#decoder.position))
    if (!this.#isBusy()) this.#refuseUnreadable()
  }

  /** Of a head, what its origin gets and the record keeps. */
  #clean(head: RequestHead): Buffer {
    return this.#tunnel || !hasHopFields(head.block.fields) ? head.raw : withoutHopFields(head.raw)
  }

  #record(head: RequestHead): void {
    this.#headRecorded = true
    this.#open()
    const clean = this.#clean(head)
    this.#client.copy(clean)
    this.#arrival.copy.count(head.raw.length - clean.length, 0)
  }

  #open(): void {
    const { copy, client, startedAt } = this.#arrival
    if (copy.isOpen) return
    const authority = this.#tunnel ? formatAuthority(this.#tunnel.destination) : ''
    copy.open({ session: copy.session, client, scheme: 'http', authority, protocol: 'http1', startedAt })
  }

  #pass(bytes: Buffer): void {
    if (!this.#current) return
    this.#write(this.#current, bytes)
    this.#client.copy(bytes)
  }

  #write(link: OriginLink, bytes: Buffer): void {
    if (!link.side.stream.write(bytes)) this.#client.hold('writer')
  }

  // Waiting

  #isBusy(): boolean {
    return this.#current !== null && this.#current.waiting.length > 0
  }

  /** Nothing from this head on passes yet. `next`: what is to be done now; null: the responses before it are awaited. */
  #stopAt(head: RequestHead, next: (() => void) | null): void {
    this.#stop(Buffer.concat([head.raw, this.#chunk.subarray(this.#decoder.position)]))
    if (next) process.nextTick(next)
  }

  #stop(rest: Buffer): void {
    this.#decoder.becomeOpaque()
    this.#state = 'stopped'
    this.#wait(rest)
  }

  #wait(bytes: Buffer): void {
    if (bytes.length > 0) this.#waitingBytes.push(bytes)
    this.#waitingLength += bytes.length
    if (this.#waitingLength > heldBytes) this.#client.hold('waiting')
  }

  #takeWaiting(): Buffer {
    const bytes = Buffer.concat(this.#waitingBytes)
    this.#waitingBytes = []
    this.#waitingLength = 0
    return bytes
  }

  #continue(): void {
    if (this.#state !== 'stopped') return
    this.#state = 'reading'
    this.#decoder = this.#newDecoder()
    const bytes = this.#takeWaiting()
    if (bytes.length > 0) this.#parse(bytes)
    if (this.#waitingLength <= heldBytes) this.#client.release('waiting')
    if (this.#clientEnded) this.#afterClientEnd()
  }

  async #dial(key: string, { destination, scheme }: RequestRoute): Promise<void> {
    const { policy, reach } = this.#arrival.listener
    const { upstream } = this.#services
    try {
      const secure = { scheme, reach, name: destination.host, protocols: ['http/1.1'], policy }
      const origin = scheme === 'https' ? await upstream.secure(destination, secure) : await upstream.dial(destination, { scheme, reach })
      const side = { stream: origin.socket, transport: 'transport' in origin ? origin.transport : origin.socket }
      if (this.#state === 'over') {
        side.stream.destroy()
        return
      }
      const shares = this.#tunnel ? 'nothing' : 'the client connection'
      this.#links.add(new OriginLink(this, { key, side, facts: origin.facts, blocks: this.#blocks, shares }))
      this.#continue()
    } catch (error) {
      if (this.#state === 'over') return
      this.#handOver()
      const { stream, copy } = this.#arrival
      const { failure } = connectFailure(error as Error, formatAuthority(destination))
      refuseRequest({ stream, copy, failure, first: this.#takeWaiting(), recordedHead: () => noBytes })
    }
  }

  // Responses

  onResponseBytes(link: OriginLink, bytes: Buffer): void {
    if (this.#state === 'over') return
    const { stream, copy } = this.#arrival
    if (!stream.write(bytes)) link.hold('client')
    if (copy.fromOrigin(bytes)) return
    link.hold('copy')
    copy.whenReleased(() => link.release('copy'))
  }

  onResponsesEnded(link: OriginLink): void {
    if (link !== this.#current || link.waiting.length > 0) return
    if (this.#state === 'stopped') this.#continue()
    else if (this.#clientEnded) this.#afterClientEnd()
  }

  onSwitched(link: OriginLink): void {
    this.#state = 'raw'
    this.#current = link
    const bytes = this.#takeWaiting()
    if (bytes.length > 0) this.#pass(bytes)
    this.#client.release('waiting')
    if (this.#clientEnded) this.#afterClientEnd()
  }

  onUnasked(link: OriginLink): void {
    this.#links.forget(link)
    reset(link.side)
    this.#endClient()
  }

  onLinkEnded(link: OriginLink): void {
    if (this.#state === 'over') return
    if (link !== this.#current) this.#drop(link)
    else if (this.#state === 'raw') {
      this.#arrival.copy.originEnd()
      this.#ended ??= { by: 'origin', reset: false }
      this.#arrival.stream.end()
    } else if (link.waiting.length > 0 || link.closing || this.#inMessage) {
      this.#arrival.copy.originEnd()
      this.#endClient()
    } else this.#drop(link)
  }

  onLinkClosed(link: OriginLink, cut: boolean): void {
    this.#links.forget(link)
    if (this.#state === 'over' || link !== this.#current) return
    if (cut && (this.#state === 'raw' || link.waiting.length > 0 || this.#inMessage)) {
      this.#ended = { by: 'origin', reset: true }
      this.#state = 'over'
      reset(this.#arrival)
    }
  }

  onLinkDrained(): void {
    this.#client.release('writer')
  }

  /** An idle connection to an origin that is of no more use. */
  #drop(link: OriginLink): void {
    this.#links.end(link)
    this.#client.release('writer')
  }

  // Ends

  /** The last response has been handed over: it reaches the client, then the connection ends. */
  #endClient(): void {
    this.#ended ??= { by: 'origin', reset: false }
    this.#handOver()
    farewell(this.#arrival.stream, noBytes)
  }

  #leaveWith(page: Buffer): void {
    this.#ended ??= { by: 'weir', reset: false }
    this.#handOver()
    farewell(this.#arrival.stream, page)
  }

  #refuseUnreadable(): void {
    const { stream, copy } = this.#arrival
    this.#open()
    this.#handOver()
    const failure = { reason: 'badRequest', message: 'this is no HTTP request that a proxy could forward' } as const
    refuseRequest({ stream, copy, failure, first: this.#takeWaiting(), recordedHead: (head) => head.raw })
  }

  /** The client's connection has another owner; the origins' end. */
  #handOver(): void {
    this.#state = 'over'
    this.#client.leave()
    this.#links.endAll()
  }

  #clientEnd(): void {
    this.#clientEnded = true
    this.#arrival.copy.clientEnd()
    this.#afterClientEnd()
  }

  /** Once all its requests have been passed on, the client's end is, too. */
  #afterClientEnd(): void {
    if (this.#state === 'over' || this.#waitingLength > 0) return
    if (this.#state === 'raw' || this.#isBusy() || this.#inMessage) this.#current?.side.stream.end()
    else {
      this.#handOver()
      this.#arrival.stream.end()
    }
  }

  #clientClosed(cut: boolean): void {
    const busy = this.#state === 'raw' || this.#isBusy()
    this.#state = 'over'
    this.#links.destroyAll(cut && busy ? this.#current : null)
    this.#arrival.copy.close(this.#ended ?? { by: 'client', reset: cut })
  }
}

const noBytes = Buffer.alloc(0)

/** For who asked the proxy itself, not an origin. */
function pageFor(head: RequestHead): Buffer {
  if (head.target.startsWith('/') || head.target === '*') return welcomePage(wishOf(head.raw))
  if (head.method === 'CONNECT') return badRequestPage('CONNECT must be the first request of its connection.')
  return badRequestPage('A proxy needs a request target like http://example.com/.')
}
