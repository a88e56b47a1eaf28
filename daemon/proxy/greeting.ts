/** How a connection to a listener's port begins: its first bytes say which way it goes. */
import type { Arrival } from './arrival.ts'
import { bypassOf } from './bypass.ts'
import { type ClientHello, readClientHello } from './client-hello.ts'
import { connectHeadLimit, parseConnect } from './connect-request.ts'
import { isAuthorized } from './credentials.ts'
import { protocolOf } from './first-bytes.ts'
import { forwardRequests, forwardReverse } from './forwarder.ts'
import { forwardHttp2 } from './http2-forwarder.ts'
import type { SocketLayer } from './mockttp-sockets.ts'
import { isOwnName } from './own-address.ts'
import { authRequiredPage, badRequestPage, connectNeeds, farewell, plainWish } from './own-pages.ts'
import { unwrap } from './own-tls.ts'
import { relay } from './relay.ts'
import { reverseTls } from './reverse.ts'
import type { ReverseOrigin } from './reverse-origin.ts'
import { type Services, undertake } from './services.ts'
import { acceptSocks } from './socks.ts'
import { tap } from './tap.ts'
import { enterTunnel } from './tunnel.ts'

const established = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n')
const noBytes = Buffer.alloc(0)

export interface Paths {
  services: Services
  /** Loaded at its first use. */
  sockets: () => Promise<SocketLayer>
}

/** Where a connection goes. */
interface Way {
  /** Bytes at the beginning that the way does not need any more. */
  used: number
  take(): void
}

/** Reads until the way is known, within the handshake's deadline. */
export function greet(paths: Paths, arrival: Arrival): void {
  const { stream } = arrival
  let seen: Buffer = noBytes
  // A client that has ended its direction before gets what it has been told, and the end.
  const give = () => void stream.end()
  const read = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const way = wayOf(paths, arrival, seen)
    if (!way) return
    stream.off('data', read)
    stream.off('end', give)
    stream.pause()
    if (way.used < seen.length) stream.unshift(seen.subarray(way.used))
    way.take()
  }
  arrival.expectWithin(paths.services.limits.handshakeMs)
  stream.on('data', read)
  stream.on('end', give)
  stream.resume()
}

/** null: more bytes are needed. */
function wayOf(paths: Paths, arrival: Arrival, seen: Buffer): Way | null {
  const protocol = protocolOf(seen)
  if (protocol === null) return null
  const { reverse } = arrival.listener
  if (protocol === 'tls') return tlsWay(paths, arrival, seen)
  if (reverse) return reverseWay(paths.services, arrival, reverse, protocol)
  switch (protocol) {
    case 'connect':
      return connectWay(paths, arrival, seen)
    case 'http':
      return whole(() => forwardRequests(paths.services, arrival))
    case 'socks':
      return whole(() => acceptSocks(arrival, (destination) => enterTunnel(paths.services, arrival, destination)))
    case 'http2':
      return whole(() => {
        const accepted = paths.sockets().then((sockets) => sockets.accept(arrival))
        undertake(paths.services, arrival, accepted)
      })
    case 'unknown':
      return refusal(arrival, badRequestPage('This is a proxy for HTTP, HTTPS and SOCKS; what came is none of these.'))
  }
}

const whole = (take: () => void): Way => ({ used: 0, take })

/** The page (or what there is in the client's protocol) is the last that it gets. */
const refusal = (arrival: Arrival, answer: Buffer): Way => ({
  used: Number.POSITIVE_INFINITY,
  take: () => {
    arrival.settled()
    farewell(arrival.stream, answer)
  },
})

// To the proxy

function connectWay(paths: Paths, arrival: Arrival, seen: Buffer): Way | null {
  const { services } = paths
  const { listener, stream } = arrival
  const request = parseConnect(seen)
  if (!request)
    return seen.length > connectHeadLimit ? refusal(arrival, badRequestPage('The head of this CONNECT request is too long.')) : null
  const { destination, length: used } = request
  if (!isAuthorized(listener.credentials, request.authorization)) {
    const askAgain = () => {
      stream.write(authRequiredPage('keep-alive', plainWish))
      greet(paths, arrival)
    }
    return { used, take: askAgain }
  }
  if (!destination) return refusal(arrival, badRequestPage(connectNeeds))
  const why = bypassOf(listener, destination.host, destination.port)
  if (why && !isOwnName(destination.host)) {
    const passBlind = () => undertake(services, arrival, relay(services, arrival, destination, { why, answer: established }))
    return { used, take: passBlind }
  }
  const enter = () => {
    stream.write(established)
    enterTunnel(services, arrival, destination)
  }
  return { used, take: enter }
}

/** RFC 8446 section 6.2: a fatal alert as a record of its own. */
const alert = (description: number): Buffer => Buffer.from([0x15, 3, 3, 0, 2, 2, description])
const decodeError = 50
const accessDenied = 49

/** TLS without a tunnel: to a reverse listener, to the proxy itself, or to the origin that its server name names. */
function tlsWay(paths: Paths, arrival: Arrival, seen: Buffer): Way | null {
  const { services } = paths
  const found = readClientHello(seen)
  if (found === null) return null
  if (found === undefined) return refusal(arrival, alert(decodeError))
  const { credentials, reverse, tlsPort } = arrival.listener
  const hello = services.fingerprints.describe(found)
  if (reverse) return whole(() => undertake(services, arrival, reverseTls(services, arrival, reverse, hello)))
  const { serverName } = found
  if (serverName === null || isOwnName(serverName)) return whole(() => undertake(services, arrival, greetSecurely(paths, arrival, found)))
  if (credentials !== null) return refusal(arrival, alert(accessDenied))
  return whole(() => undertake(services, arrival, tap(services, arrival, { host: serverName, port: tlsPort }, hello)))
}

/** TLS with the proxy itself: who opens its address as an https URL, and who uses it as an `https://` proxy. */
async function greetSecurely(paths: Paths, arrival: Arrival, { serverName, protocols }: ClientHello): Promise<void> {
  const inner = await unwrap(paths.services, arrival, serverName ?? arrival.local().address, protocols)
  if (inner) greet(paths, inner)
}

// To a reverse listener

function reverseWay(
  services: Services,
  arrival: Arrival,
  reverse: ReverseOrigin,
  protocol: 'socks' | 'http2' | 'connect' | 'http' | 'unknown',
): Way {
  if (protocol === 'http2') return whole(() => undertake(services, arrival, forwardHttp2(services, arrival, reverse)))
  if (protocol === 'connect' || protocol === 'http') return whole(() => forwardReverse(services, arrival, reverse, null))
  const message = `This port stands for ${reverse.scheme}://${reverse.authority}: it takes HTTP/1, HTTP/2 and TLS; what came is none of these.`
  return refusal(arrival, badRequestPage(message))
}
