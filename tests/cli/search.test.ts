import { expect, test } from 'vitest'
import type { SearchHit } from '../../sdk/search-hit.ts'
import { startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

async function captured() {
  const caller = await startCaller()
  const origin = await startOrigin((request, response) => void response.end(`you asked for ${request.url}`), { tls: false })
  const session = await caller.client.call('session/start', { name: 'live' })
  for (const path of ['/apples', '/pears', '/Apples?red']) await getThrough(session.proxy?.port ?? 0, origin.url + path)
  return { ...caller, origin, sessionId: session.id }
}

test('weir search prints a line for each match, of a session that runs', async () => {
  const { weir, json, origin } = await captured()
  const { code, stdout, stderr } = await weir(['search', 'live', 'apples'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toBe(
    [
      `3 url ${origin.url.length + 1}  ${origin.url}/Apples?red`,
      '3 response.body 15  you asked for /Apples?red',
      `1 url ${origin.url.length + 1}  ${origin.url}/apples`,
      '1 response.body 15  you asked for /apples',
      '',
    ].join('\n'),
  )
  const hits = (await json('search', 'last', 'Apples', '--case-sensitive')) as SearchHit[]
  expect(hits.map(({ seq }) => seq)).toEqual([3])
  expect(((await json('search', 'last', 'apples', '--limit', '1')) as SearchHit[]).map(({ seq }) => seq)).toEqual([3])
})

test('pages of exchange/search follow one another', async () => {
  const { client, sessionId } = await captured()
  const first = await client.call('exchange/search', { sessionId, text: 'apples', limit: 1 })
  expect(first).toMatchObject({ items: [{ seq: 3 }], more: true, next: 3 })
  const second = await client.call('exchange/search', { sessionId, text: 'apples', limit: 1, before: first.next as number })
  expect(second.items).toMatchObject([{ seq: 1 }])
  expect(await client.call('exchange/search', { sessionId, text: 'oranges' })).toEqual({ items: [], more: false })
})

test('what cannot be searched for is refused', async () => {
  const { client, sessionId } = await captured()
  for (const params of [{ text: '' }, { text: 'x'.repeat(10_001) }, { text: 'x', parts: [] }, { text: 'x', limit: 0 }])
    await expect(client.call('exchange/search', { sessionId, ...params })).rejects.toMatchObject({ code: -32602, reason: 'invalidParams' })
})
