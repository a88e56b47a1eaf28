import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { connect as connectHttp2, createSecureServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { testCa } from '../support/certificates.ts'
import { startOrigin, startRawOrigin } from '../support/origin.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { ending, openTunnel, readAll, readExactly, readHead, secure } from '../support/wire.ts'

const run = promisify(execFile)
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

const throughTap = async (proxy: TestProxy, port: number, options: { ALPNProtocols?: string[] } = {}): Promise<TLSSocket> =>
  secure(await openTunnel(proxy.port, `localhost:${port}`), { servername: 'localhost', ca: proxy.ca.certificate, ...options })

describe('what passes', () => {
  test.each([
    ['CONNECT', '--proxy', 'http://'],
    ['SOCKS5 with names', '--socks5-hostname', ''],
    ['SOCKS4a', '--socks4a', ''],
  ])('curl gets its answer over %s and the exchange is copied', async (_name, option, prefix) => {
    const origin = await startOrigin((request, response) => response.end(`you asked for ${request.url}`))
    const proxy = await startProxy()
    const target = "/a/../b?x='|"
    const args = ['-sS', option, `${prefix}127.0.0.1:${proxy.port}`, '--cacert', proxy.ca.path, '--path-as-is', origin.url + target]
    const { stdout } = await run('curl', args)
    expect(stdout).toBe(`you asked for ${target}`)
    const opened = await proxy.recorder.next('opened')
    expect(opened.json).toMatchObject({
      session: 1,
      scheme: 'https',
      authority: `localhost:${origin.port}`,
      protocol: 'http1',
      origin: { server: { address: '127.0.0.1', port: origin.port }, tls: { version: 'TLSv1.3', alpn: 'http/1.1', sni: 'localhost' } },
    })
    expect(opened.json.origin.tls.ja4).toMatch(/^t13/)
    expect(opened.json.origin.tls.certificate.subject).toBe('CN=origin')
    expect(opened.json.origin.connect).toBeGreaterThan(0)
    const closed = await proxy.recorder.next('closed')
    expect(proxy.recorder.bytes('fromClient').toString()).toMatch(/^GET \/a\/\.\.\/b\?x='\| HTTP\/1\.1\r\n/)
    expect(proxy.recorder.bytes('fromOrigin').toString()).toContain(stdout)
    expect(closed.json).toMatchObject({ by: 'client', reset: false, sent: proxy.recorder.bytes('fromClient').length })
    expect(opened.json.startedAt).toBeLessThanOrEqual((await proxy.recorder.next('fromClient')).at)
  })

  test('any bytes arrive unchanged in both directions, and the copies are the same bytes', async () => {
    const answers = new Map<string, Buffer>()
    const seen = new Map<string, string>()
    const origin = await startRawOrigin(async (socket) => {
      const name = (await readExactly(socket, 8)).toString('latin1')
      const answer = answers.get(name) as Buffer
      for (let at = 0; at < answer.length; at += 7000) socket.write(answer.subarray(at, at + 7000))
      socket.end()
      seen.set(name, sha256(await readAll(socket)))
    })
    const proxy = await startProxy()
    let runs = 0
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40_000 }),
        fc.nat(300_000),
        fc.integer({ min: 1, max: 30_000 }),
        async (up, size, step) => {
          runs += 1
          const name = String(runs).padStart(8, '0')
          const answer = randomBytes(size)
          answers.set(name, answer)
          const client = await throughTap(proxy, origin.port)
          client.write(name)
          for (let at = 0; at < up.length; at += step) client.write(up.subarray(at, at + step))
          client.end()
          expect(sha256(await readAll(client))).toBe(sha256(answer))
          await vi.waitFor(() => expect(seen.get(name)).toBe(sha256(Buffer.from(up))))
          const { connection } = await proxy.recorder.next('closed', runs)
          expect(sha256(proxy.recorder.bytes('fromOrigin', connection))).toBe(sha256(answer))
          expect(sha256(proxy.recorder.bytes('fromClient', connection))).toBe(sha256(Buffer.concat([Buffer.from(name), up])))
        },
      ),
      { numRuns: 25, seed: 1 },
    )
  })

  test('an IP-literal origin gets a certificate for its address', async () => {
    const origin = await startOrigin((_request, response) => response.end('ok'))
    const proxy = await startProxy()
    const url = `https://127.0.0.1:${origin.port}/`
    const { stdout } = await run('curl', ['-sS', '-x', `http://127.0.0.1:${proxy.port}`, '--cacert', proxy.ca.path, url])
    expect(stdout).toBe('ok')
    expect((await proxy.recorder.next('opened')).json.origin.tls.sni).toBeNull()
  })

  test('a second connection to an origin resumes its TLS session and still tells the certificate', async () => {
    const resumed: boolean[] = []
    const origin = await startOrigin((_request, response) => response.end('ok'))
    origin.server.on('secureConnection', (socket: TLSSocket) => resumed.push(socket.isSessionReused()))
    const proxy = await startProxy()
    for (const turn of [1, 2]) {
      const { stdout } = await run('curl', ['-sS', '-x', `http://127.0.0.1:${proxy.port}`, '--cacert', proxy.ca.path, origin.url])
      expect(stdout).toBe('ok')
      expect((await proxy.recorder.next('opened', turn)).json.origin.tls.certificate.subject).toBe('CN=origin')
    }
    expect(resumed).toEqual([false, true])
  })
})

