/**
 * Clear-text HTTP/1 that must be read on its way: requests to a proxy, and to a reverse listener. Raw sockets on both sides: the
 * decoder finds where messages end, the request target becomes origin-form, the fields meant for the proxy go, and every other byte
 * passes as it came. One connection per client connection and origin; requests to another origin wait until the responses before them
 * are there.
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
import { isOwnName } from './own-address.ts'
import { authRequiredPage, farewell, wishOf } from './own-pages.ts'
import { answerItself } from './own-requests.ts'
import { refuseRequest } from './refusal.ts'
import { fieldOf, hasHopFields, namedAs, type RequestRoute, routeOf, toOriginForm, withoutHopFields } from './request-target.ts'
import { reset } from './reset.ts'
import type { ReverseOrigin } from './reverse-origin.ts'
import { type Services, undertake } from './services.ts'
import type { TwoWayEnd } from './two-way.ts'
import type { Origin } from './upstream.ts'

/** Bytes of requests that wait for their turn, before their client is made to wait; no more empty lines wait for a request. */
const heldBytes = 64 * 1024

/** Requests to the proxy itself: each names its origin. */
export function forwardRequests(services: Services, arrival: Arrival): void {
  new Forwarding(services, arrival, null).start()
}

/** Requests inside a tunnel to the proxy's own name. */
export function answerTunnel(services: Services, arrival: Arrival, destination: Destination): void {
  new Forwarding(services, arrival, { destination, scheme: 'http' }).start()
}

/** Requests to a listener that stands for an origin. @param first a connection to it that is there already */
export function forwardReverse(services: Services, arrival: Arrival, reverse: ReverseOrigin, first: Origin | null): void {
  const forwarding = new Forwarding(services, arrival, reverse)
  if (first) forwarding.connected(first)
  forwarding.start()
}

/** reading: requests pass. stopped: what comes waits. raw: another protocol passes. over: nothing passes any more. */
type State = 'reading' | 'stopped' | 'raw' | 'over'

class Forwarding extends Boundaries<RequestHead> implements LinkOwner {
  #services: Services
  #arrival: Arrival
  #client: ClientSide
  #blocks: HeaderBlocks
  /** Where all requests go; null: they say it themselves. */
  #fixed: RequestRoute | null
  /** The same, when they must be told its name. */
  #reverse: ReverseOrigin | null
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
  /** Empty lines that wait for the request after them. */
  #blank: Buffer = noBytes
  #inMessage = false
  #mayUpgrade = false
  /** Of the request that is stopped at. */
  #headRecorded = false
  #waitingBytes: Buffer[] = []
  #waitingLength = 0
  #clientEnded = false
  /** null: the client will have ended it. */
  #ended: TwoWayEnd | { by: 'weir'; reset: boolean } | null = null

