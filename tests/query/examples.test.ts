/** The examples of docs/query.md, run on a session in which each finds something and leaves something out. */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fillPage } from '../../daemon/session/page-filling.ts'
import { Reader } from '../../daemon/store/reader.ts'
import type { ExchangeRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import type { SeqPage } from '../../daemon/store/surface.ts'
import { examples } from '../../docs/generate/query.ts'
import type { Headers } from '../../sdk/model.ts'
import { queryPredicate } from '../../sdk/query.ts'
import { temporaryHome } from '../support/home.ts'
import { newBodyOf, newOrigin, newRecord } from '../support/records.ts'

const at = Date.parse('2026-01-31T14:30:00Z')
const fields = (...fields: Headers) => ({ fields })
const body = (text: string) => newBodyOf([Buffer.from(text)])

/** Each differs from a complete `GET https://a.test/items/SEQ` of January 2026 with a 200. */
const changes = (): Partial<ExchangeRecord>[] => [
  {
    authority: 'api.example.com',
    method: 'POST',
    path: '/v1/users/items?page=2',
    requestFields: fields(['User-Agent', 'curl/8.9'], ['X-Request-ID', '42'], ['Cookie', 'session=abc']),
    requestBody: body('{"user":{"id":7},"needle":true}'),
    responseFields: fields(['Content-Type', 'application/vnd.api+json'], ['Content-Encoding', 'gzip'], ['Content-Length', '1200']),
    responseBody: newBodyOf([gzipSync('{"items":[{"name":"apple","price":12}]}')]),
  },
  {
    authority: 'api.example.com',
    path: '/login',
    status: 503,
    responseFields: fields(['Content-Type', 'text/plain'], ['Set-Cookie', 'session=; Path=/']),
    responseBody: body('error: 17'),
  },
  {
    authority: 'cdn.example.com',
    path: '/v1/logo*',
    responseFields: fields(['Content-Type', 'image/png']),
    responseBody: newBodyOf([Buffer.alloc(1_500_000)]),
    endedAt: at + 900,
  },
  { path: '/v1/notes(draft)', startedAt: Date.now(), requestEndedAt: 0, responseStartedAt: 0, endedAt: 0, state: 'open', status: 0 },
  { authority: 'localhost:8080', scheme: 'http', origin: null, responseFields: fields(['Content-Type', 'text/event-stream']) },
  { path: '/chat', kind: 'websocket', status: 101 },
  {
    path: '/shop.Shop/Order',
    requestFields: fields(['content-type', 'application/grpc+proto']),
    origin: { ...newOrigin(), tls: { version: 'TLSv1.2', cipher: 'TLS_RSA_WITH_AES_128_CBC_SHA', alpn: 'h2', sni: null } },
  },
  {
    status: 0,
    state: 'failed',
    receivedUnkept: 5_000_000,
    error: { reason: 'connectionRefused', message: 'the origin refused the connection' },
    connection: {
      id: 0,
      client: { address: '127.0.0.1', port: 4000, process: { pid: 9, name: 'curl', path: '/usr/bin/curl' } },
      named: false,
    },
  },
  {
    path: '/style.css',
    responseFields: fields(['Content-Type', 'text/css; charset=utf-8']),
    browser: {
      sourceId: 'b1',
      resource: 'fetch',
      page: 'https://shop.example/list',
      initiator: { type: 'script', url: 'https://shop.example/analytics.js' },
      servedFrom: 'diskCache',
    },
  },
]

async function session() {
  const path = join(await temporaryHome(), 'examples.weir')
  const file = SessionFile.open(path, { create: true })
  onTestFinished(() => file.close())
  const times = { startedAt: at, requestEndedAt: at + 1, responseStartedAt: at + 2, endedAt: at + 3 }
  const records = changes().map((change) => newRecord(file.nextSeq(), { ...times, ...change }))
  file.commit(records, [])
  file.annotate(5, { tags: ['todo', 'later'] })
  const reader = new Reader(path)
  onTestFinished(() => reader.close())
  return reader
}

describe('the examples of docs/query.md', () => {
  it.each(examples.map(({ title, queries }) => ({ title, queries })))('find something, and not everything: $title', async ({ queries }) => {
    const reader = await session()
    const all = reader.list({ order: 'asc', before: null, after: null, limit: 100 }, 's').items
    for (const [where] of queries) {
      const isWanted = queryPredicate(where)
      const wanted = all.filter((exchange) => isWanted(exchange, (part) => reader.searchable(exchange.seq, part))).map(({ seq }) => seq)
      expect(wanted.length, where).toBeGreaterThan(0)
      expect(wanted.length, where).toBeLessThan(all.length)
      const { items: found } = await fillPage<SeqPage>({ limit: 100, where }, false, async (query, before) =>
        reader.list({ order: 'asc', before: null, after: before?.next ?? null, ...query }, 's'),
      )
      expect(
        found.map(({ seq }) => seq),
        where,
      ).toEqual(wanted)
    }
  })

  it.each([
    ['host:API.example.com method:post', [1]],
    ['status:5xx', [2]],
    ['-status:200', [2, 4, 6, 8]],
    ['status:*', [1, 2, 3, 5, 6, 7, 9]],
    ['method:POST OR status:503 path:/login', [1, 2]],
    ['(method:POST OR status:503) path:/login', [2]],
    ['NOT host:a.test NOT method:POST', [2, 3, 5]],
    ['path:/v1/* -type:image', [1, 4]],
    ['path:"/v1/logo*"', [3]],
    ['host:localhost', [5]],
    ['host:localhost:80', []],
    ['port:443 path:/v1*', [1, 3, 4]],
    ['query.page:2', [1]],
    ['query:*', [1]],
    ['body~needle', [1]],
    ['json.items.price:12', [1]],
    ['json.user:*', [1]],
    ['json.user:7', []],
    ['cookie.session:*', [1, 2]],
    ['cookie.session:""', [2]],
    ['tls.version:*', [1, 2, 3, 4, 6, 7, 8, 9]],
    ['size:>=1.5mb', [3]],
    ['dur:900', [3]],
    ['-dur:*', [4]],
    ['error:connectionRefused', [8]],
    ['error.message~refused', [8]],
    ['process:/usr/bin/curl', [8]],
    ['process.pid:9', [8]],
    ['tag:todo tag:later', [5]],
    ['seq:2..3', [2, 3]],
    ['type:css', [9]],
    ['resource:fetch cache:diskCache', [9]],
    ['page~shop initiator:*.js', [9]],
    ['-page:*', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['grpc OR ws OR sse', [5, 6, 7]],
    ['', [1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ])('%s finds %j', async (where, seqs) => {
    const reader = await session()
    const found = reader.list({ order: 'asc', before: null, after: null, limit: 100, where }, 's').items.map(({ seq }) => seq)
    expect(found).toEqual(seqs)
  })
})

describe('a query as large as one may be', () => {
  const many = (write: (index: number) => string) => Array.from({ length: 999 }, (_, index) => write(index))
  it.each([
    ['a list of hosts', `host:${many((index) => `h${index}`)},api.example.com`, [1, 2]],
    ['terms that must all be true', many((index) => `-path:*/no${index}`).join(' '), [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['notes of which one will do', `${many((index) => `note:${index}`).join(' OR ')} OR seq:2`, [2]],
    ['a pattern of many pieces', `path:*${'a*'.repeat(30_000)}`, []],
    ['a long name of a field', `req.header.${'n'.repeat(60_000)}:*`, []],
  ])('of %s finds what it says', async (_, where, seqs) => {
    const reader = await session()
    const found = reader.list({ order: 'asc', before: null, after: null, limit: 100, where }, 's').items.map(({ seq }) => seq)
    expect(found).toEqual(seqs)
  })

  it('looks into JSON of any depth', async () => {
    const [exchange] = (await session()).list({ order: 'asc', before: null, after: null, limit: 1 }, 's').items
    const deep = Buffer.from(`${'['.repeat(100_000)}{"a":"found"}${']'.repeat(100_000)}`)
    const asked = (where: string) => exchange && queryPredicate(where)(exchange, () => deep)
    expect([asked('json.a:found'), asked('json.a:lost'), asked('json.b:*')]).toEqual([true, false, false])
  })
})
