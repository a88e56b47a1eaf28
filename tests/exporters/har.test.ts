import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formFields } from '../../plugins/exporters/har/form-fields.ts'
import har from '../../plugins/exporters/har.ts'
import type { Message } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { exported, exportText, type OptionsOf } from '../support/exported.ts'
import { bytesOf, type Har, type HarEntry, parseHar } from '../support/har.ts'

const harOf = async (exchanges: ExportedExchange[], options: OptionsOf<typeof har> = {}) =>
  parseHar((await exportText(har, exchanges, options)).text)

async function entryOf(exchange: ExportedExchange, options: OptionsOf<typeof har> = {}): Promise<HarEntry> {
  const [entry] = (await harOf([exchange], options)).log.entries
  if (!entry) throw new Error('no entry')
  return entry
}

const contentOf = async (contentType: string | null, response: Uint8Array, headers: [string, string][] = []) => {
  const type: [string, string][] = contentType === null ? [] : [['Content-Type', contentType]]
  return (await entryOf(exported({ response: { headers: [...type, ...headers] } }, { response }))).response.content
}

describe('the document', () => {
  test('no exchange is a valid HAR with no entry', async () => {
    const { log } = await harOf([])
    expect(log).toMatchObject({ version: '1.2', creator: { name: 'weir' }, entries: [] })
    expect(log.comment).toBeUndefined()
  })

  test('entries come in the order of the exchanges', async () => {
    const { log } = await harOf([1, 2, 3].map((seq) => exported({ seq })))
    expect(log.entries.map((entry) => entry._seq)).toEqual([1, 2, 3])
  })

  test('tunnels are left out, not counted, and mentioned', async () => {
    const { text, leftOut } = await exportText(har, [exported({ kind: 'tunnel' }), exported(), exported({ kind: 'tunnel' })], {})
    const { log } = parseHar(text)
    expect(log.entries).toHaveLength(1)
    expect(log.comment).toBe('left out: 2 tunnels whose inside was not read')
    expect(leftOut).toBe(2)
  })
})

