/**
 * HTTP/1 in clear text inside a tunnel: it has one origin and nothing is rewritten, so its bytes pass as they come, whatever they turn
 * out to be. The recorder says what of them is no HTTP.
 */
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import type { Arrival } from './arrival.ts'
import { type Destination, formatAuthority } from './destination.ts'
import { connectFailure } from './origin-failure.ts'
import { refuseRequest } from './refusal.ts'
import type { Services } from './services.ts'
import { joinTwoWays } from './two-way.ts'
import type { PlainOrigin } from './upstream.ts'

export async function passHttp1(services: Services, arrival: Arrival, destination: Destination): Promise<void> {
  const { stream, transport, copy, client, startedAt } = arrival
  const { reach, policy } = arrival.listener
  const authority = formatAuthority(destination)
  const opened: ConnectionOpened = { session: copy.session, client, scheme: 'http', authority, protocol: 'http1', startedAt }
  let origin: PlainOrigin
  arrival.settled()
  arrival.reaching(opened, 'listening')
  try {
    origin = await services.upstream.dial(destination, { scheme: 'http', reach, policy })
  } catch (error) {
    const { failure } = connectFailure(error as Error, authority)
    copy.open(opened)
    return refuseRequest({ stream, copy, failure, first: Buffer.alloc(0), recordedHead: (head) => head.raw })
  }
  if (stream.destroyed) {
    origin.socket.destroy()
    return
  }
  copy.open({ ...opened, origin: origin.facts })
  joinTwoWays({ stream, transport }, { stream: origin.socket, transport: origin.transport }, copy, ({ by, reset }) =>
    copy.close({ by, reset }),
  )
}
