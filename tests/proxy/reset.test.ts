import { once } from 'node:events'
import { type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { outsideOpenSsl } from '../../daemon/proxy/outside-openssl.ts'
import { reset, type Side } from '../../daemon/proxy/reset.ts'
import { testCa } from '../support/certificates.ts'
import { startRawOrigin } from '../support/origin.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { connectTo, ending, openTunnel, readAll, readHead, secure } from '../support/wire.ts'

/** A connection and what its other side sees of it. */
async function connection(tls: boolean): Promise<{ side: Side; other: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const socket = await connectTo((server.address() as AddressInfo).port)
  const [transport] = (await accepted) as [Socket]
  transport.on('error', () => undefined)
  if (!tls) return { side: { stream: transport, transport }, other: socket }
  const ca = await testCa()
  const stream = new TLSSocket(transport, { isServer: true, ...(await ca.issue(['localhost'])) })
  stream.on('error', () => undefined)
  const shaken = new Promise<void>((resolve) => stream.once('secure', () => outsideOpenSsl(resolve)))
  const other = await secure(socket, { servername: 'localhost', ca: ca.certificate })
  await shaken
  return { side: { stream, transport }, other }
}

describe.each([
  ['TCP', false],
  ['TLS', true],
])('a reset over %s', (_, tls) => {
  it('is seen as one', async () => {
    const { side, other } = await connection(tls)
    const closed = once(side.stream, 'close')
    reset(side)
    expect(await ending(other)).toBe('reset')
    await closed
  })

  it('closes what has only just been ended, too', async () => {
    const { side, other } = await connection(tls)
    const closed = [once(side.stream, 'close'), once(side.transport, 'close')]
    side.stream.end()
    reset(side)
    await Promise.all(closed)
    await ending(other)
  })
})

/** A tunnel, once over a proxy connection that is TLS itself, once over a stream of HTTP/2. */
const tunnels: { [how: string]: (proxy: TestProxy, authority: string) => Promise<Duplex> } = {
  async 'TLS to the proxy'(proxy, authority) {
    const socket = await secure(await connectTo(proxy.port), { servername: 'weir', ca: proxy.ca.certificate })
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
    expect(await readHead(socket)).toMatch(/^HTTP\/1\.1 200 /)
    return socket
  },
  async 'HTTP/2 CONNECT'(proxy, authority) {
    const session = connectHttp2(`http://127.0.0.1:${proxy.port}`)
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':method': 'CONNECT', ':authority': authority }, { endStream: false })
    stream.on('error', () => undefined)
    await once(stream, 'response')
    return stream
  },
}

describe.each(Object.entries(tunnels))('in a tunnel over %s', (how, open) => {
  /** By an error, or without an end. */
  const broken = (stream: Duplex) =>
    new Promise<boolean>((resolve) => {
      let error = false
      stream.on('error', () => (error = true))
      stream.on('close', () => resolve(error || !stream.readableEnded))
      stream.resume()
    })

  it('an origin that resets is passed on as that, and on record', async () => {
    const origin = await startRawOrigin((socket) => void socket.on('data', () => socket.resetAndDestroy()).on('error', () => undefined), {
      tls: false,
    })
    const proxy = await startProxy()
    const tunnel = await open(proxy, `localhost:${origin.port}`)
    const isBroken = broken(tunnel)
    tunnel.write('\x00')
    expect(await isBroken).toBe(true)
    if (how === 'HTTP/2 CONNECT') expect((tunnel as ClientHttp2Stream).rstCode).toBe(constants.NGHTTP2_CONNECT_ERROR)
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'origin', reset: true })
    expect(proxy.recorder.of('clientEnd')).toEqual([])
    expect(proxy.logs).toEqual([])
  })

  it('an origin that cannot be reached is no orderly end', async () => {
    const proxy = await startProxy()
    const tunnel = await open(proxy, 'localhost:1')
    const isBroken = broken(tunnel)
    tunnel.write('\x00')
    expect(await isBroken).toBe(true)
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'weir', failure: { reason: 'connectionRefused' } })
    expect(proxy.logs).toEqual([])
  })
})

it('a client that has ended its direction and then goes takes its origin with it', async () => {
  const origin = await startRawOrigin((socket) => void socket.on('error', () => undefined), { tls: false })
  const proxy = await startProxy()
  const reached = once(origin.server, 'connection') as Promise<[Socket]>
  const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
  tunnel.end('\x00')
  const [atOrigin] = await reached
  expect((await readAll(atOrigin)).toString()).toBe('\x00')
  const gone = new Promise((resolve) => atOrigin.once('close', resolve))
  await proxy.surface.closeSession({ session: 1 })
  // Whoever writes into it learns that nobody is there.
  const writing = setInterval(() => atOrigin.write('x'), 10)
  await gone
  clearInterval(writing)
  await proxy.recorder.next('closed')
})