describe('an entry', () => {
  test('has the version of HTTP that the exchange has, whatever it is called', async () => {
    for (const httpVersion of ['constructor', '__proto__', '4'])
      expect((await entryOf(exported({ request: { httpVersion } }))).request.httpVersion).toBe(`HTTP/${httpVersion}`)
  })

  test('keeps header order, case and duplicates, with one entry for each set-cookie', async () => {
    const headers: [string, string][] = [
      ['X-B', '1'],
      ['set-Cookie', 'a=1'],
      ['x-b', '2'],
      ['Set-Cookie', 'b=2; Path=/'],
    ]
    const { response } = await entryOf(exported({ response: { headers } }))
    expect(response.headers.map(({ name, value }) => [name, value])).toEqual(headers)
    expect(response.cookies).toEqual([
      { name: 'a', value: '1' },
      { name: 'b', value: '2', path: '/' },
    ])
  })

  test('parses cookies without decoding them', async () => {
    const { request, response } = await entryOf(
      exported({
        startedAt: Date.UTC(2026, 0, 1),
        request: {
          headers: [
            ['Cookie', 'a=1; b="x y"; =n; flag; c=p%20q=r'],
            ['cookie', 'd='],
          ],
        },
        response: {
          headers: [
            ['Set-Cookie', 'sid=x=y; Domain=.origin.test; Path=/a; Secure; HttpOnly; SameSite=Lax; Expires=Wed, 21 Oct 2026 07:28:00 GMT'],
            ['Set-Cookie', 'age=1; Max-Age=60; Expires=Wed, 21 Oct 2026 07:28:00 GMT'],
            ['Set-Cookie', 'odd=1; Expires=whenever; Max-Age=99999999999999999'],
          ],
        },
      }),
    )
    expect(request.cookies.map(({ name, value }) => [name, value])).toEqual([
      ['a', '1'],
      ['b', '"x y"'],
      ['', 'n'],
      ['', 'flag'],
      ['c', 'p%20q=r'],
      ['d', ''],
    ])
    const rest = { domain: '.origin.test', path: '/a', secure: true, httpOnly: true, sameSite: 'Lax' }
    expect(response.cookies).toEqual([
      { name: 'sid', value: 'x=y', expires: '2026-10-21T07:28:00.000Z', ...rest },
      { name: 'age', value: '1', expires: '2026-01-01T00:01:00.000Z' },
      { name: 'odd', value: '1' },
    ])
  })

  test.each([
    ['Wed, 21 Oct 2026 07:28:00 GMT', '2026-10-21T07:28:00.000Z'],
    ['Wednesday, 21-Oct-26 07:28:00 GMT', '2026-10-21T07:28:00.000Z'],
    ['Wed Oct 21 07:28:00 2026', '2026-10-21T07:28:00.000Z'],
    ['21 oct 2026 7:8:9', '2026-10-21T07:08:09.000Z'],
    ['Thu, 01 Jan 1970 00:00:00 GMT', '1970-01-01T00:00:00.000Z'],
    ['0', undefined],
    ['-1', undefined],
    ['', undefined],
    ['Wed, 31 Feb 2026 07:28:00 GMT', undefined],
    ['Wed, 21 Oct 2026 25:28:00 GMT', undefined],
    ['Wed, 21 Oct 1600 07:28:00 GMT', undefined],
  ])('a cookie that expires "%s" expires %s', async (date, expires) => {
    const { response } = await entryOf(exported({ response: { headers: [['Set-Cookie', `a=1; Expires=${date}`]] } }))
    expect(response.cookies[0]?.expires).toBe(expires)
  })

  test.each([
    ['1.0', 'HTTP/1.0'],
    ['1.1', 'HTTP/1.1'],
    ['2', 'http/2.0'],
    ['3', 'http/3.0'],
  ])('names HTTP version %s %s', async (httpVersion, name) => {
    const { request, response } = await entryOf(exported({ request: { httpVersion }, response: { httpVersion } }))
    expect([request.httpVersion, response.httpVersion]).toEqual([name, name])
  })

  test('counts phases: -1 where there was none, ssl inside connect, time is their sum', async () => {
    const entry = await entryOf(exported({ timings: { dns: 1, connect: 2, tls: 3, send: 0.25, wait: 4, receive: 5.0004 } }))
    expect(entry.timings).toEqual({ blocked: -1, dns: 1, connect: 5, ssl: 3, send: 0.25, wait: 4, receive: 5 })
    expect(entry.time).toBe(15.25)
    const reused = await entryOf(exported({ timings: { send: 1, wait: 2 } }))
    expect(reused.timings).toEqual({ blocked: -1, dns: -1, connect: -1, ssl: -1, send: 1, wait: 2, receive: -1 })
    expect(reused.time).toBe(3)
  })

  test('names the server only by a real address', async () => {
    const server = async (address: string) => entryOf(exported({ server: { address, port: 8443 } }))
    expect(await server('192.0.2.7')).toMatchObject({ serverIPAddress: '192.0.2.7', _serverPort: 8443 })
    expect(await server('fe80::1%eth0')).toMatchObject({ serverIPAddress: 'fe80::1' })
    expect((await server('origin.test')).serverIPAddress).toBeUndefined()
    const nowhere = await entryOf(exported({ server: null }))
    expect([nowhere.serverIPAddress, nowhere._serverPort]).toEqual([undefined, undefined])
  })

  test('describes the TLS connection', async () => {
    const certificate = {
      subject: 'O=Inc\nCN=origin.test',
      issuer: 'CN=Some CA, O=Inc',
      validFrom: 1_700_000_000_000,
      validTo: 1_800_000_000_999,
    }
    const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', alpn: 'http/1.1', sni: 'origin.test' }
    const entry = await entryOf(exported({ tls: { ...tls, certificate: { ...certificate, fingerprint256: 'AA' } } }))
    expect(entry._securityDetails).toEqual({
      protocol: 'TLS 1.3',
      _cipher: 'TLS_AES_128_GCM_SHA256',
      subjectName: 'origin.test',
      issuer: 'Some CA',
      validFrom: 1_700_000_000,
      validTo: 1_800_000_000,
    })
  })

  test('a failed one has status 0 and says why', async () => {
    const error = { reason: 'dnsNotFound', message: 'no address for origin.test' } as const
    const entry = await entryOf(exported({ state: 'failed', response: null, error, timings: {} }))
    expect(entry).toMatchObject({ _error: 'dnsNotFound: no address for origin.test', _state: 'failed', time: 0 })
    expect(entry.response).toMatchObject({ status: 0, bodySize: -1, _error: 'dnsNotFound: no address for origin.test' })
  })

  test('one cut in the middle keeps what came, marked', async () => {
    const error = { reason: 'upstreamReset', message: 'reset' } as const
    const exchange = exported({ state: 'failed', error, response: { truncated: true } }, { response: Buffer.from('half') })
    const { response } = await entryOf(exchange)
    expect(response).toMatchObject({ status: 200, _error: 'upstreamReset: reset', _truncated: true, content: { text: 'half' } })
  })

  test('an open one is there, without sizes it cannot know', async () => {
    const entry = await entryOf(exported({ state: 'open', durationMs: null, response: null, timings: {} }))
    expect(entry).toMatchObject({ _state: 'open', response: { status: 0, _error: 'open', bodySize: -1 }, request: { bodySize: -1 } })
  })

  test('a WebSocket has its messages, as Chromium writes them', async () => {
    const at = 1_700_000_000_250
    const messages: Message[] = [
      { index: 0, at, direction: 'sent', type: 'text', text: 'a "quoted" ☂', size: 14 },
      { index: 1, at, direction: 'received', type: 'ping', data: '', size: 0 },
      { index: 2, at: at + 1, direction: 'received', type: 'binary', data: 'AP8=', size: 2 },
    ]
    const entry = await entryOf(exported({ kind: 'websocket', response: { status: 101 } }, { messages }))
    expect(entry).toMatchObject({
      _webSocketMessages: [
        { type: 'send', time: 1_700_000_000.25, opcode: 1, data: 'a "quoted" ☂' },
        { type: 'receive', time: 1_700_000_000.251, opcode: 2, data: 'AP8=' },
      ],
    })
    expect(await entryOf(exported({ kind: 'websocket', response: { status: 101 } }))).toMatchObject({ _webSocketMessages: [] })
    const bytes = Buffer.from('\0é').toString('base64')
    const long: Message = { index: 0, at: 0, direction: 'sent', type: 'text', data: bytes, size: 3 }
    expect(await entryOf(exported({ kind: 'websocket' }, { messages: [long] }))).toMatchObject({
      _webSocketMessages: [{ opcode: 1, data: '\0é' }],
    })
  })

  test('a WebSocket is one entry with its handshake', async () => {
    const entry = await entryOf(exported({ kind: 'websocket', response: { status: 101, reason: 'Switching Protocols' } }))
    expect(entry).toMatchObject({ _resourceType: 'websocket', request: { url: 'wss://origin.test/' }, response: { status: 101 } })
  })

  test('tells what a browser said, as DevTools do', async () => {
    const view = { sourceId: 's1', requestId: 'r1', priority: 'High', page: 'https://origin.test/' }
    const initiator = { type: 'script', url: 'https://origin.test/app.js', line: 3, column: 7, function: 'load' }
    const scripted = await entryOf(exported({ browser: { ...view, resource: 'eventSource', initiator, servedFrom: 'diskCache' } }))
    expect(scripted).toMatchObject({
      _initiator: {
        type: 'script',
        stack: { callFrames: [{ functionName: 'load', scriptId: '', url: 'https://origin.test/app.js', lineNumber: 2, columnNumber: 6 }] },
      },
      _priority: 'High',
      _resourceType: 'eventsource',
      _fromCache: 'disk',
    })
    const parsed = { type: 'parser', url: 'https://origin.test/', line: 12 }
    const worker = await entryOf(exported({ browser: { ...view, resource: 'image', initiator: parsed, servedFrom: 'serviceWorker' } }))
    expect(worker).toMatchObject({
      _initiator: { type: 'parser', url: 'https://origin.test/', lineNumber: 11 },
      _resourceType: 'image',
      _fetchedViaServiceWorker: true,
    })
    expect(worker).not.toHaveProperty('_fromCache')
  })

  test('tells of redirects, trailers, interim responses, anomalies, tags and notes', async () => {
    const entry = await entryOf(
      exported({
        anomalies: ['bareLineFeed'],
        tags: ['slow'],
        note: 'look here',
        request: { trailers: [['X-Sum', '1']] },
        response: {
          status: 302,
          headers: [['location', '/next']],
          informational: [{ status: 103, reason: 'Early Hints', headers: [['Link', '</a>']] }],
        },
      }),
    )
    expect(entry).toMatchObject({ _anomalies: ['bareLineFeed'], _tags: ['slow'], comment: 'look here' })
    expect(entry.request._trailers).toEqual([{ name: 'X-Sum', value: '1' }])
    expect(entry.response).toMatchObject({
      redirectURL: '/next',
      _informational: [{ status: 103, statusText: 'Early Hints', headers: [{ name: 'Link', value: '</a>' }] }],
    })
  })
})

