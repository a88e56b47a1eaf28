/** What the proxy relies on of mockttp's inner modules: an update that changes it fails here first. */
import { type ClientHttp2Stream, connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { Arrival, type ListenerView } from '../../daemon/proxy/arrival.ts'
import { openAuthority } from '../../daemon/proxy/authority.ts'
import { CopyQueue } from '../../daemon/proxy/copy-queue.ts'
import type { Destination } from '../../daemon/proxy/destination.ts'
import { SocketLayer } from '../../daemon/proxy/mockttp-sockets.ts'
import { temporaryHome } from '../support/home.ts'

interface Seen {
  port: number
  tunnels: { arrival: Arrival; destination: Destination }[]
}

/** A server whose connections go straight to the socket layer. `onTunnel` takes each tunnel. */
async function startLayer(
  onTunnel: (stream: Duplex) => void = (stream) => void stream.destroy(),
  credentials: string | null = null,
): Promise<Seen> {
  const queue = new CopyQueue()
  const seen: Seen = { port: 0, tunnels: [] }
  const layer = await SocketLayer.load(await openAuthority(await temporaryHome(), () => undefined), {
    tunnel: (arrival, destination) => {
      seen.tunnels.push({ arrival, destination })
      onTunnel(arrival.stream)
    },
    another: (stream, parent) => parent.another(stream, stream, queue.connection(1)),
  })
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    const client = { address: '127.0.0.1', port: socket.remotePort ?? 0 }
    const listener = { reach: 'anywhere', credentials } as ListenerView
    const common = { client, local: () => client, startedAt: 0, listener }
    const arrival = new Arrival({ stream: socket, transport: socket, ...common, copy: queue.connection(1) })
    socket.once('data', (first: Buffer) => {
      socket.pause()
      socket.unshift(first)
      layer.accept(arrival)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  seen.port = (server.address() as AddressInfo).port
  return seen
}

test('HTTP/2 CONNECT opens tunnels of their own on one connection', async () => {
  const layer = await startLayer((stream) => {
    stream.on('data', (bytes: Buffer) => stream.write(`echo ${bytes}`))
    stream.resume()
  })
  const session = connectHttp2(`http://127.0.0.1:${layer.port}`)
  onTestFinished(() => session.destroy())
  const echo = (authority: string) =>
    new Promise<string>((resolve, reject) => {
      const stream = session.request({ ':method': 'CONNECT', ':authority': authority })
      stream.on('error', reject)
      stream.once('response', () => void stream.write(authority))
      stream.once('data', (bytes: Buffer) => resolve(bytes.toString()))
    })
  expect(await Promise.all([echo('a.example:1'), echo('b.example:2')])).toEqual(['echo a.example:1', 'echo b.example:2'])
  expect(layer.tunnels.map(({ destination }) => destination)).toEqual([
    { host: 'a.example', port: 1 },
    { host: 'b.example', port: 2 },
  ])
  const [one, two] = layer.tunnels
  expect(one?.arrival.copy).not.toBe(two?.arrival.copy)
  expect(one?.arrival.client).toEqual(two?.arrival.client)
})

const statusOf = (stream: ClientHttp2Stream) =>
  new Promise<number>((resolve, reject) => {
    stream.on('error', reject)
    stream.once('response', (headers) => {
      stream.resume()
      resolve(Number(headers[':status']))
    })
  })

test('a stream without the credentials is refused, and the next one on the same connection is not', async () => {
  const credentials = Buffer.from('ann:secret').toString('base64')
  const layer = await startLayer((stream) => void stream.end('in'), credentials)
  const session = connectHttp2(`http://127.0.0.1:${layer.port}`)
  onTestFinished(() => session.destroy())
  const connect = (fields: OutgoingHttpHeaders) =>
    statusOf(session.request({ ':method': 'CONNECT', ':authority': 'a.example:1', ...fields }))
  expect(await connect({})).toBe(407)
  expect(await connect({ 'proxy-authorization': `Basic ${Buffer.from('ann:wrong').toString('base64')}` })).toBe(407)
  expect(layer.tunnels).toEqual([])
  expect(await connect({ 'proxy-authorization': `Basic ${credentials}` })).toBe(200)
  expect(layer.tunnels).toHaveLength(1)
})

test.each(['a.example', 'a.example:0', 'a.example:70000'])('CONNECT to %s is no tunnel', async (authority) => {
  const layer = await startLayer()
  const session = connectHttp2(`http://127.0.0.1:${layer.port}`)
  onTestFinished(() => session.destroy())
  expect(await statusOf(session.request({ ':method': 'CONNECT', ':authority': authority }))).toBe(400)
  expect(layer.tunnels).toEqual([])
})

test('any other request is told that CONNECT is what it takes', async () => {
  const layer = await startLayer()
  const session = connectHttp2(`http://127.0.0.1:${layer.port}`)
  onTestFinished(() => session.destroy())
  expect(await statusOf(session.request({ ':path': '/' }))).toBe(400)
})
