/** Blind tunnels: bypassed ones and what is neither TLS nor HTTP. Their bytes are counted, not copied. */
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import type { Arrival } from './arrival.ts'
import { type Destination, formatAuthority } from './destination.ts'
import { connectFailure } from './origin-failure.ts'
import { failurePage, farewell, plainWish } from './own-pages.ts'
import { reset } from './reset.ts'
import type { Services } from './services.ts'
import { joinTwoWays } from './two-way.ts'
import type { PlainOrigin } from './upstream.ts'

export interface RelayOptions {
  why: NonNullable<ConnectionOpened['opaque']>
  /** The client waits for its CONNECT to be answered with this; null: it has been. */
  answer: Buffer | null
}

export interface BlindTunnel {
  arrival: Arrival
  destination: Destination
  answer: Buffer | null
  /** As what it is on record. */
  opened: ConnectionOpened
}

export async function relay(services: Services, arrival: Arrival, destination: Destination, options: RelayOptions): Promise<void> {
  const tunnel = blindTunnel(arrival, destination, options)
  let origin: PlainOrigin
  try {
    origin = await reachBlind(services, tunnel)
  } catch (error) {
    return refuseBlind(tunnel, error as Error)
  }
  if (arrival.stream.destroyed) {
    origin.socket.destroy()
    arrival.copy.close({ by: 'client', reset: false })
    return
  }
  joinBlind(tunnel, origin)
}

export function blindTunnel(arrival: Arrival, destination: Destination, { why, answer }: RelayOptions): BlindTunnel {
  const { copy, client, startedAt } = arrival
  const authority = formatAuthority(destination)
  const opened: ConnectionOpened = { session: copy.session, client, scheme: 'https', authority, startedAt, protocol: 'opaque', opaque: why }
  return { arrival, destination, answer, opened }
}

/** Its origin, not reading yet. Rejects with OriginFailure. */
export function reachBlind(services: Services, { arrival, destination, opened }: BlindTunnel): Promise<PlainOrigin> {
  const { reach, policy } = arrival.listener
  arrival.settled()
  arrival.reaching(opened, 'listening')
  return services.upstream.dial(destination, { scheme: 'https', reach, policy })
}

/** @param error why its origin cannot be reached */
export function refuseBlind({ arrival, answer, opened }: BlindTunnel, error: Error): void {
  const { failure } = connectFailure(error, opened.authority)
  arrival.copy.open(opened)
  arrival.copy.close({ by: 'weir', reset: answer === null, failure })
  if (answer) farewell(arrival.stream, failurePage(failure, plainWish))
  else reset(arrival)
}

/** Bytes pass from here on, those that either side has said already first. */
export function joinBlind({ arrival, answer, opened }: BlindTunnel, origin: PlainOrigin): void {
  const { stream, transport, copy } = arrival
  copy.open({ ...opened, origin: origin.facts })
  if (answer) stream.write(answer)
  joinTwoWays({ stream, transport }, { stream: origin.socket, transport: origin.transport }, copy, ({ by, reset }) =>
    copy.close({ by, reset }),
  )
}
