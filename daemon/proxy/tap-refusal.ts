/** What a client gets over TLS when its origin cannot be reached: its request is read, put on record, and answered with the reason. */
import type { Failure } from '../../sdk/model.ts'
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import type { Arrival } from './arrival.ts'
import { clientFailure, shakeHands } from './client-handshake.ts'
import type { Hello } from './client-hello.ts'
import { type Destination, formatAuthority } from './destination.ts'
import { refuseHttp2 } from './http2-refusal.ts'
import { refuseRequest } from './refusal.ts'
import { reset } from './reset.ts'
import type { Services } from './services.ts'

const noBytes = Buffer.alloc(0)
/** How long the client may take to send its request, ms: it has no reason to wait. */
const requestMs = 60_000

export async function explainOver(
  services: Services,
  arrival: Arrival,
  destination: Destination,
  hello: Hello,
  failure: Failure,
): Promise<void> {
  const protocol = answerable(hello.protocols)
  const decoded = protocol !== 'h2' && protocol !== undefined
  const { copy } = arrival
  const opened: ConnectionOpened = {
    session: copy.session,
    client: arrival.client,
    scheme: 'https',
    authority: formatAuthority(destination),
    startedAt: arrival.startedAt,
    ...(decoded ? { protocol: 'http1' } : { protocol: 'opaque', opaque: 'undecoded' }),
  }
  if (protocol === undefined) {
    arrival.settled()
    copy.open(opened)
    copy.close({ by: 'weir', reset: true, failure })
    reset(arrival)
    return
  }
  try {
    const client = await shakeHands(services, arrival, hello.serverName ?? destination.host, protocol)
    copy.open(opened)
    arrival.expectWithin(requestMs)
    if (protocol === 'h2') {
      client.once('close', () => copy.close({ by: 'client', reset: false, failure }))
      await refuseHttp2(client, failure, () => copy.close({ by: 'weir', reset: false, failure }))
    } else {
      client.once('data', () => arrival.settled())
      refuseRequest({ stream: client, copy, failure, first: noBytes, recordedHead: (head) => head.raw })
    }
  } catch (error) {
    arrival.settled()
    copy.open(opened)
    const byClient = clientFailure(error as Error)
    copy.close({ by: 'client', reset: false, failure: byClient.reason === 'clientRejectedCa' ? byClient : failure })
    reset(arrival)
  }
}

/** The protocol in which the client can be told; null: HTTP/1.1 without ALPN; undefined: in none. */
function answerable(protocols: readonly string[] | undefined): 'http/1.1' | 'h2' | null | undefined {
  if (protocols === undefined) return null
  if (protocols.includes('http/1.1')) return 'http/1.1'
  return protocols.includes('h2') ? 'h2' : undefined
}
