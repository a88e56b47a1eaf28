import { describe, expect, it } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

/** A stopped session of exchanges with these paths; those with `x` are answered by 404. */
async function captured(...paths: string[]) {
  const { client } = await startDaemon()
  const origin = await startOrigin(({ url }, response) => response.writeHead(url?.includes('x') ? 404 : 200).end(`body of ${url}`), {
    tls: false,
  })
  const session = await client.call('session/start', {})
  for (const path of paths) await getThrough(session.proxy?.port ?? 0, origin.url + path)
  await client.call('session/stop', { sessionId: session.id })
  return { client, sessionId: session.id }
}

const seqs = (items: readonly Exchange[]): number[] => items.map(({ seq }) => seq)

describe('exchange/list with a where', () => {
  it('pages through what matches, from either end', async () => {
    const { client, sessionId } = await captured('/a', '/x', '/b', '/xx', '/c')
    const list = async (params: object) => client.call('exchange/list', { sessionId, where: 'status:200', ...params })
    const first = await list({ limit: 2 })
    expect([seqs(first.items), first.more]).toEqual([[1, 3], true])
    const rest = await list({ limit: 2, after: 3 })
    expect([seqs(rest.items), rest.more]).toEqual([[5], false])
    expect(seqs((await list({ order: 'desc' })).items)).toEqual([5, 3, 1])
    expect(seqs((await list({ order: 'desc', before: 5, limit: 1 })).items)).toEqual([3])
    expect(await list({ limit: 3 })).toMatchObject({ more: false })
    expect(seqs((await list({ where: 'body~"/xx"' })).items)).toEqual([4])
  })

  it('moves the clock on over what does not match', async () => {
    const { client, sessionId } = await captured('/a', '/x', '/y')
    const everything = await client.call('exchange/list', { sessionId, since: 'start' })
    const none = await client.call('exchange/list', { sessionId, since: 'start', where: 'path:/nowhere' })
    expect([none.items, none.more, none.clock]).toEqual([[], false, everything.clock])
    const one = await client.call('exchange/list', { sessionId, since: 'start', where: 'status:404', limit: 1 })
    expect([seqs(one.items), one.more, one.clock]).toEqual([[2], false, everything.clock])
  })
})

describe('exchange/count', () => {
  it('counts all, or what matches', async () => {
    const { client, sessionId } = await captured('/a', '/x', '/b')
    const count = async (where?: string) =>
      (await client.call('exchange/count', { sessionId, ...(where !== undefined && { where }) })).count
    expect([await count(), await count(''), await count('status:200'), await count('body~of'), await count('status:500')]).toEqual([
      3, 3, 2, 3, 0,
    ])
  })
})

describe('a query elsewhere', () => {
  it('is waited for, exported and deleted by', async () => {
    const { client, sessionId } = await captured('/a', '/x', '/b')
    expect((await client.call('exchange/wait', { sessionId, where: 'status:404', timeoutMs: 0 })).item).toMatchObject({ seq: 2 })
    expect((await client.call('exchange/wait', { sessionId, where: 'status:500', timeoutMs: 0 })).item).toBeNull()
    const { text = '', exchanges } = await client.call('exporter/run', { sessionId, exporter: 'har', where: '-status:404' })
    expect([JSON.parse(text).log.entries.length, exchanges]).toEqual([2, 2])
    expect(await client.call('exchange/delete', { sessionId, where: 'status:200' })).toEqual({ deleted: 2 })
    expect(seqs((await client.call('exchange/list', { sessionId })).items)).toEqual([2])
  })
})

describe('query/explain', () => {
  it('shows the tree, the query written out, and the SQL that finds it', async () => {
    const { client } = await startDaemon()
    expect(await client.call('query/explain', { where: 'status:5xx -host:a.test' })).toEqual({
      ast: {
        type: 'and',
        of: [
          { type: 'term', field: 'status', test: { type: 'range', from: 500, to: 599 } },
          { type: 'not', of: { type: 'term', field: 'host', test: { type: 'is', pieces: ['a.test'] } } },
        ],
      },
      text: 'status:500..599 -host:a.test',
      sql: expect.stringMatching(/^\(e\.status IN \(SELECT .*\)\) AND \(.*request_line.*\)$/) as string,
      params: [500, 599, 'a.test'],
      verified: false,
    })
    expect(await client.call('query/explain', { where: 'body~needle' })).toMatchObject({ verified: true })
  })
})
