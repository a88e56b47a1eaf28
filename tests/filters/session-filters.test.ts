/** Filters of a session: what is recorded, what is not, and what a wrong one is answered. */
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { expect, it, vi } from 'vitest'
import { filtered, filterSource } from './captured.ts'

function requestThrough(port: number, url: string) {
  const sent = request({ port, path: url, headers: { Host: new URL(url).host } })
  sent.on('error', () => undefined)
  return sent.end()
}

it('a built-in filter drops: the exchange is counted', async () => {
  const { client, session, get, recorded } = await filtered([{ plugin: 'url-excludes', config: { text: ['/health', '/ping'] } }])
  for (const path of ['/a', '/health', '/b', '/ping']) await get(path)
  expect(await recorded()).toEqual(['/a', '/b'])
  expect(await client.call('session/get', { sessionId: session.id })).toMatchObject({
    filters: [{ plugin: 'url-excludes', config: { text: ['/health', '/ping'] } }],
    counts: { exchanges: 2, filtered: 2, gaps: 0 },
  })
})

it("a user's filter by its path runs in a process of its own: it keeps, changes and drops", async () => {
  const body = `
    if (exchange.request.url.endsWith('/drop')) return null
    if (exchange.request.url.endsWith('/same')) return exchange
    exchange.request.url += '?' + config.word
    exchange.response.headers.push(['X-Bytes', String(Buffer.from(exchange.bodies.response))])
    exchange.bodies.response = new TextEncoder().encode('other')
    return exchange`
  const { client, session, get, recorded } = await filtered((module) => [{ plugin: module('changes', body) }])
  for (const path of ['/drop', '/same', '/changed']) await get(path)
  expect(await recorded()).toEqual(['/same', '/changed'])
  const { items } = await client.call('exchange/list', { sessionId: session.id })
  const [same, changed] = items
  expect(same).not.toHaveProperty('anomalies')
  expect(changed).toMatchObject({ state: 'complete', anomalies: ['changedByFilter'], response: { bodySize: 5, status: 200 } })
  expect(changed?.request.url).toMatch(/\/changed\?secret$/)
  expect(changed?.response?.headers).toContainEqual(['X-Bytes', 'body of /changed'])
  const { data } = await client.call('exchange/readBody', { sessionId: session.id, seq: changed?.seq ?? 0, part: 'response' })
  expect(Buffer.from(data, 'base64').toString()).toBe('other')
})

it("a user's filter may import the SDK, wherever it lies", async () => {
  const { get, recorded } = await filtered((module) => {
    const plugin = module('picky', 'return isWanted(exchange) ? exchange : null')
    const source = readFileSync(plugin, 'utf8')
    writeFileSync(plugin, `import { queryPredicate } from '@weir/weir/sdk/query'\nconst isWanted = queryPredicate('path:/kept')\n${source}`)
    return [{ plugin }]
  })
  for (const path of ['/kept', '/dropped']) await get(path)
  expect(await recorded()).toEqual(['/kept'])
})

it('filters may be changed while the session runs; a changed module is read again then', async () => {
  const { client, session, get, module, recorded } = await filtered([{ plugin: 'method', config: { except: 'get' } }])
  await get('/dropped')
  const plugin = module('mine', "return exchange.request.url.includes('keep') ? exchange : null")
  const set = () => client.call('session/set', { sessionId: session.id, filters: [{ plugin }] })
  await set()
  await get('/keep-1')
  writeFileSync(plugin, filterSource('mine', 'return null'))
  await get('/keep-2')
  await set()
  await get('/keep-3')
  await client.call('session/set', { sessionId: session.id, filters: [] })
  await get('/all')
  expect(await recorded()).toEqual(['/keep-1', '/keep-2', '/all'])
})

it('each sees what the one before it left', async () => {
  const { get, recorded } = await filtered((module) => [
    { plugin: module('renames', "exchange.request.url = exchange.request.url.replace('/a', '/b'); return exchange") },
    { plugin: 'url-contains', config: { text: '/b' } },
  ])
  await get('/a')
  await get('/c')
  expect(await recorded()).toEqual(['/b'])
})

it('while an exchange runs, the session has a placeholder in its place', async () => {
  const { client, session, origin, recorded } = await filtered([{ plugin: 'sample', config: { rate: 1 } }])
  const open = requestThrough(session.proxy?.port ?? 0, `${origin}/never`)
  await vi.waitFor(async () => {
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    expect(items).toMatchObject([
      { seq: 1, state: 'open', request: { method: '-', url: 'http://filtered.invalid/', headers: [] }, anomalies: ['awaitingFilters'] },
    ])
  })
  open.destroy()
  expect(await recorded()).toEqual(['/never'])
})

it.each([
  ['an unknown one', { plugin: 'nothing' }, '/filters/0/plugin', /url-contains/],
  ['a wrong config', { plugin: 'url-contains', config: { txt: 'a' } }, '/filters/0/config/txt', /is not known here/],
  ['a config that lacks what is needed', { plugin: 'sample', config: {} }, '/filters/0/config/rate', /is missing/],
  ['a pattern that RE2 has not', { plugin: 'url-excludes', config: { regex: '(?=a)' } }, '/filters/0', /look-ahead/],
  ['a path that cannot be one', { plugin: `/${'a'.repeat(5000)}.mjs` }, '/filters/0', /its module does not load/],
  ['a module that is not there', { plugin: '/nowhere/mine.mjs' }, '/filters/0', /mine\.mjs: its module does not load/],
])('%s is refused with its place, and no session is left', async (_, filter, path, message) => {
  const { client } = await filtered([])
  const before = await client.call('session/list', {})
  await expect(client.call('session/start', { filters: [filter] })).rejects.toMatchObject({
    code: -32602,
    data: { reason: 'invalidFilter', errors: [{ path, message: expect.stringMatching(message) }] },
  })
  expect((await client.call('session/list', {})).items).toHaveLength(before.items.length)
})

it('plugin/list names the plugins of all kinds with their config', async () => {
  const { client } = await filtered([])
  const { items } = await client.call('plugin/list', { kind: 'filter' })
  expect(items.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['content-type', 'host', 'method', 'resource-type', 'sample', 'size', 'status', 'url-contains', 'url-excludes']),
  )
  expect(items.every(({ kind, builtIn }) => kind === 'filter' && builtIn)).toBe(true)
})
