/** Promise 9: mutated inputs against the proxy's port, the daemon's socket, every decoder and every importer. Nothing is thrown, answers tell nothing of the inside. */
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RecordedSession } from '../capture/kept-records.ts'
import { startDaemon } from '../support/daemon.ts'
import { checkDecoder, fuzzedDecoders, mutations } from '../support/decoder-fuzz.ts'
import { block, Flag, Frame, frame, preface } from '../support/http2-wire.ts'
import { importable, importFiles } from '../support/import-samples.ts'
import { startProxy } from '../support/proxy.ts'
import { rawClient, frame as rpcFrame } from '../support/raw-client.ts'
import { keepOutcome, sizeOf, timeoutOf } from './size.ts'

const seed = 20_261_127
const internals = /node_modules|node:internal|\.ts:\d|\bat \S+ \(|\/tmp\/|\/home\//

const http2 = Buffer.concat([
  preface,
  frame(Frame.settings, 0, 0),
  frame(
    Frame.headers,
    Flag.endHeaders,
    1,
    block([
      [':method', 'POST'],
      [':scheme', 'https'],
      [':authority', 'a'],
      [':path', '/'],
    ]),
  ),
  frame(Frame.data, Flag.endStream, 1, 'body'),
])
const beginnings = [
  Buffer.from('GET http://localhost:1/ HTTP/1.1\r\nHost: localhost:1\r\n\r\n'),
  Buffer.from('POST http://localhost:1/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'),
  Buffer.from('CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n'),
  // A ClientHello's record and handshake headers.
  Buffer.concat([Buffer.from('16030100a5010000a10303', 'hex'), Buffer.alloc(154, 7)]),
  Buffer.from('05010005010003096c6f63616c686f73740001', 'hex'),
  Buffer.from('0401000100000001757365720061006c6f63616c686f737400', 'hex'),
  http2,
]
const calls = ['initialize', 'session/start', 'session/list', 'exchange/list', 'exchange/readBody', 'rpc.discover'].map((method) =>
  Buffer.from(
    rpcFrame(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { client: { name: 'a', version: '1' }, sessionId: 'x', seq: 1 } })),
  ),
)

const inputs = (originals: readonly Buffer[], count: number): Buffer[] => mutations(originals, count, seed)

/** Writes, ends, and gives what came back until the other side has closed; one that waits for more is left after a moment. */
async function answerTo(socket: ReturnType<typeof connect>, bytes: Buffer): Promise<string> {
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  // A reset is an answer, too.
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.setTimeout(2_000, () => socket.destroy())
  socket.end(bytes)
  await closed
  return answer
}

async function inParallel(list: readonly Buffer[], run: (bytes: Buffer) => Promise<void>): Promise<void> {
  for (let at = 0; at < list.length; at += 50) await Promise.all(list.slice(at, at + 50).map(run))
}

const uncaught: unknown[] = []
const note = (error: unknown) => void uncaught.push(error)
beforeEach(() => void process.on('uncaughtException', note))
afterEach(() => void process.off('uncaughtException', note))

test('mutated inputs', { timeout: timeoutOf(120_000) }, async () => {
  const proxy = await startProxy()
  const atProxy = inputs(beginnings, sizeOf(150, 20_000))
  await inParallel(atProxy, async (bytes) => {
    expect(await answerTo(connect(proxy.port, '127.0.0.1'), bytes)).not.toMatch(internals)
  })
  expect([uncaught, proxy.logs.filter(({ level }) => level === 'error')]).toEqual([[], []])

  const daemon = await startDaemon()
  const atSocket = inputs(calls, sizeOf(150, 20_000))
  await inParallel(atSocket, async (bytes) => {
    expect(await answerTo(connect(daemon.home.socket), bytes)).not.toMatch(internals)
  })
  expect((await (await rawClient(daemon.home.socket)).initialize()).result?.daemon).toMatchObject({ pid: daemon.pid })

  const response = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n')
  const read = inputs([...beginnings, response], sizeOf(1_000, 100_000))
  for (const bytes of read) {
    for (const protocol of ['http1', 'http2'] as const) {
      const session = new RecordedSession()
      session.script.opened(1, { protocol }).client(1, bytes).origin(1, bytes).closed(1)
      session.commit()
      expect([session.faults, session.session.open]).toEqual([[], 0])
    }
  }

  const each = sizeOf(40, 5_000)
  for (const decoder of fuzzedDecoders)
    for (const [index, bytes] of mutations(decoder.seeds, each, seed).entries()) checkDecoder(decoder, bytes, 1 + (index % 50))
  const decoded = each * fuzzedDecoders.length
  const files = mutations(importFiles, sizeOf(500, 50_000), seed)
  for (const bytes of files) await importable(bytes)
  const all = atProxy.length + atSocket.length + read.length + decoded + files.length
  const ran = `${all} mutated inputs (seed ${seed}): ${atProxy.length} at the proxy's port (HTTP/1, CONNECT, TLS, SOCKS, HTTP/2), ${atSocket.length} at the daemon's socket, ${read.length} through the recorder, ${decoded} real captures of curl, Chromium, h2load, Node and ws through the ${fuzzedDecoders.length} pure decoders, each cut in two ways, ${files.length} as files to import`
  keepOutcome({ promise: 9, check: 'mutations', ran, result: '0 uncaught exceptions, 0 answers that tell of the inside' })
})
