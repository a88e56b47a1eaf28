/** WebSockets by real clients through the real daemon: what is on record is what both ends sent. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type PerMessageDeflateOptions, WebSocketServer } from 'ws'
import type { Exchange, Message } from '../../sdk/model.ts'
import { type Capture, capture, patience } from '../support/capture.ts'
import { testCa } from '../support/certificates.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { http2Through } from '../support/http2-client.ts'
import { startHttp2Origin } from '../support/http2-origin.ts'
import { webSocketThrough } from '../support/websocket-client.ts'
import { maskedFrame, Opcode, webSocketFrame } from '../support/websocket-frame.ts'

interface Said {
  bytes: Buffer
  binary: boolean
}

interface EchoOrigin {
  port: number
  heard: Said[]
}

/** Sends back what it hears. */
async function startEcho(tls: boolean, perMessageDeflate: boolean | PerMessageDeflateOptions = false): Promise<EchoOrigin> {
  const page = '<!doctype html><link rel="icon" href="data:,"><p id="out"></p>'
  const answer = (_: unknown, response: { setHeader(name: string, value: string): void; end(text: string): void }) => {
    response.setHeader('content-type', 'text/html')
    response.end(page)
  }
  const server = tls ? createHttpsServer(await (await testCa()).issue(['localhost']), answer) : createServer(answer)
  const sockets = new WebSocketServer({ server, perMessageDeflate })
  const heard: Said[] = []
  sockets.on('connection', (socket) =>
    socket.on('message', (data, binary) => {
      heard.push({ bytes: data as Buffer, binary })
      socket.send(data, { binary })
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, heard }
}

const contentOf = (message: Message) => message.text ?? Buffer.from(message.data ?? '', 'base64').toString('latin1')
const expectedOf = ({ bytes, binary }: Said) => [binary ? 'binary' : 'text', bytes.toString(binary ? 'latin1' : 'utf8')]

async function messages({ client, session }: Capture, seq: number): Promise<Message[]> {
  const all: Message[] = []
  for (let more = true; more; ) {
    const page = await client.call('exchange/readMessages', { sessionId: session.id, seq, since: all.length, limit: 7 })
    all.push(...page.items)
    more = page.more
  }
  return all
}

test.each([
  ['without compression', false],
  ['with context takeover', { threshold: 0 }],
  ['without context takeover', { threshold: 0, clientNoContextTakeover: true, serverNoContextTakeover: true }],
])('Node’s ws over TLS %s', async (_, deflate) => {
  const origin = await startEcho(true, deflate)
  const captured = await capture()
  const socket = await webSocketThrough(captured, origin.port, deflate)
  const list = [
    'hello',
    'ümläut ☂',
    randomBytes(70_000),
    '',
    JSON.stringify(Array(300).fill('same')),
    JSON.stringify(Array(300).fill('same')),
  ]
  const answered = new Promise<void>((resolve) => {
    let left = list.length
    socket.on('message', () => --left === 0 && resolve())
  })
  for (const one of list) socket.send(one)
  await answered
  await vi.waitFor(async () => expect(await messages(captured, 1)).toHaveLength(2 * list.length), patience)
  const [open] = await captured.exchanges(1, 'open')
  expect(open).toMatchObject({ kind: 'websocket', response: { status: 101 } })
  expect(open?.anomalies).toBeUndefined()
  const found = await messages(captured, 1)
  const heard = origin.heard.map(expectedOf)
  expect(heard).toHaveLength(list.length)
  for (const direction of ['sent', 'received'] as const)
    expect(found.filter((message) => message.direction === direction).map((message) => [message.type, contentOf(message)])).toEqual(heard)
  expect(found.every(({ at }, n) => n === 0 || at >= (found[n - 1]?.at ?? 0))).toBe(true)
  socket.close(1000, 'done')
  await captured.exchanges(1)
  const closes = (await messages(captured, 1)).filter(({ type }) => type === 'close')
  expect(closes).toMatchObject([
    { direction: 'sent', code: 1000, reason: 'done' },
    { direction: 'received', code: 1000, reason: 'done' },
  ])
  await vi.waitFor(async () => {
    const { counts } = await captured.client.call('session/get', { sessionId: captured.session.id })
    expect(counts).toMatchObject({ exchanges: 1, messages: 2 * list.length + 2 })
  }, patience)
})

test.skipIf(chromiumPath === null)('a page in Chromium, clear text and TLS', { timeout: 60_000 }, async () => {
  const captured = await capture()
  const proxy = { server: `http://127.0.0.1:${captured.session.proxy?.port}`, bypass: '<-loopback>' }
  const browser = await launchChromium({ proxy })
  const tab = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
  for (const tls of [false, true]) {
    const origin = await startEcho(tls, { threshold: 0 })
    const url = `${tls ? 'wss' : 'ws'}://localhost:${origin.port}/chat`
    await tab.goto(url.replace(/^ws/, 'http'))
    const heard = await tab.evaluate(`new Promise((resolve, reject) => {
      const socket = new WebSocket('${url}')
      const heard = []
      socket.binaryType = 'arraybuffer'
      socket.onopen = () => {
        socket.send('from the page ☂')
        socket.send(new Uint8Array([0, 255, 1]))
      }
      socket.onmessage = ({ data }) => {
        heard.push(typeof data === 'string' ? data : [...new Uint8Array(data)])
        if (heard.length === 2) socket.close(1000)
      }
      socket.onclose = () => resolve(heard)
      socket.onerror = () => reject(new Error('the WebSocket failed'))
    })`)
    expect(heard).toEqual(['from the page ☂', [0, 255, 1]])
    const { seq } = await vi.waitFor(async () => {
      const { items } = await captured.client.call('exchange/list', { sessionId: captured.session.id })
      const found = items.find(({ kind, request }: Exchange) => kind === 'websocket' && request.url.includes(`:${origin.port}/`))
      expect(found).toMatchObject({ state: 'complete' })
      return found as Exchange
    }, patience)
    expect((await messages(captured, seq)).map((message) => [message.direction, message.type, contentOf(message)]).slice(0, 2)).toEqual([
      ['sent', 'text', 'from the page ☂'],
      ['sent', 'binary', '\x00\xff\x01'],
    ])
  }
})

test('over HTTP/2 (extended CONNECT), by Node’s client: frames are messages while the stream is open', async () => {
  const heard: Buffer[] = []
  const origin = await startHttp2Origin(() => undefined, {
    settings: { enableConnectProtocol: true },
    onConnect(stream) {
      stream.respond({ ':status': 200 })
      stream.write(webSocketFrame(Opcode.text, 'welcome'))
      stream.on('data', (chunk: Buffer) => heard.push(chunk))
      stream.on('end', () => stream.end(webSocketFrame(Opcode.close, '\x03\xe8')))
    },
  })
  const captured = await capture()
  const client = await http2Through(captured, origin.url)
  await vi.waitFor(() => expect(client.remoteSettings?.enableConnectProtocol).toBe(true), patience)
  const stream = client.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':path': '/chat' },
    { endStream: false },
  )
  await once(stream, 'response')
  const frames = [maskedFrame(Opcode.text, 'from HTTP/2'), maskedFrame(Opcode.binary, '\x00\xff')]
  for (const frame of frames) stream.write(frame)
  await vi.waitFor(async () => {
    const found = await messages(captured, 1)
    expect(found.map((message) => [message.direction, message.type, contentOf(message)]).sort()).toEqual([
      ['received', 'text', 'welcome'],
      ['sent', 'binary', '\x00\xff'],
      ['sent', 'text', 'from HTTP/2'],
    ])
  }, patience)
  const [open] = await captured.exchanges(1, 'open')
  expect(open).toMatchObject({ kind: 'websocket', streamId: 1, request: { httpVersion: '2', url: `${origin.url}/chat` } })
  stream.end(maskedFrame(Opcode.close, '\x03\xe8'))
  stream.resume()
  await once(stream, 'close')
  const [done] = await captured.exchanges(1)
  expect(done?.anomalies).toBeUndefined()
  expect(Buffer.concat(heard).subarray(0, Buffer.concat(frames).length)).toEqual(Buffer.concat(frames))
  expect((await messages(captured, 1)).filter(({ type }) => type === 'close')).toMatchObject([{ code: 1000 }, { code: 1000 }])
})

