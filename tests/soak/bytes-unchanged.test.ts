/** Promises 2 and 3 through the whole daemon: generated bodies hashed at both ends over every protocol, and the clients' own count against the rows. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect as connectHttp2, createSecureServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { testCa } from '../support/certificates.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin, startRawOrigin } from '../support/origin.ts'
import { connectTo, openTunnel, readExactly, readHead, secure } from '../support/wire.ts'
import { keepOutcome, sizeOf, timeoutOf } from './size.ts'

const seed = 20_261_126
const perConnection = 25
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
/** What an origin sends back: other bytes than it got, as many. */
const turned = (bytes: Uint8Array) => Buffer.from(bytes).reverse()

/** Both ends' hashes of one exchange. */
const checkExchange = (sent: Buffer, atOrigin: unknown, back: Buffer) =>
  expect([atOrigin, sha256(back)]).toEqual([sha256(sent), sha256(turned(sent))])

async function overHttp1(socket: Socket, target: string, host: string, body: Buffer): Promise<void> {
  socket.write(`POST ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n\r\n`)
  socket.write(body)
  const head = await readHead(socket)
  const back = await readExactly(socket, Number(/content-length: (\d+)/i.exec(head)?.[1]))
  checkExchange(body, /x-got: (\w+)/i.exec(head)?.[1], back)
}

/** An HTTP/1.1 and HTTP/2 and WebSocket origin that says by hash what it got and sends it back turned round. */
async function mirrors() {
  const answer = async (request: AsyncIterable<Uint8Array>, respond: (got: Buffer) => void) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk)
    respond(Buffer.concat(chunks))
  }
  const listener = (request: AsyncIterable<Uint8Array>, response: import('node:http').ServerResponse) =>
    void answer(request, (got) => response.writeHead(200, { 'x-got': sha256(got), 'content-length': got.length }).end(turned(got)))
  const clear = await startOrigin(listener, { tls: false })
  const tls = await startOrigin(listener)
  const sockets = new WebSocketServer({ server: tls.server as never, perMessageDeflate: true })
  sockets.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => socket.send(Buffer.concat([Buffer.from(sha256(data)), turned(data)]))),
  )
  const http2 = createSecureServer(await (await testCa()).issue(['localhost']))
  http2.on('stream', (stream) => {
    stream.on('error', () => undefined)
    void answer(stream, (got) => {
      stream.respond({ ':status': 200, 'x-got': sha256(got) })
      stream.end(turned(got))
    })
  })
  http2.listen(0, '127.0.0.1')
  await once(http2, 'listening')
  onTestFinished(() => void http2.close())
  const opaque = await startRawOrigin(
    (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => socket.write(chunk))
      socket.on('end', () => socket.end())
    },
    { tls: false },
  )
  return { clear, tls, http2Port: (http2.address() as AddressInfo).port, opaque }
}

test('over every protocol: what was sent is what came, and each is one row', { timeout: timeoutOf(120_000) }, async () => {
  const origins = await mirrors()
  const { client, home } = await startDaemon()
  const session = await client.call('session/start', { tls: { ca: (await testCa()).certificate } })
  const port = session.proxy?.port as number
  const ca = await readFile(home.caCertificate)
  const count = sizeOf(50, 2_500)
  const bodies = fc.sample(fc.uint8Array({ maxLength: 3_000 }), { seed, numRuns: count }).map((bytes) => Buffer.from(bytes))
  const tlsTo = async (to: number, more: object = {}): Promise<TLSSocket> =>
    secure(await openTunnel(port, `localhost:${to}`), { servername: 'localhost', ca, ...more })
  let rows = 0
  let webSockets = 0

  async function inTurns(run: (some: readonly Buffer[]) => Promise<number>): Promise<void> {
    for (let at = 0; at < count; at += perConnection) rows += await run(bodies.slice(at, at + perConnection))
  }

  await inTurns(async (some) => {
    const socket = await connectTo(port)
    for (const body of some) await overHttp1(socket, `${origins.clear.url}/`, `localhost:${origins.clear.port}`, body)
    socket.destroy()
    return some.length
  })
  await inTurns(async (some) => {
    const socket = await tlsTo(origins.tls.port)
    for (const body of some) await overHttp1(socket, '/', `localhost:${origins.tls.port}`, body)
    socket.destroy()
    return some.length
  })
  await inTurns(async (some) => {
    const socket = await tlsTo(origins.http2Port, { ALPNProtocols: ['h2'] })
    const http2 = connectHttp2(`https://localhost:${origins.http2Port}`, { createConnection: () => socket })
    await Promise.all(
      some.map(async (body) => {
        const stream = http2.request({ ':method': 'POST', ':path': '/' })
        stream.end(body)
        const [headers] = (await once(stream, 'response')) as [{ 'x-got': string }]
        checkExchange(body, headers['x-got'], await buffer(stream))
      }),
    )
    http2.close()
    await once(http2, 'close')
    return some.length
  })
  await inTurns(async (some) => {
    const socket = await tlsTo(origins.tls.port)
    const webSocket = new WebSocket(`wss://localhost:${origins.tls.port}/`, { createConnection: () => socket })
    await once(webSocket, 'open')
    for (const body of some) {
      webSocket.send(body)
      const [back] = (await once(webSocket, 'message')) as [Buffer]
      checkExchange(body, back.toString('latin1', 0, 64), back.subarray(64))
    }
    webSockets += some.length
    webSocket.close()
    await once(webSocket, 'close')
    return 1
  })
  await inTurns(async (some) => {
    const socket = await openTunnel(port, `localhost:${origins.opaque.port}`)
    for (const body of some) {
      const framed = Buffer.concat([Buffer.of(0), body])
      socket.write(framed)
      expect(sha256(await readExactly(socket, framed.length))).toBe(sha256(framed))
    }
    socket.end()
    socket.resume()
    await once(socket, 'close')
    return 1
  })

  const counts = await vi.waitFor(
    async () => {
      const { counts, state } = await client.call('session/get', { sessionId: session.id })
      expect([state, counts.exchanges + counts.filtered]).toEqual(['running', rows])
      return counts
    },
    { timeout: 20_000 },
  )
  expect(counts).toMatchObject({ gaps: 0, failed: 0 })
  const result = await client.call('session/stop', { sessionId: session.id })
  expect(result.counts.exchanges).toBe(rows)
  const ran = `${5 * count} generated bodies each way over HTTP/1.1 in clear text and TLS, HTTP/2, WebSocket (${webSockets} messages) and opaque tunnels (seed ${seed})`
  keepOutcome({ promise: 2, check: 'bodies', ran, result: 'every SHA-256 equal at both ends, both ways' })
  keepOutcome({ promise: 3, check: 'count', ran, result: `the clients counted ${rows} exchanges, as many rows, 0 gaps` })
})
