import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import openapi from '../../plugins/exporters/openapi.ts'
import type { Headers } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { exported, exportText, type OptionsOf } from '../support/exported.ts'

// biome-ignore lint/suspicious/noExplicitAny: a document is read at any depth
type Document = any

/** The document, found valid by a validator that is not ours. */
async function documentOf(exchanges: ExportedExchange[], options: OptionsOf<typeof openapi> = {}): Promise<Document> {
  const document = JSON.parse((await exportText(openapi, exchanges, options)).text) as Document
  const { valid, errors } = await new Validator().validate(structuredClone(document))
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
  return document
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const jsonType: Headers = [['Content-Type', 'application/json']]

interface CallOptions {
  method?: string
  status?: number
  sent?: unknown
  received?: unknown
  headers?: Headers
}

function call(path: string, { method = 'GET', status = 200, sent, received, headers = [] }: CallOptions = {}): ExportedExchange {
  const url = path.startsWith('http') ? path : `https://api.test${path}`
  return exported(
    {
      request: { method, url, headers: [...headers, ...(sent === undefined ? [] : jsonType)] },
      response: { status, reason: 'OK', headers: received === undefined ? [] : jsonType },
    },
    { ...(sent !== undefined && { request: json(sent) }), ...(received !== undefined && { response: json(received) }) },
  )
}

const pathsOf = async (paths: string[]) => Object.keys((await documentOf(paths.map((path) => call(path)))).paths)

describe('the document', () => {
  test('of no exchange is valid and empty', async () => {
    expect(await documentOf([])).toMatchObject({ openapi: '3.1.0', info: { title: 's' }, paths: {} })
  })

  test('describes parameters, bodies and several answers of an operation', async () => {
    const document = await documentOf(
      [
        call('/v1/users/7?page=1&q=a', { received: { id: 7, name: 'A' } }),
        call('/v1/users/8?page=2', { received: { id: 8, name: null, tags: ['x'] } }),
        call('/v1/users/9?page=2', { status: 404, received: { error: 'gone' } }),
        call('/v1/users', { method: 'POST', sent: { name: 'B' }, status: 201, received: { id: 9 } }),
      ],
      { title: 'Users', examples: true },
    )
    expect(document.info.title).toBe('Users')
    expect(document.servers).toEqual([{ url: 'https://api.test' }])
    const { get } = document.paths['/v1/users/{userId}']
    expect(get.operationId).toBe('getV1UsersByUserId')
    expect(get.parameters).toEqual([
      { name: 'userId', in: 'path', required: true, schema: { type: 'integer' } },
      { name: 'page', in: 'query', required: true, schema: { type: 'integer' } },
      { name: 'q', in: 'query', schema: { type: 'string' } },
    ])
    expect(Object.keys(get.responses)).toEqual(['200', '404'])
    expect(get.responses['200'].content['application/json']).toEqual({
      schema: {
        type: 'object',
        properties: {
          id: { type: 'integer' },
          name: { type: ['string', 'null'] },
          tags: { type: 'array', items: { type: 'string' } },
        },
        required: ['id', 'name'],
      },
      example: { id: 7, name: 'A' },
    })
    expect(document.paths['/v1/users'].post.requestBody).toMatchObject({ required: true })
  })

  test('has several content types, forms and multipart forms', async () => {
    const post = (type: string, body: string) =>
      exported(
        { request: { method: 'POST', url: 'https://api.test/in', headers: [['content-type', type]] } },
        { request: Buffer.from(body) },
      )
    const multipart = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nxx\r\n--b--\r\n'
    const document = await documentOf([
      post('application/x-www-form-urlencoded', 'a=1&b=2&b=3'),
      post('multipart/form-data; boundary=b', multipart),
      post('text/plain; charset=utf-8', 'hello'),
      post('image/png', '\u0089PNG'),
      post('application/problem+json', '{"a":1}'),
    ])
    const { content } = document.paths['/in'].post.requestBody
    expect(content['application/x-www-form-urlencoded'].schema.properties).toMatchObject({ a: { type: 'string' }, b: { type: 'array' } })
    expect(content['multipart/form-data'].schema).toMatchObject({ required: ['file'] })
    expect(content['text/plain']).toEqual({ schema: { type: 'string' } })
    expect(content['image/png']).toEqual({})
    expect(content['application/problem+json'].schema.type).toBe('object')
  })

  test('keeps origins apart that answer different paths', async () => {
    const document = await documentOf([
      call('https://a.test/x'),
      call('https://b.test/y'),
      call('https://a.test/both'),
      call('https://b.test/both'),
    ])
    expect(document.servers).toEqual([{ url: 'https://a.test' }, { url: 'https://b.test' }])
    expect(document.paths['/x'].servers).toEqual([{ url: 'https://a.test' }])
    expect(document.paths['/both'].servers).toBeUndefined()
  })

  test('names security schemes, and shows none of their values', async () => {
    const document = await documentOf(
      [
        call('/a', { headers: [['Authorization', 'Bearer s3cret-token']] }),
        call('/a'),
        call('/b', {
          headers: [
            ['X-Api-Key', 's3cret-key'],
            ['Cookie', 'lang=en; sessionid=s3cret-cookie'],
          ],
        }),
        call('/c?api_key=s3cret-query&x=1'),
      ],
      { examples: true },
    )
    expect(document.components.securitySchemes).toEqual({
      bearer: { type: 'http', scheme: 'bearer' },
      'cookie-sessionid': { type: 'apiKey', in: 'cookie', name: 'sessionid' },
      'header-x-api-key': { type: 'apiKey', in: 'header', name: 'x-api-key' },
      'query-api_key': { type: 'apiKey', in: 'query', name: 'api_key' },
    })
    expect(document.paths['/a'].get.security).toEqual([{ bearer: [] }, {}])
    expect(document.paths['/b'].get.security).toEqual([{ 'cookie-sessionid': [], 'header-x-api-key': [] }])
    expect(document.paths['/c'].get.parameters).toEqual([expect.objectContaining({ name: 'x' })])
    expect(JSON.stringify(document)).not.toContain('s3cret')
  })

  test('leaves out what is no call', async () => {
    const preflight = call('/a', { method: 'OPTIONS', headers: [['Access-Control-Request-Method', 'PUT']] })
    const others = [
      exported({ kind: 'tunnel' }),
      exported({ kind: 'websocket' }),
      exported({ response: null }),
      preflight,
      call('/a', { method: 'BREW' }),
    ]
    const { text, leftOut } = await exportText(openapi, others, {})
    expect([Object.keys(JSON.parse(text).paths), leftOut]).toEqual([[], 5])
  })

  test('has the same operationIds whatever the order of the calls', async () => {
    const calls = ['/a/1', '/a/1/b', '/a-1/b', '/a/x/b'].map((path) => call(path))
    const ids = (document: Document) => Object.entries(document.paths).map(([path, item]) => [path, (item as Document).get.operationId])
    const [one, other] = [await documentOf(calls), await documentOf(calls.toReversed())]
    expect(ids(one)).toEqual(ids(other))
    expect(new Set(ids(one).map(([, id]) => id)).size).toBe(4)
  })
})

describe('paths', () => {
  test.each([
    ['numbers', ['/users/1', '/users/22'], '/users/{userId}'],
    ['UUIDs', ['/a/3f2504e0-4f89-41d3-9a0c-0305e82c3301'], '/a/{aId}'],
    ['ULIDs', ['/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV'], '/orders/{orderId}'],
    ['hexadecimal digits', ['/commits/9f2c41ab'], '/commits/{commitId}'],
    ['dates', ['/reports/2024-02-29'], '/reports/{date}'],
    ['several', ['/companies/1/boxes/2/2'], '/companies/{companyId}/boxes/{boxId}/{boxId2}'],
    ['random characters', ['/files/x9Y-8aBc7Qw_12345kLmN'], '/files/{fileName}'],
  ])('%s are parameters', async (_, paths, template) => {
    expect(await pathsOf(paths)).toEqual([template])
  })

  test('words stay', async () => {
    expect(await pathsOf(['/', '/v1/users/me', '/facade', '/api/', '/a{b}'])).toEqual([
      '/',
      '/a%7Bb%7D',
      '/api/',
      '/facade',
      '/v1/users/me',
    ])
  })

  test('many siblings that answer alike are one parameter, and what they had in common stays true', async () => {
    const slugs = Array.from(
      { length: 60 },
      (_, index) => `p-${String.fromCharCode(97 + (index % 26))}${index > 25 ? 'x' : ''}${index > 51 ? 'y' : ''}`,
    )
    const products = slugs.map((slug, index) =>
      call(`/products/${slug}`, { received: { slug, price: index, ...(index % 2 && { sale: true }) } }),
    )
    const resources = ['users', 'orders', 'carts'].map((name) => call(`/${name}`, { received: { [name]: [{ [`${name}Id`]: 1 }] } }))
    const document = await documentOf([...products, ...resources])
    expect(Object.keys(document.paths)).toEqual(['/carts', '/orders', '/products/{productName}', '/users'])
    const { schema } = document.paths['/products/{productName}'].get.responses['200'].content['application/json']
    expect(schema.required).toEqual(['slug', 'price'])
  })

  test('many resources that answer differently stay', async () => {
    const resources = Array.from({ length: 40 }, (_, index) => `r${String.fromCharCode(97 + (index % 26))}${index > 25 ? 'x' : ''}`)
    const document = await documentOf(resources.map((name) => call(`/v1/${name}`, { received: { [name]: 1, [`${name}-b`]: 2 } })))
    expect(Object.keys(document.paths)).toHaveLength(40)
  })
})

describe('a document that is there', () => {
  const existing = {
    openapi: '3.1.0',
    info: { title: 'Mine', version: '7' },
    servers: [{ url: 'https://api.test/v1' }],
    'x-mine': true,
    paths: {
      '/users/{id}': {
        get: {
          operationId: 'readUser',
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
          responses: { 200: { $ref: '#/components/responses/User' } },
        },
      },
    },
    components: {
      responses: { User: { description: 'A user', content: { 'application/json': { schema: { $ref: '#/components/schemas/User' } } } } },
      schemas: { User: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] } },
    },
  }

  test('stays as it is when it says all already', async () => {
    expect(await documentOf([call('/v1/users/bob', { received: { id: 1 } })], { existing })).toEqual(existing)
  })

  test('is widened: new paths, answers and types, under the names it has', async () => {
    const calls = [
      call('/v1/users/bob?full=true', { received: { id: 'b' } }),
      call('/v1/users/1', { status: 500, received: { error: 'x' } }),
      call('/v1/orders'),
      call('https://other.test/ping'),
    ]
    const document = await documentOf(calls, { existing })
    expect(document).toMatchObject({ info: existing.info, 'x-mine': true, components: existing.components })
    expect(document.servers.map(({ url }: { url: string }) => url)).toEqual(['https://api.test/v1', 'https://other.test'])
    expect(Object.keys(document.paths)).toEqual(['/users/{id}', '/orders', '/ping'])
    const { get } = document.paths['/users/{id}']
    expect(get.operationId).toBe('readUser')
    expect(get.parameters[1]).toEqual({ name: 'full', in: 'query', schema: { type: 'boolean' } })
    expect(get.responses['200'].content['application/json'].schema.anyOf).toHaveLength(2)
    expect(get.responses['500']).toBeDefined()
    // Once more, and nothing changes.
    expect(await documentOf(calls, { existing: document })).toEqual(document)
  })

  test.each([
    [{}],
    [{ openapi: '3.0.3', info: {}, paths: {} }],
    [{ openapi: '3.1.0', info: { title: '', version: '' }, paths: { '/': 1 } }],
  ])('that is none (%j) is refused', async (document) => {
    await expect(exportText(openapi, [], { existing: document })).rejects.toMatchObject({ reason: 'invalidOptions' })
  })
})

