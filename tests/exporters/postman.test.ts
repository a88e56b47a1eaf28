/** The collection: valid by Postman's schema, and run by the real newman against an origin that keeps every byte. */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FolderTree } from '../../plugins/exporters/postman/folders.ts'
import { postmanUrl } from '../../plugins/exporters/postman/url.ts'
import postman from '../../plugins/exporters/postman.ts'
import type { Headers } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { type ExactOrigin, fieldsOf, startExactOrigin, targetOf } from '../support/exact-origin.ts'
import { exported, exportText, type OptionsOf } from '../support/exported.ts'
import { type PostmanFolder, type PostmanItem, parseCollection, requestsOf, runNewman } from '../support/postman.ts'

type PostmanOptions = OptionsOf<typeof postman>

async function collectionOf(exchanges: ExportedExchange[], options: PostmanOptions = {}) {
  const { text, leftOut } = await exportText(postman, exchanges, options)
  const collection = parseCollection(text)
  return { text, leftOut, collection, requests: requestsOf(collection) }
}

interface SentRequest {
  method: string
  target: string
  headers: Headers
  body: Buffer
}

/** A redirect that sets a cookie: neither may change what newman sends next. */
const answer = Buffer.from('HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: kept=no; Path=/\r\nContent-Length: 0\r\n\r\n')
const startEcho = () => startExactOrigin(({ head }) => (head.startsWith('HEAD') ? Buffer.from('HTTP/1.1 200 OK\r\n\r\n') : answer), false)

const ofClient = /^(?:host|content-length|connection)$/i

/** What the origin received when newman had run them all, as they were meant. */
async function sentBy(origin: ExactOrigin, requests: SentRequest[]): Promise<SentRequest[]> {
  const exchanges = requests.map(({ method, target, headers, body }, index) => {
    const length: Headers = body.length > 0 ? [['Content-Length', String(body.length)]] : []
    const all: Headers = [['Host', `localhost:${origin.port}`], ...headers, ...length, ['Connection', 'keep-alive']]
    return exported({ seq: index + 1, request: { method, url: `${origin.url}${target}`, headers: all } }, { request: body })
  })
  const { collection } = await collectionOf(exchanges, { folders: 'none', deduplicate: 'none' })
  origin.requests.length = 0
  expect(await runNewman(collection)).toBe(requests.length)
  return origin.requests.map(({ head, body }) => ({
    method: head.slice(0, head.indexOf(' ')),
    target: targetOf(head),
    headers: fieldsOf(head).filter(([name]) => !ofClient.test(name)),
    body,
  }))
}

const ofCharacters = (characters: string, lengths: { minLength?: number; maxLength: number }) =>
  fc.array(fc.constantFrom(...characters), lengths).map((list) => list.join(''))
const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
const nasty = fc.constantFrom('{{$guid}}', '{{host}}', '{{{a}}}', '{{', '}}', '{{a\nb}}', '//', '/*', '"', "'", '%', '\u00ff')
const text = (characters: string) =>
  fc.array(fc.oneof(nasty, ofCharacters(characters, { maxLength: 8 })), { maxLength: 6 }).map((list) => list.join(''))
/** What RFC 3986 lets stand. */
const ofUrl = "abcXYZ019-._~!$&'()*+,;=:@/?"

const anyField = fc
  .tuple(ofCharacters("abcXYZ019-_!#$%&'*+.^`|~", { minLength: 1, maxLength: 12 }), text(bytes.slice(0x20).replace('\u007f', '')))
  .map(([name, value]): [string, string] => [`X-${name}`, value.replace(/\n/g, '').trim()])
const anyHeaders = fc.uniqueArray(anyField, { maxLength: 4, selector: ([name]) => name.toLowerCase() })

const multipart = fc
  .array(
    fc.tuple(
      ofCharacters('abc "{}', { maxLength: 4 }),
      fc.option(ofCharacters('abc./é', { maxLength: 5 })),
      fc.uint8Array({ maxLength: 20 }),
    ),
    {
      maxLength: 3,
    },
  )
  .map((parts) => {
    const pieces = parts.flatMap(([name, filename, value]) => [
      Buffer.from(`--xyz\r\nContent-Disposition: form-data; name="${name.replaceAll('"', '%22')}"`),
      Buffer.from(filename === null ? '' : `; filename="${filename}"\r\nContent-Type: application/octet-stream`),
      Buffer.from('\r\n\r\n'),
      Buffer.from(value),
      Buffer.from('\r\n'),
    ])
    return Buffer.concat([...pieces, Buffer.from('--xyz--\r\n')])
  })
