/** Exchange records as the recorder makes them, by hand and at random. */
import fc from 'fast-check'
import { type BodyRecord, type ConnectionRecord, type ExchangeRecord, newBody, type OriginRecord } from '../../daemon/store/records.ts'
import { type BrowserView, resourceTypes, servedFrom } from '../../sdk/browser-view.ts'
import type { Anomaly, Exchange, Headers } from '../../sdk/model.ts'
import { anomalies, failureReasons } from '../../sdk/model.ts'

export const newConnection = (): ConnectionRecord => ({ id: 0, client: { address: '127.0.0.1', port: 50_000 }, named: false })
export const newOrigin = (): OriginRecord => ({
  id: 0,
  server: { address: '10.0.0.1', port: 443 },
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', alpn: 'http/1.1', sni: 'a.test' },
})

/** Whole, unless `ended` is false; `pieces` as they passed. */
export function newBodyOf(pieces: readonly Uint8Array[], ended = true): BodyRecord {
  const body = newBody()
  for (const piece of pieces) appendTo(body, piece)
  body.ended = ended
  return body
}

export function appendTo(body: BodyRecord, bytes: Uint8Array): void {
  body.pending.push(Buffer.from(bytes))
  body.pendingBytes += bytes.length
  body.size += bytes.length
}

/** A complete GET with a response; `change` says what is different. */
export function newRecord(seq: number, change: Partial<ExchangeRecord> = {}): ExchangeRecord {
  const startedAt = 1_750_000_000_000 + seq
  return {
    seq,
    stream: 0,
    stored: false,
    state: 'complete',
    kind: 'http',
    source: 'proxy',
    connection: newConnection(),
    origin: newOrigin(),
    startedAt,
    requestEndedAt: startedAt + 0.5,
    responseStartedAt: startedAt + 2,
    endedAt: startedAt + 3,
    dnsMs: -1,
    connectMs: -1,
    tlsMs: -1,
    method: 'GET',
    scheme: 'https',
    authority: 'a.test',
    path: `/items/${seq}`,
    requestVersion: '1.1',
    requestFields: { fields: [['Host', 'a.test']] },
    requestTrailers: null,
    requestBody: null,
    status: 200,
    reason: 'OK',
    responseVersion: '1.1',
    responseFields: { fields: [['Content-Type', 'text/plain']] },
    responseTrailers: null,
    informational: null,
    responseBody: null,
    sentUnkept: 0,
    receivedUnkept: 0,
    error: null,
    anomalies: null,
    browser: null,
    messages: null,
    messageCount: 0,
    removed: null,
    ...change,
  }
}

/** Texts as the decoders make them: one byte, one character. */
const wireText = (maxLength = 20) =>
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength })
const headers: fc.Arbitrary<Headers> = fc.array(fc.tuple(wireText(), wireText(60)), { maxLength: 6 })
const block = headers.map((fields) => ({ fields }))
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
/** Microseconds, in milliseconds. */
const milliseconds = (max: number) => fc.integer({ min: 0, max: max * 1000 }).map((us) => us / 1000)
const endpoint = fc.record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.integer({ min: 1, max: 65_535 }) })
const body = orNull(
  fc.tuple(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 4 }), fc.boolean()).map(([pieces, truncated]) => {
    const record = newBodyOf(pieces)
    record.truncated = truncated
    return record
  }),
)

const anyUrl = fc.oneof(fc.constantFrom('https://a.test/', 'https://a.test/app.js?v=1', 'about:blank'), fc.string())
const anyView: fc.Arbitrary<BrowserView> = fc.record(
  {
    sourceId: fc.string(),
    requestId: fc.string(),
    resource: fc.constantFrom(...resourceTypes),
    initiator: fc.record(
      { type: fc.constantFrom('script', 'parser', 'other'), url: anyUrl, line: fc.integer({ min: 1 }) },
      { requiredKeys: ['type'] },
    ),
    page: anyUrl,
    frame: fc.record({ id: fc.string(), url: anyUrl }),
    servedFrom: fc.constantFrom(...servedFrom),
    own: fc.boolean(),
    ambiguous: fc.array(fc.nat(), { maxLength: 3 }),
  },
  { requiredKeys: ['sourceId'] },
)

