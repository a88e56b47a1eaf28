/** Messages inside of exchanges that filters decide on. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import type { Exchange, Message } from '../../sdk/model.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'
import { plainWebSocketThrough } from '../support/websocket-client.ts'
import { type Filtered, filtered } from './captured.ts'

const patience = { timeout: 20_000 }
const redact = { plugin: 'redact', config: { json: ['**.password'] } }

/** Answers each message with the same. */
async function startEcho(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })))
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function talk({ session }: Filtered, port: number, said: readonly (string | Buffer)[]): Promise<void> {
  const socket = await plainWebSocketThrough(session.proxy?.port ?? 0, `localhost:${port}`)
  for (const one of said) {
    socket.send(one)
    await once(socket, 'message')
  }
  socket.close(1000)
  await once(socket, 'close')
}

async function recorded({ client, session }: Filtered): Promise<{ exchange: Exchange; messages: Message[] }> {
  const { id: sessionId } = session
  const exchange = await vi.waitFor(async () => {
    const { items } = await client.call('exchange/list', { sessionId, where: '-state:open' })
    expect(items).toHaveLength(1)
    return items[0] as Exchange
  }, patience)
  const { items } = await client.call('exchange/readMessages', { sessionId, seq: exchange.seq })
  return { exchange, messages: items }
}

test('of a WebSocket are recorded when it has ended, without their secrets', async () => {
  const daemon = await filtered([redact])
  await talk(daemon, await startEcho(), [
    'hello',
    '{"password":"hunter2","page":1}',
    Buffer.from('{"password":"hunter2"}'),
    Buffer.from([0, 255]),
  ])
  const { exchange, messages } = await recorded(daemon)
  const sent = messages.filter(({ direction }) => direction === 'sent')
  expect(sent.map(({ type }) => type)).toEqual(['text', 'text', 'binary', 'binary', 'close'])
  expect(sent[0]).toMatchObject({ index: 0, text: 'hello', size: 5 })
  const secret = (JSON.parse(sent[1]?.text ?? '') as { password: string }).password
  expect(secret).not.toContain('hunter2')
  expect(sent[1]?.text).toBe(`{"password":"${secret}","page":1}`)
  expect(Buffer.from(sent[2]?.data ?? '', 'base64').toString()).toBe(`{"password":"${secret}"}`)
  expect(sent[3]?.data).toBe(Buffer.from([0, 255]).toString('base64'))
  expect(sent[4]).toMatchObject({ code: 1000 })
  expect(JSON.stringify(messages)).not.toContain('hunter2')
  expect(exchange.anomalies).toEqual(['changedByFilter'])
})

test('that cannot all be held are left out, and that is said', async () => {
  const daemon = await filtered([redact])
  await talk(daemon, await startEcho(), ['x'.repeat(1_000_000), 'y'.repeat(1_000_000)])
  const { exchange, messages } = await recorded(daemon)
  expect(messages).toEqual([])
  expect(exchange.anomalies).toEqual(['leftOutByFilter'])
})

test('a filter of one’s own changes them and takes them away', async () => {
  const shout = `exchange.messages = exchange.messages
    .filter(({ text }) => text !== 'not this')
    .map((message) => message.text === 'louder' ? { ...message, text: 'LOUDER!' } : message)
    return exchange`
  const daemon = await filtered((module) => [{ plugin: module('shout', shout) }])
  await talk(daemon, await startEcho(), ['as it is', 'not this', 'louder'])
  const { exchange, messages } = await recorded(daemon)
  const said = messages.filter(({ direction, type }) => direction === 'sent' && type === 'text')
  expect(said.map(({ text, size }) => [text, size])).toEqual([
    ['as it is', 8],
    ['LOUDER!', 7],
  ])
  expect(messages.map(({ index }) => index)).toEqual(messages.map((_, index) => index))
  expect(exchange.anomalies).toEqual(['changedByFilter'])
  expect(daemon.failures).toEqual([])
})

async function events(daemon: Filtered): Promise<void> {
  const origin = await startOrigin(
    (_, response) => {
      response.setHeader('content-type', 'text/event-stream')
      response.end('data: {"password":"hunter2"}\n\ndata: plain\n\n')
    },
    { tls: false },
  )
  await getThrough(daemon.session.proxy?.port ?? 0, `${origin.url}/events`)
}

test('events are hidden in as their body is', async () => {
  const daemon = await filtered([redact])
  await events(daemon)
  const { exchange, messages } = await recorded(daemon)
  const { data } = await daemon.client.call('exchange/readBody', { sessionId: daemon.session.id, seq: exchange.seq, part: 'response' })
  expect(messages.map(({ text }) => text)).toEqual([expect.stringMatching(/^\{"password":"(?!hunter2)/), 'plain'])
  expect(Buffer.from(data, 'base64').toString()).toBe(`data: ${messages[0]?.text}\n\ndata: plain\n\n`)
})

test('events of a body that a filter has changed are left out unless it has changed them, too', async () => {
  const blank = `exchange.bodies.response = new Uint8Array([32])
    return exchange`
  const daemon = await filtered((module) => [{ plugin: module('blank', blank) }])
  await events(daemon)
  const { exchange, messages } = await recorded(daemon)
  expect(messages).toEqual([])
  expect(exchange.anomalies).toEqual(['leftOutByFilter', 'changedByFilter'])
})

test('what is no list of messages is a failure of the filter', async () => {
  const daemon = await filtered((module) => [{ plugin: module('wrong', 'return { ...exchange, messages: [{ text: 1 }] }') }])
  await daemon.get('/')
  await vi.waitFor(() => expect(daemon.failures[0]?.message).toContain('messages must be a list of messages or null'), patience)
})
