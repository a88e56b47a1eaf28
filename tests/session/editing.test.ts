/** What users change of a record, through the real daemon. */
import { expect, test } from 'vitest'
import { askingNobody, startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

async function recorded(count: number) {
  const { client } = await startDaemon({ config: askingNobody })
  const origin = await startOrigin((_, response) => void response.end('body'), { tls: false })
  const { id: sessionId, proxy } = await client.call('session/start', {})
  const ask = () => getThrough(proxy?.port ?? 0, `${origin.url}/`)
  for (let sent = 0; sent < count; sent++) await ask()
  // It waits for what has passed.
  await client.call('query/sql', { sessionId, sql: 'select 1' })
  return { client, sessionId, ask }
}

test('one exchange is deleted from a session that runs, and from one that has stopped; who followed it hears of it', async () => {
  const { client, sessionId } = await recorded(3)
  const { clock } = await client.call('exchange/list', { sessionId, since: 'start' })
  expect(await client.call('exchange/delete', { sessionId, seq: 2 })).toEqual({ deleted: 1 })
  expect(await client.call('exchange/list', { sessionId, since: clock })).toMatchObject({ items: [], deleted: [2], more: false })
  await expect(client.call('exchange/get', { sessionId, seq: 2 })).rejects.toMatchObject({ code: 1001, reason: 'exchangeNotFound' })
  await expect(client.call('exchange/delete', { sessionId, seq: 2 })).rejects.toMatchObject({ code: 1001, reason: 'exchangeNotFound' })
  const stopped = await client.call('session/stop', { sessionId })
  expect(stopped.counts).toMatchObject({ exchanges: 2, bytesReceived: 8, gaps: 0 })
  expect(await client.call('exchange/delete', { sessionId, seq: 3 })).toEqual({ deleted: 1 })
  const later = await client.call('exchange/list', { sessionId, since: clock })
  expect(later).toMatchObject({ items: [], deleted: [2, 3] })
  const fresh = await client.call('exchange/list', { sessionId, since: 'start' })
  expect([fresh.items.map(({ seq }) => seq), fresh.deleted]).toEqual([[1], []])
  expect((await client.call('session/get', { sessionId })).counts).toMatchObject({ exchanges: 1, bytesReceived: 4 })
})

test('exchange/delete takes either seq or where', async () => {
  const { client, sessionId } = await recorded(0)
  await expect(client.call('exchange/delete', { sessionId })).rejects.toMatchObject({ code: -32602, reason: 'conflictingParams' })
  await expect(client.call('exchange/delete', { sessionId: 'none', seq: 1 })).rejects.toMatchObject({ reason: 'sessionNotFound' })
})

test('tags and a note are a change of their exchange, while the session runs and afterwards', async () => {
  const { client, sessionId } = await recorded(1)
  const { clock } = await client.call('exchange/list', { sessionId, since: 'start' })
  const tagged = await client.call('exchange/set', { sessionId, seq: 1, tags: ['slow', 'checkout'], note: 'look' })
  expect(tagged).toMatchObject({ tags: ['slow', 'checkout'], note: 'look' })
  expect((await client.call('exchange/list', { sessionId, since: clock })).items).toEqual([tagged])
  await client.call('session/stop', { sessionId })
  expect(await client.call('exchange/set', { sessionId, seq: 1, tags: [] })).toMatchObject({ tags: [], note: 'look' })
  expect(await client.call('exchange/set', { sessionId, seq: 1, note: null })).toMatchObject({ tags: [], note: null })
  const missing = client.call('exchange/set', { sessionId, seq: 9, note: 'x' })
  await expect(missing).rejects.toMatchObject({ code: 1001, reason: 'exchangeNotFound' })
})

test('exchange/set refuses what is too long, or of another kind', async () => {
  const { client } = await startDaemon()
  for (const change of [
    { tags: ['x'.repeat(101)] },
    { note: 'x'.repeat(10_001) },
    { tags: Array.from({ length: 51 }, (_, index) => `${index}`) },
    { tags: [''] },
    { tags: ['a', 'a'] },
    { note: 5 },
  ])
    await expect(client.call('exchange/set', { sessionId: 'a', seq: 1, ...change } as never)).rejects.toMatchObject({ code: -32602 })
})

test('exchange/delete by query deletes all that matches, of a session that runs and of one that has stopped', async () => {
  const { client, sessionId } = await recorded(6)
  const seqs = async () => (await client.call('exchange/list', { sessionId })).items.map(({ seq }) => seq)
  expect(await client.call('exchange/delete', { sessionId, where: 'seq:2 OR seq:4 status:200' })).toEqual({ deleted: 2 })
  expect(await seqs()).toEqual([1, 3, 5, 6])
  expect(await client.call('exchange/delete', { sessionId, where: 'seq:2 method:GET' })).toEqual({ deleted: 0 })
  await client.call('session/stop', { sessionId })
  expect(await client.call('exchange/delete', { sessionId, where: 'seq:5..6' })).toEqual({ deleted: 2 })
  expect(await seqs()).toEqual([1, 3])
  await expect(client.call('exchange/delete', { sessionId, where: 'pth:/1' })).rejects.toMatchObject({
    code: -32602,
    reason: 'invalidQuery',
  })
  expect(await seqs()).toEqual([1, 3])
})
