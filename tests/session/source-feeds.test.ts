/** Events that an extension sends: each taken once, in order, whatever is sent again. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FeedClient, SourceFeeds } from '../../daemon/session/source-feeds.ts'
import type { JoinedSource, SourceBody } from '../../daemon/session/sources.ts'
import type { NotificationParams } from '../../sdk/protocol.ts'
import type { SourceEvent } from '../../sdk/source.ts'

const request = (id: string) => ({
  kind: 'request' as const,
  id,
  at: 1,
  exchange: 'http' as const,
  method: 'GET',
  url: 'https://a.test/',
  headers: [],
  view: { resource: 'fetch' },
})

/** Feeds of a host that keeps what it is given. */
async function feeding(take?: (events: readonly SourceEvent[]) => Promise<void>) {
  const taken: SourceEvent[] = []
  const bodies: SourceBody[] = []
  const join = async ({ kind, sessionId }: { kind: string; sessionId: string }, body: SourceBody): Promise<JoinedSource> => {
    bodies.push(body)
    return {
      info: { id: 'source-1', kind, sessionId, startedAt: 0, notes: [] },
      take: async (events) => {
        await take?.(events)
        taken.push(...events)
      },
      left: () => undefined,
    }
  }
  const feeds = new SourceFeeds({ join })
  const asked: NotificationParams<'source/ask'>[] = []
  const client = (owner: string | null): FeedClient => ({ owner, mayBeAsked: true, send: async (_, params) => void asked.push(params) })
  const { sourceId } = await feeds.start({ sessionId: 's', browser: 'Chromium 1' }, client('token-1'))
  const feed = (from: number, events: object[], owner: string | null = 'token-1') =>
    feeds.feed({ sourceId, from, events: events as { kind: 'request' }[] }, client(owner))
  const answer = (ask: number, given: object) => feeds.answer(sourceId, ask, given, client('token-1'))
  return { taken, feed, sourceId, asked, answer, cookies: bodies[0]?.cookies, stop: () => bodies[0]?.stop(100) }
}

describe('source/feed', () => {
  it('takes each event once, however they are cut, repeated and interleaved', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 0, max: 8 })), { maxLength: 30 }), async (calls) => {
        const { feed, taken } = await feeding(() => new Promise((resolve) => setImmediate(resolve)))
        const all = Array.from({ length: 40 }, (_, index) => request(String(index + 1)))
        await Promise.all(calls.map(([from, count]) => feed(from + 1, all.slice(from, from + count)).catch(() => undefined)))
        expect(await feed(1, all)).toBe(40)
        expect(taken.map((event) => ('id' in event ? event.id : ''))).toEqual(all.map(({ id }) => id))
      }),
      { seed: 20261128, numRuns: 50 },
    )
  })

  it('says which events are missing', async () => {
    const { feed } = await feeding()
    expect(await feed(1, [request('1'), request('2')])).toBe(2)
    await expect(feed(4, [request('4')])).rejects.toMatchObject({ code: 1002, reason: 'eventsMissing', data: { acknowledged: 2 } })
    expect(await feed(2, [request('2'), request('3')])).toBe(3)
    expect(await feed(4, [])).toBe(3)
  })

  it('does not count what was not taken', async () => {
    let fails = true
    const { feed, taken } = await feeding(async () => {
      if (fails) throw new Error('no')
    })
    await expect(feed(1, [request('1')])).rejects.toThrow('no')
    fails = false
    expect(await feed(1, [request('1')])).toBe(1)
    expect(taken).toHaveLength(1)
  })

  it('says whose view it is, and makes bytes of bodies', async () => {
    const { feed, taken, sourceId } = await feeding()
    await feed(1, [request('a'), { kind: 'body', id: 'a', part: 'request', data: btoa('hello') }])
    expect(taken).toMatchObject([{ view: { sourceId, requestId: 'a', resource: 'fetch' } }, { data: Buffer.from('hello') }])
  })

  it('refuses what is no event, names it, and takes none of the others', async () => {
    const { feed, taken } = await feeding()
    const wrong: [object, string][] = [
      [{ ...request('a'), more: 1 }, '/events/1/more'],
      [{ ...request('a'), view: { resource: 'fetch', sourceId: 'other' } }, '/events/1/view/sourceId'],
      [{ ...request('a'), view: { resource: 'nothing' } }, '/events/1/view/resource'],
      [{ ...request('a'), url: 'x'.repeat(70_000) }, '/events/1/url'],
      [{ ...request('a'), headers: Array.from({ length: 2000 }, () => ['a', 'b']) }, '/events/1/headers'],
      [{ kind: 'body', id: 'a', part: 'request', data: 'no base64!' }, '/events/1/data'],
      [{ kind: 'body', id: 'a', part: 'request', data: 'A'.repeat(2_000_000) }, '/events/1/data'],
      [{ kind: 'end', id: 'a' }, '/events/1/at'],
    ]
    for (const [event, path] of wrong)
      await expect(feed(1, [request('good'), event]), path).rejects.toMatchObject({
        code: -32602,
        reason: 'invalidEvent',
        data: { errors: expect.arrayContaining([expect.objectContaining({ path }) as unknown]) as unknown },
      })
    expect(taken).toEqual([])
  })

  it('is not waited for longer than it may take when it is stopped', async () => {
    const { feed, stop } = await feeding(() => new Promise(() => undefined))
    void feed(1, [request('1')])
    await stop()
    await expect(feed(2, [])).rejects.toMatchObject({ reason: 'sourceNotFound' })
  })

  it('is for the client that started the source, until that has ended', async () => {
    const { feed, stop } = await feeding()
    await expect(feed(1, [], 'token-2')).rejects.toMatchObject({ code: 1005, reason: 'notAllowed' })
    expect(await feed(1, [], null)).toBe(0)
    await stop()
    await expect(feed(1, [])).rejects.toMatchObject({ code: 1001, reason: 'sourceNotFound' })
  })
})

describe('the cookies of an extension', () => {
  const cookie = {
    name: 'sid',
    value: '1',
    domain: 'a.test',
    hostOnly: true,
    path: '/',
    expires: null,
    secure: true,
    httpOnly: false,
    sameSite: null,
    partitionKey: 'https://top.test',
    createdAt: 1,
    updatedAt: 1,
  }
  const { partitionKey: _, ...unpartitioned } = cookie
  const inBrowser = { ...unpartitioned, partition: { topLevelSite: 'https://top.test', hasCrossSiteAncestor: true } }

  it('are asked for and changed over its connection', async () => {
    const { cookies, asked, answer, sourceId } = await feeding()
    const pulled = cookies?.pull?.()
    expect(asked).toEqual([{ sourceId, ask: 1 }])
    answer(1, { cookies: [inBrowser], at: 5 })
    expect(await pulled).toEqual({ cookies: [cookie], at: 5 })
    const again = cookies?.pull?.()
    answer(2, { unchanged: true })
    expect(await again).toBeNull()
    const pushed = cookies?.push([{ put: cookie }, { gone: cookie }], [])
    expect(asked[2]).toEqual({ sourceId, ask: 3, put: [inBrowser], gone: [inBrowser] })
    answer(3, {})
    await pushed
  })

  it('that the browser does not take are said to be so', async () => {
    const { cookies, answer } = await feeding()
    const pushed = cookies?.push([{ put: cookie }], [])
    answer(1, { error: 'no permission' })
    await expect(pushed).rejects.toMatchObject({ reason: 'targetFailed', message: expect.stringContaining('no permission') as unknown })
  })
})
