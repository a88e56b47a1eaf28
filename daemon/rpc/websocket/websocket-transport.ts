/**
 * The loopback port: the RPC over WebSockets (/rpc) for who has a token, and rooms of plain HTTP. Off until it is started.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { conflict, unavailable, type WeirError } from '../../../sdk/errors.ts'
import { limits } from '../../../sdk/limits.ts'
import type { Grant } from '../rights.ts'
import type { Wire } from '../wire.ts'
import type { AwaitedPort } from './awaited-port.ts'
import { answerError, type HttpRoom, statusOf } from './http-room.ts'
import { isExtensionOrigin, isOwnHost, isOwnOrigin, secretIn } from './request-check.ts'
import type { Tokens } from './tokens.ts'
import { WebSocketWire } from './websocket-wire.ts'

const host = '127.0.0.1'
const usualPort = 9340
/** Those with a token; connections of plain HTTP come on top. */
const mostClients = 256
const mostConnections = 512
/** For a whole request head, ms. */
const headMs = 10_000
/** For the other side's close frame, ms. */
const closeMs = 2_000
/** RFC 6455 section 7.4.2, for private use: the browser's way to tell this from a daemon that is not there. */
const noToken = 4401

export interface Address {
  host: string
  port: number
}

export interface WebSocketTransportOptions {
  tokens: Tokens
  awaited: AwaitedPort
  rooms: readonly HttpRoom[]
  welcome(wire: Wire, grant: Grant): void
}

export class WebSocketTransport {
  readonly #options: WebSocketTransportOptions
  readonly #rooms: ReadonlyMap<string, HttpRoom>
  /** null: it has never been on. */
  #webSockets: WebSocketServer | null = null
  #server: Promise<Server> | null = null
  #address: Address | null = null
  /** Those with a token. */
  readonly #clients = new Set<WebSocket>()

  constructor(options: WebSocketTransportOptions) {
    this.#options = options
    this.#rooms = new Map(options.rooms.map((room) => [room.name, room]))
  }

  /** null: it is off. */
  get address(): Address | null {
    return this.#address
  }

  get connections(): number {
    return this.#webSockets?.clients.size ?? 0
  }