/** Valid instances of JSON bodies: each is held against the schema of its own place in the document. */
test('every captured body satisfies the document', { timeout: 120_000 }, async () => {
  const segment = fc.constantFrom('users', 'a b', '7', '2024-01-01', '{x}', '..', '%2F', '\u00e9', '<script>', '')
  const anyCall = fc.record({
    path: fc.array(segment, { maxLength: 3 }).map((segments) => `/${segments.join('/')}`),
    method: fc.constantFrom('GET', 'POST'),
    status: fc.constantFrom(200, 204, 404, 999),
    sent: fc.option(fc.jsonValue(), { nil: undefined }),
    received: fc.option(fc.jsonValue(), { nil: undefined }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { minLength: 1, maxLength: 12 }), async (calls) => {
      const document = await documentOf(calls.map(({ path, ...rest }) => call(path, rest)))
      const ajv = new Ajv2020({ strict: false, ownProperties: true })
      addFormats.default(ajv)
      const bodies = Object.entries(document.paths as Record<string, Document>).flatMap(([template, item]) =>
        Object.entries(item as Record<string, Document>).map(([method, operation]) => ({ template, method, operation })),
      )
      for (const { path, method, status, sent, received } of calls) {
        // Templates are found again by their literal segments, as a reader of the document does.
        const encoded = path
          .split('/')
          .map((each) => encodeURI(each.replace('\u00e9', '\u00ff')).replace('%C3%BF', '%E9').replace('%252F', '%2F'))
        const found = bodies.find(
          ({ template, method: known }) =>
            known === method.toLowerCase() &&
            template.split('/').length === encoded.length &&
            template
              .split('/')
              .every((each, index) => each === encoded[index] || (/^\{.*\}$/.test(each) && /^\d/.test(encoded[index] ?? ''))),
        )
        expect(found, path).toBeDefined()
        const { requestBody, responses } = found?.operation ?? {}
        if (sent !== undefined)
          expect(ajv.compile(requestBody.content['application/json'].schema)(JSON.parse(JSON.stringify(sent)))).toBe(true)
        const response = responses[status === 999 ? 'default' : status]
        if (received !== undefined)
          expect(ajv.compile(response.content['application/json'].schema)(JSON.parse(JSON.stringify(received)))).toBe(true)
      }
    }),
    { numRuns: 25 },
  )
})

