/** Secrets of every kind, in every exporter's output. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkConfig } from '../../daemon/plugin/loader.ts'
import { Redaction } from '../../daemon/plugin/redacted-exchanges.ts'
import { SecretCheck } from '../../daemon/plugin/secret-check.ts'
import type { Exchange, Headers } from '../../sdk/model.ts'
import type { ExportedExchange, ExporterManifest } from '../../sdk/plugin.ts'
import { pseudonyms } from '../../sdk/redaction/pseudonyms.ts'
import { SecretFinder } from '../../sdk/redaction/secret-finder.ts'
import { type Bodies, exported, exportText } from '../support/exported.ts'

const folder = join(import.meta.dirname, '../../plugins/exporters')
const exporters = await Promise.all(
  readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => ((await import(join(folder, file))) as { default: ExporterManifest }).default),
)

let made = 0
const canaries: string[] = []
/** One that no other text contains. */
function canary(more = ''): string {
  const secret = `Canary-${String(++made).padStart(3, '0')}-Zq7$x${more}`
  canaries.push(secret)
  return secret
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const sent = (headers: Headers, body: Buffer): [object, Bodies] => [{ request: { method: 'POST', headers } }, { request: body }]
const received = (headers: Headers, body: Buffer): [object, Bodies] => [{ response: { headers } }, { response: body }]
const jsonType: Headers = [['Content-Type', 'application/json']]
const formType: Headers = [['Content-Type', 'application/x-www-form-urlencoded']]

const requestHeaders = [
  'Authorization',
  'Proxy-Authorization',
  'X-Api-Key',
  'Api-Key',
  'X-Auth-Token',
  'X-Access-Token',
  'X-CSRF-Token',
  'X-XSRF-Token',
  'X-Amz-Security-Token',
  'X-Goog-Api-Key',
  'X-Client-Secret',
  'X-Hub-Signature',
  'Private-Token',
]
const keys = [
  'password',
  'passwd',
  'newPassword',
  'secret',
  'client_secret',
  'clientSecret',
  'token',
  'access_token',
  'accessToken',
  'refresh_token',
  'id_token',
  'csrf-token',
  'api_key',
  'apiKey',
  'x-api-key',
  'session',
  'sessionId',
  'sid',
  'private_key',
  'aws_secret_access_key',
  'credentials',
  'jwt',
  'passphrase',
  'otp',
]

const places: [place: string, change: object, bodies: Bodies][] = [
  ...requestHeaders.map((name): [string, object, Bodies] => [`field ${name}`, { request: { headers: [[name, canary()]] } }, {}]),
  ...(['page', 'worker'] as const).map((name): [string, object, Bodies] => {
    return [`the browser's ${name}`, { browser: { sourceId: 's', [name]: `https://origin.test/?token=${canary()}` } }, {}]
  }),
  [
    'what made the browser ask',
    { browser: { sourceId: 's', initiator: { type: 'script', url: `https://a:${canary()}@origin.test/x.js` } } },
    {},
  ],
  ['a frame', { browser: { sourceId: 's', frame: { id: '1', url: `https://origin.test/#access_token=${canary()}` } } }, {}],
  ['Bearer', { request: { headers: [['Authorization', `Bearer ${canary()}`]] } }, {}],
  ['Basic', { request: { headers: [['Authorization', `Basic ${Buffer.from(`user:${canary()}`).toString('base64')}`]] } }, {}],
  ['Cookie', { request: { headers: [['Cookie', `a=${canary('a')}; b="${canary('b')}"`]] } }, {}],
  ['Set-Cookie', { response: { headers: [['Set-Cookie', `id=${canary()}; Path=/; HttpOnly`]] } }, {}],
  ['a response field', { response: { headers: [['X-Auth-Token', canary()]] } }, {}],
  ['user information', { request: { url: `https://user:${encodeURIComponent(canary())}@origin.test/` } }, {}],
  ...['?code', '#access_token', '#/cb?code', '?a=1#id_token'].map((before): [string, object, Bodies] => [
    `Location ${before}`,
    { response: { status: 302, headers: [['Location', `https://app.test/cb${before}=${encodeURIComponent(canary())}&b=2`]] } },
    {},
  ]),
  ...['token', 'access_token', 'api_key', 'code', 'sig', 'session'].map((name): [string, object, Bodies] => [
    `query ${name}`,
    { request: { url: `https://origin.test/?a=1&${name}=${encodeURIComponent(canary())}` } },
    {},
  ]),
  ...keys.map((key): [string, object, Bodies] => [`JSON ${key}, sent`, ...sent(jsonType, json({ a: [{ [key]: canary() }] }))]),
  ...keys
    .slice(0, 6)
    .map((key): [string, object, Bodies] => [`JSON ${key}, received`, ...received(jsonType, json({ [key]: { in: [canary()] } }))]),
  ...['password', 'client_secret', 'refresh_token'].map((key): [string, object, Bodies] => [
    `form ${key}`,
    ...sent(formType, Buffer.from(`a=b&${key}=${encodeURIComponent(canary(' é'))}`)),
  ]),
  [
    'multipart',
    ...sent(
      [['Content-Type', 'multipart/form-data; boundary=x']],
      Buffer.from(`--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n${canary()}\r\n--x--\r\n`),
    ),
  ],
  ...['text/plain;charset=UTF-8', 'application/x-ndjson', 'application/javascript'].map((type): [string, object, Bodies] => [
    `JSON as ${type}`,
    ...sent([['Content-Type', type]], Buffer.from(`{"a":1}\n${JSON.stringify({ password: canary() })}\n`)),
  ]),
  ['JSON as text/plain, one value', ...sent([['Content-Type', 'text/plain']], json({ password: canary() }))],
  ['JSON as application/octet-stream', ...sent([['Content-Type', 'application/octet-stream']], json({ password: canary() }))],
  ['a code in a form', ...sent(formType, Buffer.from(`grant_type=authorization_code&code=${encodeURIComponent(canary())}`))],
  [
    'XML element',
    ...sent(
      [['Content-Type', 'text/xml']],
      Buffer.from(`<s:a xmlns:s="u"><s:Password type="x">${canary('&amp;&#x3c;')}</s:Password></s:a>`),
    ),
  ],
  ['XML attribute', ...received([['Content-Type', 'application/soap+xml']], Buffer.from(`<a><user name='u' api-key="${canary()}"/></a>`))],
  ['XML CDATA', ...sent([['Content-Type', 'application/xml']], Buffer.from(`<a><token><![CDATA[${canary()}]]></token></a>`))],
  ['server-sent events', ...received([['Content-Type', 'text/event-stream']], Buffer.from(`data: {"token":"${canary()}"}\n\n`))],
  [
    'a message',
    { kind: 'websocket' },
    {
      messages: [{ index: 0, at: 1_700_000_000_000, direction: 'sent', type: 'text', text: JSON.stringify({ auth: canary() }), size: 40 }],
    },
  ],
]
/** What shows itself somewhere else, too: where nothing says that it is a secret. */
const [first = ''] = canaries
const marked = canary('&amp')
places.push(['field with a mark', { request: { headers: [['X-Api-Key', marked]] } }, {}])
places.unshift(
  ['before it shows itself, in a path', { request: { url: `https://origin.test/reset/${encodeURIComponent(first)}` } }, {}],
  ['in an HTML page', ...received([['Content-Type', 'text/html']], Buffer.from(`<b>${first}</b>`))],
  ['in an HTML page, escaped', ...received([['Content-Type', 'text/html']], Buffer.from(`<b>${marked.replace('&', '&amp;')}</b>`))],
  [
    'in base64 in a text',
    ...received([['Content-Type', 'text/plain']], Buffer.from(`see ${Buffer.from(`x${first}y`).toString('base64')}`)),
  ],
)

/** No longer coded: what `decode` gives is what passed. */
const session: ExportedExchange[] = places.map(([, change, bodies], index) => {
  const exchange = exported({ seq: index + 1, ...change }, bodies)
  exchange.readBody = async (part) => bodies[part] ?? Buffer.alloc(0)
  return exchange
})

async function redacted(level: 'standard' | 'strict') {
  const redaction = new Redaction(level, pseudonyms(Buffer.alloc(32, 1)), new SecretFinder())
  const exchanges: ExportedExchange[] = []
  for await (const exchange of redaction.exchanges(async function* () {
    yield* session
  }))
    exchanges.push(exchange)
  return { exchanges, report: redaction.report }
}

async function write(exporter: ExporterManifest, exchanges: ExportedExchange[]): Promise<string> {
  const options: Record<string, unknown> = {}
  expect(await checkConfig(exporter, options)).toEqual([])
  return (await exportText(exporter, exchanges, options)).text
}

const writings = (secret: string) => [
  secret,
  secret.replaceAll('&', '&amp;'),
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('base64').slice(0, -3),
]
const leftIn = (text: string) => canaries.filter((secret) => writings(secret).some((written) => text.includes(written)))

it('knows of sixty kinds of secrets and more', () => {
  expect(canaries.length).toBeGreaterThanOrEqual(60)
})

describe.each(exporters.map((exporter) => [exporter.name, exporter] as const))('%s', (_, exporter) => {
  it.each(['standard', 'strict'] as const)('holds none of them with %s redaction', async (level) => {
    const { exchanges } = await redacted(level)
    expect(leftIn(await write(exporter, exchanges))).toEqual([])
  })
})

it('without redaction they are there: the check can fail', async () => {
  const har = exporters.find(({ name }) => name === 'har') as ExporterManifest
  expect(leftIn(await write(har, session)).length).toBeGreaterThanOrEqual(60)
})

it('counts what it hid, and names equal secrets alike', async () => {
  const { exchanges, report } = await redacted('standard')
  expect(report.secrets).toBeGreaterThanOrEqual(60)
  expect(report.bodiesLeftOut).toBe(0)
  const name = pseudonyms(Buffer.alloc(32, 1))(first)
  expect(exchanges[0]?.request.url).toBe(`https://origin.test/reset/${name}`)
  expect(exchanges.find(({ request }) => request.headers.some(([, value]) => value === name))).toBeDefined()
})

it('a short secret is hidden where it stands, in a message, too', async () => {
  const text = '{"pin":"1234"}'
  const message = { index: 0, at: 1, direction: 'sent', type: 'text', text, size: text.length } as const
  const exchange = exported({ kind: 'websocket' }, { messages: [message] })
  exchange.readBody = async () => Buffer.alloc(0)
  const redaction = new Redaction('standard', pseudonyms(Buffer.alloc(32, 1)), new SecretFinder())
  const texts: (string | undefined)[] = []
  for await (const out of redaction.exchanges(async function* () {
    yield exchange
  }))
    for await (const each of out.messages()) texts.push(each.text)
  expect(texts).toEqual([expect.stringMatching(/^\{"pin":"redacted-[0-9a-f]{16}"\}$/)])
  expect(redaction.report).toMatchObject({ secrets: 0, short: 1 })
})

describe('an exchange that was open when secrets were collected', () => {
  const open = exported({ seq: 1, state: 'open', response: null })
  open.readBody = async () => Buffer.alloc(0)

  async function secondReading(later: ExportedExchange[]): Promise<ExportedExchange[]> {
    const readings = [[open], later]
    const redaction = new Redaction('standard', pseudonyms(Buffer.alloc(32, 1)), new SecretFinder())
    const out: ExportedExchange[] = []
    for await (const each of redaction.exchanges(async function* () {
      yield* readings.shift() ?? []
    }))
      out.push(each)
    return out
  }

  it('is looked at again when it has ended meanwhile', async () => {
    const secret = canary()
    const ended = exported({ seq: 1, response: { headers: [['Set-Cookie', `id=${secret}; Path=/`]] } })
    const [out] = await secondReading([ended])
    expect(out?.response?.headers).toEqual([['Set-Cookie', expect.stringMatching(/^id=redacted-[0-9a-f]{16}; Path=\/$/)]])
  })

  it('is the last: those that came after it are left to the next export', async () => {
    const out = await secondReading([open, exported({ seq: 2 })])
    expect(out.map(({ seq }) => seq)).toEqual([1])
  })
})

it('a web token in a message is hidden, whatever its key', async () => {
  const token = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'
  const text = JSON.stringify({ greeting: token })
  const exchange = exported(
    { kind: 'websocket' },
    { messages: [{ index: 0, at: 1, direction: 'sent', type: 'text', text, size: text.length }] },
  )
  const redaction = new Redaction('standard', pseudonyms(Buffer.alloc(32, 1)), new SecretFinder())
  const texts: (string | undefined)[] = []
  for await (const out of redaction.exchanges(async function* () {
    yield exchange
  }))
    for await (const each of out.messages()) texts.push(each.text)
  expect(texts).toEqual([expect.stringMatching(/^\{"greeting":"redacted-[0-9a-f]{16}"\}$/)])
})

describe('a body that changed', () => {
  /** @param length its Content-Length; @returns what an exporter gets of it */
  async function changed(headers: Headers, body: Buffer, length = body.length, state: Exchange['state'] = 'complete') {
    const said: Headers = [...headers, ['Content-Length', String(length)]]
    const exchange = exported({ state, request: { method: 'POST', headers: said } }, { request: body })
    exchange.readBody = async () => body
    const redaction = new Redaction('standard', pseudonyms(Buffer.alloc(32, 1)), new SecretFinder())
    let out = exchange
    for await (const each of redaction.exchanges(async function* () {
      yield exchange
    }))
      out = each
    return { request: out.request, bytes: await out.readBody('request') }
  }

  it('says its true length, and that it is coded no more', async () => {
    const { request, bytes } = await changed([...jsonType, ['Content-Encoding', 'gzip']], json({ password: canary() }))
    expect(request.headers).toEqual([...jsonType, ['Content-Length', String(bytes.length)]])
    expect(request.bodySize).toBe(bytes.length)
  })

  it('says its true length also where a browser told the length of another form of it', async () => {
    const { request, bytes } = await changed(formType, Buffer.from(`password=${canary()}`), 20)
    expect(request.headers).toEqual([...formType, ['Content-Length', String(bytes.length)]])
  })

  it('still says the length that it did not have, by which one knows that it was broken off', async () => {
    const { request, bytes } = await changed(formType, Buffer.from(`password=${canary()}&more`), 1000, 'aborted')
    expect(bytes.toString()).toMatch(/^password=redacted-[0-9a-f]{16}&more$/)
    expect(request.headers).toEqual([...formType, ['Content-Length', '1000']])
    expect(request.bodySize).toBe(bytes.length)
  })
})

describe('what looks like a name of a secret', () => {
  const name = pseudonyms(Buffer.alloc(32, 1))
  /** What jsonl writes of requests with these keys, looked through for secrets. */
  async function written(keys: string[]): Promise<string> {
    const finder = new SecretFinder()
    const redaction = new Redaction('standard', name, finder)
    const requests = keys.map((key, index) => exported({ seq: index + 1, request: { headers: [['X-Api-Key', key]] } }))
    const out: ExportedExchange[] = []
    for await (const exchange of redaction.exchanges(async function* () {
      yield* requests
    }))
      out.push(exchange)
    const jsonl = exporters.find(({ name: each }) => each === 'jsonl') as ExporterManifest
    const text = await write(jsonl, out)
    const check = new SecretCheck(finder)
    check.read(Buffer.from(text))
    check.end()
    return text
  }

  it('stays when it is one: what was hidden can be exported again, and looked through', async () => {
    const hidden = 'redacted-0123456789abcdef'
    expect(await written([hidden, hidden])).toContain(hidden)
  })

  it('is hidden when it only begins or ends like one, and no reason to keep nothing', async () => {
    const pieces = [
      'redacted-',
      'redacted-0',
      `redacted-${'f'.repeat(15)}`,
      'edacted-12',
      'redacted-by-nobody',
      `x${name('a')}`,
      `${name('a')}0`,
    ]
    const text = await written(pieces)
    for (const piece of pieces) expect(text).toContain(`"${name(piece)}"`)
    for (const piece of pieces.slice(4)) expect(text).not.toContain(`"${piece}"`)
  })
})
