/** Settings of a session's ways out, through the real daemon: kept, taken up again, and never shown. */
import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import type { Session } from '../../sdk/model.ts'
import { makeClientCertificate } from '../support/client-certificates.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'
import { startConnectProxy } from '../support/upstream-proxies.ts'

const run = promisify(execFile)
const portOf = ({ proxy }: Session) => proxy?.port ?? 0

test('they change while the session runs and outlive its stop; their secrets stay in the catalogue, which is its user’s alone', async () => {
  const { client, home } = await startDaemon()
  const origin = await startOrigin((_request, response) => response.end('there'), { tls: false })
  const outer = await startConnectProxy({ auth: 'who:hunter2' })
  const { cert, key } = makeClientCertificate('alice')
  const dial = { hosts: { 'a.test': `127.0.0.1:${origin.port}` } }
  const started = await client.call('session/start', {
    proxy: { port: 0 },
    tls: { clientCertificates: [{ match: 'a.test', cert, key }] },
    dial,
  })
  const sessionId = started.id
  expect((await getThrough(portOf(started), 'http://a.test/')).body).toBe('there')
  expect(outer.asked).toEqual([])
  await client.call('session/set', { sessionId, upstream: [{ match: 'a.test', url: `http://who:hunter2@127.0.0.1:${outer.port}` }] })
  expect((await getThrough(portOf(started), 'http://a.test/')).body).toBe('there')
  expect(outer.asked).toHaveLength(1)

  await client.call('session/stop', { sessionId })
  const resumed = await client.call('session/resume', { sessionId })
  expect((await getThrough(portOf(resumed), 'http://a.test/')).body).toBe('there')
  expect(outer.asked).toHaveLength(2)

  const { items } = await client.call('exchange/list', { sessionId })
  const shown = JSON.stringify([await client.call('session/list', {}), await client.call('session/get', { sessionId }), items])
  expect(shown).not.toMatch(/hunter2|PRIVATE KEY/)
  const files = await readdir(home.folder, { recursive: true, withFileTypes: true })
  const secret = [/hunter2/, /PRIVATE KEY/]
  for (const file of files.filter((entry) => entry.isFile())) {
    const path = join(file.parentPath, file.name)
    const text = await readFile(path, 'latin1')
    if (!secret.some((pattern) => pattern.test(text))) continue
    expect(file.name).toMatch(/^(catalogue\.db(-wal)?|ca-key\.pem)$/)
    expect((await stat(path)).mode & 0o077).toBe(0)
  }
})

test('what cannot be used is refused, at the start and later, and nothing changes', async () => {
  const { client } = await startDaemon()
  const { cert, pfx } = makeClientCertificate('alice')
  const { key } = makeClientCertificate('bob')
  const bad = [
    { upstream: [{ match: '*', url: 'proxy:1' }] },
    { dial: { hosts: { a: ':' } } },
    { dial: { family: 5 as 4 } },
    { tls: { clientCertificates: [{ match: '*', cert, key }] } },
    { tls: { clientCertificates: [{ match: '*', pfx: pfx.toString('base64'), passphrase: 'wrong' }] } },
    { tls: { clientCertificates: [{ match: '*', cert, pfx: '' } as never] } },
    { tls: { trust: [{ match: '*', ca: 'rubbish' }] } },
  ]
  for (const settings of bad) await expect(client.call('session/start', settings)).rejects.toMatchObject({ code: -32602 })
  for (const settings of bad)
    await expect(client.call('session/start', { proxy: null, ...settings })).rejects.toMatchObject({ code: -32602 })
  expect((await client.call('session/list', {})).items).toEqual([])
  const { id: sessionId } = await client.call('session/start', {})
  for (const settings of bad) await expect(client.call('session/set', { sessionId, ...settings })).rejects.toMatchObject({ code: -32602 })
  await client.call('session/stop', { sessionId })
  for (const settings of bad) await expect(client.call('session/set', { sessionId, ...settings })).rejects.toMatchObject({ code: -32602 })
  expect((await client.call('session/resume', { sessionId })).state).toBe('running')
})

test('hosts that autoBypass has learned are the session’s, beyond its stop, until it is turned off', async () => {
  const { client } = await startDaemon()
  const origin = await startOrigin((_request, response) => response.end('ok'))
  const host = `localhost:${origin.port}`
  const started = await client.call('session/start', { proxy: { port: 0 }, tls: { autoBypass: true, insecure: ['*'] } })
  const sessionId = started.id
  const visit = (session: Session, ...more: string[]) =>
    run('curl', ['-sS', '-x', `http://127.0.0.1:${portOf(session)}`, ...more, origin.url]).catch(() => undefined)
  await visit(started)
  await vi.waitFor(async () => expect((await client.call('session/get', { sessionId })).autoBypassed).toEqual([host]), { timeout: 10_000 })
  await client.call('session/stop', { sessionId })
  const resumed = await client.call('session/resume', { sessionId })
  expect(resumed.autoBypassed).toEqual([host])
  await visit(resumed, '-k')
  await client.call('session/stop', { sessionId })
  const { items } = await client.call('exchange/list', { sessionId })
  expect(items).toMatchObject([
    { kind: 'tunnel', state: 'failed', error: { reason: 'clientRejectedCa' } },
    // Whether curl ends its side or resets it depends on what it has read when it leaves.
    { kind: 'tunnel', anomalies: ['autoBypassed'] },
  ])
  expect(items[0]?.anomalies).toBeUndefined()
  expect(items[0]?.request.url).toBe(`https://${host}`)
  expect((await client.call('session/set', { sessionId, tls: {} })).autoBypassed).toBeUndefined()
})
