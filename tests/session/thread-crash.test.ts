/** A thread dies: traffic and the other sessions go on, the loss is on record. */
import { mkdirSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, vi } from 'vitest'
import type { Params } from '../../sdk/protocol.ts'
import { daemonInProcess } from '../support/daemon-in-process.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

type FedEvent = Params<'source/feed'>['events'][number]

const origin = () =>
  startOrigin((request, response) => void (request.url === '/never' ? response.write('begun') : response.end(`body of ${request.url}`)), {
    tls: false,
  })

const gapsOf = (file: string): string[] => {
  const database = new DatabaseSync(file, { readOnly: true })
  const rows = database.prepare('select reason from v1_gap order by id').all() as { reason: string }[]
  database.close()
  return rows.map(({ reason }) => reason)
}

describe('when the recorder thread dies', () => {
  it('traffic flows on, sessions are recorded on, and a gap says what may be missing', async () => {
    const { client, threads, kill } = await daemonInProcess()
    const { url } = await origin()
    const sessions = await Promise.all([client.call('session/start', {}), client.call('session/start', {})])
    const [session] = sessions
    const port = session.proxy?.port ?? 0
    await getThrough(port, `${url}/before`)
    await vi.waitFor(async () => expect((await client.call('session/get', { sessionId: session.id })).counts.exchanges).toBe(1))
    kill('recorder')
    expect((await getThrough(port, `${url}/meanwhile`)).status).toBe(200)
    await vi.waitFor(() => expect(threads.recorder.restarts).toBe(1))
    // A call that waits for the new thread.
    await client.call('session/set', { sessionId: session.id, name: 'survivor' })
    expect((await getThrough(port, `${url}/after`)).status).toBe(200)
    const stopped = await Promise.all(sessions.map(({ id }) => client.call('session/stop', { sessionId: id })))
    expect(stopped.map(({ state }) => state)).toEqual(['stopped', 'stopped'])
    expect(stopped[0]?.name).toBe('survivor')
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    const paths = items.map(({ request }) => new URL(request.url).pathname)
    expect(paths).toEqual(expect.arrayContaining(['/before', '/after']))
    expect(gapsOf(session.file)).toContain('recorderCrashed')
    expect((await client.call('daemon/status', {})).recorder.restarts).toBe(1)
  })

  it('a paused session stays paused, and an open exchange is marked', async () => {
    const { client, threads, kill } = await daemonInProcess()
    const { url } = await origin()
    const session = await client.call('session/start', {})
    const broken = getThrough(session.proxy?.port ?? 0, `${url}/never`).catch(() => 'broken')
    await vi.waitFor(async () => {
      const { items } = await client.call('exchange/list', { sessionId: session.id })
      expect(items).toMatchObject([{ state: 'open' }])
    })
    await client.call('session/pause', { sessionId: session.id })
    kill('recorder')
    await vi.waitFor(() => expect(threads.recorder.restarts).toBe(1))
    expect((await client.call('session/get', { sessionId: session.id })).state).toBe('paused')
    await client.call('session/set', { sessionId: session.id, name: 'x' })
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    expect(items).toMatchObject([{ state: expect.stringMatching(/aborted|failed/), error: { reason: 'recorderCrashed' } }])
    await client.call('session/stop', { sessionId: session.id })
    expect(await broken).toBe('broken')
  })
})

