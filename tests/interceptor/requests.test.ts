/** What browsers tell twice, late, out of order or never. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { WatchedTarget } from '../../plugins/interceptor/cdp/targets.ts'
import { CertificateTags } from '../../plugins/interceptor/certificate-tags.ts'
import { Bodies } from '../../plugins/interceptor/requests/bodies.ts'
import { BrowserClock } from '../../plugins/interceptor/requests/browser-clock.ts'
import { failureOf } from '../../plugins/interceptor/requests/failures.ts'
import { Pages } from '../../plugins/interceptor/requests/pages.ts'
import { SeenProxyUse } from '../../plugins/interceptor/requests/proxied.ts'
import { Requests } from '../../plugins/interceptor/requests/requests.ts'
import { Telling } from '../../plugins/interceptor/requests/telling.ts'
import type { SourceEvent } from '../../sdk/source.ts'
import { toldRequests } from '../support/browser-source.ts'

const url = 'https://a.example/x'
const proxy = { host: '127.0.0.1', port: 8080 }
const page: WatchedTarget = { session: 'page', targetId: 'F', type: 'page', url: 'https://a.example/', parent: null }
const frame: WatchedTarget = { session: 'frame', targetId: 'G', type: 'iframe', url: 'https://b.example/', parent: page }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setUp(answers: { [method: string]: object } = {}) {
  const events: SourceEvent[] = []
  const tell = (event: SourceEvent) => void events.push(event)
  const clock = new BrowserClock()
  const targets = { of: (session?: string) => [page, frame].find((one) => one.session === session), pageOf: () => page }
  const pages = new Pages(targets)
  const ask = async (method: string) => answers[method] ?? Promise.reject(new Error('No resource with given identifier found'))
  const bodies = new Bodies({ ask: ask as never })
  const tags = new CertificateTags({ tagDomain: 'w.tag.weir.invalid' }, tell)
  const telling = new Telling({ sourceId: 's', clock, targets, pages, bodies, proxyUse: new SeenProxyUse(proxy), tags, tell })
  const requests = new Requests({ clock, pages, telling, gaveUp: () => undefined })
  const say = (method: string, params: object, session = 'page') =>
    (requests.handlers[method as keyof typeof requests.handlers] as ((params: object, session: string) => void) | undefined)?.(
      params,
      session,
    )
  return { events, say, requests, told: () => toldRequests(events) }
}

const request = (more: object = {}) => ({
  requestId: 'r',
  documentURL: 'https://a.example/',
  frameId: 'F',
  type: 'Fetch',
  timestamp: 100,
  wallTime: Date.now() / 1000,
  initiator: { type: 'script' },
  request: { url, method: 'GET', headers: { Accept: '*/*' }, initialPriority: 'High' },
  redirectHasExtraInfo: false,
  ...more,
})
const response = (more: object = {}) => ({
  url,
  status: 200,
  statusText: 'OK',
  headers: { 'content-type': 'text/plain' },
  protocol: 'h2',
  connectionId: 12,
  remoteIPAddress: '127.0.0.1',
  remotePort: 8080,
  timing: { requestTime: 100, receiveHeadersStart: 20 },
  ...more,
})
const received = (more: object = {}, of: object = {}) => ({
  requestId: 'r',
  timestamp: 100.5,
  hasExtraInfo: true,
  response: response(of),
  ...more,
})
const rawRequest = (headers: object = { ':method': 'GET', accept: '*/*', cookie: 'a=1' }) => ({ requestId: 'r', headers })
const rawResponse = (more: object = {}) => ({ requestId: 'r', statusCode: 200, headers: { 'set-cookie': 'a=1\nb=2' }, ...more })
const finished = { requestId: 'r', timestamp: 101, encodedDataLength: 0 }

