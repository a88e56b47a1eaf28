/** HARs as different tools write them. */
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { harExchange } from '../../daemon/import/har/entry.ts'
import type { ImportedExchange } from '../../daemon/import/imported-exchange.ts'

interface Change {
  entry?: object
  request?: object
  response?: object
}

const entryOf = ({ entry, request, response }: Change = {}) => ({
  startedDateTime: '2024-05-01T10:00:00.250Z',
  time: 12,
  request: {
    method: 'GET',
    url: 'https://a.test/x',
    httpVersion: 'HTTP/1.1',
    headers: [],
    cookies: [],
    queryString: [],
    bodySize: 0,
    ...request,
  },
  response: {
    status: 200,
    statusText: 'OK',
    httpVersion: 'HTTP/1.1',
    headers: [],
    cookies: [],
    content: { size: 0, mimeType: '' },
    bodySize: 0,
    ...response,
  },
  timings: { blocked: 3, dns: 1, connect: 5, ssl: 2, send: 0.5, wait: 4, receive: 1 },
  ...entry,
})

const read = (change: Change = {}): ImportedExchange => harExchange(entryOf(change)) as ImportedExchange
const header = (name: string, value: string) => ({ name, value })
const textOf = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString())

it('phases stand on record as far as they have a place there', () => {
  const { startedAt, durationMs, timings } = read().exchange
  expect(new Date(startedAt).toISOString()).toBe('2024-05-01T10:00:00.250Z')
  expect({ durationMs, timings }).toEqual({ durationMs: 5.5, timings: { dns: 1, connect: 3, tls: 2, send: 0.5, wait: 4, receive: 1 } })
  const bare = read({ entry: { timings: { send: -1, wait: -1, receive: -1 } } }).exchange
  expect(bare).toMatchObject({ durationMs: 12, timings: {} })
})

it.each([
  ['HTTP/1.1', '1.1'],
  ['http/1.0', '1.0'],
  ['http/2.0', '2'],
  ['HTTP/2', '2'],
  ['h2', '2'],
  ['h3', '3'],
  ['h3-29', '3'],
  ['HTTP/3', '3'],
  ['unknown', ''],
  [undefined, ''],
])('the version %j is %j', (given, version) => {
  expect(read({ request: { httpVersion: given }, response: { httpVersion: given } }).exchange.request.httpVersion).toBe(version)
})

it.each([
  ['https://a.test:443/p?q=1#part', 'https://a.test/p?q=1'],
  ['http://a.test', 'http://a.test/'],
  ['http://a.test?q', 'http://a.test/?q'],
  ['http://user:secret@a.test:8080/', 'http://a.test:8080/'],
  ['wss://a.test/chat', 'https://a.test/chat'],
  ['ws://a.test/chat', 'http://a.test/chat'],
  ['https://bücher.example/ä b?ü=日', 'https://xn--bcher-kva.example/%C3%A4 b?%C3%BC=%E6%97%A5'],
])('the URL %s is %s', (given, url) => {
  expect(read({ request: { url: given } }).exchange.request.url).toBe(url)
})

it.each(['data:text/plain,hi', 'chrome-extension://abc/x.js', 'blob:https://a.test/1', 'about:blank', 'file:///etc/hosts'])(
  '%s is no HTTP exchange',
  (url) => {
    expect(harExchange(entryOf({ request: { url } }))).toBeNull()
  },
)

it('headers keep order, case and duplicates, without the pseudo-headers that Chromium lists', () => {
  const headers = [header(':authority', 'a.test'), header(':path', '/x'), header('X-A', '1'), header('x-a', '2'), header('Empty', '')]
  expect(read({ request: { headers } }).exchange.request.headers).toEqual([
    ['X-A', '1'],
    ['x-a', '2'],
    ['Empty', ''],
  ])
  const folded = read({ response: { headers: [header('Set-Cookie', 'a=1\nb=2')] } }).exchange.response
  expect(folded?.headers).toEqual([
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
  ])
  const decoded = read({ response: { headers: [header('X', 'naïve'), header('Y', '日')] } }).exchange.response
  expect(decoded?.headers).toEqual([
    ['X', 'naïve'],
    ['Y', Buffer.from('日').toString('latin1')],
  ])
})

