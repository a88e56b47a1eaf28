import { existsSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { WeirError } from '../../sdk/errors.ts'
import type { Session } from '../../sdk/model.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

const refusal = (call: Promise<unknown>): Promise<WeirError> =>
  call.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: WeirError) => error,
  )

const echo = () => startOrigin((request, response) => void response.end(`you asked for ${request.url}`), { tls: false })

const portOf = (session: Session): number => session.proxy?.port ?? 0

/** Nobody listens there. */
const isRefused = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', () => resolve(true))
  })

describe('session/start', () => {
  it('captures on a free port of 127.0.0.1, under a readable name, with the CA in place', async () => {
    const { client, home } = await startDaemon()
    const session = await client.call('session/start', {})
    expect(session).toMatchObject({
      state: 'running',
      name: expect.stringMatching(/^capture \d\d:\d\d:\d\d$/),
      proxy: { host: '127.0.0.1' },
    })
    expect([existsSync(home.caCertificate), statSync(home.caKey).mode & 0o777]).toEqual([true, 0o600])
    const origin = await echo()
    expect(await getThrough(portOf(session), `${origin.url}/a?b=c`)).toEqual({ status: 200, body: 'you asked for /a?b=c' })
    await vi.waitFor(async () => {
      const { items } = await client.call('exchange/list', { sessionId: session.id })
      expect(items).toMatchObject([
        { seq: 1, state: 'complete', request: { method: 'GET', url: `${origin.url}/a?b=c` }, response: { status: 200 } },
      ])
    })
  })

  it('of a port that is taken is a conflict and leaves nothing behind', async () => {
    const { client } = await startDaemon()
    const first = await client.call('session/start', { proxy: { port: 0 } })
    const error = await refusal(client.call('session/start', { proxy: { port: portOf(first) } }))
    expect([error.code, error.reason]).toEqual([1002, 'portInUse'])
    expect((await client.call('session/list', {})).items.map(({ id }) => id)).toEqual([first.id])
  })

  it('without a listener has no proxy', async () => {
    const { client } = await startDaemon()
    const session = await client.call('session/start', { proxy: null })
    expect(session.proxy).toBeNull()
    expect((await client.call('session/stop', { sessionId: session.id })).state).toBe('stopped')
    expect((await client.call('session/resume', { sessionId: session.id })).proxy).toBeNull()
  })

  it('beyond loopback needs credentials', async () => {
    const { client } = await startDaemon()
    const error = await refusal(client.call('session/start', { proxy: { host: '0.0.0.0' } }))
    expect([error.code, error.reason, error.data.errors]).toEqual([
      -32602,
      'authRequired',
      [expect.objectContaining({ path: '/proxy/auth' })],
    ])
    const auth = { username: 'a', password: 'b' }
    expect((await client.call('session/start', { proxy: { host: '0.0.0.0', auth } })).proxy?.host).toBe('0.0.0.0')
  })

  it('runs a hundred sessions side by side', async () => {
    const { client } = await startDaemon()
    const started = await Promise.all(Array.from({ length: 50 }, () => client.call('session/start', {})))
    started.push(...(await Promise.all(Array.from({ length: 50 }, () => client.call('session/start', {})))))
    expect(new Set(started.map(portOf)).size).toBe(100)
    expect((await client.call('daemon/status', {})).sessions).toEqual({ running: 100, total: 100 })
    const origin = await echo()
    await Promise.all(started.map((session, index) => getThrough(portOf(session), `${origin.url}/${index}`)))
    for (const [index, { id }] of started.entries()) {
      await client.call('session/stop', { sessionId: id })
      const { items } = await client.call('exchange/list', { sessionId: id })
      expect(items.map(({ request }) => request.url)).toEqual([`${origin.url}/${index}`])
    }
  })
})

