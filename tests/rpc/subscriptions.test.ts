import { connect as connectSocket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Client } from '../../sdk/client.ts'
import type { WeirError } from '../../sdk/errors.ts'
import type { NotificationParams } from '../../sdk/protocol.ts'
import { askingNobody, startDaemon } from '../support/daemon.ts'
import { endingPaths } from '../support/endings.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

type DidChange = NotificationParams<'exchange/didChange'>

/** A running session, and how to put an exchange into it. */
async function capturing() {
  const daemon = await startDaemon({ config: askingNobody })
  const origin = await startOrigin(
    (request, response) => {
      if (request.url === '/open') response.write('begun')
      else response.end(`body of ${request.url}`)
    },
    { tls: false },
  )
  const session = await daemon.client.call('session/start', {})
  const get = (path: string) => getThrough(session.proxy?.port ?? 0, `${origin.url}${path}`)
  return { ...daemon, origin, session, sessionId: session.id, port: session.proxy?.port ?? 0, get }
}

/** All that a client is told from now on. */
function told(client: Client): DidChange[] {
  const changes: DidChange[] = []
  client.on('exchange/didChange', (change) => changes.push(change))
  return changes
}

const paths = (changes: readonly DidChange[], subscriptionId?: string): string[] =>
  endingPaths(
    changes.filter((change) => subscriptionId === undefined || change.subscriptionId === subscriptionId).flatMap(({ items }) => items),
  )

const soon = { timeout: 15_000, interval: 10 }

describe('a subscription', () => {
  it('tells of what ends from now on, once each', async () => {
    const { client, sessionId, get } = await capturing()
    await get('/before')
    await vi.waitFor(
      async () => expect((await client.call('exchange/list', { sessionId })).items).toMatchObject([{ state: 'complete' }]),
      soon,
    )
    const changes = told(client)
    await client.call('exchange/subscribe', { sessionId })
    for (const path of ['/1', '/2', '/3']) await get(path)
    await vi.waitFor(() => expect(paths(changes)).toEqual(['/1', '/2', '/3']), soon)
  })

  it('tells of an exchange while it is open, and again when it ends', async () => {
    const { client, sessionId, port, origin } = await capturing()
    const changes = told(client)
    await client.call('exchange/subscribe', { sessionId })
    const source = connectSocket(port, '127.0.0.1')
    onTestFinished(() => void source.destroy())
    source.write(`GET ${origin.url}/open HTTP/1.1\r\nHost: x\r\n\r\n`)
    const states = () => changes.flatMap(({ items }) => items.map(({ state }) => state))
    await vi.waitFor(() => expect(states()).toContain('open'), soon)
    source.destroy()
    await vi.waitFor(() => expect(states().at(-1)).toBe('aborted'), soon)
  })

  it('goes on from a kept clock, on another connection, without a loss or a repeat', async () => {
    const { client, sessionId, get, connect } = await capturing()
    const first = await connect()
    const before = told(first)
    await first.call('exchange/subscribe', { sessionId, since: 'start' })
    for (const path of ['/1', '/2']) await get(path)
    await vi.waitFor(() => expect(paths(before)).toEqual(['/1', '/2']), soon)
    await first.close()
    for (const path of ['/3', '/4']) await get(path)
    const after = told(client)
    await client.call('exchange/subscribe', { sessionId, since: before.at(-1)?.clock ?? '' })
    await get('/5')
    await vi.waitFor(() => expect(paths(after)).toEqual(['/3', '/4', '/5']), soon)
  })

  it('says with reset that a clock was foreign, and tells of everything', async () => {
    const { client, sessionId, get } = await capturing()
    await get('/1')
    await vi.waitFor(
      async () => expect((await client.call('exchange/list', { sessionId })).items).toMatchObject([{ state: 'complete' }]),
      soon,
    )
    const changes = told(client)
    await client.call('exchange/subscribe', { sessionId, since: 'c:01ANOTHERSESSION:7' })
    await vi.waitFor(() => expect(changes).toMatchObject([{ reset: true, items: [{ seq: 1 }] }]), soon)
  })

  it('ends when asked to; others of the same session go on', async () => {
    const { client, sessionId, get } = await capturing()
    const changes = told(client)
    const { subscriptionId: one } = await client.call('exchange/subscribe', { sessionId })
    const { subscriptionId: other } = await client.call('exchange/subscribe', { sessionId })
    await get('/1')
    await vi.waitFor(() => expect([paths(changes, one), paths(changes, other)]).toEqual([['/1'], ['/1']]), soon)
    await client.call('exchange/unsubscribe', { subscriptionId: one })
    await get('/2')
    await vi.waitFor(() => expect(paths(changes, other)).toEqual(['/1', '/2']), soon)
    expect(paths(changes, one)).toEqual(['/1'])
    const again = await client.call('exchange/unsubscribe', { subscriptionId: one }).catch((error: WeirError) => error)
    expect(again).toMatchObject({ code: 1001, reason: 'subscriptionNotFound' })
  })

  it('says why nothing more will come once its session is deleted', async () => {
    const { client, sessionId, get } = await capturing()
    const changes = told(client)
    await client.call('exchange/subscribe', { sessionId })
    await get('/1')
    await client.call('session/stop', { sessionId })
    await vi.waitFor(() => expect(paths(changes)).toEqual(['/1']), soon)
    await client.call('session/delete', { sessionId })
    await vi.waitFor(() => expect(changes.at(-1)?.ended).toMatchObject({ code: 1001, data: { reason: 'sessionNotFound' } }), soon)
  })

  it('is refused for a session that is not there, for what is no clock, and beyond 256 of one client', async () => {
    const { client, sessionId } = await capturing()
    const refusal = (params: { sessionId: string; since?: string }) =>
      client.call('exchange/subscribe', params).catch((error: WeirError) => error)
    expect(await refusal({ sessionId: 'nobody' })).toMatchObject({ code: 1001, reason: 'sessionNotFound' })
    for (const since of ['', 'yesterday', 'c:nonsense', `c:${sessionId}:-1`])
      expect(await refusal({ sessionId, since })).toMatchObject({
        code: -32602,
        reason: 'malformedClock',
        data: { errors: [{ path: '/since' }] },
      })
    for (let n = 0; n < 256; n++) await client.call('exchange/subscribe', { sessionId })
    expect(await refusal({ sessionId })).toMatchObject({ code: 1004, reason: 'tooManySubscriptions' })
  })
})

describe('a client that does not read', () => {
  it('is waited for, and gets everything when it reads again; others are told meanwhile', async () => {
    const { client, sessionId, get, connect } = await capturing()
    const sleeper = await connect()
    const late = told(sleeper)
    await sleeper.call('exchange/subscribe', { sessionId })
    sleeper.pause()
    const changes = told(client)
    await client.call('exchange/subscribe', { sessionId })
    const expected = Array.from({ length: 40 }, (_, n) => `/${n}`)
    for (const path of expected) await get(path)
    await vi.waitFor(() => expect(paths(changes)).toEqual(expected), soon)
    expect(late).toEqual([])
    sleeper.resume()
    await vi.waitFor(() => expect(paths(late)).toEqual(expected), soon)
  })

  it('that vanishes harms nobody', async () => {
    const { client, sessionId, get, connect } = await capturing()
    const gone = await connect()
    await gone.call('exchange/subscribe', { sessionId })
    gone.pause()
    await gone.close()
    const changes = told(client)
    await client.call('exchange/subscribe', { sessionId })
    await get('/1')
    await vi.waitFor(() => expect(paths(changes)).toEqual(['/1']), soon)
  })
})
