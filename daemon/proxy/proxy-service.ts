/** The proxy: its listeners, one per session, and what they share. */
import type { Duplex } from 'node:stream'
import { notFound, unavailable } from '../../sdk/errors.ts'
import { HeaderBlocks } from '../capture/decoders/header-block.ts'
import type { Arrival } from './arrival.ts'
import { type Authority, openAuthority } from './authority.ts'
import { ClientProcesses } from './client-processes.ts'
import { CopyQueue } from './copy-queue.ts'
import { EnvironmentProxies } from './environment-proxies.ts'
import { FrontDoor } from './front-door.ts'
import type { Paths } from './greeting.ts'
import { Fingerprints } from './hello-fingerprint.ts'
import { LeafCertificates } from './leaf-certificates.ts'
import { LearnedBypasses } from './learned-bypasses.ts'
import { LoopGuard } from './loop-guard.ts'
import { SocketLayer } from './mockttp-sockets.ts'
import { Policies, type Policy } from './policy.ts'
import { Sends } from './send/sends.ts'
import type { Services } from './services.ts'
import type { CaInfo, ListenerSettings, ProxyEvents, ProxySurface } from './surface.ts'
import { enterTunnel } from './tunnel.ts'
import { Upstream } from './upstream.ts'

type Params<N extends keyof ProxySurface> = Parameters<ProxySurface[N]>[0]

interface Configured {
  services: Services
  paths: Paths
  policies: Policies
}

interface OpenDoor {
  door: FrontDoor
  /** null: it listens no more. */
  port: number | null
}

export class ProxyService {
  #events: ProxyEvents
  #guard = new LoopGuard()
  #queue = new CopyQueue()
  #configured: Configured | null = null
  #doors = new Map<number, OpenDoor>()
  #sends: Sends

  constructor(events: ProxyEvents) {
    this.#events = events
    this.#sends = new Sends((params) => events.sendBody(params))
  }

  surface(): ProxySurface {
    return {
      configure: (params) => this.#configure(params),
      attachRecorder: async ({ port }) => this.#queue.attach(port),
      listen: (params) => this.#listen(params),
      checkSettings: async ({ settings }) => void this.#policy(settings),
      setSettings: async ({ session, settings }) => {
        const { door } = this.#open(session)
        const before = door.policy
        door.policy = this.#policy(settings)
        before.keyLog?.close()
        if (!door.policy.tls.autoBypass) door.learned.clear()
      },
      tagConnections: async ({ session, tagDomain }) => {
        this.#open(session).door.tagDomain = tagDomain
      },
      closeListener: async ({ session }) => {
        const open = this.#doors.get(session)
        if (open) this.#stopListening(open)
        this.#queue.listenerClosed(session)
      },
      closeSession: async ({ session }) => this.#closeSession(session),
      send: async (params) => this.#sends.run(this.#ready().services, this.#policy(params.settings), params),
      abortSend: ({ send }) => this.#sends.abort(send),
      flush: async () => this.#queue.flush(),
      status: async () => ({ connections: [...this.#doors.values()].reduce((sum, { door }) => sum + door.connections, 0) }),
    }
  }

  #policy(settings: ListenerSettings): Policy {
    const failed = (error: Error) =>
      this.#events.log({ level: 'error', message: 'TLS secrets are not written any more', error: error.message })
    return this.#ready().policies.policy(settings, failed)
  }

  #fault(error: unknown): void {
    this.#events.log({ level: 'error', message: 'a connection failed inside the proxy', error: String((error as Error)?.stack ?? error) })
  }

  async #configure(params: Params<'configure'>): Promise<CaInfo> {
    for (const port of params.ownPorts) this.#guard.add(port)
    const clientProcesses = params.clientProcesses
      ? new ClientProcesses((message, error) => this.#events.log({ level: 'warn', message, error }))
      : null
    const [authority] = await Promise.all([
      openAuthority(params.home, (message) => this.#events.log({ level: 'warn', message })),
      clientProcesses?.start(),
    ])
    const { limits } = params
    const upstream = new Upstream({ guard: this.#guard, environment: new EnvironmentProxies(params.environment, this.#guard), ...limits })
    const services: Services = {
      limits,
      queue: this.#queue,
      upstream,
      leaves: await LeafCertificates.create(authority),
      ca: authority.info,
      fingerprints: new Fingerprints(),
      blocks: new HeaderBlocks(),
      clientProcesses,
      fault: (error) => this.#fault(error),
    }
    this.#configured = { services, policies: new Policies(params.extraCa), paths: pathsOf(services, authority) }
    return authority.info
  }

  async #listen({ session, settings, tagDomain }: Params<'listen'>): Promise<{ host: string; port: number }> {
    const { paths } = this.#ready()
    const learned = new LearnedBypasses(settings.autoBypassed ?? [], (host) => this.#events.autoBypassed({ session, host }))
    const door = new FrontDoor(session, settings, this.#policy(settings), learned, paths)
    door.tagDomain = tagDomain ?? null
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
      open.door.destroyConnections()
      open.door.policy.keyLog?.close()
      this.#doors.delete(session)
    }
    this.#queue.closeConnections(session)
    this.#sends.closeSession(session)
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
      tunnel: (arrival, destination) => enterTunnel(services, arrival, destination),
      another: (stream: Duplex, parent: Arrival) => parent.another(stream, stream, services.queue.connection(parent.copy.session)),
    })
  return {
    services,
    sockets: () => {
      sockets ??= load()
      return sockets
    },
  }
}