  /**
   * Says where it listens, also when it did already. Rejects with 1002 portInUse, and websocketRunning when it has another port.
   * @param port 0: a free one; absent: the usual one, or a free one where that is taken
   */
  async start(port?: number): Promise<Address> {
    this.#server ??= this.#listen(port).catch((error: unknown) => {
      this.#server = null
      throw error
    })
    await this.#server
    const address = this.#address
    if (!address) throw unavailable('websocketOff', 'it was stopped meanwhile')
    if (port !== undefined && port !== 0 && port !== address.port)
      throw conflict('websocketRunning', `it listens on port ${address.port}; websocket/stop ends that`)
    return address
  }

  /** Ends the connections, too; who had one is not awaited any more. */
  async close(): Promise<void> {
    await this.stop()
    this.#options.awaited.forget()
  }

  /** The same at the daemon's end: the next one listens there again for who was connected. */
  async stop(): Promise<void> {
    const server = await this.#server
    this.#server = null
    this.#address = null
    if (!server) return
    if (this.#clients.size === 0) this.#options.awaited.forget()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    const clients = this.#webSockets?.clients ?? []
    for (const client of clients) client.close(1001, 'websocketStopped')
    server.closeIdleConnections()
    const late = setTimeout(() => {
      for (const client of clients) client.terminate()
      server.closeAllConnections()
    }, closeMs)
    await closed
    clearTimeout(late)
  }

  async #listen(port: number | undefined): Promise<Server> {
    // The libraries are loaded when they are wanted: every daemon would else start a twentieth of a second later.
    const [{ createServer }, { WebSocketServer }] = await Promise.all([import('node:http'), import('ws')])
    const webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: limits.frameBytes,
      perMessageDeflate: false,
      // Not in its types yet.
      ...({ closeTimeout: closeMs } as object),
      handleProtocols: (offered) => offered.has('weir') && 'weir',
    })
    this.#webSockets = webSockets
    const server = createServer({ headersTimeout: headMs, requestTimeout: headMs, connectionsCheckingInterval: 2_000 })
    server.maxConnections = mostConnections
    server.on('request', (request, response) => void this.#answer(request, response))
    server.on('upgrade', (request, socket, head) => this.#upgrade(webSockets, request, socket, head))
    await listen(server, port ?? usualPort).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error
      if (port !== undefined) throw conflict('portInUse', `port ${port} of ${host} cannot be had (${error.code}): name another`)
      return listen(server, 0)
    })
    this.#address = { host, port: (server.address() as AddressInfo).port }
    return server
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#refuseForeignHost(request)
      const [, name = ''] = pathOf(request).split('/')
      const room = this.#rooms.get(name)
      if (!room) throw unavailable('pageNotFound', 'weir answers WebSockets at /rpc here; there is no such page')
      await room.answer(request, response)
    } catch (error) {
      answerError(response, error)
    } finally {
      request.resume()
    }
  }

  #upgrade(webSockets: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    try {
      const grant = this.#grantOf(request)
      webSockets.handleUpgrade(request, socket, head, (client) => this.#open(client, grant))
    } catch (error) {
      refuseUpgrade(socket, error)
    }
  }

  /** null: it has no token that is worth something; it is told so by a close frame, for pages cannot see more. */
  #grantOf(request: IncomingMessage): Grant | null {
    this.#refuseForeignHost(request)
    if (pathOf(request) !== '/rpc') throw unavailable('pageNotFound', 'the WebSocket is at /rpc')
    if (this.connections >= mostClients) throw unavailable('tooManyClients', `${mostClients} clients are connected; close some`)
    const origin = request.headers.origin ?? null
    const grant = this.#options.tokens.find(secretIn(request.headers['sec-websocket-protocol']))
    if (grant ? grant.origin !== origin : !this.#isPlausible(origin, request.socket.localPort ?? 0))
      throw unavailable('originRefused', 'this token was paired from another origin; pair again: weir browser pair')
    return grant
  }

  /** Who could have a token at all. */
  #isPlausible(origin: string | null, port: number): boolean {
    return (
      origin === null ||
      isExtensionOrigin(origin) ||
      isOwnOrigin(origin, port) ||
      this.#options.tokens.list().some((token) => token.origin === origin)
    )
  }

  #refuseForeignHost({ headers, socket }: IncomingMessage): void {
    if (isOwnHost(headers.host, socket.localPort ?? 0)) return
    throw unavailable('hostRefused', `Host has to be 127.0.0.1, localhost or [::1] with the port ${socket.localPort}`)
  }

  #open(client: WebSocket, grant: Grant | null): void {
    if (!grant) {
      client.on('error', () => undefined)
      client.close(noToken, 'tokenUnknown')
      return
    }
    this.#options.tokens.used(grant.tokenId)
    this.#await(client)
    client.once('close', () => this.#options.tokens.used(grant.tokenId))
    this.#options.welcome(new WebSocketWire(client), grant)
  }

  #await(client: WebSocket): void {
    const { awaited } = this.#options
    this.#clients.add(client)
    try {
      if (this.#address && this.#clients.size === 1) awaited.keep(this.#address.port)
    } catch {
      // A full disk keeps nobody out: they wait until somebody opens the port.
    }
    client.once('close', () => {
      this.#clients.delete(client)
      if (this.#address && this.#clients.size === 0) awaited.forget()
    })
  }
}

const pathOf = ({ url = '/' }: IncomingMessage): string => url.replace(/[?#].*$/s, '')

function refuseUpgrade(socket: Duplex, error: unknown): void {
  const body = JSON.stringify({ error: { message: (error as WeirError).message, data: (error as WeirError).data } })
  socket.end(
    [
      `HTTP/1.1 ${statusOf(error)} Refused`,
      'Connection: close',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  )
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
