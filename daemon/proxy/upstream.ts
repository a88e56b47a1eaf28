/** Connections to origins: dialled directly or through the environment's proxies, guarded, and verified. */
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { LRUCache } from 'lru-cache'
import type { OriginFacts } from '../capture/wire-copy.ts'
import { type Destination, formatAuthority } from './destination.ts'
import type { LoopGuard } from './loop-guard.ts'
import { type CertificateFacts, certificateFacts, tlsFacts } from './origin-facts.ts'
import { connectFailure, handshakeFailure, OriginFailure } from './origin-failure.ts'
import type { TlsPolicy } from './tls-policy.ts'
import { highWaterMark } from './two-way.ts'
import type { UpstreamProxies } from './upstream-proxy.ts'

export interface PlainOrigin {
  socket: Socket
  facts: OriginFacts
}

export interface SecureOrigin {
  socket: TLSSocket
  transport: Socket
  facts: OriginFacts
  /** What it chose of the protocols offered; null: nothing. */
  protocol: string | null
}

export interface DialOptions {
  scheme: 'http' | 'https'
  /** 'public': private and local destinations are refused. */
  reach: 'anywhere' | 'public'
}

export interface SecureOptions extends DialOptions {
  /** The name the certificate must bear: the client's SNI, else the destination's host. */
  name: string
  protocols: string[] | undefined
  policy: TlsPolicy
}

interface RememberedSession {
  ticket: Buffer
  certificate: CertificateFacts | undefined
}

export interface UpstreamOptions {
  guard: LoopGuard
  proxies: UpstreamProxies
  connectMs: number
  handshakeMs: number
}

export class Upstream {
  #guard: LoopGuard
  #proxies: UpstreamProxies
  #connectMs: number
  #handshakeMs: number
  /** Sessions of verified origins: resuming spares both sides the certificate's signatures. */
  #sessions = new LRUCache<string, RememberedSession>({ max: 1000, ttl: 10 * 60_000 })

  constructor(options: UpstreamOptions) {
    this.#guard = options.guard
    this.#proxies = options.proxies
    this.#connectMs = options.connectMs
    this.#handshakeMs = options.handshakeMs
  }

  /** A TCP connection, not reading yet. Rejects with OriginFailure. */
  async dial(destination: Destination, options: DialOptions): Promise<PlainOrigin> {
    const proxy = this.#proxies.proxyFor(options.scheme, destination)
    const where = formatAuthority(destination)
    const origin = proxy ? await this.#dialThrough(proxy, destination, where) : await this.#dialDirectly(destination, where, options)
    const refusal = proxy ? null : this.#guard.refusal(origin.socket, where, options.reach)
    if (refusal) {
      origin.socket.destroy()
      throw refusal
    }
    return origin
  }

  /** A verified TLS connection, not reading yet. Rejects with OriginFailure. */
  async secure(destination: Destination, options: SecureOptions): Promise<SecureOrigin> {
    const { socket, facts } = await this.dial(destination, options)
    const where = formatAuthority(destination)
    const insecure =
      options.policy.insecure.match(options.name, destination.port) || options.policy.insecure.match(destination.host, destination.port)
    return this.#handshake(socket, facts, where, options, insecure ? 'insecure' : 'verified')
  }

  #dialDirectly(destination: Destination, where: string, options: DialOptions): Promise<PlainOrigin> {
    const started = performance.now()
    return new Promise((resolve, reject) => {
      const blockList = this.#guard.blockList(options.reach)
      const socket = connect({
        ...destination,
        noDelay: true,
        allowHalfOpen: true,
        highWaterMark,
        ...(blockList ? { blockList } : {}),
      } as never)
      let resolved = started
      const timer = setTimeout(() => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), this.#connectMs)
      const failed = (error: Error) => {
        clearTimeout(timer)
        reject(connectFailure(error, where))
      }
      socket.once('lookup', () => {
        resolved = performance.now()
      })
      // Stays: an error before the connection has its next owner must not go unheard.
      socket.on('error', failed)
      socket.once('connect', () => {
        clearTimeout(timer)
        const facts: OriginFacts = {
          server: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? destination.port },
          connect: performance.now() - resolved,
        }
        if (isIP(destination.host) === 0) facts.dns = resolved - started
        resolve({ socket, facts })
      })
    })
  }

  async #dialThrough(proxy: URL, destination: Destination, where: string): Promise<PlainOrigin> {
    const started = performance.now()
    const dialled = this.#proxies.connect(proxy, destination)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new OriginFailure('connectTimeout', `${where}: the proxy ${proxy.host} did not answer in time`)),
        this.#connectMs,
      )
    })
    try {
      const socket = await Promise.race([dialled, late])
      socket.allowHalfOpen = true
      socket.setNoDelay(true)
      return {
        socket,
        facts: { server: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }, connect: performance.now() - started },
      }
    } catch (error) {
      dialled.then(
        (socket) => socket.destroy(),
        () => undefined,
      )
      throw connectFailure(error as Error, where)
    } finally {
      clearTimeout(timer)
    }
  }

  #handshake(
    transport: Socket,
    facts: OriginFacts,
    where: string,
    { name, protocols, policy }: SecureOptions,
    verification: 'verified' | 'insecure',
  ): Promise<SecureOrigin> {
    const started = performance.now()
    const sni = isIP(name) === 0 ? name : null
    const trust = policy.trust()
    const key = `${trust.id} ${verification} ${where} ${name} ${protocols?.join() ?? ''}`
    const remembered = this.#sessions.get(key)
    return new Promise((resolve, reject) => {
      const options: ConnectionOptions & { highWaterMark: number } = {
        socket: transport,
        host: name,
        secureContext: trust.context,
        rejectUnauthorized: verification === 'verified',
        highWaterMark,
      }
      if (sni !== null) options.servername = sni
      if (protocols) options.ALPNProtocols = protocols
      if (remembered) options.session = remembered.ticket
      const fail = (error: OriginFailure) => {
        clearTimeout(timer)
        transport.destroy()
        reject(error)
      }
      let socket: TLSSocket
      const timer = setTimeout(
        () => fail(handshakeFailure(Object.assign(new Error('late'), { code: 'ETIMEDOUT' }), where)),
        this.#handshakeMs,
      )
      try {
        socket = connectTls(options)
      } catch (error) {
        fail(handshakeFailure(error as Error, where))
        return
      }
      const failed = (error: Error) => fail(handshakeFailure(error, where))
      let certificate: CertificateFacts | undefined
      // Emitted once the origin is verified.
      socket.once('session', (ticket: Buffer) => this.#sessions.set(key, { ticket, certificate }))
      socket.on('error', failed)
      socket.once('secureConnect', () => {
        clearTimeout(timer)
        certificate = socket.isSessionReused() && remembered ? remembered.certificate : certificateFacts(socket)
        facts.tlsHandshake = performance.now() - started
        facts.tls = tlsFacts(socket, sni, certificate)
        resolve({ socket, transport, facts, protocol: socket.alpnProtocol || null })
      })
    })
  }
}