it('a request body is the text of postData, base64 where it says so, or the fields of a form', () => {
  const post = (postData: object, more: object = {}) => read({ request: { method: 'POST', postData, bodySize: 5, ...more } })
  expect(textOf(post({ mimeType: 'text/plain', text: 'grüße' }).bodies.request)).toBe('grüße')
  expect(textOf(post({ mimeType: 'image/png', text: 'aGFsbG8=', encoding: 'base64' }).bodies.request)).toBe('hallo')
  const form = { mimeType: 'application/x-www-form-urlencoded', params: [header('a b', '1&2'), header('c', '')] }
  expect(textOf(post(form).bodies.request)).toBe('a+b=1%262&c=')
  const missing = read({ request: { method: 'POST', bodySize: 7 } })
  expect(missing.bodies.request).toBeNull()
  expect(missing.exchange.request).toMatchObject({ bodySize: 7, truncated: true })
})

it('a response that has lost its body says how much is missing', () => {
  const { bodies, exchange } = read({ response: { content: { size: 900, mimeType: 'text/html' }, bodySize: 300 } })
  expect(bodies.response).toBeNull()
  expect(exchange.response).toMatchObject({ bodySize: 300, truncated: true })
  expect(read({ response: { content: { size: 900 }, bodySize: -1 } }).exchange.response).toMatchObject({ bodySize: 900, truncated: true })
})

it.each([
  ['gzip', gunzipSync],
  ['deflate', inflateSync],
  ['zstd', zstdDecompressSync],
])('a body that was decoded from %s is encoded again, so that its head is true', (coding, decode) => {
  const content = { size: 5, mimeType: 'text/plain', text: 'hallo' }
  const { bodies, exchange } = read({ response: { headers: [header('Content-Encoding', coding)], content } })
  expect(decode(bodies.response as Buffer).toString()).toBe('hallo')
  expect(exchange.response?.bodySize).toBe(bodies.response?.length)
})

it('what weir could not decode is as it was', () => {
  const content = { size: 3, mimeType: 'text/plain', text: 'AAEC', encoding: 'base64', _contentEncoded: true }
  expect(read({ response: { headers: [header('Content-Encoding', 'gzip')], content } }).bodies.response).toEqual(Buffer.of(0, 1, 2))
})

it.each([
  ['text/plain; charset=windows-1251', 'привет', 'eff0e8e2e5f2'],
  ['text/html; charset=shift_jis', '日本', '93fa967b'],
  ['text/plain; charset=utf-16le', 'é', 'e900'],
  ['text/html; charset=koi8-r', '\ufeffя', 'efbbbfd18f'],
  ['application/json', '"é"', '22c3a922'],
  ['text/plain; charset=latin1', 'жук', Buffer.from('жук').toString('hex')],
])('text of %s has the bytes of its charset', (type, text, hex) => {
  const { bodies } = read({ response: { headers: [header('Content-Type', type)], content: { size: 9, mimeType: type, text } } })
  expect(Buffer.from(bodies.response as Uint8Array).toString('hex')).toBe(hex)
})

it.each([
  [{ status: 0, _error: 'net::ERR_NAME_NOT_RESOLVED' }, 'failed', 'dnsNotFound'],
  [{ status: 0, _error: 'net::ERR_ABORTED' }, 'aborted', 'clientAborted'],
  [{ status: -1, _failureText: 'net::ERR_CONNECTION_REFUSED' }, 'failed', 'connectionRefused'],
  [{ status: 0, _error: 'net::ERR_BLOCKED_BY_CLIENT' }, 'failed', 'notRecorded'],
  [{ status: 0, _error: 'tlsUntrusted: the certificate is not trusted' }, 'failed', 'tlsUntrusted'],
])('%j is an exchange without a response: %s, %s', (response, state, reason) => {
  expect(read({ response }).exchange).toMatchObject({ response: null, state, error: { reason } })
})

it('an entry that says of no failure and has no response has no end', () => {
  expect(read({ response: { status: 0 } }).exchange).toMatchObject({ state: 'open', response: null })
  expect(harExchange({ ...entryOf(), response: undefined })?.exchange).toMatchObject({ state: 'open', response: null })
})

