import { execFile } from 'node:child_process'
import { connect as connectHttp2 } from 'node:http2'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startOrigin, startRawOrigin } from '../support/origin.ts'
import { startProxy } from '../support/proxy.ts'
import { connectTo, ending, openTunnel, readAll, readExactly, readHead } from '../support/wire.ts'

const run = promisify(execFile)
const auth = { username: 'ann', password: 'pa:ss wörd' }
const basic = `Basic ${Buffer.from('ann:pa:ss wörd').toString('base64')}`

/** All that the proxy answers to these bytes. */
async function answerTo(port: number, bytes: string | Buffer): Promise<string> {
  const socket = await connectTo(port)
  socket.write(bytes)
  const answer = (await readAll(socket)).toString('latin1')
  socket.destroy()
  return answer
}

describe('who asks for no origin', () => {
  test.each([
    ['bytes that are no protocol', Buffer.from([0xff, 0xfe, 0xfd, 0x00, 0x01])],
    ['a greeting of another protocol', '\u0000\u0001hello'],
    ['CONNECT without a port', 'CONNECT example.com HTTP/1.1\r\n\r\n'],
    ['CONNECT to nowhere', 'CONNECT  HTTP/1.1\r\n\r\n'],
    ['CONNECT to a path', 'CONNECT http://example.com:443/ HTTP/1.1\r\n\r\n'],
    ['CONNECT to an impossible port', 'CONNECT example.com:70000 HTTP/1.1\r\n\r\n'],
    ['a head of CONNECT without end', `CONNECT example.com:443 HTTP/1.1\r\n${'X: y\r\n'.repeat(15_000)}`],
    ['an authority where a URL belongs', 'GET example.com:80 HTTP/1.1\r\n\r\n'],
  ])('%s: 400', async (_name, bytes) => {
    const proxy = await startProxy()
    expect(await answerTo(proxy.port, bytes)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(proxy.recorder.records).toEqual([])
  })

  test('no bytes at all are let go after a while', async () => {
    const proxy = await startProxy({ limits: { handshakeMs: 200 } })
    expect(await ending(await connectTo(proxy.port))).toMatch(/end|reset/)
  })

  test('no input kills it', async () => {
    // The socket layer's own remarks; the proxy thread has no console.
    for (const name of ['log', 'warn'] as const) vi.spyOn(console, name).mockReturnValue()
    const origin = await startOrigin((_request, response) => response.end('alive'))
    const proxy = await startProxy({ limits: { handshakeMs: 300 } })
    const beginnings = [
      'CONNECT localhost:1 HTTP/1.1\r\n\r\n',
      '\x05\x01\x00',
      '\x04\x01',
      '\x16\x03\x01\x00\x05',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'GET http://',
    ]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('', ...beginnings), fc.uint8Array({ maxLength: 200 }), async (beginning, rest) => {
        const socket = await connectTo(proxy.port)
        socket.end(Buffer.concat([Buffer.from(beginning, 'latin1'), rest]))
        await ending(socket)
        socket.destroy()
      }),
      { numRuns: 150, seed: 2 },
    )
    const { stdout } = await run('curl', ['-sS', '-x', `http://127.0.0.1:${proxy.port}`, '--cacert', proxy.ca.path, origin.url])
    expect(stdout).toBe('alive')
    expect(proxy.logs).toEqual([])
    await vi.waitFor(async () => expect((await proxy.surface.status({})).connections).toBe(0))
  })
})