describe('URLs', () => {
  const urlOf = async (url: string, options: OptionsOf<typeof har> = {}) => (await entryOf(exported({ request: { url } }), options)).request
  test.each([
    ["http://origin.test/a/../b?x='|", "http://origin.test/a/../b?x='%7C"],
    ['http://origin.test/\u00c3\u00a9?\u00e9', 'http://origin.test/%C3%A9?%E9'],
    ['http://origin.test/a b"<>\\^`{}[]', 'http://origin.test/a%20b%22%3C%3E%5C%5E%60%7B%7D%5B%5D'],
    ['http://origin.test/100%?%zz=%41', 'http://origin.test/100%25?%25zz=%41'],
    ['http://origin.test/a#fragment', 'http://origin.test/a'],
    ['http://[::1]:8080/a', 'http://[::1]:8080/a'],
    ['http://origin.test', 'http://origin.test'],
  ])('%s becomes %s', async (url, expected) => {
    expect((await urlOf(url)).url).toBe(expected)
  })

  test('may stay as browsers send them', async () => {
    const { text } = await exportText(har, [exported({ request: { url: 'http://origin.test/a|b?ids[]=1&\u00e9 "' } })], { urls: 'browser' })
    expect((JSON.parse(text) as Har).log.entries[0]?.request.url).toBe('http://origin.test/a|b?ids[]=1&%E9%20%22')
  })

  test('the query is parsed', async () => {
    expect((await urlOf('http://origin.test/?a=1&a=2&b=x+y%20z&c&=d')).queryString).toEqual([
      { name: 'a', value: '1' },
      { name: 'a', value: '2' },
      { name: 'b', value: 'x y z' },
      { name: 'c', value: '' },
      { name: '', value: 'd' },
    ])
  })
})

