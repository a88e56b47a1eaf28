/** gRPC by a real client and server through the real daemon: each message as the server saw it, decoded, while calls are open. */
import { readFile } from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import type { Exchange, Message } from '../../sdk/model.ts'
import { type Capture, capture, patience } from '../support/capture.ts'
import { weir } from '../support/command-line.ts'
import { configureProtos, type MethodName, shopThrough, startShop } from '../support/grpc-shop.ts'
import { temporaryHome } from '../support/home.ts'

const messagesOf = async ({ client, session }: Capture, seq: number): Promise<Message[]> =>
  (await client.call('exchange/readMessages', { sessionId: session.id, seq, decode: true })).items

const bytesOf = (messages: readonly Message[], direction: Message['direction']) =>
  messages.filter((message) => message.direction === direction).map(({ data }) => Buffer.from(data ?? '', 'base64'))

async function callOf(captured: Capture, method: MethodName, state: Exchange['state']): Promise<Exchange> {
  return vi.waitFor(async () => {
    const { items } = await captured.client.call('exchange/list', { sessionId: captured.session.id })
    const found = items.find(({ request }) => request.url.endsWith(`/${method}`))
    expect(found).toMatchObject({ state })
    return found as Exchange
  }, patience)
}

const told = <T>(call: NodeJS.ReadableStream) =>
  (async () => {
    const all: T[] = []
    for await (const one of call) all.push(one as T)
    return all
  })()

test.each([
  ['as they are', false],
  ['in gzip', true],
])('unary and streaming calls, messages %s: each is on record as the server saw it', { timeout: 60_000 }, async (_, compressed) => {
  const folder = await temporaryHome()
  configureProtos(folder)
  const captured = await capture(folder)
  const { port, seen } = await startShop(compressed)
  const client = await shopThrough(captured, port, compressed)
  const long = 'tea '.repeat(500)
  expect(await client.place({ name: long, count: '2' })).toEqual({ name: `placed ${long}`, count: '2' })
  expect(await told(client.watch({ name: 'w', count: '3' }))).toHaveLength(3)
  expect(await client.collect([{ name: 'a' }, { name: 'b' }])).toEqual({ name: 'a,b', count: '2' })
  const talk = client.talk()
  talk.write({ name: 'first' })
  await new Promise((resolve) => talk.once('data', resolve))

  const open = await callOf(captured, 'Talk', 'open')
  await vi.waitFor(async () => {
    const found = await messagesOf(captured, open.seq)
    expect(found.map(({ direction, decoded }) => [direction, decoded?.value])).toEqual([
      ['sent', { name: 'first' }],
      ['received', { name: 'heard first' }],
    ])
  }, patience)
  talk.write({ name: 'second', count: '-9007199254740993' })
  talk.end()
  expect(await told(talk)).toEqual([{ name: 'heard second', count: '-9007199254740993' }])

  for (const method of ['Place', 'Watch', 'Collect', 'Talk'] as const) {
    const { seq, request, response, anomalies } = await callOf(captured, method, 'complete')
    const found = await messagesOf(captured, seq)
    expect(bytesOf(found, 'sent')).toEqual(seen[method].sent)
    expect(bytesOf(found, 'received')).toEqual(seen[method].received)
    expect(found.every(({ type, decoded }) => type === 'grpc' && decoded?.type === 'shop.v1.Order' && decoded.value !== undefined)).toBe(
      true,
    )
    expect(anomalies).toBeUndefined()
    expect(response?.trailers).toContainEqual(['grpc-status', '0'])
    if (method === 'Place' || method === 'Watch') expect(response?.trailers).toContainEqual(['x-cost', '7'])
    expect(request.headers.find(([name]) => name === 'grpc-encoding')?.[1]).toBe(compressed ? 'gzip' : undefined)
  }
  const { seq } = await callOf(captured, 'Place', 'complete')
  if (compressed) expect((await captured.body(seq, 'request')).length).toBeLessThan(200)
})

test('a call that fails has its status and message', async () => {
  const folder = await temporaryHome()
  configureProtos(folder)
  const captured = await capture(folder)
  const { port } = await startShop(false)
  const client = await shopThrough(captured, port)
  await expect(client.place({ name: 'x' })).rejects.toThrow('no such thing ☂')
  const { seq, response } = await callOf(captured, 'Place', 'complete')
  // A response without messages has one block of fields only, its trailers.
  const fields = [...(response?.headers ?? []), ...(response?.trailers ?? [])]
  expect(fields).toContainEqual(['grpc-status', '5'])
  expect(fields).toContainEqual(['grpc-message', 'no%20such%20thing%20%E2%98%82'])
  expect(await messagesOf(captured, seq)).toMatchObject([{ direction: 'sent', decoded: { type: 'shop.v1.Order', value: { name: 'x' } } }])
})

test('without .proto files messages are field trees, in weir messages and weir show, too; broken files are a warning', {
  timeout: 60_000,
}, async () => {
  const folder = await temporaryHome()
  configureProtos(folder, { 'shop.proto': 'syntax = "proto3";\nmessage {' })
  const captured = await capture(folder)
  const warning = `grpc.protos: ${folder}/protos/shop.proto: illegal type name '{' (line 2)`
  await vi.waitFor(async () => {
    const { warnings } = await captured.client.call('daemon/status', {})
    expect(warnings).toContain(`${warning}; messages are decoded without it`)
  }, patience)
  expect(await readFile(captured.home.log, 'utf8')).toContain(warning)
  const { port } = await startShop(false)
  const client = await shopThrough(captured, port)
  await client.place({ name: '\x1b[31mred', count: '5' })
  const { seq } = await callOf(captured, 'Place', 'complete')
  const fields = [
    { field: 1, wireType: 'bytes', value: '\x1b[31mred' },
    { field: 2, wireType: 'varint', value: 5 },
  ]
  const [sent, received] = await messagesOf(captured, seq)
  expect(sent?.decoded).toEqual({ fields })
  const plain = await captured.client.call('exchange/readMessages', { sessionId: captured.session.id, seq })
  expect(plain.items[0]).not.toHaveProperty('decoded')

  const run = (...words: string[]) => weir(words, { env: captured.env })
  const shown = '> grpc   {1: "\\u001b[31mred", 2: 5}'
  const text = await run('messages', captured.session.name, String(seq))
  expect(text.stdout).toContain(shown)
  expect((await run('show', captured.session.name, String(seq))).stdout).toContain(shown)
  const lines = (await run('messages', captured.session.name, String(seq), '--json')).stdout.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line) as Message)).toEqual([sent, received])
})
