import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ImportedEntry, ImportedExchange } from '../../daemon/import/imported-exchange.ts'
import { readPostman } from '../../daemon/import/postman.ts'
import postman from '../../plugins/exporters/postman.ts'
import { runExporter, type TestExchange, testExchange } from '../../sdk/testing.ts'

fc.configureGlobal({ seed: 20260405 })

const savedAt = 1_700_000_000_000

async function entriesOf(text: string): Promise<ImportedEntry[]> {
  async function* pieces() {
    yield Buffer.from(text)
  }
  const entries: ImportedEntry[] = []
  for await (const entry of readPostman(pieces(), savedAt)) entries.push(entry)
  return entries
}

async function read(collection: object): Promise<ImportedExchange[]> {
  const entries = await entriesOf(JSON.stringify(collection))
  return entries.map((entry) => {
    if (!('exchange' in entry)) throw new Error(JSON.stringify(entry))
    return entry.exchange
  })
}

/** Of a collection with one request. */
async function request(value: unknown, more: object = {}): Promise<ImportedExchange> {
  const [only] = await read({ info: {}, item: [{ name: 'it', request: value }], ...more })
  return only as ImportedExchange
}

const textOf = (bytes: Uint8Array | null | undefined) => (bytes ? Buffer.from(bytes).toString() : null)

describe('requests', () => {
  it('that nobody answered have no end; their note says where they lay', async () => {
    const item = [{ name: 'Users', item: [{ name: 'All', request: 'https://a.test/users' }] }]
    const [only, ...more] = await read({ info: {}, item })
    expect(more).toEqual([])
    expect(only?.exchange).toMatchObject({
      state: 'open',
      startedAt: savedAt,
      response: null,
      note: 'Users / All',
      request: { method: 'GET' },
    })
  })

  it.each([
    ['https://a.test/x?q=1#part', 'https://a.test/x?q=1'],
    ['{{base}}/x', 'https://api.test/v1/x'],
    ['{{unknown}}/x', 'http://{{unknown}}/x'],
    ['a.test/x', 'http://a.test/x'],
    [{ raw: 'https://a.test/u/:id/:other?x=:id', variable: [{ key: 'id', value: '7' }] }, 'https://a.test/u/7/:other?x=:id'],
    [
      {
        protocol: 'https',
        host: ['a', 'test'],
        port: '8443',
        path: ['b', 'c'],
        query: [
          { key: 'q', value: '1' },
          { key: 'n', disabled: true },
        ],
      },
      'https://a.test:8443/b/c?q=1',
    ],
    [{ host: 'a.test', path: '/b' }, 'http://a.test/b'],
  ])('to %j go to %s', async (url, sent) => {
    const variable = [
      { key: 'base', value: 'https://{{host}}/v1' },
      { key: 'host', value: 'api.test' },
    ]
    expect((await request({ method: 'GET', url }, { variable })).exchange.request.url).toBe(sent)
  })

  it.each([
    [{ type: 'bearer', bearer: [{ key: 'token', value: '{{t}}' }] }, [['Authorization', 'Bearer secret']], ''],
    [{ type: 'basic', basic: { username: 'me', password: 'pw' } }, [['Authorization', 'Basic bWU6cHc=']], ''],
    [
      {
        type: 'apikey',
        apikey: [
          { key: 'key', value: 'X-Key' },
          { key: 'value', value: '1' },
        ],
      },
      [['X-Key', '1']],
      '',
    ],
    [
      {
        type: 'apikey',
        apikey: [
          { key: 'key', value: 'k' },
          { key: 'value', value: 'a b' },
          { key: 'in', value: 'query' },
        ],
      },
      [],
      '?k=a%20b',
    ],
    [{ type: 'noauth' }, [], ''],
  ])('of a collection with the authorization %j send it', async (auth, headers, query) => {
    const { exchange } = await request({ method: 'GET', url: 'https://a.test/' }, { auth, variable: [{ key: 't', value: 'secret' }] })
    expect(exchange.request).toMatchObject({ headers, url: `https://a.test/${query}` })
  })

  it.each([
    [{ mode: 'raw', raw: '{"a":"{{v}}"}', options: { raw: { language: 'json' } } }, '{"a":"x"}', 'application/json'],
    [
      {
        mode: 'urlencoded',
        urlencoded: [
          { key: 'a b', value: "it's" },
          { key: 'no', value: '', disabled: true },
        ],
      },
      'a%20b=it%27s',
      'application/x-www-form-urlencoded',
    ],
    [{ mode: 'graphql', graphql: { query: '{a}', variables: '{"b":1}' } }, '{"query":"{a}","variables":{"b":1}}', 'application/json'],
    [{ mode: 'file', file: { content: 'aGFsbG8=' } }, 'hallo', 'application/octet-stream'],
  ])('with the body %j have its bytes', async (body, text, type) => {
    const { exchange, bodies } = await request({ method: 'POST', url: 'https://a.test/', body }, { variable: [{ key: 'v', value: 'x' }] })
    expect(textOf(bodies.request)).toBe(text)
    expect(exchange.request).toMatchObject({ headers: [['Content-Type', type]], bodySize: text.length, truncated: false })
  })

  it('with a file that is not in the collection are truncated', async () => {
    const formdata = [
      { key: 'a', type: 'text', value: '1' },
      { key: 'f', type: 'file', src: '/home/me/cat.png' },
    ]
    const { exchange, bodies } = await request({ method: 'POST', url: 'https://a.test/', body: { mode: 'formdata', formdata } })
    expect(exchange.request.truncated).toBe(true)
    expect(textOf(bodies.request)).toContain('name="f"; filename="cat.png"\r\n\r\n\r\n')
    expect(textOf(bodies.request)).not.toContain('/home/me')
  })
})