describe('hostile bodies', () => {
  const answered = (type: string, body: Uint8Array, change: object = {}) =>
    exported({ response: { headers: [['Content-Type', type], ...((change as { headers?: Headers }).headers ?? [])] } }, { response: body })
  const mediaOf = async (exchange: ExportedExchange) => (await documentOf([exchange])).paths['/'].get.responses['200'].content

  test('mislabelled, binary and undecodable ones are listed without a schema', async () => {
    expect(await mediaOf(answered('application/json', Buffer.from('{"a":')))).toEqual({ 'application/json': {} })
    expect(await mediaOf(answered('application/json', Buffer.from([0, 255, 254])))).toEqual({ 'application/json': {} })
    expect(await mediaOf(answered('application/json', Buffer.from('no gzip'), { headers: [['Content-Encoding', 'gzip']] }))).toEqual({
      'application/json': {},
    })
  })

  test('without a type they are what they look like', async () => {
    expect(Object.keys(await mediaOf(answered('', Buffer.from('{"a":1}'))))).toEqual(['application/json'])
    expect(Object.keys(await mediaOf(answered('', Buffer.from('plain'))))).toEqual(['text/plain'])
    expect(Object.keys(await mediaOf(answered('no type', Buffer.from([0, 1]))))).toEqual(['application/octet-stream'])
  })

  test('one too large to be looked at allows everything', async () => {
    const large = answered('application/json', json('x'))
    Object.assign(large.response ?? {}, { bodySize: 20 * 1024 * 1024 })
    expect(await mediaOf(large)).toEqual({ 'application/json': { schema: {} } })
  })

  test('keys and values of any kind are data', async () => {
    const text = '{"__proto__":1,"</script>":"=cmd()","a\\u0000b":"\\ud800","$ref":"file:///etc/passwd"}'
    const content = await mediaOf(answered('application/json', Buffer.from(text)))
    expect(Object.keys(content['application/json'].schema.properties)).toEqual(['__proto__', '</script>', 'a\u0000b'])
    expect(JSON.stringify(content)).not.toContain('passwd')
  })
})

test('what it holds is bounded: ever new paths and keys make no ever larger document', { timeout: 120_000 }, async () => {
  const count = 20_000
  const exchanges = Array.from({ length: count }, (_, index) =>
    call(`/${(index * 7919).toString(36)}q/${index.toString(36)}z/x`, { received: { [`k${index}`]: { [`i${index}`]: index } } }),
  )
  const { text, leftOut } = await exportText(openapi, exchanges, {})
  expect(text.length).toBeLessThan(20_000_000)
  expect(leftOut).toBeLessThan(count)
})
