/** An exchange that has ended as a client span, by OpenTelemetry's semantic conventions for HTTP (https://opentelemetry.io/docs/specs/semconv/http/http-spans/). */
import { fieldValue } from '../../../sdk/field-value.ts'
import type { Exchange, Headers } from '../../../sdk/model.ts'
import { type Attributes, attributesOf, type KeyValue } from './attributes.ts'
import { type SpanContext, spanContext } from './trace-context.ts'

/** As opentelemetry/proto/trace/v1/trace.proto has it. */
export interface Span extends SpanContext {
  name: string
  /** SPAN_KIND_CLIENT. */
  kind: 3
  /** Unix nanoseconds. */
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: KeyValue[]
  events: { timeUnixNano: string; name: string; attributes: KeyValue[] }[]
  /** STATUS_CODE_UNSET or STATUS_CODE_ERROR. */
  status: { code: 0 | 2; message?: string }
}

/** Those that http.request.method may be (RFC 9110, RFC 5789 and QUERY); any other is _OTHER. */
const methods = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE'])

/** @param headers lower case: fields that become attributes. The exchange has ended. */
export function spanOf(exchange: Exchange, headers: ReadonlySet<string>): Span {
  const { startedAt, durationMs, request, response, error } = exchange
  const method = methods.has(request.method) ? request.method : '_OTHER'
  const failure = error?.reason ?? (response !== null && response.status >= 400 ? String(response.status) : undefined)
  return {
    ...spanContext(exchange),
    name: method === '_OTHER' ? 'HTTP' : method,
    kind: 3,
    startTimeUnixNano: nanoseconds(startedAt),
    endTimeUnixNano: nanoseconds(startedAt + (durationMs ?? 0)),
    attributes: attributesOf({
      'http.request.method': method,
      'http.request.method_original': method === request.method ? undefined : request.method,
      ...destination(request.url),
      'http.response.status_code': response?.status,
      'error.type': failure,
      'http.request.body.size': request.bodySize,
      'http.response.body.size': response?.bodySize,
      'user_agent.original': fieldValue(request.headers, 'user-agent') ?? undefined,
      'network.protocol.name': 'http',
      'network.protocol.version': response?.httpVersion ?? request.httpVersion,
      ...connection(exchange),
      ...headerAttributes('request', request.headers, headers),
      ...headerAttributes('response', response?.headers ?? [], headers),
      'weir.seq': exchange.seq,
      'weir.source': exchange.source,
      'weir.kind': exchange.kind,
      'weir.state': exchange.state,
    }),
    events: events(exchange),
    status: failure === undefined ? { code: 0 } : { code: 2, ...(error && { message: error.message.toWellFormed() }) },
  }
}

function destination(url: string): Attributes {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null) return { 'url.full': withoutCredentials(url) }
  return {
    'url.full': withoutCredentials(url),
    'server.address': parsed.hostname.replace(/^\[|\]$/g, ''),
    'server.port': Number(parsed.port) || (parsed.protocol === 'https:' ? 443 : 80),
  }
}

/** A name and a password in a URL are never passed on; all else stays as it was sent. */
const withoutCredentials = (url: string): string => url.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, '$1REDACTED:REDACTED@')

const connection = ({ server, tls, client }: Exchange): Attributes => ({
  'network.peer.address': server?.address,
  'network.peer.port': server?.port,
  'tls.protocol.name': tls ? 'tls' : undefined,
  'tls.protocol.version': tls?.version,
  'tls.cipher': tls?.cipher,
  'weir.client.process.pid': client?.process?.pid,
  'weir.client.process.name': client?.process?.name,
})

function headerAttributes(side: 'request' | 'response', fields: Headers, wanted: ReadonlySet<string>): Attributes {
  const found: { [key: string]: string[] } = {}
  for (const [name, value] of fields) {
    const key = name.toLowerCase()
    if (!wanted.has(key)) continue
    const attribute = `http.${side}.header.${key}`
    found[attribute] = [...(found[attribute] ?? []), value.toWellFormed()]
  }
  return found
}

/** What happened on the way, each with how long it had taken, ms. The connection was made before its first exchange began, or as that did. */
function events({ startedAt, timings, request }: Exchange): Span['events'] {
  const { dns, connect, tls, send, wait, receive } = timings
  const sent = startedAt + (send ?? 0)
  const phases: [name: string, at: number, took: number | undefined][] = [
    ['name looked up', startedAt, dns],
    ['connected', startedAt, connect],
    ['TLS handshake done', startedAt, tls],
    [request.bodySize > 0 ? 'request with its body sent' : 'request sent', sent, send],
    ['response begun', sent + (wait ?? 0), wait],
    ['response received', sent + (wait ?? 0) + (receive ?? 0), receive],
  ]
  return phases.flatMap(([name, at, took]) =>
    took === undefined
      ? []
      : [{ timeUnixNano: nanoseconds(at), name, attributes: [{ key: 'weir.took_ms', value: { doubleValue: took } }] }],
  )
}

/** Of Unix milliseconds, to the microsecond: beyond 2^53, hence text. */
const nanoseconds = (ms: number): string => `${BigInt(Math.max(0, Math.round(ms * 1000))) * 1000n}`
