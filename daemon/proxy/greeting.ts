/** How a connection to the proxy's port begins: its first bytes say which way it goes. */
import type { Duplex } from 'node:stream'
import type { Arrival } from './arrival.ts'
import { type ConnectRequest, connectHeadLimit, parseConnect } from './connect-request.ts'
import { isAuthorized } from './credentials.ts'
import { protocolOf } from './first-bytes.ts'
import { forwardRequests } from './forwarder.ts'
import type { SocketLayer } from './mockttp-sockets.ts'
import { authRequiredPage, badRequestPage, farewell } from './own-pages.ts'
import { relay } from './relay.ts'
import { type Services, undertake } from './services.ts'
import { enterTunnel } from './tunnel.ts'

const established = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n')
const noBytes = Buffer.alloc(0)

export interface Paths {
  services: Services
  /** Loaded at its first use. */
  sockets: () => Promise<SocketLayer>
}

/** Reads until the protocol is known, within the handshake's deadline. */
export function greet(paths: Paths, arrival: Arrival): void {
  const { stream } = arrival
  let seen: Buffer = noBytes
  const give = () => void stream.destroy()
  const leave = (rest: Buffer) => {
    stream.off('data', read)
    stream.off('end', give)
    stream.pause()
    if (rest.length > 0) stream.unshift(rest)
  }
  const read = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const protocol = protocolOf(seen)
    if (protocol === null) return
    if (protocol === 'connect') {
      const request = parseConnect(seen)
      if (request) {
        leave(seen.subarray(request.length))
        connect(paths, arrival, request)
      } else if (seen.length > connectHeadLimit) {
        leave(noBytes)
        refuse(arrival, badRequestPage('The head of this CONNECT request is too long.'))
      }
    } else if (protocol === 'unknown') {
      leave(noBytes)
      refuse(arrival, badRequestPage('This is a proxy for HTTP, HTTPS and SOCKS; what came is none of these.'))
    } else {
      leave(seen)
      dispatch(paths, arrival, protocol)
    }
  }
  arrival.expectWithin(paths.services.limits.handshakeMs)
  stream.on('data', read)
  stream.on('end', give)
}

function refuse(arrival: Arrival, page: Buffer): void {
  arrival.settled()
  farewell(arrival.stream, page)
}

function dispatch(paths: Paths, arrival: Arrival, protocol: 'tls' | 'socks' | 'http2' | 'http'): void {
  if (protocol === 'http') {
    arrival.settled()
    forwardRequests(paths.services, arrival)
  } else if (arrival.listener.credentials !== null) {
    // Neither can authenticate here.
    refuse(arrival, protocol === 'http2' || protocol === 'tls' ? noBytes : socksRefusal(arrival.stream))
  } else {
    undertake(
      paths.services,
      arrival,
      paths.sockets().then((sockets) => sockets.accept(arrival)),
    )
  }
}

/** No acceptable method (RFC 1928 section 3), or request rejected (SOCKS 4). */
function socksRefusal(stream: Duplex): Buffer {
  const first = (stream.read() as Buffer | null)?.[0]
  return first === 0x05 ? Buffer.from([0x05, 0xff]) : Buffer.from([0x00, 0x5b, 0, 0, 0, 0, 0, 0])
}

function connect(paths: Paths, arrival: Arrival, request: ConnectRequest): void {
  const { listener, stream } = arrival
  const { destination } = request
  if (!isAuthorized(listener.credentials, request.authorization)) refuse(arrival, authRequiredPage())
  else if (!destination) refuse(arrival, badRequestPage('CONNECT needs a destination like example.com:443.'))
  else if (listener.policy.bypass.match(destination.host, destination.port)) {
    undertake(paths.services, arrival, relay(paths.services, arrival, destination, { why: 'bypassed', answer: established }))
  } else {
    stream.write(established)
    enterTunnel(paths.services, arrival, destination)
  }
}
