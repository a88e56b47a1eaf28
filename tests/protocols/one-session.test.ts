/**
 * One session with an HTTP/1.1, an HTTP/2, a WebSocket, a server-sent events and a gRPC exchange, made by real clients at once: each
 * readable while it is open, and exact to the byte against what its origin saw.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import type { Exchange, Message } from '../../sdk/model.ts'
import { capture, patience } from '../support/capture.ts'
import { shopThrough, startShop } from '../support/grpc-shop.ts'
import { http2Through } from '../support/http2-client.ts'
import { startHttp2Origin } from '../support/http2-origin.ts'
import { startOrigin } from '../support/origin.ts'
import { webSocketThrough } from '../support/websocket-client.ts'

test('HTTP/1.1, HTTP/2, a WebSocket, server-sent events and gRPC in one session', { timeout: 120_000 }, async () => {
  const captured = await capture()
  const { client, session, home } = captured
  const exchangeOf = (url: string, state: Exchange['state']) =>
    vi.waitFor(async () => {
      const { items } = await client.call('exchange/list', { sessionId: session.id })
      const found = items.find(({ request }) => request.url === url)
      expect(found).toMatchObject({ state })
      return found as Exchange
    }, patience)
  const messagesOf = async (seq: number): Promise<Message[]> =>
    (await client.call('exchange/readMessages', { sessionId: session.id, seq, decode: true })).items
  const bytesOf = (messages: readonly Message[], direction: Message['direction']) =>
    messages
      .filter((message) => message.direction === direction)
      .map(({ text, data }) => Buffer.from(text ?? data ?? '', text === undefined ? 'base64' : 'utf8'))
  const body = async (seq: number) => ({ request: await captured.body(seq, 'request'), response: await captured.body(seq, 'response') })

  // HTTP/1.1 and server-sent events by curl. Each origin answers a beginning, and the rest when the test says so.
  const halves = [randomBytes(70_000), randomBytes(5_000)] as const
  const finish: (() => void)[] = []
  const heard: Buffer[] = []
  const events = ['data: one\n\n', 'id: 2\ndata: ☂\n\n']
  const origin = await startOrigin(async (request, response: ServerResponse) => {
    if (request.url === '/events') {
      response.setHeader('content-type', 'text/event-stream').write(events[0])
      finish.push(() => response.end(events[1]))
      return
    }
    heard.push(await buffer(request))
    response.write(halves[0])
    finish.push(() => response.end(halves[1]))
  })
  const sent = 'name=value&'.repeat(1_000)
  const curl = (...words: string[]) => {
    const proxy = `http://127.0.0.1:${session.proxy?.port}`
    const child = spawn('curl', ['-sS', '-N', '--http1.1', '--proxy', proxy, '--cacert', home.caCertificate, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill())
    return buffer(child.stdout)
  }
  const posted = curl('-d', sent, `${origin.url}/form`)
  const streamed = curl(`${origin.url}/events`)

  // HTTP/2 by Node's client.
  const http2 = await startHttp2Origin((stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200 })
    stream.write(halves[1])
    finish.push(() => stream.end(halves[0]))
  })
  const request = (await http2Through(captured, http2.url)).request({ ':method': 'POST', ':path': '/two' })
  request.end(halves[0])
  const answered = buffer(request)

  // A WebSocket by Node's ws.
  const socketOrigin = await startOrigin((_, response) => response.end())
  const sockets = new WebSocketServer({ server: socketOrigin.server as Server, perMessageDeflate: { threshold: 0 } })
  const said: Buffer[] = []
  sockets.on('connection', (socket) =>
    socket.on('message', (data, binary) => {
      said.push(data as Buffer)
      socket.send(data, { binary })
    }),
  )
  const socket = await webSocketThrough(captured, socketOrigin.port, { threshold: 0 })
  socket.send('hello ☂')
  await once(socket, 'message')

  // A gRPC call by grpc-js.
  const shop = await startShop(true)
  const talk = (await shopThrough(captured, shop.port, true)).talk()
  talk.write({ name: 'first', count: '1' })
  await once(talk, 'data')

  // Everything is open, and its beginning can be read.
  const open = {
    form: await exchangeOf(`${origin.url}/form`, 'open'),
    events: await exchangeOf(`${origin.url}/events`, 'open'),
    two: await exchangeOf(`${http2.url}/two`, 'open'),
    socket: await exchangeOf(`${socketOrigin.url}/chat`, 'open'),
    talk: await exchangeOf(`https://localhost:${shop.port}/shop.v1.Orders/Talk`, 'open'),
  }
  await vi.waitFor(async () => {
    expect((await body(open.form.seq)).response.equals(halves[0])).toBe(true)
    expect((await body(open.two.seq)).response.equals(halves[1])).toBe(true)
    expect(await messagesOf(open.events.seq)).toMatchObject([{ text: 'one' }])
    expect(await messagesOf(open.socket.seq)).toMatchObject([{ text: 'hello ☂' }, { text: 'hello ☂' }])
    expect(await messagesOf(open.talk.seq)).toHaveLength(2)
  }, patience)
  expect([open.form, open.two].map(({ request: { httpVersion } }) => httpVersion)).toEqual(['1.1', '2'])

  // They end.
  for (const end of finish) end()
  const binary = randomBytes(3_000)
  socket.send(binary)
  await once(socket, 'message')
  socket.close(1000)
  talk.write({ name: 'second' })
  talk.end()
  talk.resume()
  await once(talk, 'end')
  expect((await posted).equals(Buffer.concat(halves))).toBe(true)
  expect((await streamed).toString()).toBe(events.join(''))
  expect((await answered).equals(Buffer.concat([halves[1], halves[0]]))).toBe(true)
  for (const {
    request: { url },
  } of Object.values(open))
    expect((await exchangeOf(url, 'complete')).anomalies).toBeUndefined()

  const form = await body(open.form.seq)
  expect(form.request.equals(heard[0] as Buffer) && heard[0]?.toString() === sent).toBe(true)
  expect(form.response.equals(Buffer.concat(halves))).toBe(true)
  const two = await body(open.two.seq)
  expect(two.request.equals(http2.seen[0]?.body as Buffer)).toBe(true)
  expect(two.response.equals(Buffer.concat([halves[1], halves[0]]))).toBe(true)
  expect((await body(open.events.seq)).response.toString()).toBe(events.join(''))
  expect(await messagesOf(open.events.seq)).toMatchObject([{ text: 'one' }, { text: '☂', id: '2' }])
  const chat = (await messagesOf(open.socket.seq)).filter(({ type }) => type === 'text' || type === 'binary')
  expect(said).toEqual([Buffer.from('hello ☂'), binary])
  for (const direction of ['sent', 'received'] as const) expect(bytesOf(chat, direction)).toEqual(said)
  const calls = await messagesOf(open.talk.seq)
  for (const direction of ['sent', 'received'] as const) expect(bytesOf(calls, direction)).toEqual(shop.seen.Talk[direction])
})
