/** What is no request, after requests or before any, reaches the one origin that a connection has, byte for byte; a proxy that cannot tell the origin says so. */
import type { Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { CopyKind } from '../../daemon/capture/wire-copy.ts'
import { RecordedSession } from '../capture/kept-records.ts'
import { startRawOrigin } from '../support/origin.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { connectTo, openTunnel, readAll, readExactly, readHead } from '../support/wire.ts'

const request = 'POST /1 HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\n\r\nab'
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

async function viaSocks(proxyPort: number, originPort: number): Promise<Socket> {
  const socket = await connectTo(proxyPort)
  socket.write(Buffer.of(4, 1, originPort >> 8, originPort & 255, 127, 0, 0, 1, 0))
  await readExactly(socket, 8)
  return socket
}

const ways = {
  'a CONNECT tunnel': { isReverse: false, open: (proxy: number, origin: number) => openTunnel(proxy, `localhost:${origin}`) },
  'a SOCKS tunnel': { isReverse: false, open: viaSocks },
  'a reverse listener': { isReverse: true, open: (proxy: number) => connectTo(proxy) },
}

/** Of the record of a finished connection: state, kind and anomalies of its exchanges. */
function shown(proxy: TestProxy): string[] {
  const session = new RecordedSession()
  for (const { kind, bytes } of proxy.recorder.records) session.script.record(1, CopyKind[kind], kind === 'opened' ? asOwn(bytes) : bytes)
  expect(session.faults).toEqual([])
  return session.rows.map(({ record }) => [record.state, record.kind, ...(record.anomalies ?? [])].join(' '))
}
const asOwn = (bytes: Buffer): Buffer => Buffer.from(JSON.stringify({ ...JSON.parse(bytes.toString()), session: 0 }))

for (const [where, { isReverse, open }] of Object.entries(ways)) {
  async function connected() {
    const heard: { socket: Socket; text: string }[] = []
    const origin = await startRawOrigin(
      (socket) => {
        const peer = { socket, text: '' }
        heard.push(peer)
        socket.on('error', () => undefined)
        socket.on('data', (chunk) => {
          peer.text += chunk.toString('latin1')
        })
      },
      { tls: false },
    )
    const proxy = await startProxy(isReverse ? { reverse: origin.url } : {})
    return { proxy, host: `localhost:${origin.port}`, heard, client: await open(proxy.port, origin.port) }
  }
  const hears = (heard: { text: string }[], text: string) =>
    vi.waitFor(() => expect(heard.map((peer) => peer.text)).toEqual([text]), { timeout: 10_000 })

  test.each([
    ['bytes', '\x00\x01GET nothing\r\n\r\n'],
    ['empty lines and bytes', '\r\n\n\r\x00'],
    ['a line without a version', 'GET /2\r\nHost: HOST\r\n\r\n'],
    ['a word, then what ends it as a request', 'PING\r\nPING\r\n'],
  ])(`${where}, after a request: %s, however they are cut`, async (_name, unread) => {
    for (const step of [1, 2, unread.length]) {
      const { proxy, host, heard, client } = await connected()
      const sent = `${request}${unread}`.replaceAll('HOST', host)
      client.write(request.replaceAll('HOST', host))
      await hears(heard, request.replaceAll('HOST', host))
      heard[0]?.socket.write(answer)
      expect((await readExactly(client, answer.length)).toString()).toBe(answer)
      const rest = sent.slice(request.replaceAll('HOST', host).length)
      for (let at = 0; at < rest.length; at += step) {
        client.write(Buffer.from(rest.slice(at, at + step), 'latin1'))
        await new Promise((resolve) => setImmediate(resolve))
      }
      await hears(heard, sent)
      heard[0]?.socket.write('\x00pong')
      expect((await readExactly(client, 5)).toString()).toBe('\x00pong')
      client.write('more')
      await hears(heard, `${sent}more`)
      client.end()
      heard[0]?.socket.end()
      expect((await readAll(client)).length).toBe(0)
      await proxy.recorder.next('closed')
      expect(proxy.recorder.bytes('fromClient').toString('latin1')).toBe(`${sent}more`)
      expect(proxy.recorder.bytes('fromOrigin').toString('latin1')).toBe(`${answer}\x00pong`)
      expect(shown(proxy)).toEqual(['complete http', 'complete tunnel invalidRequestLine undecoded'])
    }
  })

  test(`${where}: behind a request whose response is still awaited`, async () => {
    const { host, heard, client } = await connected()
    const sent = `${request}\x00\x01`.replaceAll('HOST', host)
    client.write(sent)
    await hears(heard, sent)
    heard[0]?.socket.write(answer)
    expect((await readExactly(client, answer.length)).toString()).toBe(answer)
  })

  test(`${where}: a head that the client ends amid`, async () => {
    for (const before of ['', request]) {
      const { proxy, host, heard, client } = await connected()
      const sent = `${before}\r\nGET /2 HTTP/1.1\r\nHost: HOST\r\nX: `.replaceAll('HOST', host).slice(before === '' ? 2 : 0)
      client.write(sent.slice(0, -5))
      client.end(sent.slice(-5))
      await hears(heard, sent)
      heard[0]?.socket.end('gone')
      expect((await readAll(client)).toString()).toBe('gone')
      await proxy.recorder.next('closed')
      expect(proxy.recorder.bytes('fromClient').toString()).toBe(sent)
    }
  })
}

test('a reverse listener: a first request that is unreadable, and a flood of empty lines', async () => {
  let heard = Buffer.alloc(0)
  const origin = await startRawOrigin(
    (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        heard = Buffer.concat([heard, chunk])
      })
      socket.on('end', () => socket.end('HTTP/1.0 400 What\r\n\r\n'))
    },
    { tls: false },
  )
  const proxy = await startProxy({ reverse: origin.url })
  for (const sent of ['GET / \r\nHost: somewhere\r\n\r\n', `${'\r\n'.repeat(40_000)}GET / HTTP/1.1\r\n\r\n`]) {
    heard = Buffer.alloc(0)
    const client = await connectTo(proxy.port)
    client.end(sent)
    expect((await readAll(client)).toString()).toBe('HTTP/1.0 400 What\r\n\r\n')
    expect(heard.toString()).toBe(sent)
  }
  const { port } = await proxy.surface.listen({ session: 2, settings: { proxy: {}, tls: {}, reverse: 'http://localhost:1' } })
  const client = await connectTo(port)
  client.write('GET / \r\n\r\n')
  expect(await readHead(client)).toContain('Weir-Failure: connectionRefused')
  await proxy.surface.closeSession({ session: 2 })
})

test('a proxy, after a request: 400, with all of it on record', async () => {
  const origin = await startRawOrigin((socket) => void socket.once('data', () => socket.write(answer)), { tls: false })
  const proxy = await startProxy()
  const client = await connectTo(proxy.port)
  const head = `GET http://localhost:${origin.port}/ HTTP/1.1\r\n\r\n`
  client.write(head)
  await readExactly(client, answer.length)
  for (const byte of 'GET nothing\r\n') {
    client.write(byte)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await readAll(client)).toString()).toMatch(/^HTTP\/1\.1 400 /)
  await proxy.recorder.next('closed')
  expect(proxy.recorder.bytes('fromClient').toString()).toBe(`${head}GET nothing\r\n`)
})
