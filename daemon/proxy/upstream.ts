/** Connections to origins: dialled directly or through proxies, guarded, and verified. */
import { isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { LRUCache } from 'lru-cache'
import type { OriginFacts } from '../capture/wire-copy.ts'
import { type Destination, formatAuthority } from './destination.ts'
import { dial } from './dial.ts'
import type { EnvironmentProxies } from './environment-proxies.ts'
import type { LoopGuard } from './loop-guard.ts'
import { type CertificateFacts, certificateFacts, tlsFacts } from './origin-facts.ts'
import { handshakeFailure, OriginFailure, proxyFailure } from './origin-failure.ts'
import { outsideOpenSsl } from './outside-openssl.ts'
import { isOwnName } from './own-address.ts'
import type { Policy } from './policy.ts'
import { openTunnel } from './proxy-tunnel.ts'
import type { TlsContext } from './tls-policy.ts'
import { highWaterMark } from './two-way.ts'
import type { UpstreamProxy } from './upstream-proxy.ts'

export interface PlainOrigin {
  socket: Socket
  /** The TCP socket under it; the same but where the proxy on the way speaks TLS. */
  transport: Socket
  facts: OriginFacts
}

/** One that was reached by its scheme. */
export interface Origin extends PlainOrigin {
  /** What it chose of the protocols offered; null: nothing. */
  protocol: string | null
}

export interface SecureOrigin extends Origin {
  socket: TLSSocket
}

export interface DialOptions {
  scheme: 'http' | 'https'
  /** 'public': private and local destinations are refused. */
  reach: 'anywhere' | 'public'
  policy: Policy
}

export interface SecureOptions extends DialOptions {
  /** The name the certificate must bear: the client's SNI, else the destination's host. */
  name: string
  protocols: readonly string[] | undefined
}

interface Handshake extends Pick<SecureOptions, 'name' | 'protocols' | 'policy'> {
  /** What the handshake goes over. */
  under: Socket
  transport: Socket
  /** Of the connection; what the handshake says of the origin comes in. */
  facts: OriginFacts
  where: string
  context: TlsContext
  verification: 'verified' | 'insecure'
}

interface RememberedSession {
  ticket: Buffer
  certificate: CertificateFacts | undefined
}

export interface UpstreamOptions {
  guard: LoopGuard
  environment: EnvironmentProxies
  connectMs: number
  handshakeMs: number
}

export class Upstream {
  #guard: LoopGuard
  #environment: EnvironmentProxies
  #connectMs: number
  #handshakeMs: number
  /** Sessions of verified origins: resuming spares both sides the certificate's signatures. */
  #sessions = new LRUCache<string, RememberedSession>({ max: 1000, ttl: 10 * 60_000 })

  constructor(options: UpstreamOptions) {
    this.#guard = options.guard
    this.#environment = options.environment
    this.#connectMs = options.connectMs
    this.#handshakeMs = options.handshakeMs
  }

  /** A connection, not reading yet. Rejects with OriginFailure. */
  async dial(destination: Destination, options: DialOptions): Promise<PlainOrigin> {
    const { policy, scheme } = options
    if (isOwnName(destination.host)) {
      const message = `${formatAuthority(destination)}: this is weir itself, and speaks HTTP and HTTPS only`
      throw new OriginFailure('loopRefused', message)
    }
    const override = policy.dial.override(destination)
    const ruled = policy.upstream.proxyFor(destination)
    // An override says where the origin is from here, which a proxy of the environment cannot know.
    const proxy = ruled === undefined && !override ? this.#environment.proxyFor(scheme, destination) : ruled
    const target = override ?? destination
    const where = override ? `${formatAuthority(destination)} at ${formatAuthority(override)}` : formatAuthority(destination)
    return proxy ? this.#dialThrough(proxy, target, where, policy) : this.#connect(target, where, options)
  }

  /** A verified TLS connection, not reading yet. Rejects with OriginFailure. */
  async secure(destination: Destination, options: SecureOptions): Promise<SecureOrigin> {
    const { insecure } = options.policy.tls
    const { port } = destination
    const { socket, transport, facts } = await this.dial(destination, options)
    const verification = insecure.match(options.name, port) || insecure.match(destination.host, port) ? 'insecure' : 'verified'
    const where = formatAuthority(destination)
    const context = options.policy.tls.contextFor(options.name, port)
    return this.#handshake({ ...options, under: socket, transport, facts, where, context, verification })
  }

  /** TCP. Its true address decides whether it may be. */
  async #connect(target: Destination, where: string, { policy, reach }: Pick<DialOptions, 'policy' | 'reach'>): Promise<PlainOrigin> {
    const limits = { family: policy.dial.family, blockList: this.#guard.blockList(reach), connectMs: this.#connectMs }
    const { socket, facts } = await dial(target, where, limits)
    const refusal = this.#guard.refusal(socket, where, reach)
    if (refusal) {
      socket.destroy()
      throw refusal
    }
    return { socket, transport: socket, facts }
  }

  /** By the scheme: over TLS or as it is. Rejects with OriginFailure. */
  async reach(destination: Destination, options: SecureOptions): Promise<Origin> {
    if (options.scheme === 'https') return this.secure(destination, options)
    return { ...(await this.dial(destination, options)), protocol: null }
  }

  async #dialThrough(proxy: UpstreamProxy, destination: Destination, target: string, policy: Policy): Promise<PlainOrigin> {
    const started = performance.now()
    const where = `${target} through the proxy ${formatAuthority(proxy)}`
    const { transport, socket, facts } = await this.#connectToProxy(proxy, where, policy)
    await openTunnel(socket, { proxy, destination, family: policy.dial.family, timeoutMs: this.#connectMs, where })
    return { transport, socket, facts: { server: facts.server, connect: performance.now() - started } }
  }

  async #connectToProxy(proxy: UpstreamProxy, where: string, policy: Policy): Promise<PlainOrigin> {
    try {
      const { socket, transport, facts } = await this.#connect(proxy, where, { policy, reach: 'anywhere' })
      if (proxy.protocol !== 'https') return { socket, transport, facts }
      const { host, port } = proxy
      const context = policy.tls.contextFor(host, port)
      const verification = policy.tls.insecure.match(host, port) ? 'insecure' : 'verified'
      const tunnelled = {
        policy,
        under: socket,
        transport,
        facts,
        where,
        context,
        verification,
        name: host,
        protocols: ['http/1.1'],
      } as const
      return await this.#handshake(tunnelled)
    } catch (error) {
      throw proxyFailure(error as Error, where)
    }
  }

  #handshake(options: Handshake): Promise<SecureOrigin> {
    const { policy, under, transport, facts, where, context, verification, name, protocols } = options
    const started = performance.now()
    const sni = isIP(name) === 0 ? name : null
    const key = `${context.id} ${verification} ${where} ${name} ${protocols?.join() ?? ''}`
    const remembered = this.#sessions.get(key)
    return new Promise((resolve, reject) => {
      const wanted: ConnectionOptions & { highWaterMark: number } = {
        socket: under,
        host: name,
        secureContext: context.secureContext,
        rejectUnauthorized: verification === 'verified',
        highWaterMark,
      }
      if (sni !== null) wanted.servername = sni
      if (protocols) wanted.ALPNProtocols = [...protocols]
      if (remembered) wanted.session = remembered.ticket
      const fail = (error: OriginFailure) => {
        clearTimeout(timer)
        under.destroy()
        reject(error)
      }
      let socket: TLSSocket
      const timer = setTimeout(
        () => fail(handshakeFailure(Object.assign(new Error('late'), { code: 'ETIMEDOUT' }), where)),
        this.#handshakeMs,
      )
      try {
        socket = connectTls(wanted)
      } catch (error) {
        fail(handshakeFailure(error as Error, where))
        return
      }
      const failed = (error: Error) => fail(handshakeFailure(error, where))
      policy.keyLog?.follow(socket)
      let certificate: CertificateFacts | undefined
      // Emitted once the origin is verified.
      socket.once('session', (ticket: Buffer) => this.#sessions.set(key, { ticket, certificate }))
      socket.on('error', failed)
      // Node emits TLS errors without destroying the socket by them. Who gets it after one finds it there (`errored`).
      socket.once('error', (error) => socket.destroy(error))
      socket.once('secureConnect', () => {
        clearTimeout(timer)
        certificate = socket.isSessionReused() && remembered ? remembered.certificate : certificateFacts(socket)
        facts.tlsHandshake = performance.now() - started
        facts.tls = tlsFacts(socket, sni, certificate)
        outsideOpenSsl(() => resolve({ socket, transport, facts, protocol: socket.alpnProtocol || null }))
      })
    })
  }
}
