/** How an exchange lies in its row: written by the session file, read by everything else. */
import type { BrowserView } from '../../sdk/browser-view.ts'
import type {
  Anomaly,
  Client,
  Exchange,
  ExchangeKind,
  ExchangeState,
  Failure,
  Headers,
  Informational,
  Source,
  Timings,
  Tls,
} from '../../sdk/model.ts'
import type { ExchangeRecord } from './records.ts'

export const states: readonly ExchangeState[] = ['open', 'complete', 'failed', 'aborted']
export const kinds: readonly ExchangeKind[] = ['http', 'websocket', 'tunnel']
export const sources: readonly Source[] = ['proxy', 'browser', 'send', 'import']

/** Bits of the `flags` column: state 0-1, kind 2-3, source 4-5, then these. */
const stateMask = 3
const requestTruncated = 1 << 6
const responseTruncated = 1 << 7
const requestWhole = 1 << 8
const responseWhole = 1 << 9

export const stateBits = (state: ExchangeState): number => states.indexOf(state)
export const stateOf = (flags: number): ExchangeState => states[flags & stateMask] as ExchangeState

export function flagsOf(record: ExchangeRecord): number {
  const { requestBody, responseBody } = record
  let flags = states.indexOf(record.state) | (kinds.indexOf(record.kind) << 2) | (sources.indexOf(record.source) << 4)
  if (requestBody === null ? record.requestEndedAt > 0 : requestBody.ended) flags |= requestWhole
  if (requestBody?.truncated) flags |= requestTruncated
  if (responseBody?.ended) flags |= responseWhole
  if (responseBody?.truncated) flags |= responseTruncated
  return flags
}

export interface PartFlags {
  /** Nothing more will come. */
  ended: boolean
  truncated: boolean
}
export const requestFlags = (flags: number): PartFlags => ({
  ended: (flags & requestWhole) !== 0 || (flags & stateMask) !== 0,
  truncated: (flags & requestTruncated) !== 0,
})
export const responseFlags = (flags: number): PartFlags => ({
  ended: (flags & responseWhole) !== 0 || (flags & stateMask) !== 0,
  truncated: (flags & responseTruncated) !== 0,
})

/** What few exchanges have, as JSON in the `extra` column. */
interface Extra {
  /** Milliseconds of DNS, connecting and the TLS handshake; null where it did not happen. */
  connect?: [dns: number | null, connect: number | null, tls: number | null]
  requestTrailers?: Readonly<Headers>
  responseTrailers?: Readonly<Headers>
  informational?: Informational[]
  error?: Failure
  anomalies?: Anomaly[]
  browser?: BrowserView
}

export function extraOf(record: ExchangeRecord): string | null {
  const { requestTrailers, responseTrailers, informational, error, anomalies, browser, dnsMs, connectMs, tlsMs } = record
  const connected = dnsMs >= 0 || connectMs >= 0 || tlsMs >= 0
  const isPlain = requestTrailers === null && responseTrailers === null && informational === null && error === null
  if (isPlain && !connected && anomalies === null && browser === null) return null
  const extra: Extra = {}
  if (connected) extra.connect = [dnsMs < 0 ? null : dnsMs, connectMs < 0 ? null : connectMs, tlsMs < 0 ? null : tlsMs]
  if (requestTrailers) extra.requestTrailers = requestTrailers.fields
  if (responseTrailers) extra.responseTrailers = responseTrailers.fields
  if (informational?.length) extra.informational = informational
  if (error) extra.error = error
  if (anomalies?.length) extra.anomalies = anomalies
  if (browser) extra.browser = browser
  return JSON.stringify(extra)
}

/** Unix ms -> the microseconds that are stored. */
export const microseconds = (ms: number): number => Math.round(ms * 1000)

/** The columns that `toExchange` reads, in its order; `e` is the exchange, the rest its joins. */
export const exchangeColumns = `
  e.seq, e.change, e.flags, e.connection, e.path, e.status, e.started, e.request_ended, e.response_started, e.ended,
  e.request_body, e.response_body, e.request_size, e.response_size, e.extra, e.tags, e.note,
  c.address, c.port, o.address, o.port, o.tls,
  l.method, l.version, l.scheme, l.authority, s.version, s.reason, qh.fields, rh.fields, e.stream, c.pid, c.process, c.path`
export const exchangeJoins = `exchange e
  LEFT JOIN connection c ON c.id = e.connection
  LEFT JOIN origin o ON o.id = e.origin
  LEFT JOIN request_line l ON l.id = e.request_line
  LEFT JOIN status_line s ON s.id = e.status_line
  LEFT JOIN head qh ON qh.id = e.request_head
  LEFT JOIN head rh ON rh.id = e.response_head`