it('saved examples are answers, each with the request it was saved with', async () => {
  const response = [
    {
      name: 'found',
      originalRequest: { method: 'PUT', url: 'https://a.test/1', header: [{ key: 'A', value: '1' }] },
      code: 200,
      status: 'OK',
      header: [
        { key: 'Content-Type', value: 'text/plain; charset=latin1' },
        { key: 'Date', value: 'Wed, 01 May 2024 10:00:00 GMT' },
      ],
      body: 'grün',
      responseTime: 12,
    },
    { name: 'gone', code: 404, status: 'Not Found', header: 'X-A: 1\r\nX-B: 2', body: null },
  ]
  const [found, gone] = await read({ info: {}, item: [{ name: 'it', request: 'https://a.test/2', response }] })
  expect(found?.exchange).toMatchObject({
    state: 'complete',
    startedAt: Date.UTC(2024, 4, 1, 10),
    durationMs: 12,
    request: { method: 'PUT', url: 'https://a.test/1', headers: [['A', '1']] },
    response: { status: 200, reason: 'OK', bodySize: 4 },
    note: 'it / found',
  })
  expect(Buffer.from(found?.bodies.response ?? []).toString('latin1')).toBe('grün')
  expect(gone?.exchange).toMatchObject({
    request: { url: 'https://a.test/2' },
    response: {
      status: 404,
      headers: [
        ['X-A', '1'],
        ['X-B', '2'],
      ],
    },
  })
})

it.each([
  [{ item: [{ name: 'x' }] }, 'item[0]', 'it has no request'],
  [{ item: [{ item: [{ request: { url: '' } }] }] }, 'item[0].item[0]', 'it has no URL'],
  [{ item: [{ request: 'https://a.test', response: [{ code: 'x' }] }] }, 'item[0].response[0]', 'its example has no status code'],
  [
    {
      item: [{ request: '{{a}}' }],
      variable: [
        { key: 'a', value: '{{b}}'.repeat(10_000) },
        { key: 'b', value: 'x'.repeat(100_000) },
      ],
    },
    'item[0]',
    'its variables make it too long',
  ],
])('what cannot be read is named: %#', async (collection, at, fault) => {
  expect(await entriesOf(JSON.stringify(collection))).toEqual([{ at, fault }])
})