describe('request bodies', () => {
  const postData = async (type: string, request: Uint8Array, options: OptionsOf<typeof har> = {}) =>
    (await entryOf(exported({ request: { method: 'POST', headers: [['Content-Type', type]] } }, { request }), options)).request.postData

  test('a form has its text and its fields', async () => {
    const text = 'a=1&b=x+y&a=%C3%A9'
    expect(await postData('application/x-www-form-urlencoded; charset=UTF-8', Buffer.from(text))).toEqual({
      mimeType: 'application/x-www-form-urlencoded; charset=UTF-8',
      params: [
        { name: 'a', value: '1' },
        { name: 'b', value: 'x y' },
        { name: 'a', value: '\u00e9' },
      ],
      text,
    })
  })

  test('JSON is text without fields', async () => {
    expect(await postData('application/json', Buffer.from('{"a":"é"}'))).toEqual({
      mimeType: 'application/json',
      params: [],
      text: '{"a":"é"}',
    })
  })

  test('binary is base64 and says so', async () => {
    const bytes = Buffer.from([0, 255, 1, 254])
    expect(await postData('application/octet-stream', bytes)).toEqual({
      mimeType: 'application/octet-stream',
      params: [],
      encoding: 'base64',
      text: bytes.toString('base64'),
    })
  })

  test('an encoded one stays as it was sent', async () => {
    const request = gzipSync('{"a":1}')
    const headers: [string, string][] = [
      ['Content-Type', 'application/json'],
      ['Content-Encoding', 'gzip'],
    ]
    const entry = await entryOf(exported({ request: { method: 'POST', headers } }, { request }))
    expect(bytesOf(entry.request.postData ?? {})).toEqual(request)
  })

  test('none, no postData', async () => {
    expect((await entryOf(exported({ request: { method: 'POST' } }))).request).toMatchObject({ bodySize: 0, headersSize: -1 })
    expect((await entryOf(exported({ request: { method: 'POST' } }))).request.postData).toBeUndefined()
  })

  test('without bodies, postData still has its text and says why it is empty', async () => {
    expect(await postData('text/plain', Buffer.from('abc'), { bodies: false })).toEqual({
      mimeType: 'text/plain',
      params: [],
      comment: 'left out, as asked',
      text: '',
    })
  })
})

