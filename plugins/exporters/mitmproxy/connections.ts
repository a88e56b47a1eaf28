/** The two connections of a flow, as mitmproxy describes them. */
import type { Endpoint, Exchange } from '../../../sdk/model.ts'
import { stableUuid } from '../text/stable-uuid.ts'
import * as tnet from './tnetstring.ts'

/** Connections to origins. */
const remembered = 16_384
const closed = 0

/** Seconds. */
export const seconds = (ms: number): tnet.Netstring => tnet.float(ms / 1000)
const endpoint = (value: Endpoint | null): tnet.Netstring =>
  value === null ? tnet.none : tnet.list([tnet.text(value.address), tnet.integer(value.port)])

const unknown = {
  timestamp_end: tnet.none,
  state: tnet.integer(closed),
  error: tnet.none,
  certificate_list: tnet.list([]),
  alpn_offers: tnet.list([]),
  cipher_list: tnet.list([]),
}

export function clientConnection({ sessionId, connectionId, seq, client, request, startedAt }: Exchange): tnet.Netstring {
  const isSecure = request.url.startsWith('https:')
  return tnet.dictionary({
    ...unknown,
    id: tnet.text(connectionId === '' ? stableUuid(sessionId, 'client of', seq) : stableUuid(sessionId, 'client', connectionId)),
    address: endpoint(client),
    sockname: tnet.none,
    alpn: tnet.none,
    cipher_name: tnet.none,
    mitmcert: tnet.none,
    sni: tnet.none,
    tls: tnet.boolean(isSecure),
    tls_established: tnet.boolean(isSecure),
    tls_extensions: tnet.list([]),
    tls_version: tnet.none,
    timestamp_start: seconds(startedAt),
    timestamp_tls_setup: tnet.none,
  })
}

/** Connecting is told by the first exchange of a connection, which is how they are told apart. */
export class OriginConnections {
  /** Seq of the exchange that connected, by client connection and origin. */
  readonly #first = new Map<string, number>()

  of(exchange: Exchange, host: string, port: number): tnet.Netstring {
    const { sessionId, server, tls, timings, startedAt } = exchange
    const connected = timings.connect === undefined ? null : startedAt + timings.connect
    const secured = connected === null || timings.tls === undefined ? null : connected + timings.tls
    return tnet.dictionary({
      ...unknown,
      id: tnet.text(stableUuid(sessionId, 'origin', this.#firstOf(exchange))),
      address: server === null ? tnet.none : tnet.list([tnet.text(host), tnet.integer(port)]),
      ip_address: endpoint(server),
      source_address: tnet.none,
      alpn: tls?.alpn ? tnet.bytes(tls.alpn) : tnet.none,
      cipher_name: tls ? tnet.text(tls.cipher) : tnet.none,
      sni: tls?.sni ? tnet.text(tls.sni) : tnet.none,
      tls: tnet.boolean(tls !== null),
      tls_established: tnet.boolean(tls !== null),
      tls_version: tls ? tnet.text(tls.version) : tnet.none,
      timestamp_start: connected === null ? tnet.none : seconds(startedAt),
      timestamp_tcp_setup: connected === null ? tnet.none : seconds(connected),
      timestamp_tls_setup: secured === null ? tnet.none : seconds(secured),
      via: tnet.none,
      via2: tnet.none,
    })
  }

  #firstOf({ connectionId, server, timings, seq }: Exchange): number {
    const key = `${connectionId} ${server?.address} ${server?.port}`
    const known = timings.connect === undefined && connectionId !== '' ? this.#first.get(key) : undefined
    if (known !== undefined) return known
    if (this.#first.size >= remembered) this.#first.clear()
    this.#first.set(key, seq)
    return seq
  }
}