describe('a session', () => {
  it('that is unknown is 1001 for every call', async () => {
    const { client } = await startDaemon()
    const sessionId = 'nobody'
    const calls = [
      client.call('session/get', { sessionId }),
      client.call('session/stop', { sessionId }),
      client.call('session/pause', { sessionId }),
      client.call('session/resume', { sessionId }),
      client.call('session/delete', { sessionId }),
      client.call('session/set', { sessionId, name: 'x' }),
      client.call('exchange/list', { sessionId }),
      client.call('exchange/get', { sessionId, seq: 1 }),
      client.call('exchange/readBody', { sessionId, seq: 1, part: 'request' }),
      client.call('exporter/run', { sessionId, exporter: 'har' }),
    ]
    for (const { code, reason } of await Promise.all(calls.map(refusal))) {
      expect([code, reason]).toEqual([1001, 'sessionNotFound'])
    }
  })

  it('stops, pauses and resumes as often as it is asked, also at the same time', async () => {
    const { client } = await startDaemon()
    const { id: sessionId } = await client.call('session/start', {})
    const states = async (method: 'session/stop' | 'session/pause' | 'session/resume') => {
      const answers = await Promise.all([1, 2, 3].map(() => client.call(method, { sessionId })))
      return new Set(answers.map(({ state }) => state))
    }
    expect(await states('session/pause')).toEqual(new Set(['paused']))
    expect(await states('session/resume')).toEqual(new Set(['running']))
    expect(await states('session/stop')).toEqual(new Set(['stopped']))
    expect((await refusal(client.call('session/pause', { sessionId }))).reason).toBe('sessionStopped')
    expect(await states('session/resume')).toEqual(new Set(['running']))
  })

  it('that is paused lets traffic through and stores none of it', async () => {
    const { client } = await startDaemon()
    const session = await client.call('session/start', {})
    const origin = await echo()
    await client.call('session/pause', { sessionId: session.id })
    expect((await getThrough(portOf(session), `${origin.url}/unseen`)).status).toBe(200)
    await client.call('session/resume', { sessionId: session.id })
    await getThrough(portOf(session), `${origin.url}/seen`)
    await client.call('session/stop', { sessionId: session.id })
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    expect(items.map(({ request }) => request.url)).toEqual([`${origin.url}/seen`])
  })

  it('resumes on its old port, or on another when that is taken', async () => {
    const { client } = await startDaemon()
    const session = await client.call('session/start', {})
    const sessionId = session.id
    expect((await client.call('session/stop', { sessionId })).proxy).toBeNull()
    expect((await client.call('session/resume', { sessionId })).proxy).toEqual(session.proxy)
    await client.call('session/stop', { sessionId })
    const squatter = createServer().listen(portOf(session), '127.0.0.1')
    onTestFinished(() => void squatter.close())
    await vi.waitFor(() => expect(squatter.listening).toBe(true))
    const resumed = await client.call('session/resume', { sessionId })
    expect(resumed.state).toBe('running')
    expect(portOf(resumed)).not.toBe(portOf(session))
  })

  it('keeps its numbering and its counts over a stop and a resume', async () => {
    const { client } = await startDaemon()
    const session = await client.call('session/start', {})
    const origin = await echo()
    let port = portOf(session)
    for (const path of ['/1', '/2']) {
      await getThrough(port, origin.url + path)
      expect((await client.call('session/stop', { sessionId: session.id })).stoppedAt).toBeGreaterThan(0)
      const resumed = await client.call('session/resume', { sessionId: session.id })
      expect(resumed).not.toHaveProperty('stoppedAt')
      port = portOf(resumed)
    }
    expect((await client.call('session/stop', { sessionId: session.id })).counts.exchanges).toBe(2)
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    expect(items.map(({ seq }) => seq)).toEqual([1, 2])
  })

  it('whose last records could not be written has a gap for them when it is resumed', async () => {
    const { client } = await startDaemon()
    const session = await client.call('session/start', {})
    const origin = await echo()
    const other = new Database(session.file)
    onTestFinished(() => void other.close())
    other.exec('BEGIN IMMEDIATE')
    await getThrough(portOf(session), `${origin.url}/lost`)
    const stopped = await client.call('session/stop', { sessionId: session.id })
    expect(stopped).toMatchObject({ state: 'stopped', counts: { exchanges: 0, gaps: 0 } })
    other.close()
    expect(await client.call('session/resume', { sessionId: session.id })).toMatchObject({ counts: { exchanges: 0, gaps: 1 } })
    await client.call('session/stop', { sessionId: session.id })
    // Once only.
    expect(await client.call('session/resume', { sessionId: session.id })).toMatchObject({ counts: { gaps: 1 } })
  })

  it('is deleted with its file, once it has stopped, and every client is told', async () => {
    const daemon = await startDaemon()
    const { client } = daemon
    const heard: string[] = []
    const other = await daemon.connect()
    other.on('session/didChange', ({ session }) => heard.push(session.state))
    other.on('session/didDelete', (gone) => heard.push(gone.sessionId))
    const { id: sessionId, file } = await client.call('session/start', {})
    const error = await refusal(client.call('session/delete', { sessionId }))
    expect([error.code, error.reason]).toEqual([1002, 'sessionRunning'])
    await client.call('session/pause', { sessionId })
    expect((await refusal(client.call('session/delete', { sessionId }))).reason).toBe('sessionRunning')
    await client.call('session/stop', { sessionId })
    expect(existsSync(file)).toBe(true)
    await client.call('session/delete', { sessionId })
    expect(existsSync(file)).toBe(false)
    expect((await client.call('session/list', {})).items).toEqual([])
    await vi.waitFor(() => expect(heard).toContain(sessionId))
    // What is told of another session comes later than anything that was still to be told of this one.
    const { id: next } = await client.call('session/start', {})
    await client.call('session/set', { sessionId: next, name: 'a second later' })
    await vi.waitFor(() => expect(heard.slice(heard.indexOf(sessionId) + 1)).toEqual(['running', 'running']))
  })

  it('that was deleted before their turn came is gone for all other calls', async () => {
    const daemon = await startDaemon()
    const { client } = daemon
    const heard: string[] = []
    const other = await daemon.connect()
    other.on('session/didDelete', ({ sessionId }) => heard.push(sessionId))
    const { id: sessionId } = await client.call('session/start', {})
    await client.call('session/stop', { sessionId })
    const [deleted, ...late] = await Promise.allSettled([
      client.call('session/delete', { sessionId }),
      client.call('session/set', { sessionId, name: 'late' }),
      client.call('session/resume', { sessionId }),
      client.call('session/delete', { sessionId }),
    ])
    expect(deleted).toMatchObject({ status: 'fulfilled' })
    for (const each of late) expect(each).toMatchObject({ status: 'rejected', reason: { reason: 'sessionNotFound' } })
    const { id: next } = await client.call('session/start', {})
    await client.call('session/stop', { sessionId: next })
    await client.call('session/delete', { sessionId: next })
    await vi.waitFor(() => expect(heard).toEqual([sessionId, next]))
  })

  it('is listed by state, oldest first, and renamed', async () => {
    const { client } = await startDaemon()
    const a = await client.call('session/start', { name: 'a' })
    const b = await client.call('session/start', { name: 'b' })
    await client.call('session/stop', { sessionId: a.id })
    expect((await client.call('session/set', { sessionId: b.id, name: 'c' })).name).toBe('c')
    const names = async (params: { state?: 'running' | 'stopped' }) =>
      (await client.call('session/list', params)).items.map(({ name }) => name)
    expect([await names({}), await names({ state: 'running' }), await names({ state: 'stopped' })]).toEqual([['a', 'c'], ['c'], ['a']])
  })

  it('gives what is in flight two seconds when it stops, then marks it', async () => {
    const { client } = await startDaemon()
    let finish: () => void = () => undefined
    const origin = await startOrigin(
      (request, response) => {
        if (request.url === '/slow') finish = () => response.end('done')
      },
      { tls: false },
    )
    const session = await client.call('session/start', {})
    const slow = getThrough(portOf(session), `${origin.url}/slow`)
    const never = getThrough(portOf(session), `${origin.url}/never`).catch(() => 'broken')
    await vi.waitFor(async () => expect((await client.call('session/get', { sessionId: session.id })).counts.exchanges).toBe(2))
    const startedAt = performance.now()
    const stopped = client.call('session/stop', { sessionId: session.id })
    // It has begun to stop when nobody listens there any more.
    await vi.waitFor(async () => expect(await isRefused(portOf(session))).toBe(true))
    finish()
    // It ends, though one of them never does, no sooner than that and not much later: a machine may be busy.
    await stopped
    expect(performance.now() - startedAt).toBeGreaterThan(1_900)
    expect(performance.now() - startedAt).toBeLessThan(20_000)
    expect([(await slow).body, await never]).toEqual(['done', 'broken'])
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    const ends = Object.fromEntries(items.map(({ request, state, error }) => [new URL(request.url).pathname, [state, error?.reason]]))
    expect(ends).toEqual({ '/slow': ['complete', undefined], '/never': ['aborted', 'sessionStopped'] })
  })

  it('tells every client when it changes, at most once a second', async () => {
    const daemon = await startDaemon()
    const { client } = daemon
    const other = await daemon.connect()
    const heard: { at: number; exchanges: number }[] = []
    other.on('session/didChange', ({ session }) => heard.push({ at: performance.now(), exchanges: session.counts.exchanges }))
    const startedAt = performance.now()
    const session = await client.call('session/start', {})
    const origin = await echo()
    for (let count = 0; count < 20; count++) await getThrough(portOf(session), `${origin.url}/${count}`)
    await vi.waitFor(() => expect(heard.at(-1)?.exchanges).toBe(20))
    // Each may come late, so what lies between two says nothing; none is sent early.
    for (const [index, { at }] of heard.entries()) expect(at - startedAt).toBeGreaterThan(index * 990)
  })
})

describe('session/set', () => {
  it('with roots that cannot be read changes nothing', async () => {
    const { client } = await startDaemon()
    const { id } = await client.call('session/start', { name: 'before' })
    for (const change of [async () => undefined, () => client.call('session/stop', { sessionId: id })]) {
      await change()
      const error = await refusal(client.call('session/set', { sessionId: id, name: 'after', tls: { ca: 'no certificate' } }))
      expect([error.code, error.reason]).toEqual([-32602, 'invalidCertificate'])
      expect((await client.call('session/get', { sessionId: id })).name).toBe('before')
    }
    expect((await client.call('session/resume', { sessionId: id })).state).toBe('running')
  })
})