describe('response bodies', () => {
  test.each([
    ['text/plain', Buffer.from('é'), 'é'],
    ['text/html; charset=ISO-8859-1', Buffer.from([0xe9, 0x80]), 'é€'],
    ['text/html; charset=shift_jis', Buffer.from([0x82, 0xa0]), 'あ'],
    ['text/html', Buffer.concat([Buffer.from('<meta charset="windows-1252">'), Buffer.from([0xe9])]), '<meta charset="windows-1252">é'],
    ['text/plain', Buffer.from([0xff, 0xfe, 0x41, 0]), '\ufeffA'],
    ['application/problem+json', Buffer.from('{}'), '{}'],
    ['image/svg+xml', Buffer.from('<svg/>'), '<svg/>'],
    ['application/javascript;charset=nonsense', Buffer.from('1'), '1'],
    [null, Buffer.from('plain\n'), 'plain\n'],
  ])('%s is text', async (type, bytes, text) => {
    expect(await contentOf(type, bytes)).toEqual({ size: bytes.length, mimeType: type ?? 'x-unknown', text })
  })

  test.each([
    ['image/png', Buffer.from('\x89PNG')],
    ['application/octet-stream', Buffer.from('only ASCII')],
    ['text/plain', Buffer.from([0xc3, 0x28])],
    ['application/json; charset=utf-16le', Buffer.from([0x41])],
    [null, Buffer.from([0, 1, 2])],
  ])('%s that is no text is base64', async (type, bytes) => {
    const content = await contentOf(type, bytes)
    expect(content).toMatchObject({ size: bytes.length, encoding: 'base64', text: bytes.toString('base64') })
  })

  test('an encoded one is decoded; sizes tell both', async () => {
    const response = gzipSync('hello '.repeat(100))
    const headers: [string, string][] = [
      ['Content-Type', 'text/plain'],
      ['Content-Encoding', 'gzip'],
    ]
    const entry = await entryOf(exported({ response: { headers } }, { response }))
    expect(entry.response.content).toEqual({
      size: 600,
      compression: 600 - response.length,
      mimeType: 'text/plain',
      text: 'hello '.repeat(100),
    })
    expect(entry.response.bodySize).toBe(response.length)
  })

  test('one that cannot be decoded stays encoded and says so', async () => {
    const content = await contentOf('text/plain', Buffer.from('no gzip'), [['Content-Encoding', 'gzip']])
    expect(content).toMatchObject({ size: 7, encoding: 'base64', text: Buffer.from('no gzip').toString('base64') })
    expect(content.comment).toMatch(/^still content-encoded: /)
  })

  test('larger than the limit, it is left out and says so', async () => {
    const entry = await entryOf(exported({}, { response: Buffer.alloc(101, 'a') }), { maxBodyBytes: 100 })
    expect(entry.response.content).toEqual({ size: 101, mimeType: 'text/plain', comment: 'left out: larger than 100 bytes' })
  })

  test('without bodies, the sizes stay', async () => {
    const entry = await entryOf(exported({}, { response: Buffer.from('abc') }), { bodies: false })
    expect(entry.response.content).toEqual({ size: 3, mimeType: 'text/plain', comment: 'left out, as asked' })
  })

  test('large ones are written in pieces, whatever the pieces cut', async () => {
    const letters = fc.sample(fc.string({ unit: 'binary', minLength: 1000, maxLength: 2000 }), { seed: 7, numRuns: 5 }).join('')
    const text = Buffer.from(letters.toWellFormed().repeat(250))
    expect(text.length).toBeGreaterThan(1024 * 1024)
    for (const pieceBytes of [65_537, 1024 * 1024]) {
      for (const [type, response] of [
        ['text/plain', text],
        ['image/png', text],
        ['text/plain', Buffer.concat([text, Buffer.from([0xff])])],
        ['text/plain', Buffer.concat([text, Buffer.from([0xc3])])],
      ] as const) {
        const entry = await entryOf(exported({ response: { headers: [['Content-Type', type]] } }, { response, pieceBytes }))
        expect(entry.response.content.size).toBe(response.length)
        expect(entry.response.content.encoding).toBe(type === 'text/plain' && response === text ? undefined : 'base64')
        expect(bytesOf(entry.response.content).equals(response)).toBe(true)
      }
    }
  })
})

