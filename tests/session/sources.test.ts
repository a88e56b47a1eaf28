/** Sources: opened by their kind, ended with their session, and ended when they do what may not be. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { NotificationParams } from '../../sdk/protocol.ts'
import { sourceSource, writeModule } from '../plugin/plugin-module.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { isRunning } from '../support/running.ts'

const patience = { timeout: 20_000 }

/** A daemon that knows a source `test` whose `open` has this body. */
async function daemonWith(body: string) {
  const folder = await temporaryHome()
  writeModule(folder, 'source.mjs', sourceSource('test', body))
  writeFileSync(join(folder, 'config.toml'), 'plugins = ["source.mjs"]\n')
  const daemon = await startDaemon({ folder })
  const { client } = daemon
  const ends: NotificationParams<'source/didEnd'>[] = []
  client.on('source/didEnd', (end) => ends.push(end))
  const { id: sessionId } = await client.call('session/start', {})
  const mark = join(folder, 'mark')
  const open = (more = {}) => client.call('source/start', { kind: 'test', sessionId, ...more })
  const listed = async () => (await client.call('source/list', {})).items.map(({ id }) => id)
  /** What the source has written, up to the full stop. */
  const marked = () =>
    vi.waitFor(() => {
      const text = readFileSync(mark, 'utf8')
      expect(text).toMatch(/\.$/)
      return text.slice(0, -1)
    }, patience)
  return { ...daemon, sessionId, ends, open, listed, mark, marked, folder }
}

test('a source is opened, listed and stopped; stopping it again is no error', async () => {
  const { client, sessionId, open, listed, ends } = await daemonWith('return opened()')
  const started = await open()
  expect(started).toEqual({ sourceId: expect.any(String), browser: 'Test 1.0', notes: ['of a test'] })
  const { items } = await client.call('source/list', { sessionId })
  expect(items).toEqual([
    { id: started.sourceId, kind: 'test', sessionId, startedAt: expect.any(Number), browser: 'Test 1.0', notes: ['of a test'] },
  ])
  const { sourceId } = await open()
  expect(await listed()).toEqual([started.sourceId, sourceId])
  await client.call('source/stop', { sourceId })
  await client.call('source/stop', { sourceId })
  expect(await listed()).toEqual([started.sourceId])
  await vi.waitFor(() => expect(ends).toEqual([{ sourceId, kind: 'test', sessionId, reason: 'it was stopped', failed: false }]))
  await expect(client.call('source/stop', { sourceId: 'nobody' })).rejects.toMatchObject({ code: 1001, reason: 'sourceNotFound' })
})

test('it knows its session, the key of the CA, its config, the names of certificates, and what the proxy asks for', async () => {
  const { client, open, sessionId, mark, marked } = await daemonWith(
    "writeFileSync(config.endpoint, JSON.stringify([run, config]) + '.'); return opened()",
  )
  await open({ endpoint: mark, config: { word: 'a' } })
  const [run, config] = JSON.parse(await marked())
  const session = await client.call('session/get', { sessionId })
  expect(run).toMatchObject({
    session: { id: sessionId, proxy: session.proxy },
    caCertificate: expect.stringContaining('BEGIN CERTIFICATE'),
    caKeyHash: expect.stringMatching(/^[\w+/]{43}=$/),
    tagDomain: expect.stringMatching(/^[0-9a-f]{16}\.tag\.weir\.invalid$/),
    proxyCredentials: null,
  })
  expect(config).toEqual({ endpoint: mark, word: 'a' })

  const auth = { username: 'ann', password: 'secret' }
  const asking = await client.call('session/start', { proxy: { auth } })
  await open({ sessionId: asking.id, endpoint: mark })
  expect(JSON.parse(await marked())).toMatchObject([{ session: { id: asking.id }, proxyCredentials: auth }, {}])
  const origin = await client.call('session/start', { reverse: 'http://127.0.0.1:1' })
  await open({ sessionId: origin.id, endpoint: mark })
  expect(JSON.parse(await marked())).toMatchObject([{ session: { id: origin.id, proxy: null }, proxyCredentials: null }, {}])
})

test('what cannot be opened says why', async () => {
  const { client, open, sessionId, listed } = await daemonWith("throw new Error('there is no browser here: install one')")
  await expect(open()).rejects.toMatchObject({ code: 1003, message: 'plugin test: there is no browser here: install one' })
  await expect(open({ config: { word: 'c' } })).rejects.toMatchObject({
    code: -32602,
    reason: 'invalidConfig',
    data: { errors: [{ path: '/word', message: 'must be one of a, b' }] },
  })
  await expect(open({ kind: 'netscape' })).rejects.toMatchObject({
    code: 1001,
    reason: 'sourceKindNotFound',
    message: expect.stringMatching(/^there is no source of that name; there are: .*\btest\b/),
  })
  await expect(client.call('source/start', { kind: 'test', sessionId: 'none' })).rejects.toMatchObject({
    code: 1001,
    reason: 'sessionNotFound',
  })
  await client.call('session/stop', { sessionId })
  await expect(open()).rejects.toMatchObject({ code: 1002, reason: 'sessionStopped' })
  expect(await listed()).toEqual([])
})