describe('raw heads', () => {
  const whole = {
    headers: [
      ['accept', '*/*'],
      ['cookie', 'a=1'],
    ],
    response: {
      headers: [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ],
    },
  }

  it.each([
    ['before the request', [0, 1, 2, 3, 4]],
    ['between', [2, 0, 3, 1, 4]],
    ['after the end', [2, 3, 4, 0, 1]],
  ])('that come %s', async (_, order) => {
    const { say, told } = setUp()
    const steps = [
      () => say('Network.requestWillBeSentExtraInfo', rawRequest()),
      () => say('Network.responseReceivedExtraInfo', rawResponse()),
      () => say('Network.requestWillBeSent', request()),
      () => say('Network.responseReceived', received()),
      () => say('Network.loadingFinished', finished),
    ]
    for (const step of order) steps[step]?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(told()).toMatchObject([{ ...whole, end: { kind: 'end' } }])
  })

  it('that never come are not waited for long', async () => {
    const { say, told } = setUp()
    say('Network.requestWillBeSent', request())
    say('Network.responseReceived', received())
    say('Network.loadingFinished', finished)
    expect(told()[0]?.response).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(told()).toMatchObject([{ headers: [['Accept', '*/*']], response: { status: 200 }, end: { kind: 'end' } }])
  })

  it('belong to the hops that have some: a redirect out of a cache has none', async () => {
    const { say, told } = setUp()
    say('Network.requestWillBeSent', request())
    say('Network.requestWillBeSentExtraInfo', rawRequest({ second: '1' }))
    say('Network.responseReceivedExtraInfo', rawResponse({ headers: { second: '1' } }))
    const redirectResponse = response({ status: 307, statusText: 'Internal Redirect', connectionId: 0, fromDiskCache: true })
    say(
      'Network.requestWillBeSent',
      request({ redirectResponse, timestamp: 100.1, request: { url: `${url}2`, method: 'GET', headers: {} } }),
    )
    say('Network.responseReceived', received())
    say('Network.loadingFinished', finished)
    await vi.advanceTimersByTimeAsync(0)
    expect(told()).toMatchObject([
      { id: 'r', headers: [['Accept', '*/*']], response: { status: 307, proxied: false }, view: { servedFrom: 'diskCache' } },
      { id: 'r#1', headers: [['second', '1']], response: { headers: [['second', '1']] }, view: { requestId: 'r' } },
    ])
  })

  it('tell the 304 behind a 200', async () => {
    const { say, told } = setUp()
    say('Network.requestWillBeSent', request())
    say('Network.requestWillBeSentExtraInfo', rawRequest())
    say('Network.responseReceivedExtraInfo', rawResponse({ statusCode: 304, headersText: 'HTTP/1.1 304 Not Modified\r\nETag: 1\r\n\r\n' }))
    say('Network.responseReceived', received())
    expect(told()[0]?.response).toMatchObject({ status: 304, reason: 'Not Modified' })
  })
})

it('a request that a page and its worker tell of is one', async () => {
  const { say, told } = setUp()
  for (const session of ['page', 'frame']) {
    say('Network.requestWillBeSent', request(), session)
    say('Network.requestWillBeSentExtraInfo', rawRequest(), session)
    say('Network.responseReceivedExtraInfo', rawResponse(), session)
  }
  for (const session of ['page', 'frame']) {
    say('Network.responseReceived', received(), session)
    say('Network.loadingFinished', finished, session)
  }
  await vi.advanceTimersByTimeAsync(2_000)
  expect(told()).toHaveLength(1)
})

it('a document that moves into the process of its frame goes on there', async () => {
  const { say, told, requests } = setUp({ 'Network.getResponseBody': { body: 'text', base64Encoded: false } })
  say('Network.requestWillBeSent', request({ type: 'Document', frameId: 'G' }))
  say('Network.responseReceived', received({ hasExtraInfo: false }, { remotePort: 443, remoteIPAddress: '192.0.2.1' }), 'frame')
  requests.leave(page, 'gone')
  expect(told()[0]?.end).toBeUndefined()
  say('Network.loadingFinished', finished, 'frame')
  await vi.advanceTimersByTimeAsync(0)
  expect(told()).toMatchObject([
    { bodies: { response: Buffer.from('text') }, response: { server: { address: '192.0.2.1', port: 443 } }, end: { kind: 'end' } },
  ])
})