describe('when a thread dies under a source that tells what a browser asks', () => {
  it.each(['recorder', 'proxy'] as const)('the %s: it goes on, and what it told before is on record or in a gap', async (thread) => {
    const { client, threads, kill } = await daemonInProcess()
    const { url } = await origin()
    const session = await client.call('session/start', {})
    const port = session.proxy?.port ?? 0
    const { sourceId } = await client.call('source/start', { kind: 'extension', sessionId: session.id })
    let number = 1
    const tell = async (...events: FedEvent[]) => {
      const { acknowledged } = await client.call('source/feed', { sourceId, from: number, events })
      expect(acknowledged).toBe(number + events.length - 1)
      number = acknowledged + 1
    }
    const asks = (id: string, path: string): FedEvent => {
      const view = { resource: 'fetch' as const, page: url }
      return { kind: 'request', id, at: Date.now(), exchange: 'http', method: 'GET', url: `${url}${path}`, headers: [], view }
    }
    const answer = { reason: 'OK', httpVersion: '1.1', headers: [], proxied: true }
    await tell(asks('open', '/open'))
    kill(thread)
    await vi.waitFor(() => expect(threads[thread].restarts).toBe(1))
    // A call that waits for the new thread.
    await client.call('session/set', { sessionId: session.id, name: 'survivor' })
    await tell({ kind: 'response', id: 'open', at: Date.now(), status: 200, ...answer }, { kind: 'end', id: 'open', at: Date.now() })
    await tell(asks('after', '/after'))
    await getThrough(port, `${url}/after`)
    await tell({ kind: 'response', id: 'after', at: Date.now(), status: 200, ...answer }, { kind: 'end', id: 'after', at: Date.now() })
    await client.call('session/stop', { sessionId: session.id })
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    // One exchange, or two that are linked: what began within some ms of the loss may be another one that was not seen.
    const [wire, ...copies] = items.filter(({ request }) => request.url.endsWith('/after'))
    expect(wire).toMatchObject({ source: 'proxy', browser: { sourceId } })
    expect(copies.map(({ browser }) => browser?.ambiguous)).toEqual(wire?.browser?.requestId === 'after' ? [] : [[wire?.seq]])
    expect(gapsOf(session.file)).toContain(`${thread}Crashed`)
    // Only one of both has forgotten it.
    expect(items.filter(({ request }) => request.url.endsWith('/open'))).toHaveLength(thread === 'proxy' ? 1 : 0)
  })
})

describe('when the recorder thread dies and a session file with it', () => {
  it('that session is stopped, and the others are recorded on', async () => {
    const { client, threads, kill } = await daemonInProcess()
    const { url } = await origin()
    const [lost, other] = await Promise.all([client.call('session/start', {}), client.call('session/start', {})])
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${lost.file}${suffix}`)
    mkdirSync(lost.file)
    kill('recorder')
    await vi.waitFor(async () => expect((await client.call('session/get', { sessionId: lost.id })).state).toBe('stopped'))
    expect(threads.recorder.restarts).toBe(1)
    // A call that waits for the new thread: until it is there, what passes is a gap.
    await client.call('session/set', { sessionId: other.id, name: 'other' })
    await getThrough(other.proxy?.port ?? 0, `${url}/after`)
    expect((await client.call('session/stop', { sessionId: other.id })).counts.exchanges).toBe(1)
  })
})

describe('when the proxy thread dies', () => {
  it('sessions listen on the same ports again, and what was open has failed', async () => {
    const { client, threads, kill } = await daemonInProcess()
    const { url } = await origin()
    const session = await client.call('session/start', {})
    const port = session.proxy?.port ?? 0
    const broken = getThrough(port, `${url}/never`).catch(() => 'broken')
    await vi.waitFor(async () => {
      const { items } = await client.call('exchange/list', { sessionId: session.id })
      expect(items).toMatchObject([{ state: 'open' }])
    })
    kill('proxy')
    expect(await broken).toBe('broken')
    await vi.waitFor(() => expect(threads.proxy.restarts).toBe(1))
    const answered = await vi.waitFor(() => getThrough(port, `${url}/after`))
    expect(answered.status).toBe(200)
    expect((await client.call('session/get', { sessionId: session.id })).proxy).toEqual(session.proxy)
    await client.call('session/stop', { sessionId: session.id })
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    expect(items).toMatchObject([
      { state: 'failed', error: { reason: 'proxyCrashed' } },
      { state: 'complete', request: { url: `${url}/after` } },
    ])
    expect(gapsOf(session.file)).toContain('proxyCrashed')
  })

  it('at the same time as the recorder, both come back', async () => {
    const { client, threads, kill } = await daemonInProcess()
    const { url } = await origin()
    const session = await client.call('session/start', {})
    kill('proxy')
    kill('recorder')
    await vi.waitFor(() => expect([threads.proxy.restarts, threads.recorder.restarts]).toEqual([1, 1]))
    // A call that waits for both new threads: until the recorder is there, what passes is a gap.
    await client.call('session/set', { sessionId: session.id, name: 'survivor' })
    await vi.waitFor(() => getThrough(session.proxy?.port ?? 0, `${url}/after`))
    await client.call('session/stop', { sessionId: session.id })
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    expect(items.map(({ request }) => request.url)).toEqual([`${url}/after`])
  })
})