test('a slow origin is waited for', async () => {
  // Longer than a handshake takes on a busy machine.
  const limitMs = 1_500
  const origin = await startRawOrigin(async (socket) => {
    await readHead(socket)
    socket.write('HTTP/1.1 200 OK\r\n')
    await new Promise((resolve) => setTimeout(resolve, limitMs + 100))
    socket.write('Content-Length: 4\r\n\r\nslow')
  })
  const proxy = await startProxy({ limits: { handshakeMs: limitMs, connectMs: limitMs } })
  const client = await throughTap(proxy, origin.port)
  client.write('GET / HTTP/1.1\r\n\r\n')
  await readHead(client)
  expect((await readExactly(client, 4)).toString()).toBe('slow')
  client.destroy()
})

test('WebSocket passes: what follows 101 is copied as it came', async () => {
  const origin = await startRawOrigin(async (socket) => {
    await readHead(socket)
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    socket.pipe(socket)
  })
  const proxy = await startProxy()
  const client = await throughTap(proxy, origin.port)
  client.write('GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  await readHead(client)
  const frame = Buffer.from([0x81, 0x85, 1, 2, 3, 4, 0x69, 0x67, 0x6f, 0x68, 0x6e])
  client.write(frame)
  expect((await readExactly(client, frame.length)).equals(frame)).toBe(true)
  client.end()
  await proxy.recorder.next('closed')
  expect(proxy.recorder.bytes('fromClient').subarray(-frame.length).equals(frame)).toBe(true)
  expect(proxy.recorder.bytes('fromOrigin').subarray(-frame.length).equals(frame)).toBe(true)
})

describe('ALPN', () => {
  test.each([
    { client: ['h2', 'http/1.1'], origin: ['http/1.1'], chosen: 'http/1.1' },
    { client: ['h2', 'http/1.1'], origin: ['h2', 'http/1.1'], chosen: 'h2' },
    { client: ['http/1.1'], origin: ['h2', 'http/1.1'], chosen: 'http/1.1' },
    { client: ['foo', 'bar'], origin: ['bar'], chosen: 'bar' },
    { client: ['http/1.1'], origin: undefined, chosen: false },
    { client: undefined, origin: ['h2'], chosen: false },
  ])('client $client, origin $origin: both speak $chosen', async ({ client, origin: offered, chosen }) => {
    const atOrigin: (string | false)[] = []
    const origin = await startRawOrigin((socket) => void atOrigin.push((socket as TLSSocket).alpnProtocol as string | false), {
      tlsOptions: offered ? { ALPNProtocols: offered } : {},
    })
    const proxy = await startProxy()
    const socket = await throughTap(proxy, origin.port, client ? { ALPNProtocols: client } : {})
    expect(socket.alpnProtocol).toBe(chosen)
    await vi.waitFor(() => expect(atOrigin).toEqual([chosen]))
    expect((await proxy.recorder.next('opened')).json.protocol).toBe(chosen === 'h2' ? 'http2' : chosen === 'bar' ? 'opaque' : 'http1')
  })

  test('HTTP/2 passes untouched, and its frames are copied', async () => {
    const server = createSecureServer(await (await testCa()).issue(['localhost']))
    server.on('stream', (stream, headers) => {
      stream.respond({ ':status': 200, path: String(headers[':path']) })
      stream.pipe(stream)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const proxy = await startProxy()
    const socket = await throughTap(proxy, port, { ALPNProtocols: ['h2'] })
    const session = connectHttp2(`https://localhost:${port}`, { createConnection: () => socket })
    const body = randomBytes(200_000)
    const answers = await Promise.all(
      [1, 2, 3].map(
        (n) =>
          new Promise<{ path: unknown; body: Buffer }>((resolve, reject) => {
            const stream = session.request({ ':method': 'POST', ':path': `/${n}` })
            const chunks: Buffer[] = []
            let path: unknown
            stream.on('response', (headers) => {
              path = headers.path
            })
            stream.on('data', (chunk: Buffer) => chunks.push(chunk))
            stream.on('end', () => resolve({ path, body: Buffer.concat(chunks) }))
            stream.on('error', reject)
            stream.end(body)
          }),
      ),
    )
    expect(answers.map(({ path }) => path)).toEqual(['/1', '/2', '/3'])
    for (const answer of answers) expect(sha256(answer.body)).toBe(sha256(body))
    session.close()
    const closed = await proxy.recorder.next('closed')
    expect(closed.json.sent).toBeGreaterThan(600_000)
    const copied = proxy.recorder.of('fromClient').reduce((sum, { bytes }) => sum + bytes.length, 0)
    expect(copied).toBe(closed.json.sent)
    expect(proxy.recorder.of('opened')[0]?.json.protocol).toBe('http2')
  })
})

describe('ends', () => {
  test('a half-close passes and the answer still comes', async () => {
    const origin = await startRawOrigin(async (socket) => {
      const request = await readAll(socket)
      socket.end(`got ${request.length} bytes`)
    })
    const proxy = await startProxy()
    const client = await throughTap(proxy, origin.port)
    client.end('x'.repeat(1000))
    expect((await readAll(client)).toString()).toBe('got 1000 bytes')
    await proxy.recorder.next('closed')
    expect(proxy.recorder.records.map(({ kind }) => kind)).toEqual([
      'opened',
      'fromClient',
      'clientEnd',
      'fromOrigin',
      'originEnd',
      'closed',
    ])
  })

  test('the origin may half-close first', async () => {
    const received: Buffer[] = []
    const origin = await startRawOrigin((socket) => {
      socket.end('bye')
      socket.on('data', (chunk: Buffer) => received.push(chunk))
    })
    const proxy = await startProxy()
    const client = await throughTap(proxy, origin.port)
    expect((await readAll(client)).toString()).toBe('bye')
    client.end('late words')
    await vi.waitFor(() => expect(Buffer.concat(received).toString()).toBe('late words'))
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'origin', reset: false, sent: 10, received: 3 })
  })

  test("the origin's reset reaches the client as a reset", async () => {
    const transports: Socket[] = []
    const origin = await startRawOrigin(async (socket) => {
      await readHead(socket)
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => transports[0]?.resetAndDestroy())
    })
    origin.server.on('connection', (socket) => transports.push(socket))
    const proxy = await startProxy()
    const client = await throughTap(proxy, origin.port)
    client.write('GET / HTTP/1.1\r\n\r\n')
    expect(await ending(client)).toBe('reset')
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'origin', reset: true })
  })

  test("the client's reset reaches the origin as a reset", async () => {
    const ended = new Promise<string>((resolve) => {
      void startRawOrigin((socket) => void ending(socket).then(resolve)).then(async (origin) => {
        const proxy = await startProxy()
        const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
        const client = await secure(tunnel, { servername: 'localhost', ca: proxy.ca.certificate })
        client.write('GET / HTTP/1.1\r\n\r\n')
        await proxy.recorder.next('fromClient')
        tunnel.resetAndDestroy()
        expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'client', reset: true })
      })
    })
    expect(await ended).toBe('reset')
  })
})

test('a slow reader slows its sender: what waits stays bounded', async () => {
  let written = 0
  let drains = 0
  const origin = await startRawOrigin((socket) => {
    const more = () => {
      const chunk = Buffer.alloc(65_536)
      do written += chunk.length
      while (written < 512 * 1024 * 1024 && socket.write(chunk))
    }
    socket.on('drain', () => {
      drains += 1
      more()
    })
    more()
  })
  const proxy = await startProxy()
  const client = await throughTap(proxy, origin.port)
  client.pause()
  let last = -1
  await vi.waitFor(
    () => {
      const settled = written === last
      last = written
      if (!settled) throw new Error('still filling')
    },
    { timeout: 10_000, interval: 300 },
  )
  // Kernel buffers on four sockets and weir's own marks; without back-pressure it would be all of the 512 MiB.
  expect(written).toBeLessThan(48 * 1024 * 1024)
  const before = drains
  client.resume()
  client.on('data', () => undefined)
  await vi.waitFor(() => expect(drains).toBeGreaterThan(before + 10))
  client.destroy()
})
