/** What a client gets over TLS when its origin cannot be reached: its request is read, put on record, and answered with the reason. */
import type { Failure } from '../../sdk/model.ts'
import type { RequestHead } from '../capture/decoders/http1.ts'
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import type { Arrival } from './arrival.ts'
import { learnFrom } from './bypass.ts'
import { clientFailure, shakeHands } from './client-handshake.ts'
import type { Hello } from './client-hello.ts'
import { refuseHttp2 } from './http2-refusal.ts'
import { refuseRequest } from './refusal.ts'
import { reset } from './reset.ts'
import type { Services } from './services.ts'

const noBytes = Buffer.alloc(0)
/** How long the client may take to send its request, ms: it has no reason to wait. */
const requestMs = 60_000

export interface TlsRefusal {
  hello: Hello
  /** Of the leaf certificate. */
  name: string
  scheme: 'http' | 'https'
  /** `host:port` that is on record. */
  authority: string
  failure: Failure
  /** Of the host that is left alone once its clients have rejected the CA; absent: none is. */
  port?: number
  /** What is put on record of a head; as it came, when absent. */
  recordedHead?: (head: RequestHead) => Buffer
}

export async function explainOver(services: Services, arrival: Arrival, refusal: TlsRefusal): Promise<void> {
  const { hello, name, scheme, authority, failure, port, recordedHead = (head) => head.raw } = refusal
  const protocol = answerable(hello.protocols)
  const decoded = protocol !== 'h2' && protocol !== undefined
  const { copy, client: endpoint, startedAt } = arrival
  const known = { session: copy.session, client: endpoint, scheme, authority, startedAt }
  const opened: ConnectionOpened = { ...known, ...(decoded ? { protocol: 'http1' } : { protocol: 'opaque', opaque: 'undecoded' }) }
  if (protocol === undefined) {
    arrival.settled()
    copy.open(opened)
    copy.close({ by: 'weir', reset: true, failure })
    reset(arrival)
    return
  }
  try {
    const client = await shakeHands(services, arrival, name, protocol)
    if (protocol === 'h2') return await refuseHttp2(arrival, client, opened, failure)
    copy.open(opened)
    arrival.expectWithin(requestMs)
    client.once('data', () => arrival.settled())
    refuseRequest({ stream: client, copy, failure, first: noBytes, recordedHead })
  } catch (error) {
    arrival.settled()
    copy.open(opened)
    const rejected = clientFailure(error as Error)
    const byClient = port === undefined ? rejected : learnFrom(rejected, arrival.listener, name, port)
    copy.close({ by: 'client', reset: false, failure: byClient.reason === 'clientRejectedCa' ? byClient : failure })
    reset(arrival)
  }
}

/** The protocol in which the client can be told; null: HTTP/1.1 without ALPN; undefined: in none. */
export function answerable(protocols: readonly string[] | undefined): 'http/1.1' | 'h2' | null | undefined {
  if (protocols === undefined) return null
  if (protocols.includes('http/1.1')) return 'http/1.1'
  return protocols.includes('h2') ? 'h2' : undefined
}
