import { describe, expect, it } from 'vitest'
import { follow } from '../../sdk/follow.ts'
import type { Change } from '../../sdk/follow-with.ts'
import { startDaemon } from '../support/daemon.ts'
import { endingPaths } from '../support/endings.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

async function capturing(folder?: string) {
  const daemon = await startDaemon(folder === undefined ? {} : { folder })
  const origin = await startOrigin((request, response) => void response.end(`body of ${request.url}`), { tls: false })
  return { ...daemon, origin }
}

/** Paths of so many exchanges as they end. */
function endings(changes: AsyncGenerator<Change>) {
  const last = new Map<number, string>()
  return async (count: number): Promise<string[]> => {
    const found: string[] = []
    while (found.length < count) {
      const { value, done } = await changes.next()
      if (done) return found
      found.push(...endingPaths(value.items, last))
    }
    return found
  }
}

describe('following a session', () => {
  it('outlives the daemon: nothing is missed and nothing comes twice', async () => {
    const first = await capturing()
    const session = await first.client.call('session/start', {})
    const { home, env } = first
    const changes = follow({ home, sessionId: session.id, since: 'start' })
    const take = endings(changes)
    await getThrough(session.proxy?.port ?? 0, `${first.origin.url}/1`)
    expect(await take(1)).toEqual(['/1'])
    await getThrough(session.proxy?.port ?? 0, `${first.origin.url}/2`)
    await first.client.call('daemon/stop', {})
    await first.client.closed

    const second = await startDaemon({ folder: env.WEIR_HOME as string })
    const resumed = await second.client.call('session/resume', { sessionId: session.id })
    await getThrough(resumed.proxy?.port ?? 0, `${first.origin.url}/3`)
    expect(await take(2)).toEqual(['/2', '/3'])
    await changes.return(undefined)
  })

  it('waits with a loop that is slow', async () => {
    const { client, home, origin } = await capturing()
    const session = await client.call('session/start', {})
    const changes = follow({ home, sessionId: session.id, since: 'start' })
    const take = endings(changes)
    const expected = Array.from({ length: 30 }, (_, n) => `/${n}`)
    await getThrough(session.proxy?.port ?? 0, `${origin.url}/0`)
    const found = await take(1)
    for (const path of expected.slice(1)) await getThrough(session.proxy?.port ?? 0, origin.url + path)
    expect([...found, ...(await take(29))]).toEqual(expected)
    await changes.return(undefined)
  })

  it('ends with its signal, and says why it cannot begin', async () => {
    const { client, home } = await capturing()
    const session = await client.call('session/start', {})
    const ending = new AbortController()
    const next = follow({ home, sessionId: session.id, signal: ending.signal }).next()
    ending.abort()
    expect(await next).toEqual({ value: undefined, done: true })
    await expect(follow({ home, sessionId: 'nobody' }).next()).rejects.toMatchObject({ code: 1001, reason: 'sessionNotFound' })
  })
})
