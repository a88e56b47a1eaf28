/** Who asked, through the real daemon. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import Database from 'better-sqlite3'
import { expect, test, vi } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import { startCaller } from '../support/caller.ts'
import { askingNobody, startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

const onLinux = process.platform === 'linux'

test.runIf(onLinux)('curl is named on its exchange while that is open, in the views and by weir show', async () => {
  const caller = await startCaller()
  const running = async () => (await caller.client.call('session/list', { state: 'running' })).items[0]?.id ?? ''
  const named = async () => {
    const { items } = await caller.client.call('exchange/list', { sessionId: await running() })
    expect(items).toMatchObject([{ state: 'open', client: { process: { name: 'curl' } } }])
  }
  const answer = (_: IncomingMessage, response: ServerResponse) =>
    void vi.waitFor(named, { timeout: 20_000, interval: 50 }).finally(() => response.end('here'))
  const origin = await startOrigin(answer, { tls: true })
  await caller.weir(['capture', '--name', 'who', '--', 'curl', '-sS', '-H', 'X-Secret: argument', `${origin.url}/1`])
  const [item] = (await caller.json('ls', 'who')) as Exchange[]
  const found = item?.client?.process
  expect(found).toEqual({ pid: expect.any(Number), name: 'curl', path: expect.stringMatching(/^\/.*\/curl$/) })
  expect((await caller.weir(['show', 'who', '1'])).stdout).toContain(`, curl (${found?.pid}) ${found?.path}`)
  const [session] = (await caller.client.call('session/list', {})).items
  const db = new Database(session?.file ?? '', { readonly: true })
  expect(db.prepare('SELECT client_pid AS pid, client_process AS name, client_path AS path FROM v1_exchange').all()).toEqual([found])
  expect(db.prepare('SELECT * FROM connection').all()).toHaveLength(1)
  db.close()
})

test('with proxy.clientProcesses = false nobody is looked up', async () => {
  const { client } = await startDaemon({ config: askingNobody })
  const origin = await startOrigin((_, response) => void response.end('here'), { tls: false })
  const session = await client.call('session/start', {})
  await getThrough(session.proxy?.port ?? 0, `${origin.url}/1`)
  await client.call('session/stop', { sessionId: session.id })
  const { items } = await client.call('exchange/list', { sessionId: session.id })
  expect(items[0]?.client).toEqual({ address: '127.0.0.1', port: expect.any(Number) })
})