const form = fc
  .array(fc.tuple(fc.string({ maxLength: 5 }), text('abc é+&=')), { maxLength: 4 })
  .map((pairs) => Buffer.from(new URLSearchParams(pairs).toString().replaceAll('+', '%20')))

const anyBody = fc.oneof(
  fc.constant({ type: null, body: Buffer.alloc(0) }),
  fc.record({
    type: fc.constantFrom('application/json', 'text/plain; charset=utf-8', 'application/octet-stream', null),
    body: fc.oneof(
      text(bytes).map((content) => Buffer.from(content, 'utf8')),
      fc.json().map((content) => Buffer.from(content)),
      fc.uint8Array({ minLength: 1, maxLength: 300 }).map((content) => Buffer.from(content)),
    ),
  }),
  fc.record({ type: fc.constant('multipart/form-data; boundary=xyz'), body: multipart }),
  fc.record({ type: fc.constant('application/x-www-form-urlencoded'), body: form }),
)

const anyRequest: fc.Arbitrary<SentRequest> = fc
  .record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'QUERY', "O'DD"),
    target: fc.oneof(
      fc.constantFrom('/a/../b/./c', '/:id/:file.json', '/?', '/?&&a', '//x', '/%2e%2E/%7B%7B$guid%7D%7D', '/?url=http://x/?y'),
      ofCharacters(ofUrl, { maxLength: 20 }).map((rest) => `/${rest}`),
    ),
    headers: anyHeaders,
    body: anyBody,
  })
  .map(({ body: { type, body }, headers, ...rest }) => ({
    ...rest,
    headers: type === null ? headers : [...headers, ['Content-Type', type] as [string, string]],
    body: rest.method === 'HEAD' ? Buffer.alloc(0) : body,
  }))

test('newman sends any request byte for byte, and none of its own', async () => {
  const origin = await startEcho()
  await fc.assert(
    fc.asyncProperty(fc.array(anyRequest, { minLength: 30, maxLength: 30 }), async (requests) => {
      expect(await sentBy(origin, requests)).toEqual(requests)
    }),
    { numRuns: 3, endOnFailure: true },
  )
})

test('repeated fields stay lines of their own, and cookies become one', async () => {
  const origin = await startEcho()
  const headers: Headers = [
    ['X-A', '1'],
    ['cookie', 'a=1'],
    ['x-a', '2'],
    ['cookie', 'b=2'],
  ]
  const [sent] = await sentBy(origin, [{ method: 'GET', target: '/', headers, body: Buffer.alloc(0) }])
  expect(sent?.headers).toEqual([
    ['X-A', '1'],
    ['X-A', '2'],
    ['cookie', 'a=1; b=2'],
  ])
})

const post = (type: string, body: string | Buffer, change: object = {}) =>
  exported({ request: { method: 'POST', headers: [['Content-Type', type]] }, ...change }, { request: Buffer.from(body) })
const bodyOf = async (type: string, body: string | Buffer) => (await collectionOf([post(type, body)])).requests[0]?.request.body

test('forms are forms where Postman makes the same bytes of them', async () => {
  expect(await bodyOf('application/x-www-form-urlencoded', 'a=1&b=x%20y')).toEqual({
    mode: 'urlencoded',
    urlencoded: [
      { key: 'a', value: '1' },
      { key: 'b', value: 'x y' },
    ],
  })
  expect(await bodyOf('application/x-www-form-urlencoded', 'b=x+y')).toMatchObject({ mode: 'raw', raw: 'b=x+y' })
  const part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
  const file = '--b\r\nContent-Disposition: form-data; name="f"; filename="f.bin"\r\nContent-Type: image/png\r\n\r\n\u0000\r\n'
  expect(await bodyOf('multipart/form-data; boundary=b', `${part}${file}--b--\r\n`)).toEqual({
    mode: 'formdata',
    formdata: [
      { key: 'a', type: 'text', value: '1' },
      { key: 'f', type: 'file', src: null, fileName: 'f.bin', value: 'AA==', contentType: 'image/png' },
    ],
  })
  expect(await bodyOf('multipart/form-data; boundary=b', `preamble\r\n${part}--b--\r\n`)).toMatchObject({ mode: 'raw' })
})

