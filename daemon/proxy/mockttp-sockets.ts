/**
 * mockttp's socket layer, for HTTP/2 that comes to the proxy's port: it makes tunnels of CONNECT streams (RFC 9113 section 8.5).
 * These are deep imports of an exactly pinned version, so this is the only file that knows them, and
 * tests/proxy/mockttp-sockets.test.ts holds what it relies on. SOCKS and TLS do not come here: it takes every password for the former, and
 * reading a ClientHello takes it a sixth of all that a new tunnel costs.
 */
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'
import type { Arrival } from './arrival.ts'
import type { Authority } from './authority.ts'
import { isAuthorized } from './credentials.ts'
import { type Destination, parseAuthority } from './destination.ts'
import { authRequired, connectNeeds, plainText } from './own-pages.ts'

export interface SocketLayerEvents {
  /** A tunnel that has been answered; nothing of its inside has been read. */
  tunnel(arrival: Arrival, destination: Destination): void
  /** A stream that is about to become a tunnel of its own. */
  another(stream: Duplex, parent: Arrival): Arrival
}

/** What is used of mockttp/dist/server/http-combo-server (it declares more, and in a form this project cannot import). */
interface ComboServerModule {
  createComboServer(options: {
    debug: boolean
    https: { key: string; cert: string; defaultDomain: string }
    http2: boolean
    socks: boolean
    passthroughUnknownProtocols: boolean
    keyLogStream: undefined
    requestListener: (request: IncomingMessage, response: ServerResponse) => void
    tlsClientErrorListener: (socket: Duplex) => void
  }): Promise<EventEmitter>
}
interface SocketExtensionsModule {
  LastTunnelAddress: symbol
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
    const { LastTunnelAddress } = require('mockttp/dist/util/socket-extensions') as SocketExtensionsModule

    const server = await createComboServer({
      debug: false,
      https: { key: authority.keys.pem, cert: authority.info.certificate, defaultDomain: 'weir' },
      http2: true,
      socks: false,
      passthroughUnknownProtocols: false,
      keyLogStream: undefined,
      requestListener: (_request, response) => {
        response.statusCode = 400
        response.setHeader('content-type', 'text/plain; charset=utf-8')
        response.end(plainText('badRequest', 'Over HTTP/2 this proxy takes CONNECT alone.'))
      },
      tlsClientErrorListener: (socket) => void socket.destroy(),
    })
    server.on('clientError', (_error: Error, socket: Duplex) => void socket.destroy())

    const emit = server.emit.bind(server) as Emit
    const layer = new SocketLayer(emit, events)
    const [open] = server.listeners('connect')
    server.removeAllListeners('connect')
    server.on('connect', (request: Http2ServerRequest, response: Http2ServerResponse) => {
      if (layer.#admits(request, response)) open?.(request, response)
    })
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

  /** Otherwise it has been answered with what is wrong; the connection stays for the next try. */
  #admits({ headers }: Http2ServerRequest, response: Http2ServerResponse): boolean {
    const under = connectionUnder(response.stream)
    const credentials = under && this.#arrivals.get(under)?.listener.credentials
    if (credentials !== undefined && !isAuthorized(credentials, headers['proxy-authorization'] ?? null)) {
      response.writeHead(407, { 'proxy-authenticate': authRequired.challenge, 'content-type': 'text/plain; charset=utf-8' })
      response.end(plainText(authRequired.heading, authRequired.text))
      return false
    }
    if (credentials !== undefined && parseAuthority(headers[':authority'] ?? '', null)) return true
    response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' })
    response.end(plainText('badRequest', connectNeeds))
    return false
  }

  #tunnelOpened(stream: Tagged, authority: string): boolean {
    const destination = parseAuthority(authority, null)
    const under = connectionUnder(stream)
    const parent = under && this.#arrivals.get(under)
    if (parent && destination) this.#events.tunnel(this.#events.another(stream, parent), destination)
    else stream.destroy()
    return true
  }
}
