/** session/overview, of a session that runs. */
import { expect, test } from 'vitest'
import { pathTemplate } from '../../sdk/path-template.ts'
import type { Params } from '../../sdk/protocol.ts'
import { daemonInProcess } from '../support/daemon-in-process.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

const paths = ['/users/1?a=b', '/users/2', '/users/3/orders/2026-01-31', '/missing', '/page.html']

async function captured() {
  const { client } = await daemonInProcess()
  const origin = await startOrigin(
    ({ url = '' }, response) => {
      response.writeHead(url === '/missing' ? 404 : 200, {
        'content-type': url.endsWith('html') ? 'text/html; charset=utf-8' : 'Application/JSON',
      })
      response.end(`${url.length}`)
    },
    { tls: false },
  )
  const { id: sessionId, proxy } = await client.call('session/start', {})
  for (const path of paths) await getThrough(proxy?.port ?? 0, origin.url + path)
  await expect(getThrough(proxy?.port ?? 0, 'http://127.0.0.1:1/')).resolves.toBeDefined()
  const overview = (params: Omit<Params<'session/overview'>, 'sessionId'>) => client.call('session/overview', { sessionId, ...params })
  const groups = async (params: Omit<Params<'session/overview'>, 'sessionId'>) =>
    (await overview(params)).groups.map(({ key, exchanges }) => [key, exchanges])
  return { client, sessionId, origin, overview, groups }
}

test('what was captured is grouped by host, path template, status, type and method', async () => {
  const { client, sessionId, origin, overview, groups } = await captured()
  const authority = new URL(origin.url).host
  const byHost = await overview({ by: 'host' })
  expect(byHost).toEqual({
    groups: [
      { key: 'localhost', exchanges: 5, failed: 0, bytesSent: 0, bytesReceived: 8, durationMs: expect.anything() },
      { key: '127.0.0.1', exchanges: 1, failed: 1, bytesSent: 0, bytesReceived: expect.any(Number), durationMs: expect.anything() },
    ],
    total: { exchanges: 6, failed: 1, bytesSent: 0, bytesReceived: expect.any(Number), durationMs: expect.anything() },
  })
  const { p50 = 0, p90 = 0, p99 = 0, max = 0 } = byHost.groups[0]?.durationMs ?? {}
  expect([p50, p90, p99, max]).toEqual([p50, p90, p99, max].toSorted((a, b) => a - b))
  expect(p50).toBeGreaterThan(0)
  expect(await groups({ by: 'path' })).toEqual([
    [`${authority}/users/{id}`, 2],
    ['127.0.0.1:1/', 1],
    [`${authority}/missing`, 1],
    [`${authority}/page.html`, 1],
    [`${authority}/users/{id}/orders/{date}`, 1],
  ])
  expect(await groups({ by: 'status', where: 'host:localhost' })).toEqual([
    ['200', 4],
    ['404', 1],
  ])
  expect(await groups({ by: 'type', where: 'host:localhost' })).toEqual([
    ['application/json', 4],
    ['text/html', 1],
  ])
  expect(await groups({ by: 'method' })).toEqual([['GET', 6]])
  expect(await overview({ by: 'path', limit: 1 })).toMatchObject({
    groups: [{ exchanges: 2 }],
    rest: { groups: 4, exchanges: 4, failed: 1 },
  })
  expect(await groups({ by: 'host', where: 'body~"12"' })).toEqual([['localhost', 1]])
  expect(await groups({ by: 'host', where: 'path:/nowhere' })).toEqual([])
  await client.call('exchange/delete', { sessionId, where: 'status:404' })
  expect(await groups({ by: 'host', where: 'host:localhost' })).toEqual([['localhost', 4]])
})

test('what cannot be grouped is refused', async () => {
  const { client } = await daemonInProcess()
  const { id: sessionId } = await client.call('session/start', { proxy: null })
  const overview = (params: object) => client.call('session/overview', { sessionId, ...params } as never)
  for (const params of [{ by: 'colour' }, {}, { by: 'host', limit: 0 }, { by: 'host', limit: 1001 }])
    await expect(overview(params)).rejects.toMatchObject({ code: -32602, reason: 'invalidParams' })
  await expect(overview({ by: 'host', where: 'hots:a' })).rejects.toMatchObject({ code: -32602, reason: 'invalidQuery' })
  const foreign = client.call('session/overview', { sessionId: 'none', by: 'host' })
  await expect(foreign).rejects.toMatchObject({ code: 1001, reason: 'sessionNotFound' })
})

test('segments that look like data have a place in a path template', () => {
  const ids = ['42', 'b3f0c1de-93ab-4c1e-8f0a-112233445566', '01arz3ndektsv4rrffq69g5fav', 'deadbeef01', 'aB3-_x9Kq0LmN7pQ2rS4']
  for (const id of ids) expect(pathTemplate(`/things/${id}/parts`)).toBe('/things/{id}/parts')
  for (const path of ['', '/', '/v1/users', '/feedback', '/2fa', '/a//b/']) expect(pathTemplate(path)).toBe(path)
  expect(pathTemplate('/on/2026-01-31')).toBe('/on/{date}')
  expect(pathTemplate(`/${'word'.repeat(30)}`)).toBe('/{name}')
  expect(pathTemplate('/a'.repeat(100))).toBe('/a'.repeat(63))
})