test('a source that ends by itself is told, with its reason', async () => {
  const { open, ends, listed, sessionId } = await daemonWith("later(50).then(() => end('the browser was closed')); return opened()")
  const { sourceId } = await open()
  await vi.waitFor(
    () => expect(ends).toEqual([{ sourceId, kind: 'test', sessionId, reason: 'the browser was closed', failed: false }]),
    patience,
  )
  expect(await listed()).toEqual([])
})

test.each([
  ['exits', 'later(50).then(() => process.exit(3)); return opened()', 'its process ended by itself with exit code 3'],
  ['throws', "later(50).then(() => { throw new Error('no more') }); return opened()", 'no more'],
  ['is killed', "later(50).then(() => process.kill(process.pid, 'SIGKILL')); return opened()", 'its process was ended by SIGKILL'],
  [
    'emits what is no event',
    "later(50).then(() => run.emit([{ kind: 'rumour' }])); return opened()",
    expect.stringContaining('the kind of an event is one of request,'),
  ],
  [
    'emits without waiting',
    "later(50).then(() => { for (let at = 0; at < 200; at++) run.emit([{ kind: 'body', id: '1', part: 'response', data: new Uint8Array(1048576) }]).catch(() => {}) }); return opened()",
    expect.stringContaining('64 MiB'),
  ],
])('a source that %s is ended and told; its session goes on', async (_name, body, reason) => {
  const { client, open, ends, sessionId } = await daemonWith(body)
  await open()
  await vi.waitFor(() => expect(ends).toMatchObject([{ reason, failed: true }]), patience)
  expect((await client.call('session/get', { sessionId })).state).toBe('running')
})

test('the end of its session is its end, and that of all that it has started', async () => {
  const { client, open, sessionId, marked, mark, ends, listed } = await daemonWith(`
    const child = spawn('sleep', ['1000'])
    return opened({ async stop() { writeFileSync(config.url, child.pid + '.') } })`)
  await open({ url: mark })
  await client.call('session/stop', { sessionId })
  expect(await listed()).toEqual([])
  const child = Number(await marked())
  await vi.waitFor(() => expect(isRunning(child)).toBe(false), patience)
  await vi.waitFor(() => expect(ends).toMatchObject([{ reason: 'its session has ended', failed: false }]))
})

test('a source that does not stop holds its session up for two seconds at most', async () => {
  const { client, open, sessionId } = await daemonWith('return opened({ stop: () => new Promise(() => {}) })')
  await open()
  const stopped = await client.call('session/stop', { sessionId })
  expect(stopped.state).toBe('stopped')
})

test('one that is only opening ends with its session, and with its call', async () => {
  const { client, open, sessionId, listed, mark, marked } = await daemonWith(
    "writeFileSync(config.url, process.pid + '.'); await new Promise(() => {})",
  )
  const refused = open({ url: mark }).catch((error: unknown) => error)
  const first = Number(await marked())
  await client.call('session/stop', { sessionId })
  expect(await refused).toMatchObject({ code: 1002, reason: 'sessionStopped' })
  await vi.waitFor(() => expect(isRunning(first)).toBe(false), patience)

  const { id } = await client.call('session/start', {})
  writeFileSync(mark, '')
  const call = new AbortController()
  const cancelled = client
    .call('source/start', { kind: 'test', sessionId: id, url: mark }, { signal: call.signal })
    .catch((error: unknown) => error)
  const second = Number(await marked())
  call.abort()
  expect(await cancelled).toMatchObject({ code: -32800 })
  await vi.waitFor(() => expect(isRunning(second)).toBe(false), patience)
  expect(await listed()).toEqual([])
})

test.skipIf(process.platform === 'win32')('a killed daemon leaves nothing of a source behind', async () => {
  const { open, marked, mark, pid } = await daemonWith(`
    const child = spawn('sleep', ['1000'])
    writeFileSync(config.url, child.pid + '.')
    return opened()`)
  await open({ url: mark })
  const child = Number(await marked())
  expect(isRunning(child)).toBe(true)
  process.kill(pid, 'SIGKILL')
  await vi.waitFor(() => expect(isRunning(child)).toBe(false), patience)
})

test('a source whose profile is kept may write it to its end, and its session does not wait for that', async () => {
  const folder = await temporaryHome()
  const go = join(folder, 'go')
  const { client, open, sessionId, mark, marked, listed } = await daemonWith(`return opened({ stop: async () => {
    while (!existsSync('${go}')) await later(20)
    writeFileSync(config.url, 'written.')
  } })`)
  await open({ profile: 'kept', url: mark })
  expect((await client.call('session/stop', { sessionId })).state).toBe('stopped')
  expect(await listed()).toEqual([])
  writeFileSync(go, '')
  expect(await marked()).toBe('written')
})

test('a daemon that stops waits for a source whose profile is kept, and not for ever', async () => {
  const { client, open, pid, home } = await daemonWith('return opened({ stop: () => new Promise(() => {}) })')
  await open({ profile: 'kept' })
  await client.call('daemon/stop', {})
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), patience)
  expect(readFileSync(home.log, 'utf8')).toMatch(/browsers did not end within \d+ ms; stopping without them/)
})
