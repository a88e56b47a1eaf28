/**
 * What OpenTelemetry's own JavaScript SDK would send for exchanges: its names of the attributes, its reader of W3C trace context and its OTLP/JSON, so that
 * the exporter is held against something that was not written beside it.
 */
import { defaultTextMapGetter, ROOT_CONTEXT, type SpanContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import * as names from '@opentelemetry/semantic-conventions/incubating'
import type { Exchange } from '../../sdk/model.ts'

type SdkSpan = Parameters<typeof JsonTraceSerializer.serializeRequest>[0][number]
type Attributes = SdkSpan['attributes']
type Ids = Pick<SpanContext, 'traceId' | 'spanId'>

/**
 * One ExportTraceServiceRequest.
 * @param own ids of each span; the trace's count where its request carries none
 */
export function sentBySdk(resource: Attributes, version: string, exchanges: Exchange[], own: Ids[]): string {
  const shared = { resource: resourceFromAttributes(resource), instrumentationScope: { name: 'weir', version } }
  const spans = exchanges.map((exchange, index): SdkSpan => ({ ...shared, ...sdkSpan(exchange, own[index] as Ids) }))
  return new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans))
}

function sdkSpan(exchange: Exchange, own: Ids): Omit<SdkSpan, 'resource' | 'instrumentationScope'> {
  const { startedAt, request, response, error, timings } = exchange
  const parent = parentOf(exchange)
  const context: SpanContext =
    parent === undefined ? { traceId: own.traceId, spanId: own.spanId, traceFlags: 0 } : { ...parent, spanId: own.spanId }
  const failed = error !== undefined || (response?.status ?? 0) >= 400
  const sent = startedAt + (timings.send ?? 0)
  const begun = sent + (timings.wait ?? 0)
  const phases: [name: string, at: number, took: number | undefined][] = [
    ['name looked up', startedAt, timings.dns],
    ['connected', startedAt, timings.connect],
    ['TLS handshake done', startedAt, timings.tls],
    [request.bodySize > 0 ? 'request with its body sent' : 'request sent', sent, timings.send],
    ['response begun', begun, timings.wait],
    ['response received', begun + (timings.receive ?? 0), timings.receive],
  ]
  const events = phases.filter(([, , took]) => took !== undefined)
  return {
    name: known(request.method) ? request.method : 'HTTP',
    kind: SpanKind.CLIENT,
    spanContext: () => context,
    ...(parent && { parentSpanContext: parent }),
    startTime: time(startedAt),
    endTime: time(startedAt + (exchange.durationMs ?? 0)),
    duration: [0, 0],
    ended: true,
    status: failed ? { code: SpanStatusCode.ERROR, ...(error && { message: error.message }) } : { code: SpanStatusCode.UNSET },
    attributes: sdkAttributes(exchange),
    events: events.map(([name, at, took]) => ({ name, time: time(at), attributes: { 'weir.took_ms': took as number } })),
    links: [],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

function sdkAttributes({ request, response, error, server, tls, client, seq, source, kind, state }: Exchange): Attributes {
  const { hostname, port, protocol } = new URL(request.url)
  const agent = request.headers.find(([name]) => name.toLowerCase() === 'user-agent')?.[1]
  const all = {
    [names.ATTR_HTTP_REQUEST_METHOD]: known(request.method) ? request.method : names.HTTP_REQUEST_METHOD_VALUE_OTHER,
    [names.ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: known(request.method) ? undefined : request.method,
    [names.ATTR_URL_FULL]: request.url,
    [names.ATTR_SERVER_ADDRESS]: hostname,
    [names.ATTR_SERVER_PORT]: Number(port) || (protocol === 'https:' ? 443 : 80),
    [names.ATTR_HTTP_RESPONSE_STATUS_CODE]: response?.status,
    [names.ATTR_ERROR_TYPE]: error?.reason ?? ((response?.status ?? 0) >= 400 ? String(response?.status) : undefined),
    [names.ATTR_HTTP_REQUEST_BODY_SIZE]: request.bodySize,
    [names.ATTR_HTTP_RESPONSE_BODY_SIZE]: response?.bodySize,
    [names.ATTR_USER_AGENT_ORIGINAL]: agent,
    [names.ATTR_NETWORK_PROTOCOL_NAME]: 'http',
    [names.ATTR_NETWORK_PROTOCOL_VERSION]: request.httpVersion,
    [names.ATTR_NETWORK_PEER_ADDRESS]: server?.address,
    [names.ATTR_NETWORK_PEER_PORT]: server?.port,
    [names.ATTR_TLS_PROTOCOL_NAME]: tls ? names.TLS_PROTOCOL_NAME_VALUE_TLS : undefined,
    [names.ATTR_TLS_PROTOCOL_VERSION]: tls?.version,
    [names.ATTR_TLS_CIPHER]: tls?.cipher,
    'weir.client.process.pid': client?.process?.pid,
    'weir.client.process.name': client?.process?.name,
    'weir.seq': seq,
    'weir.source': source,
    'weir.kind': kind,
    'weir.state': state,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** Header names as they were sent: a carrier has one value for each. */
function parentOf({ request }: Exchange): SpanContext | undefined {
  const carrier = Object.fromEntries(request.headers.map(([name, value]) => [name.toLowerCase(), value]))
  return trace.getSpanContext(new W3CTraceContextPropagator().extract(ROOT_CONTEXT, carrier, defaultTextMapGetter))
}

const known = (method: string): boolean => ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'].includes(method)

/** As it is on record, to the microsecond. */
function time(ms: number): [seconds: number, nanoseconds: number] {
  const microseconds = Math.round(ms * 1000)
  return [Math.trunc(microseconds / 1e6), (microseconds % 1e6) * 1000]
}

/** Of a request in OTLP/JSON: attributes have no order, and a whole number may be written as an int64, in digits or as a number, or as a double. */
export function comparable(text: string): unknown {
  return JSON.parse(text, (key, value) => {
    if (key === 'attributes') return (value as { key: string }[]).toSorted((a, b) => (a.key < b.key ? -1 : 1))
    const number = value?.intValue ?? value?.doubleValue
    return number === undefined ? value : { number: Number(number) }
  })
}