it('a WebSocket has the messages that Chromium and Playwright write', () => {
  const _webSocketMessages = [
    { type: 'send', time: 1_700_000_000.5, opcode: 1, data: 'hé' },
    { type: 'receive', time: 1_700_000_001, opcode: 2, data: 'AP8=' },
    { type: 'error', time: 1_700_000_002, opcode: -1, data: 'gone' },
  ]
  const { exchange, messages } = read({
    entry: { _resourceType: 'websocket', _webSocketMessages },
    request: { url: 'wss://a.test/chat' },
    response: { status: 101 },
  })
  expect(exchange).toMatchObject({ kind: 'websocket', request: { url: 'https://a.test/chat' } })
  expect(messages).toEqual([
    { index: 0, at: 1_700_000_000_500, direction: 'sent', type: 'text', text: 'hé', size: 3 },
    { index: 1, at: 1_700_000_001_000, direction: 'received', type: 'binary', data: 'AP8=', size: 2 },
  ])
})

it('the origin is known where its address is', () => {
  const tls = { protocol: 'TLS 1.3', subjectName: 'a.test', issuer: 'CA', validFrom: 1, validTo: 2 }
  expect(read({ entry: { serverIPAddress: '[::1]', _serverPort: 8443, _securityDetails: tls } }).exchange).toMatchObject({
    server: { address: '::1', port: 8443 },
    tls: { version: 'TLSv1.3', certificate: { subject: 'a.test', issuer: 'CA', validFrom: 1000, validTo: 2000 } },
  })
  expect(read({ entry: { serverIPAddress: '10.0.0.1' } }).exchange.server).toEqual({ address: '10.0.0.1', port: 443 })
  expect(read({ entry: { serverIPAddress: 'fe80::1%eth0' } }).exchange.server).toEqual({ address: 'fe80::1%eth0', port: 443 })
  for (const serverIPAddress of [undefined, 'unknown', '1.2.3.4\r\nWARC-Type: metadata', 'fe80::1%\r\n'])
    expect(read({ entry: { serverIPAddress, _securityDetails: tls } }).exchange).toMatchObject({ server: null, tls: null })
})

it.each([
  [{ request: { url: '' } }, 'it has no URL'],
  [{ request: { url: '/relative' } }, 'is no absolute http or https URL'],
  [{ request: { url: 'http:///x' } }, 'names no host'],
  [{ request: { method: '' } }, 'has no method'],
  [{ entry: { request: undefined } }, 'it has no request'],
  [{ entry: { startedDateTime: 'yesterday' } }, 'is no date'],
])('%j is malformed: %s', (change, message) => {
  expect(() => read(change as Change)).toThrow(message)
})

it.each([
  [
    { type: 'parser', url: 'https://a.test/', lineNumber: 11 },
    { type: 'parser', url: 'https://a.test/', line: 12 },
  ],
  [
    {
      type: 'script',
      stack: { callFrames: [{ functionName: 'load', scriptId: '5', url: 'https://a.test/x.js', lineNumber: 0, columnNumber: 9 }] },
    },
    { type: 'script', url: 'https://a.test/x.js', line: 1, column: 10, function: 'load' },
  ],
  [{ type: 'other' }, { type: 'other' }],
  [{ type: 'script', stack: { callFrames: 'none' }, lineNumber: -5, url: 3 }, { type: 'script' }],
])('what made a browser ask is read from %j, as DevTools write it', (_initiator, initiator) => {
  expect(read({ entry: { _initiator } }).exchange.browser).toEqual({ sourceId: 'har', initiator })
})

it('what a browser said besides is read as DevTools write it', () => {
  const entry = { _resourceType: 'csp-violation-report', _priority: 'VeryHigh', _fromCache: 'disk', _page: 'https://a.test/' }
  expect(read({ entry }).exchange.browser).toEqual({
    sourceId: 'har',
    resource: 'cspViolationReport',
    servedFrom: 'diskCache',
    priority: 'VeryHigh',
    page: 'https://a.test/',
  })
  expect(read({ entry: { _resourceType: 'xhr', _fetchedViaServiceWorker: true } }).exchange.browser).toMatchObject({
    resource: 'xhr',
    servedFrom: 'serviceWorker',
  })
  expect(read({ entry: { _resourceType: 'unheard-of', _fromCache: 5, _priority: {} } }).exchange).not.toHaveProperty('browser')
})