test('text says its language; what is no text, or would not stay as it is, is base64', async () => {
  expect(await bodyOf('application/json', '{"a":"http://x"}')).toMatchObject({ mode: 'raw', options: { raw: { language: 'json' } } })
  expect(await bodyOf('application/json', '{"a":1 // no JSON\n}')).toMatchObject({ mode: 'raw', options: { raw: { language: 'text' } } })
  expect(await bodyOf('image/png', Buffer.from([0, 255]))).toEqual({ mode: 'file', file: { content: 'AP8=' } })
  expect(await bodyOf('text/plain', '{{constructor}}')).toMatchObject({ mode: 'file' })
  expect(await bodyOf('text/plain', `{{${'x'.repeat(1001)}}}`)).toMatchObject({ mode: 'file' })
})

test('a template that was captured is a variable that holds the same text', async () => {
  const request = { method: 'POST', url: 'https://origin.test/{{url}}', headers: [['X-T', '{{$guid}}']] as Headers }
  const { collection, requests } = await collectionOf([exported({ request }, { request: Buffer.from('{{ name }} {{$guid}} {{}}') })])
  expect(collection.variable).toEqual([
    { key: '$guid', value: '{{$guid}}', type: 'string' },
    { key: ' name ', value: '{{ name }}', type: 'string' },
  ])
  expect(requests[0]?.request.url.raw).toBe('https://origin.test/%7B%7Burl%7D%7D')
})

const get = (url: string, status = 200, body = 'hello') =>
  exported({ request: { url }, response: { status, headers: [['Content-Type', 'text/plain']] } }, { response: Buffer.from(body) })
const outline = (items: PostmanFolder['item']): unknown[] =>
  items.map((each) => ('item' in each ? { [each.name]: outline(each.item) } : each.request.url.raw))

test('folders are hosts, paths, both or none, in the order in which they were called', async () => {
  const [first, second, third] = ['https://b.test/users/1', 'https://a.test:8443/users', 'https://b.test/users/2?x=1'] as [
    string,
    string,
    string,
  ]
  const exchanges = [get(first), get(second), get(third)]
  const outlineOf = async (folders: NonNullable<PostmanOptions['folders']>) =>
    outline((await collectionOf(exchanges, { folders })).collection.item)
  expect(await outlineOf('none')).toEqual([first, second, third])
  expect(await outlineOf('host')).toEqual([{ 'b.test': [first, third] }, { 'a.test:8443': [second] }])
  expect(await outlineOf('path')).toEqual([{ '/users/{id}': [first, third] }, { '/users': [second] }])
  expect(await outlineOf('both')).toEqual([{ 'b.test': [{ '/users/{id}': [first, third] }] }, { 'a.test:8443': [{ '/users': [second] }] }])
})

test('there are 10,000 folders at most; what comes later lies in the one above', () => {
  const tree = new FolderTree('path')
  const word = (index: number) => String(index).replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '')
  const folders = Array.from({ length: 10_001 }, (_, index) => {
    const url = postmanUrl(`https://a.test/${word(index)}`)
    return url && tree.folderFor(url)
  })
  expect(tree.root.folders.size).toBe(10_000)
  expect(folders.indexOf(tree.root)).toBe(10_000)
})

const names = (requests: PostmanItem[]) => requests.map(({ name, response }) => [name, ...response.map((example) => example.name)])

test('equal requests are one, with each of their answers as an example', async () => {
  const url = 'https://a.test/users/1'
  const exchanges = [
    get(url),
    get(url),
    get(url, 404, ''),
    get(url, 200, 'another'),
    get('https://a.test/users/2?q=1'),
    post('text/plain', 'x'),
  ]
  const namesWith = async (options: PostmanOptions) => names((await collectionOf(exchanges, { folders: 'none', ...options })).requests)
  expect(await namesWith({})).toEqual([
    ['/users/1', '200 OK', '404 OK', '200 OK'],
    ['/users/2', '200 OK'],
    ['/', '200 OK'],
  ])
  expect(await namesWith({ examples: 1 })).toEqual([
    ['/users/1', '200 OK'],
    ['/users/2', '200 OK'],
    ['/', '200 OK'],
  ])
  expect(await namesWith({ deduplicate: 'endpoint' })).toEqual([
    ['/users/{id}', '200 OK', '404 OK', '200 OK'],
    ['/', '200 OK'],
  ])
  expect(await namesWith({ deduplicate: 'none', examples: 0 })).toHaveLength(6)
})

