/**
 * mockttp's socket layer: tells protocols apart, speaks SOCKS and HTTP/2 CONNECT, and takes TLS that comes without a tunnel.
 * These are deep imports of an exactly pinned version, so this is the only file that knows them, and
 * tests/proxy/mockttp-sockets.test.ts holds what it relies on. TLS inside tunnels does not come here: reading a ClientHello
 * takes mockttp a sixth of all that a new tunnel costs.
 */
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'
import type { Arrival } from './arrival.ts'
import type { Authority } from './authority.ts'
import type { Hello } from './client-hello.ts'
import { type Destination, parseAuthority } from './destination.ts'

export interface SocketLayerEvents {
  /** A TLS connection that begins outside any tunnel. `destination`: the one its SNI names, with port 443. */
  tls(arrival: Arrival, destination: Destination, hello: Hello): void
  /** A tunnel that SOCKS or HTTP/2 CONNECT has opened; nothing of its inside has been read. */
  tunnel(arrival: Arrival, destination: Destination): void
  /** An HTTP/2 stream that is about to become a tunnel of its own. */
  another(stream: Duplex, parent: Arrival): Arrival
}

/** What is used of mockttp/dist/server/http-combo-server (it declares more, and in a form this project cannot import). */
interface ComboServerModule {
  createComboServer(options: {
    debug: boolean
    https: { key: string; cert: string; defaultDomain: string; tlsPassthrough: { hostname: string }[] }
    http2: boolean
    socks: boolean
    passthroughUnknownProtocols: boolean
    keyLogStream: undefined
    requestListener: (request: IncomingMessage, response: ServerResponse) => void
    tlsClientErrorListener: (socket: Duplex) => void
    tlsPassthroughListener: (socket: Duplex, hostname: string) => void
    rawPassthroughListener: (socket: Duplex) => void
  }): Promise<EventEmitter>
}
interface SocketExtensionsModule {
  LastTunnelAddress: symbol
  TlsMetadata: symbol
}

type Emit = (event: string, ...args: unknown[]) => boolean
type Tagged = Duplex & { [key: symbol]: unknown }

/** The connection that an HTTP/2 stream runs on: its session reads it through a stand-in that holds it. */
const connectionUnder = (stream: Duplex): Duplex | undefined =>
  (stream as Duplex & { session?: { socket: { stream?: Duplex } } }).session?.socket.stream

export class SocketLayer {
  #emit: Emit
  #events: SocketLayerEvents
  #arrivals = new WeakMap<Duplex, Arrival>()

  private constructor(emit: Emit, events: SocketLayerEvents) {
    this.#emit = emit
    this.#events = events
  }

  /** Loads mockttp: some 0.1 s and 40 MB. */
  static async load(authority: Authority, events: SocketLayerEvents): Promise<SocketLayer> {
    const require = createRequire(import.meta.url)
    const { createComboServer } = require('mockttp/dist/server/http-combo-server') as ComboServerModule
    const { LastTunnelAddress, TlsMetadata } = require('mockttp/dist/util/socket-extensions') as SocketExtensionsModule

    const server = await createComboServer({
      debug: false,
      https: { key: authority.keys.pem, cert: authority.info.certificate, defaultDomain: 'weir', tlsPassthrough: [{ hostname: '*' }] },
      http2: true,
      socks: true,
      passthroughUnknownProtocols: true,
      keyLogStream: undefined,
      requestListener: (_request, response) => {
        response.statusCode = 400
        response.setHeader('content-type', 'text/plain; charset=utf-8')
        response.end("this is weir's proxy: it cannot tell where this request is meant to go; use CONNECT, SOCKS or a TLS server name\n")
      },
      tlsClientErrorListener: (socket) => void socket.destroy(),
      tlsPassthroughListener: (socket, hostname) => {
        const arrival = layer.#arrivals.get(socket)
        const metadata = (socket as unknown as Tagged)[TlsMetadata] as Metadata | undefined
        if (arrival) events.tls(arrival, { host: hostname, port: 443 }, helloOf(metadata))
        else socket.destroy()
      },
      rawPassthroughListener: (socket) => void socket.destroy(),
    })
    server.on('clientError', (_error: Error, socket: Duplex) => void socket.destroy())

    const emit = server.emit.bind(server) as Emit
    const layer = new SocketLayer(emit, events)
    // Tunnels re-enter the server by this event; their owner sees them first.
    server.emit = (event: string, ...args: unknown[]): boolean => {
      const stream = args[0] as Tagged
      const isTunnel = event === 'connection' && stream[LastTunnelAddress] !== undefined
      return isTunnel ? layer.#tunnelOpened(stream, String(stream[LastTunnelAddress])) : emit(event, ...args)
    }
    return layer
  }

  /** Takes a connection whose bytes are all still to be read. */
  accept(arrival: Arrival): void {
    this.#arrivals.set(arrival.stream, arrival)
    this.#emit('connection', arrival.stream)
  }

  #tunnelOpened(stream: Tagged, authority: string): boolean {
    const destination = parseAuthority(authority, null)
    const known = this.#arrivals.get(stream)
    const under = connectionUnder(stream)
    const parent = known || !under ? undefined : this.#arrivals.get(under)
    const arrival = known ?? (parent ? this.#events.another(stream, parent) : null)
    if (arrival && destination) this.#events.tunnel(arrival, destination)
    else stream.destroy()
    return true
  }
}

interface Metadata {
  sniHostname?: string
  clientAlpn?: string[]
  ja3Fingerprint?: string
  ja4Fingerprint?: string
}

function helloOf(metadata: Metadata | undefined): Hello {
  return {
    serverName: metadata?.sniHostname ?? null,
    protocols: metadata?.clientAlpn,
    ja3: metadata?.ja3Fingerprint,
    ja4: metadata?.ja4Fingerprint,
  }
}
