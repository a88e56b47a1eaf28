/** HTTP/2 in clear text with prior knowledge (RFC 9113 section 3.3), and HTTP/2 to a reverse listener: one connection to one origin. */
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import type { Arrival } from './arrival.ts'
import { formatAuthority } from './destination.ts'
import { Http2AuthorityRewriter } from './http2-authority.ts'
import { refuseHttp2 } from './http2-refusal.ts'
import { connectFailure, OriginFailure } from './origin-failure.ts'
import type { RequestRoute } from './request-target.ts'
import type { Side } from './reset.ts'
import type { ReverseOrigin } from './reverse-origin.ts'
import type { Services } from './services.ts'
import { joinTwoWays, type TwoWayEnd } from './two-way.ts'
import type { Origin } from './upstream.ts'

/** The client's bytes begin with the connection preface. */
export async function forwardHttp2(services: Services, arrival: Arrival, route: RequestRoute | ReverseOrigin): Promise<void> {
  const { copy, stream } = arrival
  const opened = openedTo(arrival, route)
  arrival.settled()
  arrival.reaching(opened, 'listening')
  let origin: Origin
  try {
    origin = await reach(services, arrival, route)
  } catch (error) {
    return refuseHttp2(arrival, stream, opened, connectFailure(error as Error, opened.authority).failure)
  }
  if (stream.destroyed) origin.socket.destroy()
  else joinHttp2(arrival, arrival, origin, route, ({ by, reset }) => copy.close({ by, reset }))
}

/** @param client its bytes, TLS undone */
export function joinHttp2(
  arrival: Arrival,
  client: Side,
  origin: Origin,
  route: RequestRoute | ReverseOrigin,
  finished: (end: TwoWayEnd) => void,
): void {
  const { copy } = arrival
  copy.open({ ...openedTo(arrival, route), origin: origin.facts })
  const rewriter = 'authority' in route ? new Http2AuthorityRewriter(route.scheme, route.authority) : null
  const passes = rewriter ? (bytes: Buffer) => rewriter.rewrite(bytes) : undefined
  joinTwoWays(client, { stream: origin.socket, transport: origin.transport }, copy, finished, passes)
}

function openedTo({ copy, client, startedAt }: Arrival, { scheme, destination }: RequestRoute): ConnectionOpened {
  return { session: copy.session, client, scheme, authority: formatAuthority(destination), protocol: 'http2', startedAt }
}

async function reach({ upstream }: Services, { listener }: Arrival, { destination, scheme }: RequestRoute): Promise<Origin> {
  const { policy, reach } = listener
  // One that speaks HTTP/1.1 alone shall say so rather than break off.
  const protocols = ['h2', 'http/1.1']
  const origin = await upstream.reach(destination, { scheme, reach, name: destination.host, protocols, policy })
  if (scheme === 'http' || origin.protocol === 'h2') return origin
  origin.socket.destroy()
  const message = `${formatAuthority(destination)}: it does not speak HTTP/2, in which the client has begun; let the client use HTTP/1.1`
  throw new OriginFailure('tlsHandshakeFailed', message)
}