test('fields are those of the URL standard', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '=', '&', '+', '%', '2', '0', 'é', '\ud800'), maxLength: 20 })
  const property = fc.property(text, (query) => {
    const standard = Array.from(new URLSearchParams(query), ([name, value]) => ({ name, value }))
    expect(formFields(query)).toEqual(standard)
  })
  fc.assert(property, { seed: 3, numRuns: 2000 })
})

test('any exchange makes a valid entry whose bodies and times are exact', async () => {
  const byteText = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 30 })
  const type = fc.constantFrom(
    'text/plain',
    'application/json',
    'image/png',
    'application/x-www-form-urlencoded',
    'text/html; charset=utf-8',
    ';;',
    '',
  )
  const headers = fc.array(fc.tuple(fc.oneof(fc.constantFrom('Cookie', 'Set-Cookie', 'Location'), byteText), byteText), { maxLength: 6 })
  const ms = fc.option(fc.double({ min: 0, max: 1e7, noNaN: true }), { nil: undefined })
  const phases = fc.record({ dns: ms, connect: ms, tls: ms, send: ms, wait: ms, receive: ms })
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'grapheme' }).map((text) => new Uint8Array(Buffer.from(text))),
  )
  const property = fc.asyncProperty(
    fc.record({
      path: byteText,
      type,
      headers,
      phases,
      request: body,
      response: body,
      startedAt: fc.double({ min: 0, max: 4e12, noNaN: true }),
    }),
    async ({ path, type, headers, phases, request, response, startedAt }) => {
      const all: [string, string][] = [['Content-Type', type], ...headers]
      const timings = Object.fromEntries(Object.entries(phases).filter(([, value]) => value !== undefined))
      const url = `http://origin.test/${path}`
      const entry = await entryOf(
        exported({ startedAt, timings, request: { url, headers: all }, response: { headers: all } }, { request, response }),
      )
      expect(bytesOf(entry.response.content).equals(response)).toBe(true)
      expect(bytesOf(entry.request.postData ?? {}).equals(request)).toBe(true)
      expect(entry.request.url).toMatch(/^[!-~]+$/)
      expect(entry.request.url).not.toContain('#')
      const { blocked, dns, connect, send, wait, receive } = entry.timings
      const known = [blocked, dns, connect, send, wait, receive].filter((value) => value !== -1)
      expect(entry.time).toBeCloseTo(
        known.reduce((sum, value) => sum + value, 0),
        3,
      )
      expect(Math.abs(Date.parse(entry.startedDateTime) - startedAt)).toBeLessThan(1)
    },
  )
  await fc.assert(property, { seed: 42, numRuns: 1000 })
})
