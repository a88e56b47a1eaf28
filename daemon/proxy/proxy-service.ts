/** The proxy: its listeners, one per session, and what they share. */
import type { Duplex } from 'node:stream'
import { notFound, unavailable } from '../../sdk/errors.ts'
import { HeaderBlocks } from '../capture/decoders/header-block.ts'
import type { Arrival } from './arrival.ts'
import { type Authority, openAuthority } from './authority.ts'
import { CopyQueue } from './copy-queue.ts'
import { FrontDoor } from './front-door.ts'
import type { Paths } from './greeting.ts'
import { Fingerprints } from './hello-fingerprint.ts'
import { LeafCertificates } from './leaf-certificates.ts'
import { LoopGuard } from './loop-guard.ts'
import { SocketLayer } from './mockttp-sockets.ts'
import { type Services, undertake } from './services.ts'
import type { CaInfo, ProxyEvents, ProxySurface } from './surface.ts'
import { tap } from './tap.ts'
import { TlsPolicies } from './tls-policy.ts'
import { enterTunnel } from './tunnel.ts'
import { Upstream } from './upstream.ts'
import { UpstreamProxies } from './upstream-proxy.ts'

type Params<N extends keyof ProxySurface> = Parameters<ProxySurface[N]>[0]

interface Configured {
  paths: Paths
  policies: TlsPolicies
}

interface OpenDoor {
  door: FrontDoor
  /** null: it listens no more. */
  port: number | null
}

export class ProxyService {
  #log: ProxyEvents['log']
  #guard = new LoopGuard()
  #queue = new CopyQueue()
  #configured: Configured | null = null
  #doors = new Map<number, OpenDoor>()

  constructor(log: ProxyEvents['log']) {
    this.#log = log
  }

  surface(): ProxySurface {
    return {
      configure: (params) => this.#configure(params),
      attachRecorder: async ({ port }) => this.#queue.attach(port),
      listen: (params) => this.#listen(params),
      checkTls: async ({ tls }) => void this.#ready().policies.policy(tls),
      setTls: async ({ session, tls }) => {
        this.#open(session).door.policy = this.#ready().policies.policy(tls)
      },
      closeListener: async ({ session }) => {
        const open = this.#doors.get(session)
        if (open) this.#stopListening(open)
        this.#queue.listenerClosed(session)
      },
      closeSession: async ({ session }) => this.#closeSession(session),
      status: async () => ({ connections: [...this.#doors.values()].reduce((sum, { door }) => sum + door.connections, 0) }),
    }
  }

  #fault(error: unknown): void {
    this.#log({ level: 'error', message: 'a connection failed inside the proxy', error: String((error as Error)?.stack ?? error) })
  }

  async #configure(params: Params<'configure'>): Promise<CaInfo> {
    for (const port of params.ownPorts) this.#guard.add(port)
    const authority = await openAuthority(params.home, (message) => this.#log({ level: 'warn', message }))
    const { limits } = params
    const upstream = new Upstream({ guard: this.#guard, proxies: new UpstreamProxies(params.environment, this.#guard), ...limits })
    const services: Services = {
      limits,
      queue: this.#queue,
      upstream,
      leaves: await LeafCertificates.create(authority),
      fingerprints: new Fingerprints(),
      blocks: new HeaderBlocks(),
      fault: (error) => this.#fault(error),
    }
    this.#configured = { policies: new TlsPolicies(params.extraCa), paths: pathsOf(services, authority) }
    return authority.info
  }

  async #listen({ session, proxy, tls }: Params<'listen'>): Promise<{ host: string; port: number }> {
    const { paths, policies } = this.#ready()
    const door = new FrontDoor(session, proxy, policies.policy(tls), paths)
    const address = await door.listen()
    this.#guard.add(address.port)
    this.#doors.set(session, { door, port: address.port })
    return address
  }

  #stopListening(open: OpenDoor): void {
    if (open.port === null) return
    open.door.stopListening()
    this.#guard.remove(open.port)
    open.port = null
  }

  #closeSession(session: number): void {
    const open = this.#doors.get(session)
    if (open) {
      this.#stopListening(open)
      this.#queue.closeConnections(session)
      open.door.destroyConnections()
      this.#doors.delete(session)
    }
    this.#queue.sessionClosed(session)
  }

  #open(session: number): OpenDoor {
    const open = this.#doors.get(session)
    if (!open) throw notFound('sessionNotFound', 'the proxy has no listener for that session')
    return open
  }

  #ready(): Configured {
    if (!this.#configured) throw unavailable('notConfigured', 'the proxy thread has not been configured yet; try again')
    return this.#configured
  }
}

function pathsOf(services: Services, authority: Authority): Paths {
  let sockets: Promise<SocketLayer> | undefined
  const load = () =>
    SocketLayer.load(authority, {
      tls: (arrival, destination, hello) => undertake(services, arrival, tap(services, arrival, destination, hello)),
      tunnel: (arrival, destination) => enterTunnel(services, arrival, destination),
      another: (stream: Duplex, parent: Arrival) => parent.another(stream, services.queue.connection(parent.copy.session)),
    })
  return {
    services,
    sockets: () => {
      sockets ??= load()
      return sockets
    },
  }
}