describe('authentication', () => {
  test.each([
    ['CONNECT', 'CONNECT localhost:443 HTTP/1.1\r\n\r\n'],
    ['CONNECT with other credentials', `CONNECT localhost:443 HTTP/1.1\r\nProxy-Authorization: Basic ${btoa('ann:wrong')}\r\n\r\n`],
    ['CONNECT with another scheme', `CONNECT localhost:443 HTTP/1.1\r\nProxy-Authorization: Bearer ${btoa('ann:pa')}\r\n\r\n`],
    ['a clear-text request', 'GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a request for its page', 'GET http://weir/ HTTP/1.1\r\nHost: weir\r\n\r\n'],
    ['a tunnel to its page', 'CONNECT weir:443 HTTP/1.1\r\n\r\n'],
  ])('%s without the credentials: 407', async (_name, bytes) => {
    const proxy = await startProxy({ proxy: { auth } })
    const socket = await connectTo(proxy.port)
    socket.end(bytes)
    const answer = await readHead(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 407 Proxy Authentication Required\r\n/)
    expect(answer).toContain('\r\nProxy-Authenticate: Basic realm="weir"\r\n')
    expect(proxy.recorder.records).toEqual([])
  })

  test('with them traffic passes, and neither the origin nor the record sees them', async () => {
    const seen: (string | undefined)[] = []
    const origin = await startOrigin(
      (request, response) => {
        seen.push(request.headers['proxy-authorization'])
        response.end('ok')
      },
      { tls: false },
    )
    const proxy = await startProxy({ proxy: { auth } })
    const args = ['-sS', '-x', `http://127.0.0.1:${proxy.port}`, '--proxy-user', 'ann:pa:ss wörd']
    expect((await run('curl', [...args, origin.url])).stdout).toBe('ok')
    const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`, `Proxy-Authorization: ${basic}\r\n`)
    tunnel.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await readHead(tunnel)).toMatch(/^HTTP\/1\.1 200 /)
    expect(seen).toEqual([undefined, undefined])
    await proxy.recorder.next('fromOrigin', 2)
    expect(proxy.recorder.bytes('fromClient').toString()).not.toMatch(/proxy-authorization/i)
  })

  test('a client may try again on the same connection: CONNECT', async () => {
    const proxy = await startProxy({ proxy: { auth } })
    const socket = await connectTo(proxy.port)
    for (const credentials of ['', `Proxy-Authorization: Basic ${btoa('ann:wrong')}\r\n`]) {
      socket.write(`CONNECT localhost:1 HTTP/1.1\r\n${credentials}\r\n`)
      const head = await readHead(socket)
      expect(head).toMatch(/^HTTP\/1\.1 407 [\s\S]*\r\nConnection: keep-alive\r\n/)
      await readExactly(socket, Number(/^content-length: (\d+)/im.exec(head)?.[1]))
    }
    socket.write(`CONNECT localhost:1 HTTP/1.1\r\nProxy-Authorization: ${basic}\r\n\r\n`)
    expect(await readHead(socket)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('a client may try again on the same connection: requests without a body', async () => {
    const origin = await startOrigin((_request, response) => response.end('in'), { tls: false })
    const proxy = await startProxy({ proxy: { auth } })
    const args = [
      '-sS',
      '-w',
      '%{num_connects}',
      '-x',
      `http://127.0.0.1:${proxy.port}`,
      '--proxy-anyauth',
      '--proxy-user',
      'ann:pa:ss wörd',
    ]
    expect((await run('curl', [...args, origin.url])).stdout).toBe('in1')
    const closing = await answerTo(proxy.port, `POST ${origin.url}/ HTTP/1.1\r\nContent-Length: 2\r\n\r\nab`)
    expect(closing).toMatch(/^HTTP\/1\.1 407 [\s\S]*\r\nConnection: close\r\n/)
    expect(await answerTo(proxy.port, `HEAD ${origin.url}/ HTTP/1.1\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 407 [\s\S]*\r\n\r\n$/,
    )
  })

  test('who has none is not waited for', async () => {
    const proxy = await startProxy({ proxy: { auth }, limits: { handshakeMs: 200 } })
    for (const request of ['CONNECT localhost:1 HTTP/1.1\r\n\r\n', 'GET http://localhost:1/ HTTP/1.1\r\n\r\n']) {
      expect(await answerTo(proxy.port, request).catch((error: Error) => error.message)).toMatch(/^HTTP\/1\.1 407 |closed without an end/)
    }
    await vi.waitFor(async () => expect((await proxy.surface.status({})).connections).toBe(0))
  })

  test('over SOCKS 5 and HTTP/2 it works, too; SOCKS 4 and straight TLS cannot, and are refused as their protocols say it', async () => {
    const origin = await startOrigin((_request, response) => response.end('in'), { tls: false })
    const proxy = await startProxy({ proxy: { auth } })
    const socks = (user: string, scheme = 'socks5h') =>
      run('curl', ['-sS', '-x', `${scheme}://127.0.0.1:${proxy.port}`, '--proxy-user', user, origin.url])
    expect((await socks('ann:pa:ss wörd')).stdout).toBe('in')
    await expect(socks('ann:pa:ss')).rejects.toThrow(/User was rejected|SOCKS5/)
    await expect(socks('ann:pa:ss wörd', 'socks4a')).rejects.toThrow(/SOCKS4/)
    expect(await answerTo(proxy.port, '\x05\x01\x00')).toBe('\x05\xff')
    const session = connectHttp2(`http://127.0.0.1:${proxy.port}`)
    onTestFinished(() => session.destroy())
    const connect = (fields: object) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':method': 'CONNECT', ':authority': `localhost:${origin.port}`, ...fields })
        stream.on('error', reject)
        stream.once('response', (headers) => resolve(headers[':status']))
        stream.resume()
      })
    expect(await connect({})).toBe(407)
    const tls = run('curl', ['-sS', '--connect-to', `x.example:443:127.0.0.1:${proxy.port}`, 'https://x.example/'])
    await expect(tls).rejects.toThrow(/access denied/)
    expect(proxy.recorder.of('opened')).toHaveLength(1)
    expect(await connect({ 'proxy-authorization': basic })).toBe(200)
    expect(proxy.recorder.bytes('fromClient').toString('latin1')).not.toContain('wörd')
  })

  test('beyond loopback it is required', async () => {
    const proxy = await startProxy()
    await expect(proxy.surface.listen({ session: 2, settings: { proxy: { host: '0.0.0.0' }, tls: {} } })).rejects.toMatchObject({
      reason: 'authRequired',
    })
  })
})

