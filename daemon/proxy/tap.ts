/**
 * The TLS path. Upstream first, with the client's own ALPN list; then the client, with exactly the protocol the origin
 * chose. From there on decrypted bytes pass as they come.
 */
import type { TLSSocket } from 'node:tls'
import type { Failure } from '../../sdk/model.ts'
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import type { Arrival } from './arrival.ts'
import { bypassOf, learnFrom } from './bypass.ts'
import { clientFailure, rejection, shakeHands, turnedAway, unshaken } from './client-handshake.ts'
import type { Hello } from './client-hello.ts'
import { type Destination, formatAuthority } from './destination.ts'
import { clientCertificateWanted, connectFailure } from './origin-failure.ts'
import { relay } from './relay.ts'
import type { Services } from './services.ts'
import { explainOver } from './tap-refusal.ts'
import { alertOf, isCertificateRejection } from './tls-alert.ts'
import { joinTwoWays, type TwoWayEnd } from './two-way.ts'
import type { SecureOrigin } from './upstream.ts'

export async function tap(services: Services, arrival: Arrival, destination: Destination, hello: Hello): Promise<void> {
  const { policy, reach } = arrival.listener
  const { port } = destination
  const name = hello.serverName ?? destination.host
  const why = bypassOf(arrival.listener, destination.host, port) ?? bypassOf(arrival.listener, name, port)
  if (why) return relay(services, arrival, destination, { why, answer: null })
  // The origin's own time limits count now.
  arrival.settled()
  if (arrival.tag === null) services.leaves.contextFor(name).catch(() => undefined)
  const { client, copy, startedAt } = arrival
  const known = { session: copy.session, client, scheme: 'https', authority: formatAuthority(destination), startedAt } as const
  arrival.reaching({ ...known, protocol: 'opaque', opaque: 'undecoded' }, 'leaving')
  let origin: SecureOrigin
  try {
    origin = await services.upstream.secure(destination, { scheme: 'https', reach, name, protocols: hello.protocols, policy })
  } catch (error) {
    return explainOver(services, arrival, { ...known, hello, name, port, failure: connectFailure(error as Error, known.authority).failure })
  }
  const { tls } = origin.facts
  if (tls && hello.ja3) tls.ja3 = hello.ja3
  if (tls && hello.ja4) tls.ja4 = hello.ja4
  const opened: ConnectionOpened = { ...known, origin: origin.facts, ...decodedAs(origin.protocol) }
  try {
    join(arrival, await shakeHands(services, arrival, name, origin.protocol), origin, opened, name, port)
  } catch (error) {
    origin.socket.destroy()
    unshaken(arrival, opened, learnFrom(clientFailure(error as Error), arrival.listener, name, port))
  }
}

/** @param protocol by ALPN; null: none was chosen */
function decodedAs(protocol: string | null): Pick<ConnectionOpened, 'protocol' | 'opaque'> {
  if (protocol === null || protocol === 'http/1.1' || protocol === 'http/1.0') return { protocol: 'http1' }
  return protocol === 'h2' ? { protocol: 'http2' } : { protocol: 'opaque', opaque: 'undecoded' }
}

/** What an end within TLS says beyond itself; null: nothing. */
function failureIn({ by, error }: TwoWayEnd, where: string): Failure | null {
  if (!error) return null
  if (by === 'origin') return clientCertificateWanted(error, where)?.failure ?? null
  const alert = alertOf(error)
  return isCertificateRejection(alert) ? rejection(alert) : null
}

function join(arrival: Arrival, client: TLSSocket, origin: SecureOrigin, opened: ConnectionOpened, name: string, port: number): void {
  const { copy, listener } = arrival
  const joinedAt = performance.now()
  copy.open(opened)
  joinTwoWays({ stream: client, transport: arrival.transport }, { stream: origin.socket, transport: origin.transport }, copy, (end) => {
    const { by, reset } = end
    const failure = failureIn(end, opened.authority) ?? (by === 'client' && turnedAway(copy, joinedAt) ? rejection(null) : null)
    copy.close({ by, reset, ...(failure && { failure: learnFrom(failure, listener, name, port) }) })
  })
}