test.skipIf(chromiumPath === null)('over HTTP/2 by Chromium', { timeout: 60_000 }, async () => {
  const origin = await startHttp2Origin((stream) => stream.respond({ ':status': 200, 'content-type': 'text/html' }, { endStream: true }), {
    settings: { enableConnectProtocol: true },
    onConnect(stream) {
      stream.respond({ ':status': 200 })
      stream.once('data', () => stream.write(webSocketFrame(Opcode.text, 'welcome')))
      stream.on('end', () => stream.end(webSocketFrame(Opcode.close, '\x03\xe8')))
    },
  })
  const captured = await capture()
  const proxy = { server: `http://127.0.0.1:${captured.session.proxy?.port}`, bypass: '<-loopback>' }
  const browser = await launchChromium({ proxy })
  const tab = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
  await tab.goto(`${origin.url}/`)
  const heard = await tab.evaluate(`new Promise((resolve, reject) => {
    const socket = new WebSocket('${origin.url.replace('https', 'wss')}/chat')
    socket.onopen = () => socket.send('from the page ☂')
    socket.onmessage = ({ data }) => resolve(data)
    socket.onerror = () => reject(new Error('the WebSocket failed'))
  })`)
  expect(heard).toBe('welcome')
  await vi.waitFor(async () => {
    const { items } = await captured.client.call('exchange/list', { sessionId: captured.session.id, where: 'ws' })
    expect(items).toMatchObject([{ kind: 'websocket', request: { httpVersion: '2', url: `${origin.url}/chat` } }])
    const found = await messages(captured, items[0]?.seq ?? 0)
    expect(found.map((message) => [message.direction, message.type, contentOf(message)])).toEqual([
      ['sent', 'text', 'from the page ☂'],
      ['received', 'text', 'welcome'],
    ])
  }, patience)
})