/** Any record that has come to its end. The seq is 1: the caller gives another. */
export const anyRecord: fc.Arbitrary<ExchangeRecord> = fc
  .record({
    state: fc.constantFrom('complete' as const, 'failed' as const, 'aborted' as const),
    kind: fc.constantFrom('http' as const, 'websocket' as const, 'tunnel' as const),
    source: fc.constantFrom('proxy' as const, 'browser' as const, 'send' as const, 'import' as const),
    connection: orNull(endpoint).map((client) => ({ id: 0, client, named: false })),
    origin: orNull(
      fc.record({
        server: endpoint,
        tls: orNull(fc.record({ version: fc.string(), cipher: fc.string(), alpn: orNull(fc.string()), sni: orNull(fc.string()) })),
      }),
    ).map((origin) => (origin === null ? null : { id: 0, ...origin })),
    startedAt: fc.integer({ min: 1_000_000_000_000_000, max: 2_000_000_000_000_000 }).map((us) => us / 1000),
    times: fc.tuple(milliseconds(1000), milliseconds(1000), milliseconds(1000)),
    connect: fc.tuple(fc.constantFrom(-1, 0, 1.5), fc.constantFrom(-1, 0, 20.25), fc.constantFrom(-1, 0, 7)),
    method: wireText(),
    scheme: fc.constantFrom('http' as const, 'https' as const),
    authority: fc.constantFrom('a.test', 'A.Test:8080', '[::1]:80', '10.0.0.1', ''),
    path: fc.oneof(
      wireText(60).map((text) => `/${text}`),
      fc.constantFrom('*', '', '/?', '/a?b?c'),
    ),
    requestVersion: fc.constantFrom('1.0', '1.1', '2'),
    requestFields: block,
    requestTrailers: orNull(block),
    requestBody: body,
    status: fc.constantFrom(0, 101, 200, 204, 404, 599),
    reason: wireText(),
    responseVersion: fc.constantFrom('1.0', '1.1'),
    responseFields: orNull(block),
    responseTrailers: orNull(block),
    informational: orNull(fc.array(fc.record({ status: fc.constantFrom(100, 103), reason: wireText(), headers }), { maxLength: 2 })),
    responseBody: body,
    sentUnkept: fc.nat(1000),
    receivedUnkept: fc.nat(1000),
    error: orNull(fc.record({ reason: fc.constantFrom(...failureReasons), message: fc.string() })),
    anomalies: orNull(fc.uniqueArray(fc.constantFrom<Anomaly>(...anomalies), { maxLength: 3 })),
    browser: orNull(anyView),
  })
  .map(({ times: [send, wait, receive], connect: [dnsMs, connectMs, tlsMs], ...rest }) =>
    newRecord(1, {
      ...rest,
      requestEndedAt: rest.startedAt + send,
      responseStartedAt: rest.status === 0 ? 0 : rest.startedAt + send + wait,
      endedAt: rest.startedAt + send + wait + receive,
      dnsMs,
      connectMs,
      tlsMs,
    }),
  )

/** What a reader must answer for a record that was stored; written down a second time, so that both can be compared. */
export function expectedExchange(record: ExchangeRecord, sessionId: string): Exchange {
  const micro = (ms: number) => Math.round(ms * 1000)
  const between = (from: number, to: number) => (micro(to) - micro(from)) / 1000
  const { requestBody, responseBody } = record
  const exchange: Exchange = {
    seq: record.seq,
    sessionId,
    connectionId: String(record.connection.id),
    source: record.source,
    state: record.state,
    kind: record.kind,
    startedAt: micro(record.startedAt) / 1000,
    durationMs: record.endedAt === 0 ? null : between(record.startedAt, record.endedAt),
    timings: {},
    client: record.connection.client,
    server: record.origin?.server ?? null,
    request: {
      method: record.method,
      url: `${record.scheme}://${record.authority}${record.path === '*' ? '' : record.path}`,
      httpVersion: record.requestVersion,
      headers: [...record.requestFields.fields],
      trailers: [...(record.requestTrailers?.fields ?? [])],
      bodySize: (requestBody?.size ?? 0) + record.sentUnkept,
      truncated: requestBody?.truncated ?? false,
    },
    response:
      record.status === 0
        ? null
        : {
            status: record.status,
            reason: record.reason,
            httpVersion: record.responseVersion,
            headers: [...(record.responseFields?.fields ?? [])],
            trailers: [...(record.responseTrailers?.fields ?? [])],
            informational: record.informational ?? [],
            bodySize: (responseBody?.size ?? 0) + record.receivedUnkept,
            truncated: responseBody?.truncated ?? false,
          },
    tls: record.origin?.tls ?? null,
    tags: [],
    note: null,
  }
  if (record.dnsMs >= 0) exchange.timings.dns = record.dnsMs
  if (record.connectMs >= 0) exchange.timings.connect = record.connectMs
  if (record.tlsMs >= 0) exchange.timings.tls = record.tlsMs
  if (record.requestEndedAt > 0) exchange.timings.send = between(record.startedAt, record.requestEndedAt)
  if (record.requestEndedAt > 0 && record.responseStartedAt > 0)
    exchange.timings.wait = Math.max(0, between(record.requestEndedAt, record.responseStartedAt))
  if (record.responseStartedAt > 0 && record.endedAt > 0) exchange.timings.receive = between(record.responseStartedAt, record.endedAt)
  if (record.error !== null) exchange.error = record.error
  if (record.anomalies !== null && record.anomalies.length > 0) exchange.anomalies = record.anomalies
  if (record.browser !== null) exchange.browser = record.browser
  return exchange
}