test('an example is the decoded answer with its own request; a body that has no place in it says why', async () => {
  const headers: Headers = [
    ['Content-Type', 'application/json'],
    ['Content-Encoding', 'gzip'],
    ['Content-Length', '99'],
    ['X-A', '1'],
  ]
  const request = { url: 'https://a.test/x?y=1', headers: [['X-B', '2']] as Headers }
  const response = { status: 201, reason: '', headers }
  const { requests } = await collectionOf([exported({ request, response }, { response: gzipSync('{"é":1}') })])
  expect(requests[0]?.response).toEqual([
    {
      name: '201 Created',
      originalRequest: requests[0]?.request,
      status: 'Created',
      code: 201,
      _postman_previewlanguage: 'json',
      header: [
        { key: 'Content-Type', value: 'application/json' },
        { key: 'X-A', value: '1' },
      ],
      cookie: [],
      responseTime: 3,
      body: '{"é":1}',
    },
  ])
  const others = [
    exported({ response: { headers: [['Content-Encoding', 'gzip']] } }, { response: Buffer.from('no gzip') }),
    exported({}, { response: Buffer.from([0, 255]) }),
    exported({}, { response: Buffer.from('too large') }),
    exported({ response: { truncated: true } }, { response: Buffer.from('cut') }),
    exported({ response: null, state: 'failed' }),
  ]
  const without = await collectionOf(others, { deduplicate: 'none', maxBodyBytes: 8 })
  expect(without.requests.flatMap(({ response }) => response.map(({ name, body }) => [name, body]))).toEqual([
    ['200 OK (body left out: it cannot be decoded)', null],
    ['200 OK (body left out: 2 bytes that are no text)', null],
    ['200 OK (body left out: 9 bytes)', null],
    ['200 OK (body cut)', 'cut'],
  ])
})

test('what Postman cannot send as it was is left out and not counted', async () => {
  const exchanges = [
    exported({ kind: 'tunnel' }),
    exported({ kind: 'websocket' }),
    exported({ request: { url: 'https://user:password@origin.test/' } }),
    exported({ request: { url: 'https://[bad/' } }),
    exported({ request: { method: 'NO METHOD' } }),
    exported({ request: { method: 'POST', truncated: true } }, { request: Buffer.from('cut') }),
    exported({ request: { method: 'POST' } }, { request: Buffer.from('too large') }),
  ]
  expect(await collectionOf(exchanges, { maxBodyBytes: 8 })).toMatchObject({ leftOut: 7, requests: [] })
})

test('whatever was captured, the collection is valid, in all of its forms', async () => {
  const wild = fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 12 }))
  const exchange = fc.record({ url: wild, name: wild, value: wild, reason: wild, request: fc.uint8Array(), response: fc.uint8Array() })
  const options = fc.record({
    folders: fc.constantFrom('host', 'path', 'both', 'none' as const),
    deduplicate: fc.constantFrom('request', 'endpoint', 'none' as const),
    title: wild,
  })
  await fc.assert(
    fc.asyncProperty(fc.array(exchange, { maxLength: 8 }), options, async (exchanges, chosen) => {
      const given = exchanges.map(({ url, name, value, reason, request, response }) => {
        const headers: Headers = [[name, value]]
        return exported(
          { request: { url: `https://origin.test/${url}`, headers }, response: { reason, headers } },
          { request: Buffer.from(request), response: Buffer.from(response) },
        )
      })
      const { leftOut, requests, collection } = await collectionOf(given, chosen as PostmanOptions)
      expect(leftOut).toBe(0)
      expect(collection.info.name).toBe(chosen.title)
      const examples = requests.reduce((sum, { response }) => sum + response.length, 0)
      expect(examples).toBeLessThanOrEqual(exchanges.length)
      expect(requests.length).toBeLessThanOrEqual(exchanges.length)
      for (const { request } of requests) expect(request.url.raw).toMatch(/^[!-~]*$/)
    }),
    { numRuns: 60 },
  )
})
