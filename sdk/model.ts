/**
 * The nouns of weir, as they stand on the wire.
 * Times: Unix milliseconds, fractions allowed. Sizes: bytes. Ids: opaque strings.
 */
import { nullable, open, type Static, Type, words } from './schema.ts'

const optional = Type.Optional
const text = Type.String()
const number = Type.Number()
const count = Type.Integer({ minimum: 0 })

/** Header fields as the wire had them: order, case and duplicates kept, outer white space trimmed; bytes above 127 as U+0080..00FF. */
export const Headers = Type.Array(Type.Tuple([text, text]))
export type Headers = [name: string, value: string][]

export const Endpoint = open({ address: text, port: Type.Integer() })
export type Endpoint = Static<typeof Endpoint>

export const SessionState = words('running', 'paused', 'stopped')
export type SessionState = Static<typeof SessionState>

export const Counts = open({
  exchanges: count,
  failed: count,
  filtered: count,
  messages: count,
  bytesSent: count,
  bytesReceived: count,
  gaps: count,
})
export type Counts = Static<typeof Counts>

export const Session = open({
  id: text,
  name: text,
  state: SessionState,
  startedAt: number,
  stoppedAt: optional(number),
  proxy: nullable(open({ host: text, port: Type.Integer() })),
  where: optional(text),
  file: text,
  counts: Counts,
})
export type Session = Static<typeof Session>

/** Why an exchange did not end as framed. Closed: a client may switch on it. */
export const failureReasons = [
  'dnsNotFound',
  'connectionRefused',
  'connectTimeout',
  'connectFailed',
  'upstreamReset',
  'upstreamClosed',
  'upstreamTimeout',
  'tlsUntrusted',
  'tlsHandshakeFailed',
  'clientRejectedCa',
  'clientAborted',
  'loopRefused',
  'destinationRefused',
  'limitExceeded',
  'sessionStopped',
  'daemonKilled',
  'daemonStopped',
  'proxyCrashed',
  'recorderCrashed',
  'notRecorded',
  'badRequest',
] as const
export const FailureReason = words(...failureReasons)
export type FailureReason = Static<typeof FailureReason>

export const Failure = open({ reason: FailureReason, message: text })
export type Failure = Static<typeof Failure>

/** Something on the wire that is legal to pass on but ambiguous or unread. Closed, as the failure reasons are. */
export const anomalies = [
  'bareLineFeed',
  'obsoleteFold',
  'whitespaceBeforeColon',
  'invalidHeaderLine',
  'invalidRequestLine',
  'invalidStatusLine',
  'nonAsciiTarget',
  'contentLengthWithTransferEncoding',
  'conflictingContentLength',
  'invalidContentLength',
  'invalidTransferEncoding',
  'invalidChunk',
  'responseWithoutRequest',
  'dataAfterClose',
  'headTooLarge',
  'undecoded',
  'resynchronised',
  'hostMismatch',
  'invalidFrame',
] as const
export const Anomaly = words(...anomalies)
export type Anomaly = Static<typeof Anomaly>

/** How long each phase took, in milliseconds; absent where it did not happen on this exchange (a reused connection). */
export const Timings = open({
  dns: optional(number),
  connect: optional(number),
  tls: optional(number),
  /** First byte of the request to its last. */
  send: optional(number),
  /** Last byte of the request to the first of the response. */
  wait: optional(number),
  /** First byte of the response to its last. */
  receive: optional(number),
})
export type Timings = Static<typeof Timings>

/** The connection to the origin (RFC 8446; `cipher` is the IANA name). */
export const Tls = open({
  version: text,
  cipher: text,
  alpn: nullable(text),
  sni: nullable(text),
  /** JA3 and JA4 of the client's hello. */
  ja3: optional(text),
  ja4: optional(text),
  certificate: optional(open({ subject: text, issuer: text, validFrom: number, validTo: number, fingerprint256: text })),
})
export type Tls = Static<typeof Tls>

export const Request = open({
  method: text,
  url: text,
  httpVersion: text,
  headers: Headers,
  trailers: Headers,
  bodySize: count,
  truncated: Type.Boolean(),
})
export type Request = Static<typeof Request>

export const Informational = open({ status: Type.Integer(), reason: text, headers: Headers })
export type Informational = Static<typeof Informational>

export const Response = open({
  status: Type.Integer(),
  reason: text,
  httpVersion: text,
  headers: Headers,
  trailers: Headers,
  informational: Type.Array(Informational),
  bodySize: count,
  truncated: Type.Boolean(),
})
export type Response = Static<typeof Response>

export const ExchangeState = words('open', 'complete', 'failed', 'aborted')
export type ExchangeState = Static<typeof ExchangeState>
export const ExchangeKind = words('http', 'websocket', 'tunnel')
export type ExchangeKind = Static<typeof ExchangeKind>
export const Source = words('proxy', 'browser', 'send', 'import')
export type Source = Static<typeof Source>

/** One request and its response or failure (RFC 9110 section 3.4). */
export const Exchange = open({
  seq: Type.Integer({ minimum: 1 }),
  sessionId: text,
  connectionId: text,
  /** Of an HTTP/2 connection (RFC 9113 section 5.1.1). */
  streamId: optional(Type.Integer({ minimum: 1 })),
  source: Source,
  state: ExchangeState,
  kind: ExchangeKind,
  startedAt: number,
  durationMs: nullable(number),
  timings: Timings,
  client: nullable(Endpoint),
  server: nullable(Endpoint),
  request: Request,
  response: nullable(Response),
  tls: nullable(Tls),
  error: optional(Failure),
  anomalies: optional(Type.Array(Anomaly)),
  tags: Type.Array(text),
  note: nullable(text),
})
export type Exchange = Static<typeof Exchange>

export const Part = words('request', 'response')
export type Part = Static<typeof Part>
