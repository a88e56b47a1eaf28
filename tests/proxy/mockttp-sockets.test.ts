/** What the proxy relies on of mockttp's inner modules: an update that changes it fails here first. */
import { execFile } from 'node:child_process'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Arrival, type ListenerView } from '../../daemon/proxy/arrival.ts'
import { openAuthority } from '../../daemon/proxy/authority.ts'
import { type Hello, readClientHello } from '../../daemon/proxy/client-hello.ts'
import { CopyQueue } from '../../daemon/proxy/copy-queue.ts'
import type { Destination } from '../../daemon/proxy/destination.ts'
import { Fingerprints } from '../../daemon/proxy/hello-fingerprint.ts'
import { SocketLayer } from '../../daemon/proxy/mockttp-sockets.ts'
import { temporaryHome } from '../support/home.ts'

const run = promisify(execFile)

interface Seen {
  port: number
  tunnels: { arrival: Arrival; destination: Destination }[]
  hellos: { destination: Destination; hello: Hello }[]
  /** The first bytes of each connection. */
  firsts: Buffer[]
}

/** A server whose connections go straight to the socket layer. `onTunnel` takes each tunnel. */
async function startLayer(onTunnel: (stream: Duplex) => void = (stream) => void stream.destroy()): Promise<Seen> {
  const queue = new CopyQueue()
  const seen: Seen = { port: 0, tunnels: [], hellos: [], firsts: [] }
  const layer = await SocketLayer.load(await openAuthority(await temporaryHome(), () => undefined), {
    tls: (arrival, destination, hello) => {
      seen.hellos.push({ destination, hello })
      arrival.stream.destroy()
    },
    tunnel: (arrival, destination) => {
      seen.tunnels.push({ arrival, destination })
      onTunnel(arrival.stream)
    },
    another: (stream, parent) => parent.another(stream, queue.connection(1)),
  })
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    const client = { address: '127.0.0.1', port: socket.remotePort ?? 0 }
    const listener = { reach: 'anywhere', credentials: null } as ListenerView
    const arrival = new Arrival(socket, socket, client, 0, listener, queue.connection(1))
    socket.once('data', (first: Buffer) => {
      seen.firsts.push(first)
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

describe('SOCKS', () => {
  test.each([
    ['--socks4', 'http://127.0.0.1:81/', { host: '127.0.0.1', port: 81 }],
    ['--socks4a', 'http://some.example:82/', { host: 'some.example', port: 82 }],
    ['--socks5', 'http://127.0.0.1:83/', { host: '127.0.0.1', port: 83 }],
    ['--socks5-hostname', 'http://some.example:84/', { host: 'some.example', port: 84 }],
    ['--socks5-hostname', 'http://[::1]:85/', { host: '0:0:0:0:0:0:0:1', port: 85 }],
  ])('%s %s opens a tunnel whose bytes are still to be read', async (option, url, destination) => {
    const layer = await startLayer((stream) => {
      stream.once('data', (bytes: Buffer) => stream.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${bytes.toString().split('\r\n')[0]}`))
      stream.resume()
    })
    const { stdout } = await run('curl', ['-sS', option, `127.0.0.1:${layer.port}`, url])
    expect(stdout).toBe('GET / HTTP/1.1')
    expect(layer.tunnels.map((tunnel) => tunnel.destination)).toEqual([destination])
    expect(layer.tunnels[0]?.arrival.client.port).toBeGreaterThan(0)
  })
})

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

test('TLS with a server name is handed over before any handshake, and reads as our own reader reads it', async () => {
  const layer = await startLayer()
  const socket = connectTls({ port: layer.port, host: '127.0.0.1', servername: 'some.example', ALPNProtocols: ['h2', 'http/1.1'] })
  await new Promise((resolve) => socket.once('error', resolve))
  const own = readClientHello(layer.firsts[0] ?? Buffer.alloc(0))
  if (!own) throw new Error('our reader found no hello')
  expect(layer.hellos).toEqual([
    {
      destination: { host: 'some.example', port: 443 },
      hello: { serverName: own.serverName, protocols: own.protocols, ...new Fingerprints().of(own) },
    },
  ])
})
