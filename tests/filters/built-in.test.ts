/** Each built-in filter by itself: which of some exchanges it keeps, and what it refuses as config. */
import { expect, test } from 'vitest'
import contentType from '../../plugins/filters/content-type.ts'
import host from '../../plugins/filters/host.ts'
import method from '../../plugins/filters/method.ts'
import redact from '../../plugins/filters/redact.ts'
import resourceType from '../../plugins/filters/resource-type.ts'
import sample from '../../plugins/filters/sample.ts'
import size from '../../plugins/filters/size.ts'
import status from '../../plugins/filters/status.ts'
import urlContains from '../../plugins/filters/url-contains.ts'
import urlExcludes from '../../plugins/filters/url-excludes.ts'
import type { FilterManifest } from '../../sdk/plugin.ts'
import { runFilter, testExchange } from '../../sdk/testing.ts'

const typed = (type: string) => ({ headers: [['Content-Type', type]] as [string, string][] })

const page = testExchange({ seq: 1, request: { url: 'https://www.origin.test/' }, response: typed('text/html; charset=utf-8') })
const picture = testExchange({
  seq: 2,
  request: { url: 'https://img.origin.test/a.b.png?v=2' },
  response: typed('image/png'),
  bodies: { response: new Uint8Array(1000) },
})
const posted = testExchange({
  seq: 3,
  request: { method: 'POST', url: 'https://api.other.test/v1/items' },
  response: { status: 404, ...typed('application/problem+json') },
  bodies: { request: '0123456789', response: '{}' },
})
const refused = testExchange({ seq: 4, request: { url: 'https://down.test/v1' }, response: null })
const socket = testExchange({
  seq: 5,
  kind: 'websocket',
  request: { url: 'https://ws.test/live' },
  response: { status: 101, headers: [] },
  bodies: { response: null },
})
const all = [page, picture, posted, refused, socket]

test.each<[FilterManifest<object>, object, number[]]>([
  [urlContains, { text: '/v1' }, [3, 4]],
  [urlContains, { text: ['/live', '.png'] }, [2, 5]],
  [urlContains, { regex: '/v\\d+$' }, [4]],
  [urlContains, { text: 'a.b', regex: 'live$' }, [2, 5]],
  [urlContains, { text: 'a*b' }, []],
  [urlExcludes, { text: '/v1' }, [1, 2, 5]],
  [urlExcludes, { text: ['/live', '.png'], regex: '^https://www\\.' }, [3, 4]],
  [method, { only: 'post' }, [3]],
  [method, { except: ['POST', 'PUT'] }, [1, 2, 4, 5]],
  [status, { only: '404' }, [3]],
  [status, { only: ['2xx', '100..199'] }, [1, 2, 5]],
  [status, { except: '4xx' }, [1, 2, 4, 5]],
  [contentType, { only: 'image/*' }, [2]],
  [contentType, { except: ['text/html', 'image/png'] }, [3, 4, 5]],
  [host, { only: '*.origin.test' }, [1, 2]],
  [host, { except: ['API.other.test', 'ws.test'] }, [1, 2, 4]],
  [host, { only: '*.test', except: '*.origin.test' }, [3, 4, 5]],
  [resourceType, { only: 'document' }, [1]],
  [resourceType, { only: ['json', 'image'] }, [2, 3]],
  [resourceType, { only: ['websocket', 'document'] }, [1, 5]],
  [resourceType, { except: 'websocket' }, [1, 2, 3, 4]],
  [size, { min: 1000 }, [2]],
  [size, { max: 5 }, [1, 4, 5]],
  [size, { min: 12, max: 12 }, [3]],
  [sample, { rate: 1 }, [1, 2, 3, 4, 5]],
  [sample, { rate: 0 }, []],
])('$0.name $1 keeps $2', async (manifest, config, kept) => {
  const run = await runFilter(manifest, all, { config })
  expect(run.kept.map(({ seq }) => seq)).toEqual(kept)
})

test('sample takes about its part, always the same for a seed', async () => {
  const many = Array.from({ length: 2000 }, (_, index) => testExchange({ seq: index + 1 }))
  const taken = async (seed: string) => (await runFilter(sample, many, { config: { rate: 0.1, seed } })).kept.map(({ seq }) => seq)
  const [once, again, other] = [await taken('a'), await taken('a'), await taken('b')]
  expect(once.length).toBeGreaterThan(140)
  expect(once.length).toBeLessThan(260)
  expect(again).toEqual(once)
  expect(other).not.toEqual(once)
})

test('redact hides what it is told to, and credentials when it is told nothing', async () => {
  const secret = testExchange({
    request: {
      url: 'https://origin.test/?token=t0p&page=2',
      headers: [
        ['Authorization', 'Bearer abc'],
        ['Cookie', 'a=1; b=2'],
        ['Content-Type', 'application/json'],
      ],
    },
    bodies: { request: '{"user":{"password":"hunter2"},"page":2}' },
  })
  const [usual] = (await runFilter(redact, [secret])).kept
  expect(usual?.request.url).toBe(secret.request.url)
  expect(usual?.request.headers).toEqual([
    ['Authorization', expect.stringMatching(/^Bearer redacted-[0-9a-f]{16}$/)],
    ['Cookie', expect.stringMatching(/^a=redacted-[0-9a-f]{16}; b=redacted-[0-9a-f]{16}$/)],
    ['Content-Type', 'application/json'],
  ])
  const [told] = (await runFilter(redact, [secret], { config: { query: ['token'], json: ['**.password'], cookies: ['b'] } })).kept
  expect(told?.request.url).toMatch(/\?token=redacted-[0-9a-f]{16}&page=2$/)
  expect(told?.request.headers[1]?.[1]).toMatch(/^a=1; b=redacted-/)
  expect(Buffer.from(told?.bodies.request ?? []).toString()).toMatch(/^\{"user":\{"password":"redacted-[0-9a-f]{16}"\},"page":2\}$/)
  const [elsewhere] = (await runFilter(redact, [secret], { config: { where: 'host:other.test', query: ['token'] } })).kept
  expect(elsewhere).toEqual(secret)
  const [here] = (await runFilter(redact, [secret], { config: { where: 'req.body~hunter2' } })).kept
  expect(here?.request.headers[0]?.[1]).toMatch(/^Bearer redacted-/)
  const [untouched] = (await runFilter(redact, [testExchange()])).kept
  expect(untouched).toEqual(testExchange())
})

test.each<[FilterManifest<object>, object]>([
  [urlContains, {}],
  [urlContains, { text: '' }],
  [urlExcludes, { txt: 'a' }],
  [method, { only: [] }],
  [status, { only: '40' }],
  [contentType, { only: 3 }],
  [host, { hosts: 'a' }],
  [resourceType, { only: 'picture' }],
  [size, { min: -1 }],
  [sample, { rate: 2 }],
  [redact, { headers: 'Authorization' }],
])('$0.name refuses the config $1', async (manifest, config) => {
  await expect(runFilter(manifest, all, { config })).rejects.toMatchObject({
    reason: 'invalidConfig',
    message: expect.stringContaining(`plugin ${manifest.name} does not take this config`),
  })
})