  constructor(services: Services, arrival: Arrival, fixed: RequestRoute | ReverseOrigin | null) {
    super()
    this.#services = services
    this.#arrival = arrival
    this.#fixed = fixed
    this.#reverse = fixed && 'authority' in fixed ? fixed : null
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

  /** There is a connection to where all requests go. */
  connected(origin: Origin): void {
    if (this.#fixed) this.#links.add(this.#linkTo(keyOf(this.#fixed), origin))
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
    if (this.#state === 'reading' && this.#cursor < chunk.length) {
      if (this.#inMessage) this.#pass(chunk.subarray(this.#cursor))
      else this.#passBlank(chunk.subarray(this.#cursor, this.#headStart()))
    }
    this.#chunk = noBytes
    this.#cork(null)
  }

  /** Where the head that is not whole yet begins in the chunk. A lone carriage return begins none. */
  #headStart(): number {
    const { length } = this.#chunk
    const { heldBytes } = this.#decoder
    return heldBytes === 1 && this.#chunk[length - 1] === carriageReturn ? length : Math.max(this.#cursor, length - heldBytes)
  }

  /** Empty lines before a request are its origin's to ignore (RFC 9112 section 2.2). */
  #passBlank(bytes: Buffer): void {
    const link = this.#current
    if (link && this.#links.usable(link.key) === link) {
      this.#pass(bytes)
      return
    }
    this.#blank = Buffer.concat([this.#blank, bytes])
    if (this.#blank.length > heldBytes) this.#giveUp(Buffer.concat([this.#takeBlank(0), this.#heldHead()]))
  }

  /** The empty lines before what begins there in the chunk. */
  #takeBlank(start: number): Buffer {
    const blank = Buffer.concat([this.#blank, this.#chunk.subarray(this.#cursor, Math.max(this.#cursor, start))])
    this.#blank = noBytes
    return blank
  }

  /** The beginning of a head that the decoder holds. A carriage return alone was taken for an empty line's. */
  #heldHead(): Buffer {
    const { held } = this.#decoder
    return held.length === 1 && held[0] === carriageReturn ? noBytes : held
  }

  /** What one chunk says to an origin leaves in one piece. */
  #cork(link: OriginLink | null): void {
    if (link === this.#corked) return
    this.#corked?.side.stream.uncork()
    this.#corked = link
    link?.side.stream.cork()
  }

  override onHead(head: RequestHead): void {
    const busy = this.#isBusy()
    const blank = this.#takeBlank(this.#decoder.position - head.raw.length)
    const route = this.#routeOf(head)
    if (!route) {
      if (!busy && this.#lacksCredentials(head) && mayTryAgain(head)) {
        this.#askForCredentials(head)
        return
      }
      if (!busy) this.#answerItself(head)
      this.#stopAt(head, blank, null)
      return
    }
    if (this.#arrival.listener.credentials !== null) this.#arrival.settled()
    const key = keyOf(route)
    const link = this.#links.usable(key)
    if (busy && (!link || link !== this.#current)) this.#stopAt(head, blank, null)
    else if (link) {
      this.#mayUpgrade = head.block.framing.upgrade
      this.#send(head, blank, link)
    } else {
      if (!this.#headRecorded) this.#record(head, blank)
      this.#stopAt(head, blank, () => void this.#dial(key, route))
    }
  }

  /** null: it is for the proxy itself to answer. */
  #routeOf(head: RequestHead): RequestRoute | null {
    const route = this.#fixed ?? (this.#lacksCredentials(head) ? null : routeOf(head.target))
    return route && isOwnName(route.destination.host) ? null : route
  }

  /** It would have to be forwarded, and may not be. */
  #lacksCredentials({ target, block }: RequestHead): boolean {
    const { credentials } = this.#arrival.listener
    if (this.#fixed !== null || credentials === null || routeOf(target) === null) return false
    return !isAuthorized(credentials, fieldOf(block.fields, 'proxy-authorization'))
  }

  /** The connection stays: clients try again on it. */
  #askForCredentials(head: RequestHead): void {
    this.#arrival.expectWithin(this.#services.limits.handshakeMs)
    this.#cursor = this.#decoder.position
    this.#mayUpgrade = false
    this.#arrival.stream.write(authRequiredPage('keep-alive', wishOf(head.raw)))
  }

  #send(head: RequestHead, blank: Buffer, link: OriginLink): void {
    if (!this.#headRecorded) this.#record(head, blank)
    this.#headRecorded = false
    this.#turnTo(link)
    this.#inMessage = true
    this.#cursor = this.#decoder.position
    link.waiting.push(head.method)
    const clean = this.#clean(head)
    this.#cork(link)
    if (blank.length > 0) this.#write(link, blank)
    this.#write(link, this.#fixed ? clean : toOriginForm(clean, head.method, head.target))
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
    const { position } = this.#decoder
    this.#giveUp(Buffer.concat([this.#takeBlank(position), this.#heldHead(), this.#chunk.subarray(position)]))
  }

  /** These bytes, and all that follow, are no requests. The one origin of a reverse listener gets them; a proxy cannot tell whose they are. */
  #giveUp(unread: Buffer): void {
    this.#stop(unread)
    if (!this.#reverse) {
      if (!this.#isBusy()) this.#refuseUnreadable()
      return
    }
    const route = this.#reverse
    const link = this.#links.usable(keyOf(route))
    if (link) this.#passRaw(link)
    else if (!this.#isBusy()) {
      this.#open()
      process.nextTick(() => void this.#dial(keyOf(route), route))
    }
  }

  /** Of a head, what its origin gets and the record keeps. */
  #clean(head: RequestHead): Buffer {
    if (this.#reverse) return namedAs(head, this.#reverse.authority)
    return this.#fixed || !hasHopFields(head.block.fields) ? head.raw : withoutHopFields(head.raw)
  }

  #record(head: RequestHead, blank: Buffer): void {
    this.#headRecorded = true
    this.#open()
    if (blank.length > 0) this.#client.copy(blank)
    const clean = this.#clean(head)
    this.#client.copy(clean)
    this.#arrival.copy.count(head.raw.length - clean.length, 0)
  }

  #open(): void {
    const { copy, client, startedAt } = this.#arrival
    if (copy.isOpen) return
    const authority = this.#fixed ? formatAuthority(this.#fixed.destination) : ''
    copy.open({ session: copy.session, client, scheme: this.#fixed?.scheme ?? 'http', authority, protocol: 'http1', startedAt })
  }

  #turnTo(link: OriginLink): void {
    this.#current = link
    if (link === this.#recordedOrigin) return
    this.#recordedOrigin = link
    this.#arrival.copy.origin(link.facts)
  }

  #passRaw(link: OriginLink): void {
    this.#state = 'raw'
    this.#turnTo(link)
    const bytes = this.#takeWaiting()
    if (bytes.length > 0) this.#pass(bytes)
    this.#client.release('waiting')
    if (this.#clientEnded) this.#afterClientEnd()
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
  #stopAt(head: RequestHead, blank: Buffer, next: (() => void) | null): void {
    this.#stop(Buffer.concat([blank, head.raw, this.#chunk.subarray(this.#decoder.position)]))
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
      const origin = await upstream.reach(destination, { scheme, reach, name: destination.host, protocols: ['http/1.1'], policy })
      if (this.#state === 'over') {
        origin.socket.destroy()
        return
      }
      this.#links.add(this.#linkTo(key, origin))
      this.#continue()
    } catch (error) {
      if (this.#state === 'over') return
      this.#handOver()
      const { stream, copy } = this.#arrival
      const { failure } = connectFailure(error as Error, formatAuthority(destination))
      refuseRequest({ stream, copy, failure, first: this.#takeWaiting(), recordedHead: () => noBytes })
    }
  }

  #linkTo(key: string, { socket, transport, facts }: Origin): OriginLink {
    const shares = this.#fixed ? 'nothing' : 'the client connection'
    return new OriginLink(this, { key, side: { stream: socket, transport }, facts, blocks: this.#blocks, shares })
  }

  // Responses

  onResponseBytes(link: OriginLink, bytes: Buffer): void {
    if (this.#state === 'over') return
    const { stream, copy } = this.#arrival
    // First the copy, with its time, as in `two-way`.
    let isRoomy = true
    try {
      isRoomy = copy.fromOrigin(bytes)
    } finally {
      if (!stream.write(bytes)) link.hold('client')
    }
    if (isRoomy) return
    link.hold('copy')
    copy.whenReleased(() => link.release('copy'))
  }

  onResponsesEnded(link: OriginLink): void {
    if (link !== this.#current || link.waiting.length > 0) return
    if (this.#state === 'stopped') this.#continue()
    else if (this.#clientEnded) this.#afterClientEnd()
  }

  onSwitched(link: OriginLink): void {
    this.#passRaw(link)
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

  /** Begins at once: the head can be read now only. */
  #answerItself(head: RequestHead): void {
    const answer = answerItself(this.#services, this.#arrival, { head, tunnelled: this.#fixed !== null })
    undertake(
      this.#services,
      this.#arrival,
      answer.then((page) => this.#leaveWith(page)),
    )
  }

  #leaveWith(page: Buffer): void {
    if (this.#state === 'over') return
    this.#ended ??= { by: 'weir', reset: false }
    this.#handOver()
    farewell(this.#arrival.stream, page)
  }

  #refuseUnreadable(): void {
    const { stream, copy } = this.#arrival
    this.#open()
    this.#handOver()
    const failure = { reason: 'badRequest', message: 'this is no HTTP request that a proxy could forward' } as const
    refuseRequest({ stream, copy, failure, first: this.#takeWaiting(), recordedHead: (head) => this.#clean(head) })
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

  /** Once all its requests have been passed on, and what will never become one, the client's end is, too. */
  #afterClientEnd(): void {
    if (this.#state === 'over' || this.#waitingLength > 0) return
    if (this.#state === 'reading' && this.#reverse && !this.#inMessage) {
      const unread = Buffer.concat([this.#takeBlank(0), this.#heldHead()])
      if (unread.length > 0) {
        this.#giveUp(unread)
        return
      }
    }
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
const carriageReturn = 13

const keyOf = ({ scheme, destination }: RequestRoute): string => `${scheme}://${formatAuthority(destination)}`

/** It has no body, and what follows is another request. */
function mayTryAgain({ version, block: { framing, anomalies } }: RequestHead): boolean {
  const hasNoBody = !framing.transferEncoded && !framing.contentLength && framing.unusableLength === null && anomalies.length === 0
  return hasNoBody && !framing.close && !framing.upgrade && version === '1.1'
}
