/** Promise 13: whatever a user's filter does is its own affair: traffic is not harmed, it is told with its name, and disabled after three. */
import { describe, expect, it, vi } from 'vitest'
import { filtered } from './captured.ts'

const bad = {
  throws: "throw new Error('no good')",
  'ends its process': 'process.exit(3)',
  'runs for ever': 'for (;;);',
  'fills its memory': 'const all = []; for (;;) all.push(new Array(1e6).fill(exchange))',
  'returns garbage': 'return { request: 7 }',
  'returns a promise': 'return Promise.resolve(exchange)',
}

describe.each(Object.entries(bad))('a filter that %s', (_, body) => {
  it('is told with its name and the exchange, disabled after three, and a gap counts what nobody decided', async () => {
    const { client, session, failures, get, recorded } = await filtered((module) => [{ plugin: module('bad', body) }])
    for (const path of ['/1', '/2', '/3', '/4']) {
      await get(path)
      const seq = failures.length + 1
      if (seq <= 3) await vi.waitFor(() => expect(failures).toHaveLength(seq), { timeout: 30_000 })
    }
    expect(failures.map(({ plugin, sessionId, hook, seq, disabled }) => ({ plugin, sessionId, hook, seq, disabled }))).toEqual([
      { plugin: 'bad', sessionId: session.id, hook: 'apply', seq: 1, disabled: undefined },
      { plugin: 'bad', sessionId: session.id, hook: 'apply', seq: 2, disabled: undefined },
      { plugin: 'bad', sessionId: session.id, hook: 'apply', seq: 3, disabled: true },
    ])
    expect(await recorded()).toEqual([])
    const { rows } = await client.call('query/sql', {
      sessionId: session.id,
      sql: 'SELECT reason, sum(exchanges) FROM v1_gap GROUP BY reason',
    })
    expect(rows).toEqual([['filterFailed', 4]])
  }, 90_000)
})

it('with onError keep, what it failed on is recorded as it was, and marked', async () => {
  const { client, session, get, recorded } = await filtered((module) => [
    { plugin: module('bad', "exchange.request.url += '/changed'; throw new Error('no good')", "onError: 'keep'") },
  ])
  for (const path of ['/1', '/2', '/3', '/4']) await get(path)
  expect(await recorded()).toEqual(['/1', '/2', '/3', '/4'])
  const { items } = await client.call('exchange/list', { sessionId: session.id })
  expect(items.map(({ anomalies }) => anomalies)).toEqual(Array(4).fill(['filterFailed']))
})
