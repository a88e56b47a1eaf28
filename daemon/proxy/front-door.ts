/** The listener of one session: accepts, counts and limits its sources' connections. */
import { type AddressInfo, createServer, isIP, type Server, type Socket } from 'node:net'
import { codes, conflict, unavailable, WeirError } from '../../sdk/errors.ts'
import type { Client, ClientProcess } from '../../sdk/model.ts'
import { unixTime } from '../thread/unix-time.ts'
import { Arrival, type ListenerView } from './arrival.ts'
import type { ConnectionCopy } from './connection-copy.ts'
import { basicCredentials } from './credentials.ts'
import { greet, type Paths } from './greeting.ts'
import type { LearnedBypasses } from './learned-bypasses.ts'
import { isLoopback } from './loop-guard.ts'
import { farewell, tooManyPage } from './own-pages.ts'
import type { Policy } from './policy.ts'
import { type ReverseOrigin, reverseOrigin } from './reverse-origin.ts'
import type { ListenerSettings } from './surface.ts'
import { highWaterMark } from './two-way.ts'

/** An idle connection may last for ever, but not after its client is gone, ms. */
const keepAliveMs = 90_000

/** It stands in what is told of the connection from now on, and follows what was told already. */
function named(client: Client, copy: ConnectionCopy, process: ClientProcess | null): void {
  if (process !== null) client.process = process
  copy.answered(process)
}

const isLocal = (host: string): boolean => host === 'localhost' || (isIP(host) !== 0 && isLoopback(host))

/** Of a socket that serves both families, an IPv4 address as itself (RFC 4291 section 2.5.5.2). */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

export class FrontDoor implements ListenerView {
  policy: Policy
  readonly learned: LearnedBypasses
  readonly reach: 'anywhere' | 'public'
  readonly credentials: string | null
  readonly tlsPort: number
  readonly reverse: ReverseOrigin | null
  tagDomain: string | null = null
  readonly session: number
  #host: string
  #port: number
  #paths: Paths
  #server: Server
  #sockets = new Set<Socket>()

  /** -32602 authRequired for one beyond loopback without credentials, invalidReverse for one that stands for no origin. */
  constructor(session: number, { proxy: settings, reverse }: ListenerSettings, policy: Policy, learned: LearnedBypasses, paths: Paths) {
    this.session = session
    this.policy = policy
    this.learned = learned
    this.#host = settings.host ?? '127.0.0.1'
    this.#port = settings.port ?? 0
    this.#paths = paths
    this.reach = isLocal(this.#host) ? 'anywhere' : 'public'
    this.credentials = settings.auth ? basicCredentials(settings.auth) : null
    this.tlsPort = settings.tlsPort ?? 443
    this.reverse = reverse === undefined ? null : reverseOrigin(reverse)
    if (this.reach === 'public' && this.credentials === null) {
      const message = `a proxy on ${this.#host} is open to others: give it proxy.auth with a username and a password`
      throw new WeirError(codes.invalidParams, 'authRequired', message)
    }
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs, highWaterMark }
    this.#server = createServer(options, (socket) => this.#accept(socket))
  }

  get connections(): number {
    return this.#sockets.size
  }

  /** 1002 portInUse, 1005 cannotListen. */
  async listen(): Promise<{ host: string; port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.on('error', (error: NodeJS.ErrnoException) => reject(this.#listenError(error)))
      this.#server.listen({ host: this.#host, port: this.#port }, resolve)
    })
    return { host: this.#host, port: (this.#server.address() as AddressInfo).port }
  }

  /** The port is free at once; the connections that are here stay. */
  stopListening(): void {
    if (this.#server.listening) this.#server.close()
  }

  destroyConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #listenError(error: NodeJS.ErrnoException): WeirError {
    const where = `${this.#host}:${this.#port}`
    if (error.code === 'EADDRINUSE')
      return conflict('portInUse', `${where} is taken by another program: choose another port, or 0 for a free one`)
    if (error.code === 'EACCES') return unavailable('cannotListen', `${where} needs more rights than weir has: choose a port above 1023`)
    return unavailable('cannotListen', `cannot listen on ${where} (${error.code ?? 'unknown error'}): is it an address of this machine?`)
  }

  #accept(socket: Socket): void {
    const startedAt = unixTime()
    // Stays: nothing of a connection may end in an unheard error.
    socket.on('error', () => undefined)
    if (this.#sockets.size >= this.#paths.services.limits.connections) {
      farewell(socket, tooManyPage())
      return
    }
    this.#sockets.add(socket)
    const client: Client = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    const copy = this.#paths.services.queue.connection(this.session)
    const local = () => ({ address: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 })
    const arrival = new Arrival({ stream: socket, transport: socket, client, local, startedAt, listener: this, copy })
    const { clientProcesses } = this.#paths.services
    if (clientProcesses?.ask(socket, client, (process) => named(client, copy, process))) copy.asks()
    socket.once('close', () => {
      this.#sockets.delete(socket)
      arrival.left()
    })
    greet(this.#paths, arrival)
  }
}
