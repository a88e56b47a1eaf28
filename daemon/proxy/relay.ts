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

export async function relay(services: Services, arrival: Arrival, destination: Destination, options: RelayOptions): Promise<void> {
  const { stream, transport, copy, client, startedAt } = arrival
  const { reach, policy } = arrival.listener
  const opened = { session: copy.session, client, scheme: 'https', authority: formatAuthority(destination), startedAt } as const
  const opaque = { protocol: 'opaque', opaque: options.why } as const
  let origin: PlainOrigin
  arrival.settled()
  arrival.reaching({ ...opened, ...opaque }, 'listening')
  try {
    origin = await services.upstream.dial(destination, { scheme: 'https', reach, policy })
  } catch (error) {
    const { failure } = connectFailure(error as Error, opened.authority)
    copy.open({ ...opened, ...opaque })
    copy.close({ by: 'weir', reset: options.answer === null, failure })
    if (options.answer) farewell(stream, failurePage(failure, plainWish))
    else reset(arrival)
    return
  }
  if (stream.destroyed) {
    origin.socket.destroy()
    copy.close({ by: 'client', reset: false })
    return
  }
  copy.open({ ...opened, ...opaque, origin: origin.facts })
  if (options.answer) stream.write(options.answer)
  joinTwoWays({ stream, transport }, { stream: origin.socket, transport: origin.transport }, copy, ({ by, reset }) =>
    copy.close({ by, reset }),
  )
}
