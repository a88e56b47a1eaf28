/** Exchanges as OpenTelemetry spans. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import otlp from '../../plugins/exporters/otlp.ts'
import type { Headers } from '../../sdk/model.ts'
import { type ExchangeChange, runExporter, testExchange } from '../../sdk/testing.ts'
import { comparable, sentBySdk } from '../support/opentelemetry.ts'
import { type ReadSpan, readTraces } from '../support/otlp.ts'

fc.configureGlobal({ seed: 20261128 })

type Options = NonNullable<Parameters<typeof runExporter<Parameters<typeof otlp.create>[0]>>[2]>['options']

async function spans(changes: ExchangeChange[], options: Options = {}): Promise<ReadSpan[]> {
  const exchanges = changes.map((change, index) => testExchange({ seq: index + 1, ...change }))
  const { text } = await runExporter(otlp, exchanges, { options })
  return text.split('\n').slice(0, -1).flatMap(readTraces)
}

const span = async (change: ExchangeChange, options?: Options): Promise<ReadSpan> => (await spans([change], options))[0] as ReadSpan

const withHeaders = (...headers: Headers): ExchangeChange => ({ request: { headers } })
const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = '00f067aa0ba902b7'

describe('a span', () => {
  test('says by the semantic conventions what was asked and answered', async () => {
    const { attributes, ...more } = await span({
      startedAt: 1_700_000_000_123.456,
      durationMs: 20.5,
      request: {
        method: 'POST',
        url: 'https://api.example:8443/orders?page=2',
        httpVersion: '2',
        headers: [['User-Agent', 'curl/8.9']],
      },
      response: { status: 201, httpVersion: '2' },
      bodies: { request: '{"a":1}', response: 'created' },
      tls: { version: '1.3', cipher: 'TLS_AES_128_GCM_SHA256', alpn: 'h2', sni: 'api.example' },
      client: { address: '127.0.0.1', port: 5, process: { pid: 42, name: 'curl', path: '/usr/bin/curl' } },
    })
    expect(Object.fromEntries(attributes)).toEqual({
      'http.request.method': 'POST',
      'url.full': 'https://api.example:8443/orders?page=2',
      'server.address': 'api.example',
      'server.port': 8443,
      'http.response.status_code': 201,
      'http.request.body.size': 7,
      'http.response.body.size': 7,
      'user_agent.original': 'curl/8.9',
      'network.protocol.name': 'http',
      'network.protocol.version': '2',
      'network.peer.address': '192.0.2.1',
      'network.peer.port': 443,
      'tls.protocol.name': 'tls',
      'tls.protocol.version': '1.3',
      'tls.cipher': 'TLS_AES_128_GCM_SHA256',
      'weir.client.process.pid': 42,
      'weir.client.process.name': 'curl',
      'weir.seq': 1,
      'weir.source': 'proxy',
      'weir.kind': 'http',
      'weir.state': 'complete',
    })
    expect(more).toMatchObject({
      name: 'POST',
      kind: 3,
      start: 1_700_000_000_123_456_000n,
      end: 1_700_000_000_143_956_000n,
      status: { code: 0, message: '' },
    })
    expect(more.events.map(({ name, at, attributes }) => [name, Number(at - more.start) / 1e6, attributes.get('weir.took_ms')])).toEqual([
      ['request with its body sent', 1, 1],
      ['response begun', 16, 15],
      ['response received', 20, 4],
    ])
  })

  test('is an error where the status is one, and where the exchange failed', async () => {
    const [missing, refused, fine] = await spans([
      { response: { status: 404 } },
      { response: null, error: { reason: 'connectionRefused', message: 'nobody listens there' } },
      { response: { status: 302 } },
    ])
    expect(missing).toMatchObject({ status: { code: 2, message: '' } })
    expect(missing?.attributes.get('error.type')).toBe('404')
    expect(refused).toMatchObject({ status: { code: 2, message: 'nobody listens there' } })
    expect(refused?.attributes.get('error.type')).toBe('connectionRefused')
    expect(refused?.attributes.has('http.response.status_code')).toBe(false)
    expect(fine?.status.code).toBe(0)
    expect(fine?.attributes.has('error.type')).toBe(false)
  })

  test('has a name of few kinds: a method nobody knows is _OTHER', async () => {
    const { name, attributes } = await span({ request: { method: 'FROBNICATE' } })
    expect(name).toBe('HTTP')
    expect(attributes.get('http.request.method')).toBe('_OTHER')
    expect(attributes.get('http.request.method_original')).toBe('FROBNICATE')
  })

  test('never has the name and password of a URL', async () => {
    const { attributes } = await span({ request: { url: 'https://ann:secret@host.example/a@b' } })
    expect(attributes.get('url.full')).toBe('https://REDACTED:REDACTED@host.example/a@b')
  })

  test('has the header fields that were asked for', async () => {
    const change = {
      request: {
        headers: [
          ['X-Tenant', 'a'],
          ['x-tenant', 'b'],
          ['Cookie', 'c'],
        ] as Headers,
      },
    }
    const { attributes } = await span(change, { headers: ['X-Tenant', 'Content-Type'] })
    expect(attributes.get('http.request.header.x-tenant')).toEqual(['a', 'b'])
    expect(attributes.get('http.response.header.content-type')).toEqual(['text/plain'])
    expect([...attributes.keys()].filter((key) => key.includes('cookie'))).toEqual([])
  })

  test('belongs to a resource that says where it was captured', async () => {
    const { resource } = await span({}, { service: 'shop', resource: { 'deployment.environment.name': 'staging' } })
    expect(Object.fromEntries(resource)).toMatchObject({
      'service.name': 'shop',
      'host.name': expect.any(String),
      'weir.session.id': 'test',
      'deployment.environment.name': 'staging',
    })
  })
})

describe('the trace', () => {
  test('is that of the request, whose span is the parent', async () => {
    const found = await span(withHeaders(['traceparent', `00-${trace}-${parent}-01`], ['tracestate', 'a=1'], ['TraceState', 'b=2 ']))
    expect(found).toMatchObject({ traceId: trace, parentSpanId: parent, traceState: 'a=1,b=2' })
    expect(found.spanId).not.toBe(parent)
  })

  test.each([
    ['none', []],
    ['zeros', [['traceparent', `00-${'0'.repeat(32)}-${parent}-01`]]],
    ['upper case', [['traceparent', `00-${trace.toUpperCase()}-${parent}-01`]]],
    ['version ff', [['traceparent', `ff-${trace}-${parent}-01`]]],
    ['more than version 00 has', [['traceparent', `00-${trace}-${parent}-01-more`]]],
    [
      'two of them',
      [
        ['traceparent', `00-${trace}-${parent}-01`],
        ['traceparent', `00-${trace}-${parent}-01`],
      ],
    ],
  ] as [string, Headers][])('is its own where the context is %s', async (_name, headers) => {
    expect(await span(withHeaders(...headers))).toMatchObject({ parentSpanId: '', traceState: '' })
  })

  test('of a later version is read as far as it is known', async () => {
    expect(await span(withHeaders(['traceparent', `cc-${trace}-${parent}-01-what-else`]))).toMatchObject({ traceId: trace })
  })

  test('and the span have the same ids each time, and others for each exchange', async () => {
    const [first, second] = [await spans([{}, {}]), await spans([{}, {}])]
    const ids = (all: ReadSpan[]) => all.map(({ traceId, spanId }) => `${traceId} ${spanId}`)
    expect(ids(first)).toEqual(ids(second))
    expect(new Set(ids(first)).size).toBe(2)
  })
})

describe("OpenTelemetry's own SDK says the same of", () => {
  const context: Headers = [
    ['Traceparent', `00-${trace}-${parent}-01`],
    ['tracestate', 'vendor=1,other=2'],
  ]
  test.each<[string, ExchangeChange]>([
    ['what was answered', { request: { headers: [['User-Agent', 'curl/8.9']] } }],
    ['a request that carries a trace', withHeaders(...context)],
    ['one whose trace is not sampled', withHeaders(['traceparent', `00-${trace}-${parent}-00`])],
    ['one whose trace is invalid', withHeaders(['traceparent', `00-${trace}-${'0'.repeat(16)}-01`])],
    ['a status that is an error', { response: { status: 503 } }],
    ['what failed', { response: null, error: { reason: 'connectionRefused', message: 'nobody listens there' } }],
    ['a method nobody knows', { request: { method: 'FROBNICATE' } }],
    [
      'a body over TLS and HTTP/2, with a new connection',
      {
        startedAt: 1_700_000_000_123.5,
        durationMs: 20.25,
        timings: { dns: 1, connect: 2.5, tls: 3, send: 1, wait: 15, receive: 4.25 },
        request: { method: 'POST', url: 'https://api.example:8443/orders?page=2', httpVersion: '2' },
        response: { status: 201, httpVersion: '2' },
        bodies: { request: '{"a":1}', response: 'created' },
        tls: { version: '1.3', cipher: 'TLS_AES_128_GCM_SHA256', alpn: 'h2', sni: 'api.example' },
        client: { address: '127.0.0.1', port: 5, process: { pid: 42, name: 'curl', path: '/usr/bin/curl' } },
      },
    ],
  ])('%s', async (_name, change) => {
    const exchange = testExchange(change)
    const { text } = await runExporter(otlp, [exchange], { options: { service: 'shop' } })
    const [read] = readTraces(text)
    const sdk = sentBySdk(
      Object.fromEntries(read?.resource ?? []) as { [key: string]: string },
      otlp.version,
      [exchange],
      [read as ReadSpan],
    )
    // It also says what is none: counts of what it dropped, links.
    expect(comparable(sdk)).toMatchObject(comparable(text) as object)
    expect(readTraces(sdk)).toEqual(readTraces(text))
  })
})

test('in batches it writes a request for each, with the spans that one would have', async () => {
  const exchanges = Array.from({ length: 1200 }, (_, index) => testExchange({ seq: index + 1 }))
  const whole = await runExporter(otlp, exchanges)
  const batched = await runExporter(otlp, exchanges, { batches: [1, 0, 200] })
  const lines = (text: string) => text.split('\n').slice(0, -1).map(readTraces)
  expect(lines(whole.text).map((all) => all.length)).toEqual([512, 512, 176])
  expect(lines(batched.text).map((all) => all.length)).toEqual([1, 200, 512, 487])
  expect(lines(batched.text).flat()).toEqual(lines(whole.text).flat())
})

test('what is open has no end yet, and is left out', async () => {
  const { text, exchanges } = await runExporter(otlp, [testExchange({ state: 'open', durationMs: null })])
  expect({ text, exchanges }).toEqual({ text: '', exchanges: 0 })
})

test('whatever was captured, it is valid', async () => {
  const field = fc.tuple(fc.constantFrom('traceparent', 'tracestate', 'user-agent', 'x-any'), fc.string({ unit: 'binary' }))
  const captured = fc.record({
    method: fc.string({ minLength: 1 }),
    url: fc.oneof(fc.webUrl({ withQueryParameters: true, authoritySettings: { withUserInfo: true } }), fc.string({ unit: 'binary' })),
    headers: fc.array(field),
  })
  const response = fc.option(fc.record({ status: fc.integer({ min: 100, max: 999 }), headers: fc.array(field) }))
  const times = fc.record({
    startedAt: fc.double({ min: 0, max: 4e12, noNaN: true }),
    durationMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  })
  const exchange = fc.record({ request: captured, response, when: times })
  await fc.assert(
    fc.asyncProperty(fc.array(exchange, { minLength: 1, maxLength: 30 }), async (all) => {
      const changes = all.map(({ request, response: answer, when }) => ({ ...when, request, response: answer }) as ExchangeChange)
      expect(await spans(changes, { headers: ['x-any', 'traceparent'] })).toHaveLength(all.length)
    }),
    { numRuns: 30 },
  )
})
