import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import type { Params } from '../../sdk/protocol.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

const secret = 'the-secret-that-is-not-to-be-stored'

/** Answers `/slow...` when it is told to, with a large body of which the first half goes at once. */
async function capturing(where: string, more: Omit<Params<'session/start'>, 'where'> = {}) {
  const { client } = await startDaemon()
  const held: (() => void)[] = []
  const origin = await startOrigin(
    (request, response) => {
      const body = request.url?.includes('zipped') ? gzipSync(`needle ${secret}`) : Buffer.alloc(600_000, `${secret} `)
      response.writeHead(200, {
        'content-type': 'text/plain',
        'x-secret': secret,
        ...(request.url?.includes('zipped') && { 'content-encoding': 'gzip' }),
      })
      if (!request.url?.startsWith('/slow')) return response.end(body)
      response.write(body.subarray(0, body.length / 2))
      held.push(() => response.end(body.subarray(body.length / 2)))
    },
    { tls: false },
  )
  const session = await client.call('session/start', { where, ...more })
  const get = (path: string) => getThrough(session.proxy?.port ?? 0, `${origin.url}${path}`)
  const release = () => {
    for (const end of held.splice(0)) end()
  }
  return { client, session, sessionId: session.id, get, release }
}

describe('a session with a where', () => {
  it('stores what matches, counts what does not, and shows its where', async () => {
    const { client, session, sessionId, get } = await capturing('path:/keep*')
    expect(session.where).toBe('path:/keep*')
    await get('/keep/1')
    await get('/drop/2')
    await get('/keep/3')
    const stopped = await client.call('session/stop', { sessionId })
    expect(stopped).toMatchObject({ where: 'path:/keep*', counts: { exchanges: 2, filtered: 1, gaps: 0 } })
    const { items } = await client.call('exchange/list', { sessionId })
    expect(items.map(({ request }) => new URL(request.url).pathname)).toEqual(['/keep/1', '/keep/3'])
  })

  it('takes back what it had stored of an exchange that turns out not to match; nothing of it stays in the file', async () => {
    const { client, session, sessionId, get, release } = await capturing('resp.size:<1000')
    const slow = get('/slow')
    const open = await vi.waitFor(async () => {
      const page = await client.call('exchange/list', { sessionId, where: 'status:200' })
      expect(page.items).toHaveLength(1)
      return page
    })
    release()
    await slow
    const after = await client.call('exchange/list', { sessionId, since: open.clock })
    await client.call('session/stop', { sessionId })
    const deleted = await client.call('exchange/list', { sessionId, since: open.clock })
    expect([...(after.deleted ?? []), ...(deleted.deleted ?? [])]).toContain(1)
    expect(await client.call('session/get', { sessionId })).toMatchObject({ counts: { exchanges: 0, filtered: 1, bytesReceived: 0 } })
    expect(readFileSync(session.file).includes(secret)).toBe(false)
  })

  it('decides by bodies at the end, decoded, however they passed', async () => {
    const { client, sessionId, get, release } = await capturing('body~needle')
    const slow = get('/slow/zipped')
    await vi.waitFor(async () => expect((await client.call('exchange/count', { sessionId })).count).toBe(1))
    release()
    await Promise.all([slow, get('/quick/zipped'), get('/quick/plain')])
    const { counts } = await client.call('session/stop', { sessionId })
    expect(counts).toMatchObject({ exchanges: 2, filtered: 1 })
  })

  it('asks before its filters do, of the exchange as it passed', async () => {
    const filters = [{ plugin: 'redact', config: { headers: ['x-secret'] } }]
    const { client, sessionId, get, release } = await capturing(`path:/slow resp.header.x-secret:${secret} resp.size:>1000`, { filters })
    const slow = get('/slow')
    await get('/other')
    release()
    await slow
    expect((await client.call('session/stop', { sessionId })).counts).toMatchObject({ exchanges: 1, filtered: 1, gaps: 0 })
    const { items } = await client.call('exchange/list', { sessionId })
    expect(items.map(({ request, response }) => [new URL(request.url).pathname, response?.headers])).toEqual([
      ['/slow', expect.not.arrayContaining([['x-secret', secret]])],
    ])
    const small = await capturing('resp.size:<10', { filters })
    await small.get('/large')
    expect((await small.client.call('session/stop', { sessionId: small.sessionId })).counts).toMatchObject({ exchanges: 0, filtered: 1 })
  })

  it('may get another while it runs, or none', async () => {
    const { client, sessionId, get } = await capturing('path:/a')
    await get('/a')
    await get('/b')
    expect(await client.call('session/set', { sessionId, where: 'path:/b' })).toMatchObject({ where: 'path:/b' })
    await get('/a')
    await get('/b')
    expect(await client.call('session/set', { sessionId, where: '' })).not.toHaveProperty('where')
    await get('/c')
    const { counts } = await client.call('session/stop', { sessionId })
    expect(counts).toMatchObject({ exchanges: 3, filtered: 2 })
    expect((await client.call('exchange/list', { sessionId })).items.map(({ request }) => new URL(request.url).pathname)).toEqual([
      '/a',
      '/b',
      '/c',
    ])
  })

  it('is refused when it is no query, and a running session keeps the one it has', async () => {
    const { client, sessionId } = await capturing('host:a')
    const invalid = { code: -32602, reason: 'invalidQuery' }
    await expect(client.call('session/start', { where: 'hots:a' })).rejects.toMatchObject(invalid)
    await expect(client.call('session/set', { sessionId, where: 'hots:a' })).rejects.toMatchObject(invalid)
    expect(await client.call('session/get', { sessionId })).toMatchObject({ where: 'host:a' })
  })
})