describe('a redirect that is told in another session', () => {
  const landed = { url: 'https://b.example/', method: 'GET', headers: {} }
  const redirected = (more: object = {}) =>
    request({ redirectResponse: response({ status: 302 }), timestamp: 100.2, request: landed, type: 'Document', ...more })

  it('is the end of its request, and what follows goes on there', async () => {
    const { say, told, requests } = setUp()
    say('Network.requestWillBeSent', request({ type: 'Document' }))
    say('Network.requestWillBeSent', redirected(), 'frame')
    requests.leave(page, 'gone')
    say('Network.responseReceived', received({ hasExtraInfo: false }, { url: landed.url }), 'frame')
    say('Network.loadingFinished', finished, 'frame')
    await vi.advanceTimersByTimeAsync(0)
    expect(told().map((one) => [one.url, one.response?.status, one.failure])).toEqual([
      [url, 302, undefined],
      [landed.url, 200, undefined],
    ])
  })

  it('and in the first one as well is one, also where it leads to the same URL', async () => {
    const { say, told } = setUp()
    say('Network.requestWillBeSent', request())
    const toItself = redirected({ request: { ...landed, url } })
    for (const session of ['page', 'frame']) say('Network.requestWillBeSent', toItself, session)
    say('Network.responseReceived', received({ hasExtraInfo: false }))
    say('Network.loadingFinished', finished)
    await vi.advanceTimersByTimeAsync(0)
    expect(told().map((one) => one.response?.status)).toEqual([302, 200])
  })
})

it('a response that CORS keeps from the page went through the proxy, also where its heads are told after the failure', async () => {
  const failed = {
    requestId: 'r',
    timestamp: 101,
    errorText: 'net::ERR_FAILED',
    corsErrorStatus: { corsError: 'MissingAllowOriginHeader' },
  }
  const { say, told } = setUp()
  say('Network.requestWillBeSent', request({ requestId: 'before' }))
  say('Network.responseReceived', received({ requestId: 'before', hasExtraInfo: false }))
  say('Network.requestWillBeSent', request())
  say('Network.loadingFailed', failed)
  say('Network.requestWillBeSentExtraInfo', rawRequest())
  say('Network.responseReceivedExtraInfo', rawResponse())
  say('Network.requestWillBeSent', request({ requestId: 'unsent' }))
  say('Network.loadingFailed', { ...failed, requestId: 'unsent' })
  await vi.advanceTimersByTimeAsync(1_000)
  const [, answered, unsent] = told()
  expect(answered).toMatchObject({ response: { status: 200, proxied: true }, view: { blocked: 'MissingAllowOriginHeader' } })
  expect(unsent).toMatchObject({ end: { proxied: false } })
  expect(unsent?.response).toBeUndefined()
})

it('what is open when its page goes ends with a reason, once', async () => {
  const { say, told, requests } = setUp()
  say('Network.requestWillBeSent', request())
  requests.leave(page, 'crashed')
  say('Network.loadingFinished', finished)
  await requests.stop()
  expect(told()).toMatchObject([{ failure: { reason: 'clientAborted', message: 'its page crashed' } }])
})

it('a body that the browser has let go is marked', async () => {
  const { say, told } = setUp()
  say('Network.requestWillBeSent', request({ request: { url, method: 'POST', headers: {}, hasPostData: true } }))
  say('Network.responseReceived', received({ hasExtraInfo: false }, { remotePort: 443 }))
  say('Network.loadingFinished', finished)
  await vi.advanceTimersByTimeAsync(0)
  expect(told()[0]?.view).toMatchObject({ requestBody: 'discarded', responseBody: 'discarded' })
})

it('a form that lacks its files is marked as partial: its length says so', async () => {
  const { say, told } = setUp({ 'Network.getRequestPostData': { postData: 'x'.repeat(280), base64Encoded: false } })
  say('Network.requestWillBeSent', request({ request: { url, method: 'POST', headers: {}, hasPostData: true } }))
  say('Network.requestWillBeSentExtraInfo', rawRequest({ 'Content-Length': '5000280' }))
  say('Network.responseReceivedExtraInfo', rawResponse())
  say('Network.responseReceived', received({}, { remotePort: 443, status: 204 }))
  say('Network.loadingFinished', finished)
  await vi.advanceTimersByTimeAsync(0)
  // More than is ever read is said without asking; here it is the length that tells.
  expect(told()[0]).toMatchObject({ view: { requestBody: 'partial' } })
})

