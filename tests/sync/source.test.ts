/** The cookies of a browser that is a source: whichever is open now. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { Params } from '../../sdk/protocol.ts'
import { sourceSource, writeModule } from '../plugin/plugin-module.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { connectSocket, pairedToken, startListening } from '../support/websocket-rpc.ts'

/** A browser that holds its cookies in a file beside it, new ones each time it is opened. */
const holding = `
  let held = []
  const same = (one) => (other) => one.name === other.name && one.domain === other.domain && one.path === other.path
  return opened({
    cookies: {
      async push(changes) {
        for (const change of changes) {
          held = held.filter((one) => !same(change.put ?? change.gone)(one))
          if (change.put) held.push(change.put)
        }
        writeFileSync(config.url, JSON.stringify(held.map(({ name, value }) => name + '=' + value)))
      },
      async pull() {
        if (existsSync(config.url + '.set')) held = [{ ...held[0], value: readFileSync(config.url + '.set', 'utf8'), updatedAt: Date.now() }]
        return { cookies: held, at: Date.now() }
      },
    },
  })`

async function started() {
  const folder = await temporaryHome()
  writeModule(folder, 'source.mjs', sourceSource('test', holding))
  writeFileSync(join(folder, 'config.toml'), 'plugins = ["source.mjs"]\n')
  const { client } = await startDaemon({ folder })
  const { id: sessionId } = await client.call('session/start', {})
  const [one, other] = [join(folder, 'one'), join(folder, 'other')]
  const open = (url: string) => client.call('source/start', { kind: 'test', sessionId, url })
  const put = (value: string) => client.call('jar/set', { jar: 'work', url: 'https://shop.example/', setCookie: [`sid=${value}`] })
  const inJar = async () => (await client.call('jar/get', { jar: 'work' })).items.map(({ value }) => value)
  const rule = (
    source: string,
    direction: 'out' | 'both' = 'out',
    targets: Params<'sync/set'>['targets'] = [{ plugin: 'browser', config: { source } }],
  ) => client.call('sync/set', { domain: 'shop.example', direction, targets: [{ plugin: 'jar', config: { jar: 'work' } }, ...targets] })
  const target = async () => (await client.call('sync/list', {})).items[0]?.targets[1]
  return { client, open, put, inJar, rule, target, one, other, sessionId, folder }
}

const heldIn = (file: string) => JSON.parse(readFileSync(file, 'utf8'))

test('last is whichever was opened last: each gets all, also one that is opened later', async () => {
  const { open, put, rule, target, one, other } = await started()
  await put('1')
  await rule('last')
  await vi.waitFor(async () => expect(await target()).toMatchObject({ waiting: 1, error: expect.stringContaining('there is no browser') }))
  await open(one)
  await vi.waitFor(() => expect(heldIn(one)).toEqual(['sid=1']))
  await open(other)
  await vi.waitFor(() => expect(heldIn(other)).toEqual(['sid=1']))
  await put('2')
  await vi.waitFor(() => expect(heldIn(other)).toEqual(['sid=2']))
  expect(heldIn(one)).toEqual(['sid=1'])
})

test('a browser that is opened empty has not lost what another one held', async () => {
  const { client, open, put, rule, inJar, one, other } = await started()
  await put('1')
  await rule('last', 'both')
  const { sourceId } = await open(one)
  await vi.waitFor(() => expect(heldIn(one)).toEqual(['sid=1']))
  writeFileSync(`${one}.set`, '2')
  await vi.waitFor(async () => expect(await inJar()).toEqual(['2']))
  await client.call('source/stop', { sourceId })
  await open(other)
  await vi.waitFor(() => expect(heldIn(other)).toEqual(['sid=2']))
  await client.call('sync/run', {})
  expect(await inJar()).toEqual(['2'])
})

test('a source is named by its id, and is told as missing once it is gone', async () => {
  const { client, open, put, rule, target, one, other } = await started()
  const { sourceId } = await open(one)
  await open(other)
  await rule(sourceId)
  await put('1')
  await vi.waitFor(() => expect(heldIn(one)).toEqual(['sid=1']))
  await client.call('source/stop', { sourceId })
  await put('2')
  await vi.waitFor(async () => expect(await target()).toMatchObject({ waiting: 1, error: expect.stringContaining(sourceId) }))
  await expect(rule('last', 'out', [{ plugin: 'browser', config: {} }])).rejects.toMatchObject({ code: -32602, reason: 'invalidConfig' })
})

test('a target of one\u2019s own reaches the cookies of a source, too', async () => {
  const { open, put, rule, one, folder } = await started()
  const module = writeModule(
    folder,
    'mine.mjs',
    `export default {
  kind: 'cookie-sync', name: 'mine', version: '1', api: 1, description: 'of a test', config: { type: 'object' },
  create: (_, host) => host.source('last'),
}`,
  )
  await open(one)
  await put('1')
  await rule('last', 'both', [{ plugin: module, config: {} }])
  await vi.waitFor(() => expect(heldIn(one)).toEqual(['sid=1']))
})

test('last is never the source of a token that may not read: no cookies are told to it, nor taken from it', async () => {
  const daemon = await startListening()
  const { client, port } = daemon
  const { id: sessionId } = await client.call('session/start', { proxy: null })
  await client.call('jar/set', { jar: 'work', url: 'https://shop.example/', setCookie: ['sid=1'] })
  const targets = [
    { plugin: 'jar', config: { jar: 'work' } },
    { plugin: 'browser', config: { source: 'last' } },
  ]
  const joined = async (...rights: ('read' | 'feed')[]) => {
    const socket = await connectSocket(port, await pairedToken(daemon, rights))
    const { result } = await socket.call('source/start', { kind: 'extension', sessionId })
    return { socket, sourceId: result?.sourceId }
  }
  const reader = await joined('read', 'feed')
  const { socket } = await joined('feed')
  await client.call('sync/set', { domain: 'shop.example', direction: 'both', targets })
  const { params } = (await reader.socket.next(({ method }) => method === 'source/ask')) as { params?: unknown }
  expect(params).toMatchObject({ sourceId: reader.sourceId })
  await client.call('source/stop', { sourceId: String(reader.sourceId) })
  const target = async () => (await client.call('sync/list', {})).items[0]?.targets[1]
  await vi.waitFor(async () => expect(await target()).toMatchObject({ error: expect.stringContaining('there is no browser') }), {
    timeout: 20_000,
  })
  await socket.call('initialize')
  expect(socket.received.filter(({ method }) => method === 'source/ask')).toEqual([])
})