/** A row of `exchangeColumns`, as the driver's raw mode gives it. */
export type ExchangeRow = [
  seq: number,
  change: number,
  flags: number,
  connection: number,
  path: string,
  status: number | null,
  started: number,
  requestEnded: number | null,
  responseStarted: number | null,
  ended: number | null,
  requestBody: number | null,
  responseBody: number | null,
  requestSize: number,
  responseSize: number,
  extra: string | null,
  tags: string | null,
  note: string | null,
  clientAddress: string | null,
  clientPort: number | null,
  serverAddress: string | null,
  serverPort: number | null,
  tls: string | null,
  method: string,
  requestVersion: string,
  scheme: string,
  authority: string,
  responseVersion: string | null,
  reason: string | null,
  requestFields: string,
  responseFields: string | null,
  stream: number | null,
  clientPid: number | null,
  clientProcess: string | null,
  clientPath: string | null,
]

/** The exchange as JSON is no longer, in bytes: pages are bounded by it. The wire's characters above 127 take two, a user's at most three. */
export const jsonSize = (row: ExchangeRow): number =>
  1000 +
  2 * (row[4].length + row[22].length + row[25].length + (row[27]?.length ?? 0) + row[28].length + (row[29]?.length ?? 0)) +
  3 *
    ((row[14]?.length ?? 0) +
      (row[15]?.length ?? 0) +
      (row[16]?.length ?? 0) +
      (row[21]?.length ?? 0) +
      (row[32]?.length ?? 0) +
      (row[33]?.length ?? 0))

/** RFC 9112 section 3.2.4: the asterisk form stands for the authority without a path. */
const url = (scheme: string, authority: string, path: string): string => `${scheme}://${authority}${path === '*' ? '' : path}`

/** @param parse of the texts that exchanges share */
export function toExchange(row: ExchangeRow, sessionId: string, parse: (json: string) => unknown = JSON.parse): Exchange {
  const [seq, , flags, connection, path, status, started, requestEnded, responseStarted, ended] = row
  const extra: Extra = row[14] === null ? {} : (JSON.parse(row[14]) as Extra)
  const tls = row[21]
  const responseFields = row[29]
  const exchange: Exchange = {
    seq,
    sessionId,
    connectionId: String(connection),
    source: sources[(flags >> 4) & 3] as Source,
    state: states[flags & stateMask] as ExchangeState,
    kind: kinds[(flags >> 2) & 3] as ExchangeKind,
    startedAt: started / 1000,
    durationMs: ended === null ? null : ended / 1000,
    timings: timings(extra, requestEnded, responseStarted, ended),
    client: row[17] === null ? null : clientOf(row[17], row),
    server: row[19] === null ? null : { address: row[19], port: row[20] as number },
    request: {
      method: row[22],
      url: url(row[24], row[25], path),
      httpVersion: row[23],
      headers: parse(row[28]) as Headers,
      trailers: (extra.requestTrailers as Headers | undefined) ?? [],
      bodySize: row[12],
      truncated: (flags & requestTruncated) !== 0,
    },
    response:
      status === null
        ? null
        : {
            status,
            reason: row[27] ?? '',
            httpVersion: row[26] ?? '',
            headers: responseFields === null ? [] : (parse(responseFields) as Headers),
            trailers: (extra.responseTrailers as Headers | undefined) ?? [],
            informational: extra.informational ?? [],
            bodySize: row[13],
            truncated: (flags & responseTruncated) !== 0,
          },
    tls: tls === null ? null : (parse(tls) as Tls),
    tags: row[15] === null ? [] : (JSON.parse(row[15]) as string[]),
    note: row[16],
  }
  if (row[30] !== null) exchange.streamId = row[30]
  if (extra.error) exchange.error = extra.error
  if (extra.anomalies) exchange.anomalies = extra.anomalies
  if (extra.browser) exchange.browser = extra.browser
  return exchange
}

function clientOf(address: string, row: ExchangeRow): Client {
  const [port, pid, name, path] = [row[18] as number, row[31], row[32] ?? '', row[33]]
  return pid === null ? { address, port } : { address, port, process: { pid, name, path } }
}

function timings(extra: Extra, requestEnded: number | null, responseStarted: number | null, ended: number | null): Timings {
  const result: Timings = {}
  const [dns, connect, tls] = extra.connect ?? []
  if (typeof dns === 'number') result.dns = dns
  if (typeof connect === 'number') result.connect = connect
  if (typeof tls === 'number') result.tls = tls
  if (requestEnded !== null) result.send = requestEnded / 1000
  if (requestEnded !== null && responseStarted !== null) result.wait = Math.max(0, responseStarted - requestEnded) / 1000
  if (responseStarted !== null && ended !== null) result.receive = (ended - responseStarted) / 1000
  return result
}
