/** What runs inside the recorder and does not come back: another recorder takes over, without it. */
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { PluginDirectory } from '../../daemon/plugin/plugin-directory.ts'
import { type Filtered, filtered } from '../filters/captured.ts'
import { patience } from '../support/capture.ts'
import { getThrough } from '../support/through-proxy.ts'

const loops = "if (exchange.request.url.endsWith('/loop')) for (;;); return exchange"

/** A session whose one filter is taken for a built-in one. */
async function withBuiltIn(name: string, body: string, change: string): Promise<Filtered> {
  const find = PluginDirectory.prototype.find
  let path = ''
  const spy = vi.spyOn(PluginDirectory.prototype, 'find').mockImplementation(function (this: PluginDirectory, kind, plugin) {
    return plugin === name ? Promise.resolve({ module: path, builtIn: true }) : find.call(this, kind, plugin)
  })
  onTestFinished(() => spy.mockRestore())
  return filtered((module) => {
    path = module(name, body, change)
    return [{ plugin: name }, { plugin: 'url-excludes', config: { text: '/secret' } }]
  })
}

const gapsOf = async ({ client }: Filtered, sessionId: string) => {
  const sql = 'SELECT reason, sum(exchanges) FROM v1_gap GROUP BY reason ORDER BY reason'
  return (await client.call('query/sql', { sessionId, sql })).rows
}

describe('a filter in the recorder that does not come to an end', () => {
  it('is ended with the recorder, told and disabled; the others go on, and so do all sessions, with a gap', async () => {
    const capture = await withBuiltIn('loops', loops, "onError: 'keep'")
    const { client, session, threads, origin, failures, get } = capture
    const other = await client.call('session/start', {})
    const getOther = (path: string) => getThrough(other.proxy?.port ?? 0, `${origin}${path}`)
    await get('/before')
    await vi.waitFor(async () => expect((await client.call('session/get', { sessionId: session.id })).counts.exchanges).toBe(1), patience)
    await get('/loop')
    expect((await getOther('/meanwhile')).status).toBe(200)
    await vi.waitFor(() => expect(failures).toHaveLength(1), patience)
    expect(failures[0]).toMatchObject({
      plugin: 'loops',
      reason: 'filterDisabled',
      sessionId: session.id,
      hook: 'apply',
      seq: 2,
      disabled: true,
    })
    // Calls wait for the new thread.
    await client.call('session/set', { sessionId: session.id, name: 'survivor' })
    for (const path of ['/loop', '/secret', '/after']) await get(path)
    await getOther('/after')
    await Promise.all([session, other].map(({ id }) => client.call('session/stop', { sessionId: id })))
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    const after = items.filter(({ error }) => error === undefined)
    expect(after.map(({ request, anomalies }) => [new URL(request.url).pathname, anomalies])).toEqual([
      ['/before', undefined],
      ['/loop', ['filterFailed']],
      ['/after', ['filterFailed']],
    ])
    const others = await client.call('exchange/list', { sessionId: other.id, where: 'path:/after' })
    expect(others.items).toMatchObject([{ state: 'complete' }])
    expect((await gapsOf(capture, session.id)).map(([reason]) => reason)).toContain('recorderCrashed')
    expect((await gapsOf(capture, other.id)).map(([reason]) => reason)).toContain('recorderCrashed')
    expect([threads.recorder.restarts, failures.length]).toEqual([1, 1])
  }, 60_000)

  it('with onError drop records nothing any more, until the filters are set again', async () => {
    const capture = await withBuiltIn('loops', loops, "onError: 'drop'")
    const { client, session, failures, get } = capture
    await get('/loop')
    await vi.waitFor(() => expect(failures).toHaveLength(1), patience)
    await client.call('session/set', { sessionId: session.id, name: 'survivor' })
    await get('/undecided')
    await client.call('session/set', { sessionId: session.id, filters: [{ plugin: 'loops' }] })
    await get('/decided')
    await client.call('session/stop', { sessionId: session.id })
    const { items } = await client.call('exchange/list', { sessionId: session.id, where: 'state:complete' })
    expect(items.map(({ request }) => new URL(request.url).pathname)).toEqual(['/decided'])
    expect(await gapsOf(capture, session.id)).toContainEqual(['filterFailed', 1])
  }, 60_000)

  it('may even do so while it is disposed of: the session is stopped all the same', async () => {
    const capture = await withBuiltIn(
      'loops',
      'return exchange',
      'create: () => ({ apply: (exchange) => exchange, dispose() { for (;;); } })',
    )
    const { client, session, failures, get, recorded } = capture
    await get('/1')
    await vi.waitFor(async () => expect((await client.call('session/get', { sessionId: session.id })).counts.exchanges).toBe(1), patience)
    expect(await recorded()).toEqual(['/1'])
    expect(failures).toMatchObject([{ plugin: 'loops', hook: 'dispose', disabled: true }])
  }, 60_000)
})