it('a collection that is no JSON is broken as a whole, with its line', async () => {
  await expect(entriesOf('{"info":{},\n"item":[}')).rejects.toMatchObject({
    at: 'the collection',
    message: expect.stringContaining('line 2'),
  })
})

const words = fc.string({ unit: fc.constantFrom('a', 'B', '7', ' ', 'é', '"', '{{x}}', '&', '=', "'", '日'), maxLength: 8 })
const json = fc
  .jsonValue({ stringUnit: 'grapheme' })
  .map((value) => ({ type: 'application/json', bytes: Buffer.from(JSON.stringify(value)) }))
const form = fc
  .array(fc.tuple(words, words), { minLength: 1 })
  .map((pairs) => ({ type: 'application/x-www-form-urlencoded', bytes: Buffer.from(new URLSearchParams(pairs).toString()) }))
const binary = fc.uint8Array({ minLength: 1 }).map((bytes) => ({ type: 'application/octet-stream', bytes: Buffer.from(bytes) }))
const parts = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.uint8Array()), { minLength: 1 }).map((list) => ({
  type: 'multipart/form-data; boundary=xyz',
  bytes: Buffer.concat([
    ...list.map(([name, bytes]) =>
      Buffer.concat([
        Buffer.from(`--xyz\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\nContent-Type: a/b\r\n\r\n`),
        bytes,
        Buffer.from('\r\n'),
      ]),
    ),
    Buffer.from('--xyz--\r\n'),
  ]),
}))
const anyExchange = fc
  .record({
    method: fc.constantFrom('POST', 'PUT', 'PATCH'),
    path: fc.array(fc.constantFrom('a', ':id', '%20', '{{y}}', '1'), { maxLength: 3 }),
    query: fc.option(fc.array(fc.tuple(fc.constantFrom('q', 'r'), fc.constantFrom('1', '%26', '')), { maxLength: 3 })),
    header: words,
    body: fc.oneof(json, form, binary, parts),
    answer: fc.oneof(fc.constant(''), words),
    status: fc.constantFrom(200, 404, 500),
  })
  .map(({ method, path, query, header, body, answer, status }): TestExchange => {
    const search = query === null ? '' : `?${query.map(([name, value]) => `${name}=${value}`).join('&')}`
    return testExchange({
      request: {
        method,
        url: `https://origin.test/${path.join('/').replaceAll('{{y}}', '%7B%7By%7D%7D')}${search}`,
        headers: [
          ['Content-Type', body.type],
          ['X-A', header.replace(/[^ -~]/g, '').trim()],
        ],
      },
      response: { status, reason: 'Word' },
      bodies: { request: new Uint8Array(body.bytes), response: answer },
    })
  })

it('what weir exports as a collection comes back: requests byte for byte, and answers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyExchange, { minLength: 1, maxLength: 4 }), async (exchanges) => {
      const { text } = await runExporter(postman, exchanges, { options: { folders: 'none', deduplicate: 'none' } })
      const imported = await read(JSON.parse(text) as object)
      const shown = (exchange: ImportedExchange['exchange'], request: Uint8Array | null, response: Uint8Array | null) => ({
        url: exchange.request.url,
        method: exchange.request.method,
        headers: exchange.request.headers,
        status: exchange.response?.status,
        reason: exchange.response?.reason,
        answerHeaders: exchange.response?.headers,
        request: textOf(request),
        response: textOf(response) ?? '',
      })
      expect(imported.map(({ exchange, bodies }) => shown(exchange, bodies.request, bodies.response))).toEqual(
        exchanges.map(({ bodies, ...exchange }) => shown(exchange, bodies.request, bodies.response)),
      )
    }),
  )
})
