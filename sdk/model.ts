/**
 * The nouns of weir, as they stand on the wire.
 * Times: Unix milliseconds, fractions allowed. Sizes: bytes. Ids: opaque strings.
 */
import { BrowserView } from './browser-view.ts'
import { closed, nullable, open, type Static, Type, words } from './schema.ts'

const optional = Type.Optional
const text = Type.String()
const number = Type.Number()
const count = Type.Integer({ minimum: 0 })

/** Header fields as the wire had them: order, case and duplicates kept, outer white space trimmed; bytes above 127 as U+0080..00FF. */
export const Headers = Type.Array(Type.Tuple([text, text]))
export type Headers = [name: string, value: string][]

export const Endpoint = open({ address: text, port: Type.Integer() })
export type Endpoint = Static<typeof Endpoint>

/** A program on this machine. Its arguments are never read. `path`: of the executable; null where it may not be known. */
export const ClientProcess = open({ pid: Type.Integer({ minimum: 1 }), name: text, path: nullable(text) })
export type ClientProcess = Static<typeof ClientProcess>

/** Where an exchange came from. `process` comes a moment after the connection's first exchange; absent for clients on other machines and while unknown. */
export const Client = open({ address: text, port: Type.Integer(), process: optional(ClientProcess) })
export type Client = Static<typeof Client>

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

/** A filter plugin of a session: its name or, for one's own, the absolute path of its module; and its config. */
export const FilterSetting = closed({
  plugin: Type.String({ minLength: 1 }),
  config: optional(Type.Record(Type.String(), Type.Unknown())),
})
export type FilterSetting = Static<typeof FilterSetting>

export const Session = open({
  id: text,
  name: text,
  state: SessionState,
  startedAt: number,
  stoppedAt: optional(number),
  /** Of a stopped one, where it is known: not after a kill of the daemon. */
  stopReason: optional(words('sessionStopped', 'daemonStopped', 'autoStopAfter', 'autoStopIdle', 'autoStopExchanges', 'autoStopBytes')),
  proxy: nullable(open({ host: text, port: Type.Integer() })),
  where: optional(text),
  filters: optional(Type.Array(FilterSetting)),
  /** Hosts (`host:port`) that tls.autoBypass has learned. */
  autoBypassed: optional(Type.Array(text)),
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
  'upstreamProxyUnreachable',
  'upstreamProxyTimeout',
  'upstreamProxyAuthRequired',
  'upstreamProxyRefused',
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
  'autoBypassed',
  'resynchronised',
  'hostMismatch',
  'invalidFrame',
  // RFC 9112: framing and routing that two readers may take differently.
  'missingHost',
  'duplicateHost',
  'unknownVersion',
  'chunkExtension',
  'forbiddenTrailer',
  'unexpectedFraming',
  // RFC 9113 section 8: malformed messages.
  'uppercaseFieldName',
  'invalidFieldName',
  'invalidFieldValue',
  'connectionSpecificField',
  'missingPseudoField',
  'duplicatePseudoField',
  'unexpectedPseudoField',
  'misplacedPseudoField',
  'invalidTrailers',
  'contentLengthMismatch',
  // RFC 9113 sections 5.1 and 10.5: streams that are not there, and floods.
  'frameAfterEnd',
  'unexpectedStream',
  'compressionBomb',
  'continuationFlood',
  'frameFlood',
  'rapidReset',
  // RFC 6455, gRPC and server-sent events: messages.
  'invalidMask',
  'invalidUtf8',
  'invalidClose',
  'messageTooLarge',
  'messageCut',
  // What the filters of the session did: see docs/plugins.md.
  'awaitingFilters',
  'changedByFilter',
  'leftOutByFilter',
  'filterFailed',
  // A browser told of it so late, or so much at once, that it was given up to look for it among what passed the proxy: see docs/browser.md.
  'matchGivenUp',
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
  client: nullable(Client),
  server: nullable(Endpoint),
  request: Request,
  response: nullable(Response),
  tls: nullable(Tls),
  error: optional(Failure),
  anomalies: optional(Type.Array(Anomaly)),
  /** Where a browser told of it, too (source `proxy`), or alone (source `browser`). */
  browser: optional(BrowserView),
  tags: Type.Array(text),
  note: nullable(text),
})
export type Exchange = Static<typeof Exchange>

/** A field of a form, or a part of a multipart body. */
export const FormItem = open({
  /** Counts from 0. */
  index: count,
  /** null: its part has none. */
  name: nullable(text),
  /** Up to 64 KiB: as text where that stands for exactly its bytes. */
  value: optional(text),
  /** Otherwise its bytes, base64. */
  data: optional(text),
  filename: optional(text),
  /** The Content-Type of its part. */
  type: optional(text),
  /** Where its bytes lie in the body without Content-Encoding (those of a URL-encoded field still escaped). */
  offset: count,
  size: count,
  /** Of its part. */
  headers: optional(Headers),
  /** The body ended, or has come only so far, within it. */
  cut: optional(Type.Boolean()),
})
export type FormItem = Static<typeof FormItem>

/** A field of a protobuf message as its bytes show it, without its .proto. */
export interface ProtobufField {
  field: number
  wireType: 'varint' | 'fixed64' | 'bytes' | 'group' | 'fixed32'
  /**
   * Of varint, fixed64 and fixed32 an unsigned integer, beyond 2^53 as text. Of bytes a text, a message where they are one as a
   * whole (a guess), else {base64}. Of a group its fields.
   */
  value: number | string | ProtobufField[] | { base64: string }
  /** The same bits of a fixed64 or fixed32 as a floating-point number, where it is finite. */
  float?: number
}

/** The content of a gRPC message: by the .proto files that the configuration names (`grpc.protos`), else as its bytes show it. */
export const DecodedMessage = open({
  /** Full name of its type, where the files have the method. */
  type: optional(text),
  /** By its type: fields by name (camel case), without those that are absent; 64-bit integers and enum values are texts, bytes base64. */
  value: optional(Type.Unknown()),
  /** ProtobufField[]: the whole message where there is no `value`, else what its type does not name. */
  fields: optional(Type.Array(Type.Unsafe<ProtobufField>({ type: 'object' }))),
  /** doesNotFit: the bytes are none of its type. notProtobuf: they are no fields at all. tooLarge: beyond 1 MiB, as JSON too, or 10,000 fields. */
  problem: optional(words('doesNotFit', 'notProtobuf', 'tooLarge')),
})
export type DecodedMessage = Static<typeof DecodedMessage>

/** One message inside of an exchange: of a WebSocket, a stream of server-sent events, or a gRPC call. */
export const Message = open({
  /** From 0, in the order they ended. */
  index: count,
  at: number,
  direction: words('sent', 'received'),
  type: words('text', 'binary', 'ping', 'pong', 'close', 'event', 'grpc'),
  /** Without masks and compression: `text` of text messages and events, `data` (base64) of all others. */
  text: optional(text),
  data: optional(text),
  /** Bytes of the whole content. */
  size: count,
  /** The content was longer than what is kept (4 MiB), or its compression is unknown or damaged. */
  truncated: optional(Type.Boolean()),
  /** Of a server-sent event, where it names them. */
  event: optional(text),
  id: optional(text),
  /** Of a close frame that has one (RFC 6455 section 7.4), and the reason that follows it. */
  code: optional(Type.Integer()),
  reason: optional(text),
  /** Of a gRPC message whose content is whole and protobuf, where it was asked for. */
  decoded: optional(DecodedMessage),
})
export type Message = Static<typeof Message>

export const Part = words('request', 'response')
export type Part = Static<typeof Part>
