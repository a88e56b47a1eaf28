/** The proxy as the daemon runs it: a worker thread. */
import { connect as connectHttp2 } from 'node:http2'
import { MessageChannel, Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import type { ProxyEvents, ProxySurface } from '../../daemon/proxy/surface.ts'
import { entry } from '../../daemon/thread/entry.ts'
import { ThreadLink } from '../../daemon/thread/link.ts'
import { temporaryHome } from '../support/home.ts'
import { connectTo, readHead } from '../support/wire.ts'

async function start() {
  const worker = new Worker(entry(new URL('../../daemon/proxy/proxy-service.ts', import.meta.url).href, './thread'))
  onTestFinished(async () => void (await worker.terminate()))
  let exited = false
  worker.once('exit', () => {
    exited = true
  })
  const logs: unknown[] = []
  const heard: ProxyEvents = {
    log: (entry) => void logs.push(entry),
    autoBypassed: () => undefined,
    sendBody: async () => new Uint8Array(),
  }
  const link = new ThreadLink<ProxySurface>(worker, heard, (error) => void logs.push(error))
  const limits = { connections: 100, handshakeMs: 5000, connectMs: 5000 }
  const ca = await link.call('configure', {
    home: await temporaryHome(),
    limits,
    extraCa: '',
    environment: {},
    clientProcesses: false,
    ownPorts: [],
  })
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  await link.call('attachRecorder', { port: port2 }, [port2])
  return { link, ca, logs, exited: () => exited }
}

test('answers its calls, its errors among them', async () => {
  const { link, ca } = await start()
  expect(ca.certificate).toContain('BEGIN CERTIFICATE')
  const { port } = await link.call('listen', { session: 1, settings: { proxy: {}, tls: {} } })
  await expect(link.call('listen', { session: 2, settings: { proxy: { port }, tls: {} } })).rejects.toMatchObject({
    code: 1002,
    reason: 'portInUse',
  })
  await expect(link.call('setSettings', { session: 3, settings: { proxy: {}, tls: {} } })).rejects.toMatchObject({
    code: 1001,
    reason: 'sessionNotFound',
  })
  const socket = await connectTo(port)
  socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  expect(await readHead(socket)).toMatch(/^HTTP\/1\.1 200 /)
  await link.call('closeSession', { session: 1 })
  expect(await link.call('status', {})).toEqual({ connections: 0 })
})

test('outlives HTTP/2 tunnels that are gone before they are answered', async () => {
  const { link, exited } = await start()
  const { port } = await link.call('listen', { session: 1, settings: { proxy: {}, tls: {} } })
  for (let n = 0; n < 30; n++) {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    session.on('error', () => undefined)
    await new Promise((resolve) => session.once('connect', resolve))
    for (let streams = 0; streams < 5; streams++) {
      const stream = session.request({ ':method': 'CONNECT', ':authority': 'localhost:1' })
      stream.on('error', () => undefined)
      if (streams % 2) stream.close(8)
    }
    await new Promise((resolve) => setImmediate(resolve))
    session.destroy()
  }
  expect(await link.call('status', {})).toHaveProperty('connections')
  expect(exited()).toBe(false)
})