describe('destinations that are refused', () => {
  test.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])('its own port as %s', async (host) => {
    const proxy = await startProxy()
    const { stdout } = await run('curl', ['-sS', '-i', '-x', `http://127.0.0.1:${proxy.port}`, `http://${host}:${proxy.port}/`])
    expect(stdout).toContain('Weir-Failure: loopRefused')
    expect((await proxy.recorder.next('failed')).json.reason).toBe('loopRefused')
  })

  test("other ports of the daemon and of other sessions' listeners", async () => {
    const rpc = await startRawOrigin(() => undefined, { tls: false })
    const proxy = await startProxy({ ownPorts: [rpc.port] })
    const { port } = await proxy.surface.listen({ session: 2, settings: { proxy: {}, tls: {} } })
    for (const own of [rpc.port, port]) {
      const { stdout } = await run('curl', ['-sS', '-k', '-i', '-x', `http://127.0.0.1:${proxy.port}`, `https://localhost:${own}/`])
      expect(stdout).toContain('Weir-Failure: loopRefused')
    }
    await proxy.surface.closeSession({ session: 2 })
    const reused = await startOrigin((_request, response) => response.end('ok'), { tls: false })
    expect((await run('curl', ['-sS', '-x', `http://127.0.0.1:${proxy.port}`, reused.url])).stdout).toBe('ok')
  })

  test('private ones, on a listener beyond loopback', async () => {
    const origin = await startOrigin((_request, response) => response.end('secret'), { tls: false })
    const proxy = await startProxy({ proxy: { host: '0.0.0.0', auth } })
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '10.0.0.1', '169.254.169.254', '192.168.1.1', '[fe80::1]']) {
      const args = ['-sS', '-i', '-x', `http://127.0.0.1:${proxy.port}`, '--proxy-user', 'ann:pa:ss wörd', `http://${host}:${origin.port}/`]
      expect((await run('curl', args)).stdout, host).toContain('Weir-Failure: destinationRefused')
    }
  })
})

describe('the listener', () => {
  test('a taken port is 1002 portInUse', async () => {
    const proxy = await startProxy()
    await expect(proxy.surface.listen({ session: 2, settings: { proxy: { port: proxy.port }, tls: {} } })).rejects.toMatchObject({
      code: 1002,
      reason: 'portInUse',
    })
  })

  test('an address that is not of this machine is 1005', async () => {
    const proxy = await startProxy()
    const listening = proxy.surface.listen({ session: 2, settings: { proxy: { host: '203.0.113.7', auth }, tls: {} } })
    await expect(listening).rejects.toMatchObject({ code: 1005, reason: 'cannotListen' })
  })

  test('more connections than it may have are told so', async () => {
    const proxy = await startProxy({ limits: { connections: 2 } })
    const first = await connectTo(proxy.port)
    await connectTo(proxy.port)
    await vi.waitFor(async () => expect((await proxy.surface.status({})).connections).toBe(2))
    expect(await answerTo(proxy.port, '')).toMatch(/^HTTP\/1\.1 503 /)
    first.destroy()
    await vi.waitFor(async () => expect((await proxy.surface.status({})).connections).toBe(1))
    expect(await answerTo(proxy.port, 'GET / HTTP/1.1\r\nHost: weir\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('closing it keeps its connections; closing the session ends them, and each step is on record in order', async () => {
    const peers: Socket[] = []
    const origin = await startRawOrigin((socket) => void peers.push(socket.on('error', () => undefined)), { tls: false })
    const proxy = await startProxy()
    const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
    tunnel.write('GET /1 HTTP/1.1\r\n\r\n')
    await vi.waitFor(() => expect(peers.length).toBe(1))
    await proxy.recorder.next('fromClient')
    await proxy.surface.closeListener({ session: 1 })
    await expect(connectTo(proxy.port)).rejects.toThrow(/ECONNREFUSED/)
    await proxy.recorder.next('listenerClosed')
    peers[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    expect(await readHead(tunnel)).toMatch(/200 OK/)
    const ended = ending(tunnel)
    await proxy.surface.closeSession({ session: 1 })
    expect(await ended).toMatch(/end|reset/)
    const last = await proxy.recorder.next('sessionClosed')
    expect(last).toMatchObject({ connection: 0, json: { session: 1 } })
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'weir' })
    expect(proxy.recorder.records.map(({ kind }) => kind)).toEqual([
      'opened',
      'fromClient',
      'listenerClosed',
      'fromOrigin',
      'closed',
      'sessionClosed',
    ])
  })
})
