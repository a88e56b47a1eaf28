/** What a session keeps, through the real daemon. */
import { expect, test, vi } from 'vitest'
import type { Client } from '../../sdk/client.ts'
import type { Part } from '../../sdk/model.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

test('limits.bodyBytes cuts bodies on record, not the traffic, and may change while the session runs', async () => {
  const { client } = await startDaemon()
  const whole = 'x'.repeat(600_000)
  const origin = await startOrigin((request, response) => void response.end(request.url === '/short' ? 'short' : whole), { tls: false })
  const { id: sessionId, proxy } = await client.call('session/start', { limits: { bodyBytes: 300_000 } })
  const port = proxy?.port ?? 0
  const body = async (seq: number, part: Part) => {
    const { data, size, eof, truncated } = await client.call('exchange/readBody', { sessionId, seq, part })
    return { length: Buffer.from(data, 'base64').length, size, eof, truncated }
  }
  expect((await getThrough(port, `${origin.url}/long`)).body).toBe(whole)
  expect((await getThrough(port, `${origin.url}/short`)).body).toBe('short')
  await client.call('session/set', { sessionId, limits: { bodyBytes: 0 } })
  expect((await getThrough(port, `${origin.url}/long`)).body).toBe(whole)
  await client.call('session/set', { sessionId, limits: {} })
  expect((await getThrough(port, `${origin.url}/long`)).body).toBe(whole)
  await client.call('session/stop', { sessionId })
  const { items } = await client.call('exchange/list', { sessionId })
  expect(items.map(({ response }) => [response?.bodySize, response?.truncated])).toEqual([
    [600_000, true],
    [5, false],
    [600_000, true],
    [600_000, false],
  ])
  expect(await body(1, 'response')).toEqual({ length: 300_000, size: 300_000, eof: true, truncated: true })
  expect(await body(2, 'response')).toEqual({ length: 5, size: 5, eof: true, truncated: false })
  expect(await body(3, 'response')).toEqual({ length: 0, size: 0, eof: true, truncated: true })
  expect(await body(4, 'response')).toEqual({ length: 600_000, size: 600_000, eof: true, truncated: false })
})

test.each([-1, 1.5, '1mb'])('limits.bodyBytes: %j is refused', async (bodyBytes) => {
  const { client } = await startDaemon()
  const start = client.call('session/start', { limits: { bodyBytes } } as never)
  await expect(start).rejects.toMatchObject({ code: -32602, data: { errors: [{ path: '/limits/bodyBytes' }] } })
})

const stoppedBecause = async (client: Client, sessionId: string) => {
  const { state, stopReason } = await client.call('session/get', { sessionId })
  return state === 'stopped' && stopReason
}

test('autoStop.exchanges: the first so many are on record when they have ended, what begins later is in one gap', async () => {
  const { client } = await startDaemon()
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const origin = await startOrigin(
    async (request, response) => {
      if (request.url === '/held') await held
      response.end('x')
    },
    { tls: false },
  )
  const { id: sessionId, proxy } = await client.call('session/start', { autoStop: { exchanges: 2 } })
  const get = (path: string) => getThrough(proxy?.port ?? 0, `${origin.url}${path}`)
  const first = get('/held')
  await vi.waitFor(async () => expect((await client.call('exchange/list', { sessionId })).items).toHaveLength(1))
  await get('/second')
  await get('/third')
  await get('/fourth')
  expect(await stoppedBecause(client, sessionId)).toBe(false)
  release()
  expect((await first).body).toBe('x')
  await vi.waitFor(async () => expect(await stoppedBecause(client, sessionId)).toBe('autoStopExchanges'))
  const { items } = await client.call('exchange/list', { sessionId })
  expect(items.map(({ state, request }) => [state, new URL(request.url).pathname])).toEqual([
    ['complete', '/held'],
    ['complete', '/second'],
  ])
  expect(await gapsOf(client, sessionId)).toEqual([['autoStop', 2]])
  const resumed = await client.call('session/resume', { sessionId })
  expect(resumed).not.toHaveProperty('stopReason')
  await getThrough(resumed.proxy?.port ?? 0, `${origin.url}/fifth`)
  await getThrough(resumed.proxy?.port ?? 0, `${origin.url}/sixth`)
  await vi.waitFor(async () => expect(await stoppedBecause(client, sessionId)).toBe('autoStopExchanges'))
  expect((await client.call('session/get', { sessionId })).counts.exchanges).toBe(4)
})

test.each([
  ['autoStopAfter', { afterMs: 300 }],
  ['autoStopIdle', { idleMs: 300 }],
  ['autoStopBytes', { bytes: 1 }],
] as const)('%s ends a session', async (reason, autoStop) => {
  const { client } = await startDaemon()
  const origin = await startOrigin((_, response) => void response.end('x'), { tls: false })
  const { id: sessionId, proxy } = await client.call('session/start', {})
  await getThrough(proxy?.port ?? 0, `${origin.url}/`)
  await client.call('session/set', { sessionId, autoStop })
  // One that ends it for its time may have done so already.
  await getThrough(proxy?.port ?? 0, `${origin.url}/`).catch(() => undefined)
  await vi.waitFor(async () => expect(await stoppedBecause(client, sessionId)).toBe(reason))
})

test('a session says whether it was stopped by somebody', async () => {
  const { client } = await startDaemon()
  const { id: sessionId, stopReason } = await client.call('session/start', { proxy: null })
  expect(stopReason).toBeUndefined()
  expect((await client.call('session/stop', { sessionId })).stopReason).toBe('sessionStopped')
})

const gapsOf = async (client: Client, sessionId: string) =>
  (await client.call('query/sql', { sessionId, sql: 'select reason, exchanges from v1_gap' })).rows as [string, number][]

test('limits.sessionBytes lets the oldest exchanges go, and says in gaps how many', async () => {
  const { client } = await startDaemon()
  let sent = 0
  const origin = await startOrigin((_, response) => void response.end(Buffer.alloc(100_000, String(sent++))), { tls: false })
  const { id: sessionId, proxy } = await client.call('session/start', { limits: { sessionBytes: 1024 * 1024 } })
  for (let count = 0; count < 30; count++) await getThrough(proxy?.port ?? 0, `${origin.url}/`)
  await vi.waitFor(async () => {
    const { rows } = await client.call('query/sql', {
      sessionId,
      sql: 'select min(seq), count(*), sum(length(data)) from v1_exchange e join v1_body b on b.body_id = e.response_body_id',
    })
    const [first, left, bytes] = rows[0] as [number, number, number]
    const gaps = await gapsOf(client, sessionId)
    expect(first).toBe(30 - left + 1)
    expect(bytes).toBeLessThan(1024 * 1024)
    expect(new Set(gaps.map(([reason]) => reason))).toEqual(new Set(['retention']))
    expect(left + gaps.reduce((sum, [, exchanges]) => sum + exchanges, 0)).toBe(30)
  })
})

test('limits.ageMs lets exchanges go that began earlier', async () => {
  const { client } = await startDaemon()
  const origin = await startOrigin((_, response) => void response.end('x'), { tls: false })
  const { id: sessionId, proxy } = await client.call('session/start', { limits: {} })
  await getThrough(proxy?.port ?? 0, `${origin.url}/`)
  await client.call('session/set', { sessionId, limits: { ageMs: 1000 } })
  await vi.waitFor(async () => expect(await gapsOf(client, sessionId)).toEqual([['retention', 1]]))
  expect((await client.call('exchange/list', { sessionId })).items).toEqual([])
})
