/** An export that follows a session to an HTTP endpoint. */
import { expect, test, vi } from 'vitest'
import { capturing, follow, paths, pathsOf, startReceiver } from '../support/followed.ts'

test('batches are POSTed as they come, each with the clocks between which it lies', async () => {
  const receiver = await startReceiver()
  const { client, sessionId, get } = await capturing()
  await get('/1')
  const { result } = follow(client, { sessionId, to: { url: receiver.url, headers: [['Authorization', 'Bearer of-mine']] } })
  await vi.waitFor(() => expect(receiver.batches).toHaveLength(1))
  await get('/2')
  await vi.waitFor(() => expect(receiver.batches).toHaveLength(2))
  await client.call('session/stop', { sessionId })
  const { clock } = await result
  expect(receiver.batches.map(({ text }) => pathsOf(text))).toEqual([['/1'], ['/2']])
  const [first, second] = receiver.batches.map(({ headers }) => headers)
  expect(first).toMatchObject({
    'content-type': 'application/x-ndjson',
    authorization: 'Bearer of-mine',
    'weir-session': sessionId,
    'weir-since': `c:${sessionId}:0`,
  })
  expect(second?.['weir-clock']).toMatch(new RegExp(`^c:${sessionId}:\\d+$`))
  expect(clock).toMatch(new RegExp(`^c:${sessionId}:\\d+$`))
})

test('while the endpoint is away or answers 5xx nothing is lost, and the clock stands', async () => {
  const receiver = await startReceiver()
  const { client, sessionId, get } = await capturing()
  const { result, said } = follow(client, { sessionId, to: { url: receiver.url } })
  await get(...paths(3))
  await vi.waitFor(() => expect(pathsOf(receiver.taken())).toEqual(paths(3)))
  for (const status of [503, null, 429]) {
    receiver.status = status
    const asked = receiver.asked
    await get(`/${status}`)
    await vi.waitFor(() => expect(receiver.asked).toBeGreaterThan(asked + 1))
  }
  const troubles = await vi.waitFor(() => {
    const told = said.filter(({ trouble }) => trouble !== undefined)
    expect(told.length).toBeGreaterThanOrEqual(3)
    return told
  })
  expect(new Set(troubles.map(({ clock }) => clock)).size).toBe(1)
  expect(troubles.map(({ trouble }) => trouble)).toContain('the endpoint answered 503 Service Unavailable')
  await client.call('session/stop', { sessionId })
  receiver.status = 200
  expect(await result).toMatchObject({ exchanges: 6, ended: 'stopped' })
  expect(pathsOf(receiver.taken())).toEqual([...paths(3), '/503', '/null', '/429'])
})

test('an endpoint that refuses ends it, and the error says up to where all is delivered', async () => {
  const receiver = await startReceiver()
  const { client, sessionId, get } = await capturing()
  await get('/1')
  const first = follow(client, { sessionId, to: { url: receiver.url } })
  await vi.waitFor(() => expect(receiver.batches).toHaveLength(1))
  receiver.status = 403
  // What it says is shown as it came: nothing is decoded.
  receiver.headers = { 'Content-Encoding': 'br' }
  await get('/2')
  const error = await first.result.catch((reason: unknown) => reason as { data: { clock: string } })
  expect(error).toMatchObject({
    code: 1005,
    reason: 'endpointRefused',
    message: expect.stringMatching(/answered 403 Forbidden: an answer; correct/),
    data: { clock: receiver.refused[0]?.headers['weir-since'] },
  })
  receiver.status = 200
  const second = follow(client, { sessionId, to: { url: receiver.url }, since: (error as { data: { clock: string } }).data.clock })
  await second.delivered(1)
  expect(pathsOf(receiver.taken())).toEqual(['/1', '/2'])
  second.stop()
  expect(await second.result).toMatchObject({ exchanges: 1, ended: 'cancelled' })
})

test('a cancelled one answers soon with its clock, also while the endpoint is away', async () => {
  const receiver = await startReceiver()
  receiver.status = 500
  const { client, sessionId, get } = await capturing()
  await get('/1')
  const { stop, result } = follow(client, { sessionId, to: { url: receiver.url } })
  await vi.waitFor(() => expect(receiver.asked).toBeGreaterThan(0))
  stop()
  expect(await result).toMatchObject({ exchanges: 0, ended: 'cancelled', clock: `c:${sessionId}:0` })
})

test('a session that is deleted while some of it is not delivered ends it with an error', async () => {
  const receiver = await startReceiver()
  receiver.status = 500
  const { client, sessionId, get } = await capturing()
  await get('/1')
  const { result } = follow(client, { sessionId, to: { url: receiver.url } })
  await vi.waitFor(() => expect(receiver.asked).toBeGreaterThan(0))
  await client.call('session/stop', { sessionId })
  await client.call('session/delete', { sessionId })
  receiver.status = 200
  await expect(result).rejects.toMatchObject({ code: 1001, reason: 'sessionDeleted' })
})

test('what is no endpoint is refused, and so is following without a receiver or by an exporter that cannot', async () => {
  const { client, sessionId } = await capturing()
  const refused = (params: object) => follow(client, { sessionId, ...params }).result.catch((error: unknown) => error)
  for (const url of ['ftp://localhost/', 'no url'])
    expect(await refused({ to: { url } })).toMatchObject({ code: -32602, reason: 'invalidTo', data: { errors: [{ path: '/to/url' }] } })
  const header = { to: { url: 'http://localhost', headers: [['bad name', 'x']] } }
  expect(await refused(header)).toMatchObject({ reason: 'invalidTo', data: { errors: [{ path: '/to/headers/0' }] } })
  expect(await refused({ to: { url: 'http://localhost' }, out: '/tmp/x' })).toMatchObject({ code: -32602, reason: 'twoReceivers' })
  expect(await refused({ exporter: 'har' })).toMatchObject({
    code: -32602,
    reason: 'cannotFollow',
    message: expect.stringContaining('har'),
  })
  expect(await refused({ exporter: 'nothing' })).toMatchObject({ code: 1001, reason: 'exporterNotFound' })
  expect(await refused({ options: { bodys: false } })).toMatchObject({ code: -32602, reason: 'invalidOptions' })
  expect(await refused({ since: 'c:other:3' })).toMatchObject({ code: 1002, reason: 'clockForeign' })
  expect(await refused({ since: 'yesterday' })).toMatchObject({ code: -32602, reason: 'malformedClock' })
  expect(await refused({ where: 'hots:a' })).toMatchObject({ code: -32602, reason: 'invalidQuery' })
  await expect(client.call('exporter/run', { sessionId, exporter: 'jsonl', follow: true })).rejects.toMatchObject({ reason: 'noReceiver' })
  await expect(client.call('exporter/run', { sessionId, exporter: 'jsonl', since: 'start' })).rejects.toMatchObject({
    reason: 'notFollowing',
  })
})