describe('a response over no connection came past the proxy', () => {
  const ask = async (of: object, body?: string) => {
    const answers = body === undefined ? {} : { 'Network.getResponseBody': { body, base64Encoded: false } }
    const { say, told } = setUp(answers)
    say('Network.requestWillBeSent', request())
    say('Network.responseReceived', received({ hasExtraInfo: false }, { connectionId: 0, ...of }))
    say('Network.loadingFinished', finished)
    await vi.advanceTimersByTimeAsync(0)
    return told()[0]
  }

  it('out of the entry that another one has filled', async () => {
    const told = await ask({ fromDiskCache: false }, 'text')
    expect(told).toMatchObject({ response: { proxied: false }, bodies: { response: Buffer.from('text') } })
    expect(told?.response).not.toHaveProperty('connection')
    // It names that of the entry.
    expect(told?.response).not.toHaveProperty('server')
  })

  it('made up by the browser: a redirect by HSTS', async () => {
    const { say, told } = setUp()
    say('Network.requestWillBeSent', request())
    const redirectResponse = response({ status: 307, statusText: 'Internal Redirect', connectionId: 0, remotePort: undefined })
    say(
      'Network.requestWillBeSent',
      request({ redirectResponse, timestamp: 100.1, request: { url: `${url}2`, method: 'GET', headers: {} } }),
    )
    await vi.advanceTimersByTimeAsync(0)
    expect(told()[0]).toMatchObject({ response: { status: 307, proxied: false }, end: { kind: 'end' } })
  })

  it("but for a worker's own script, of which nothing is told", async () =>
    expect(await ask({ timing: undefined })).toMatchObject({ response: { proxied: true } }))
})

it('the port in a certificate is told once, and not from a cache', async () => {
  const { say, events } = setUp()
  const securityDetails = { sanList: ['a.example', 'p40001.w.tag.weir.invalid', 'p1.other.invalid'] }
  const ask = (requestId: string, more: object) => {
    say('Network.requestWillBeSent', request({ requestId }))
    say('Network.responseReceived', received({ requestId, hasExtraInfo: false }, { securityDetails, ...more }))
  }
  ask('1', { fromDiskCache: true, connectionId: 0 })
  ask('2', {})
  ask('3', {})
  expect(events.filter(({ kind }) => kind === 'connection')).toEqual([{ kind: 'connection', connection: 12, port: 40_001 }])
})

it.each([
  ['net::ERR_NAME_NOT_RESOLVED', 'dnsNotFound'],
  ['net::ERR_CONNECTION_REFUSED', 'connectionRefused'],
  ['net::ERR_CERT_AUTHORITY_INVALID', 'tlsUntrusted'],
  ['net::ERR_SSL_PROTOCOL_ERROR', 'tlsHandshakeFailed'],
  ['net::ERR_EMPTY_RESPONSE', 'upstreamClosed'],
  ['net::ERR_HTTP2_PROTOCOL_ERROR', 'upstreamReset'],
  ['net::ERR_PROXY_CONNECTION_FAILED', 'upstreamProxyUnreachable'],
  ['net::ERR_ABORTED', 'clientAborted'],
  ['Error in connection establishment: net::ERR_CONNECTION_RESET', 'upstreamReset'],
  ['something new', 'clientAborted'],
])('%s is %s', (word, reason) => {
  expect(failureOf(word)).toEqual({ reason, message: expect.stringContaining(word) })
})

describe('the clock', () => {
  const at = (ahead: number) => {
    const clock = new BrowserClock(
      () => 1_700_000_000_000,
      () => 5_000,
    )
    clock.learn((4_000 + ahead) / 1000, 1_699_999_999)
    return clock.at((4_500 + ahead) / 1000)
  }
  it('of a browser that has ours is ours', () => expect(at(20)).toBeCloseTo(1_699_999_999_520, 3))
  it('of a browser that has another is told by the first request', () => expect(at(86_400_000)).toBeCloseTo(1_699_999_999_500, 3))
})
