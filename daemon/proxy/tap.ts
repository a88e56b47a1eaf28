/**
 * The TLS path. Upstream first, with the client's own ALPN list; then the client, with exactly the protocol the origin
 * chose. From there on decrypted bytes pass as they come.
 */
import type { TLSSocket } from 'node:tls'
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import type { Arrival } from './arrival.ts'
import { clientFailure, rejectionHint, shakeHands } from './client-handshake.ts'
import type { Hello } from './client-hello.ts'
import { type Destination, formatAuthority } from './destination.ts'
import { connectFailure } from './origin-failure.ts'
import { relay } from './relay.ts'
import { reset } from './reset.ts'
import type { Services } from './services.ts'
import { explainOver } from './tap-refusal.ts'
import { joinTwoWays, type TwoWayEnd } from './two-way.ts'
import type { SecureOrigin } from './upstream.ts'

/** A client that turned away this soon after the handshake, without a byte, did so because of the certificate, ms. */
const rejectionMs = 250

export async function tap(services: Services, arrival: Arrival, destination: Destination, hello: Hello): Promise<void> {
  const { policy, reach } = arrival.listener
  const { port } = destination
  const name = hello.serverName ?? destination.host
  if (policy.bypass.match(destination.host, port) || policy.bypass.match(name, port)) {
    return relay(services, arrival, destination, { why: 'bypassed', answer: null })
  }
  // The origin's own time limits count now.
  arrival.settled()
  const leaf = services.leaves.contextFor(name)
  leaf.catch(() => undefined)
  let origin: SecureOrigin
  try {
    origin = await services.upstream.secure(destination, { scheme: 'https', reach, name, protocols: hello.protocols, policy })
  } catch (error) {
    return explainOver(services, arrival, destination, hello, connectFailure(error as Error, formatAuthority(destination)).failure)
  }
  const { tls } = origin.facts
  if (tls && hello.ja3) tls.ja3 = hello.ja3
  if (tls && hello.ja4) tls.ja4 = hello.ja4
  const opened: ConnectionOpened = {
    session: arrival.copy.session,
    client: arrival.client,
    scheme: 'https',
    authority: formatAuthority(destination),
    startedAt: arrival.startedAt,
    origin: origin.facts,
    ...decodedAs(origin.protocol),
  }
  try {
    const client = await shakeHands(services, arrival, name, origin.protocol)
    join(arrival, client, origin, opened)
  } catch (error) {
    origin.socket.destroy()
    reset(arrival)
    arrival.settled()
    arrival.copy.open(opened)
    arrival.copy.close({ by: 'client', reset: false, failure: clientFailure(error as Error) })
  }
}

/** @param protocol by ALPN; null: none was chosen */
function decodedAs(protocol: string | null): Pick<ConnectionOpened, 'protocol' | 'opaque'> {
  if (protocol === null || protocol === 'http/1.1' || protocol === 'http/1.0') return { protocol: 'http1' }
  return protocol === 'h2' ? { protocol: 'http2' } : { protocol: 'opaque', opaque: 'undecoded' }
}

function join(arrival: Arrival, client: TLSSocket, origin: SecureOrigin, opened: ConnectionOpened): void {
  const { copy } = arrival
  const joinedAt = performance.now()
  copy.open(opened)
  joinTwoWays({ stream: client, transport: arrival.transport }, { stream: origin.socket, transport: origin.transport }, copy, (end) => {
    copy.close(turnedAway(end) ? { ...end, failure: { reason: 'clientRejectedCa', message: rejectionHint } } : end)
  })
  const turnedAway = (end: TwoWayEnd): boolean => end.by === 'client' && copy.sent === 0 && performance.now() - joinedAt < rejectionMs
}
