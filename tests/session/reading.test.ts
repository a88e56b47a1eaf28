import { describe, expect, it } from 'vitest'
import type { WeirError } from '../../sdk/errors.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

/** A stopped session with this many exchanges. */
async function captured(count: number) {
  const { client } = await startDaemon()
  const origin = await startOrigin((request, response) => void response.end(`body of ${request.url}`), { tls: false })
  const session = await client.call('session/start', {})
  for (let index = 1; index <= count; index++) await getThrough(session.proxy?.port ?? 0, `${origin.url}/${index}`)
  await client.call('session/stop', { sessionId: session.id })
  return { client, sessionId: session.id, origin }
}

const seqs = ({ items }: { items: { seq: number }[] }): number[] => items.map(({ seq }) => seq)

describe('exchange/list', () => {
  it('pages by seq, from either end', async () => {
    const { client, sessionId } = await captured(5)
    const list = async (params: object) => seqs(await client.call('exchange/list', { sessionId, ...params }))
    expect(await list({})).toEqual([1, 2, 3, 4, 5])
    expect(await list({ order: 'desc', limit: 2 })).toEqual([5, 4])
    expect(await list({ after: 2, limit: 2 })).toEqual([3, 4])
    expect(await list({ before: 3 })).toEqual([1, 2])
    expect(await client.call('exchange/list', { sessionId, limit: 5 })).toMatchObject({ more: false })
    expect(await client.call('exchange/list', { sessionId, limit: 4 })).toMatchObject({ more: true })
  })

  it('catches up from a clock, page by page, to nothing', async () => {
    const { client, sessionId } = await captured(5)
    const found: number[] = []
    let since = 'start'
    for (let page = 0; page < 3; page++) {
      const answer = await client.call('exchange/list', { sessionId, since, limit: 2 })
      expect([answer.deleted, answer.more, answer.reset]).toEqual([[], page < 2, undefined])
      found.push(...seqs(answer))
      since = answer.clock
    }
    expect(found.sort()).toEqual([1, 2, 3, 4, 5])
    expect(await client.call('exchange/list', { sessionId, since })).toMatchObject({ items: [], deleted: [], clock: since, more: false })
  })

  it('gives from the clock of a page what changed after it', async () => {
    const { client, sessionId, origin } = await captured(2)
    const { clock } = await client.call('exchange/list', { sessionId })
    const { proxy } = await client.call('session/resume', { sessionId })
    await getThrough(proxy?.port ?? 0, `${origin.url}/3`)
    await client.call('session/stop', { sessionId })
    expect(seqs(await client.call('exchange/list', { sessionId, since: clock }))).toEqual([3])
  })

  it('answers a foreign clock with everything and reset', async () => {
    const { client, sessionId } = await captured(2)
    const answer = await client.call('exchange/list', { sessionId, since: 'c:01ANOTHERSESSION:2' })
    expect([seqs(answer), answer.reset]).toEqual([[1, 2], true])
  })

  it('refuses what is no clock', async () => {
    const { client, sessionId } = await captured(0)
    for (const since of ['c:nonsense', '', 'yesterday', `c:${sessionId}:-1`, `c:${sessionId}:1e3`]) {
      const error = await client.call('exchange/list', { sessionId, since }).catch((reason: WeirError) => reason)
      expect(error).toMatchObject({ code: -32602, reason: 'malformedClock', data: { errors: [{ path: '/since' }] } })
    }
  })

  it('answers a clock from the future with everything and reset', async () => {
    const { client, sessionId } = await captured(2)
    const answer = await client.call('exchange/list', { sessionId, since: `c:${sessionId}:999999` })
    expect([seqs(answer), answer.reset]).toEqual([[1, 2], true])
    expect(answer.clock).toMatch(new RegExp(`^c:${sessionId}:\\d+$`))
  })

  it('refuses a clock together with a place in the order', async () => {
    const { client, sessionId } = await captured(1)
    for (const more of [{ order: 'asc' as const }, { before: 2 }, { after: 0 }]) {
      const error = await client.call('exchange/list', { sessionId, since: 'start', ...more }).catch((reason: WeirError) => reason)
      expect(error).toMatchObject({ code: -32602, reason: 'conflictingParams' })
      expect((error as WeirError).data.errors).toMatchObject([{ path: `/${Object.keys(more)[0]}` }])
    }
  })
})

describe('one exchange', () => {
  it('is got by its seq', async () => {
    const { client, sessionId, origin } = await captured(2)
    expect(await client.call('exchange/get', { sessionId, seq: 2 })).toMatchObject({ seq: 2, request: { url: `${origin.url}/2` } })
    const error = await client.call('exchange/get', { sessionId, seq: 3 }).catch((reason: WeirError) => reason)
    expect(error).toMatchObject({ code: 1001, reason: 'exchangeNotFound' })
  })

  it('has bodies that are read by range', async () => {
    const { client, sessionId } = await captured(1)
    const read = async (params: object) => {
      const answer = await client.call('exchange/readBody', { sessionId, seq: 1, part: 'response', ...params })
      return [Buffer.from(answer.data, 'base64').toString(), answer.size, answer.eof]
    }
    expect(await read({})).toEqual(['body of /1', 10, true])
    expect(await read({ offset: 5, length: 2 })).toEqual(['of', 10, false])
    expect(await read({ offset: 8, length: 99 })).toEqual(['/1', 10, true])
    expect(await read({ offset: 50 })).toEqual(['', 10, true])
    expect(await read({ length: 0 })).toEqual(['', 10, false])
  })
})
