import { execFile } from 'node:child_process'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { reverseOrigin } from '../../daemon/proxy/reverse-origin.ts'
import { startHttp2Origin } from '../support/http2-origin.ts'
import { startOrigin, startRawOrigin } from '../support/origin.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { connectTo, readAll, readExactly, readHead, readUntil, secure } from '../support/wire.ts'

const run = promisify(execFile)
const curl = async (...args: string[]) => (await run('curl', ['-sS', ...args])).stdout

/** An origin that says what it was asked, over TLS and HTTP/1.1 unless told otherwise. */
const startEcho = (options: { tls?: boolean } = {}) =>
  startOrigin((request, response) => {
    request.resume()
    request.on('end', () => response.end(`${request.method} ${request.headers.host} ${request.url}`))
  }, options)

const opened = async (proxy: TestProxy) => (await proxy.recorder.next('opened')).json

describe('which origins it takes', () => {
  test.each([
    ['https://api.example.com', 'https', 'api.example.com', { host: 'api.example.com', port: 443 }],
    ['HTTP://Api.Example.com:80/', 'http', 'api.example.com', { host: 'api.example.com', port: 80 }],
    ['https://[::1]:8443', 'https', '[::1]:8443', { host: '::1', port: 8443 }],
    ['http://bücher.example', 'http', 'xn--bcher-kva.example', { host: 'xn--bcher-kva.example', port: 80 }],
  ])('%s', (url, scheme, authority, destination) => {
    expect(reverseOrigin(url)).toEqual({ scheme, authority, destination })
  })

  test.each([
    ['api.example.com', /like https/],
    ['', /like https/],
    ['ftp://api.example.com', /like https/],
    ['https://', /like https/],
    ['https://a:0', /like https/],
    ['https://ann:secret@api.example.com', /username/],
    ['https://api.example.com/v1', /make it https:\/\/api\.example\.com, and put \/v1/],
    ['https://api.example.com/?q', /make it/],
    ['https://api.example.com/#f', /make it/],
  ])('not %j', (url, message) => {
    expect(() => reverseOrigin(url)).toThrow(
      expect.objectContaining({ code: -32602, reason: 'invalidReverse', message: expect.stringMatching(message) }),
    )
  })
})

describe('HTTP/1.1 to it', () => {
  test.each([{ tls: true }, { tls: false }])('in clear text, to an origin with tls: $tls', async (options) => {
    const origin = await startEcho(options)
    const proxy = await startProxy({ reverse: origin.url })
    const url = `http://127.0.0.1:${proxy.port}`
    expect(await curl('--path-as-is', `${url}/a/../b?c='`, `${url}/second`)).toBe(
      `GET localhost:${origin.port} /a/../b?c='GET localhost:${origin.port} /second`,
    )
    expect(await opened(proxy)).toMatchObject({
      scheme: options.tls ? 'https' : 'http',
      authority: `localhost:${origin.port}`,
      protocol: 'http1',
    })
    const copied = proxy.recorder.bytes('fromClient').toString()
    expect(copied).toMatch(new RegExp(`^GET /a/\\.\\./b\\?c=' HTTP/1\\.1\\r\\nHost: localhost:${origin.port}\\r\\nUser-Agent: curl`))
    expect(copied).not.toContain('127.0.0.1')
    const facts = (await proxy.recorder.next('origin')).json
    expect(facts.server.port).toBe(origin.port)
    expect(facts.tls?.sni).toBe(options.tls ? 'localhost' : undefined)
  })

  test.each([{ tls: true }, { tls: false }])('over TLS with its own name or address, to an origin with tls: $tls', async (options) => {
    const origin = await startEcho(options)
    const proxy = await startProxy({ reverse: origin.url })
    const args = ['--cacert', proxy.ca.path]
    expect(await curl(...args, `https://127.0.0.1:${proxy.port}/1`)).toBe(`GET localhost:${origin.port} /1`)
    expect(await curl(...args, '-d', 'body', `https://localhost:${proxy.port}/2`)).toBe(`POST localhost:${origin.port} /2`)
    expect(await curl(...args, '--connect-to', `api.example:443:127.0.0.1:${proxy.port}`, 'https://api.example/3')).toBe(
      `GET localhost:${origin.port} /3`,
    )
    await proxy.recorder.next('closed', 3)
    for (const { json } of proxy.recorder.of('opened'))
      expect(json).toMatchObject({ scheme: options.tls ? 'https' : 'http', protocol: 'http1' })
  })

  test('only Host changes, whatever it looks like, and an absolute target; nothing is taken for the proxy’s', async () => {
    const heads: string[] = []
    const origin = await startRawOrigin(
      async (socket) => {
        heads.push((await readUntil(socket, (bytes) => (/\n\r\n$/.test(bytes.toString()) ? bytes.length : 0))).toString('latin1'))
        socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n')
      },
      { tls: false },
    )
    const proxy = await startProxy({ reverse: origin.url })
    const host = `localhost:${origin.port}`
    for (const [sent, got] of [
      [
        'GET / HTTP/1.1\r\nA: 1\r\nhOST:x\r\nProxy-Authorization: Basic x\r\n\r\n',
        `GET / HTTP/1.1\r\nA: 1\r\nhOST: ${host}\r\nProxy-Authorization: Basic x\r\n\r\n`,
      ],
      ['GET / HTTP/1.1\nHost: a\n folded\nHosts: b\n\r\n', `GET / HTTP/1.1\nHost: ${host}\nHosts: b\n\r\n`],
      ['GET http://other.example/x HTTP/1.1\r\nHost: other.example\r\n\r\n', `GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
      ['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', `CONNECT a:1 HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
      ['GET / HTTP/1.0\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n'],
    ] as const) {
      const socket = await connectTo(proxy.port)
      socket.write(sent)
      await readAll(socket)
      expect(heads.pop()).toBe(got)
    }
  })

  test('an upgrade passes, and what follows it', async () => {
    const origin = await startRawOrigin(async (socket) => {
      expect(await readHead(socket)).toContain(`Host: localhost:${origin.port}\r\n`)
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      socket.pipe(socket)
    })
    const proxy = await startProxy({ reverse: origin.url })
    const socket = await connectTo(proxy.port)
    socket.write('GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    expect(await readHead(socket)).toMatch(/^HTTP\/1\.1 101 /)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await readExactly(socket, 27)).toString()).toBe('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  })
})

describe('HTTP/2 to it', () => {
  test('over TLS, with the origin’s ALPN', async () => {
    const origin = await startHttp2Origin(
      (stream, { headers, body }) => stream.respond({ ':status': 200 }) ?? stream.end(`${headers[':authority']} ${body}`),
    )
    const proxy = await startProxy({ reverse: origin.url })
    const out = await curl(
      '--http2',
      '-w',
      ' %{http_version}',
      '--cacert',
      proxy.ca.path,
      '-d',
      'body',
      `https://127.0.0.1:${proxy.port}/x`,
    )
    expect(out).toBe(`localhost:${origin.port} body 2`)
    expect(origin.seen[0]?.headers[':scheme']).toBe('https')
    expect(await opened(proxy)).toMatchObject({ scheme: 'https', protocol: 'http2', authority: `localhost:${origin.port}` })
  })

  test('in clear text with prior knowledge, to an origin that speaks it over TLS, and in clear text', async () => {
    const secureOrigin = await startHttp2Origin(
      (stream, { headers }) => stream.respond({ ':status': 200 }) ?? stream.end(`${headers[':scheme']} ${headers[':authority']}`),
    )
    const proxy = await startProxy({ reverse: secureOrigin.url })
    expect(await curl('--http2-prior-knowledge', `http://127.0.0.1:${proxy.port}/`)).toBe(`https localhost:${secureOrigin.port}`)

    const server = createHttp2Server((request, response) => response.end(`${request.scheme} ${request.authority}`))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const listening = await proxy.surface.listen({ session: 2, settings: { proxy: {}, tls: {}, reverse: `http://localhost:${port}` } })
    onTestFinished(() => proxy.surface.closeSession({ session: 2 }))
    expect(await curl('--http2-prior-knowledge', `http://127.0.0.1:${listening.port}/`)).toBe(`http localhost:${port}`)
  })

  test('an origin without it: the client is told', async () => {
    const origin = await startEcho()
    const proxy = await startProxy({ reverse: origin.url })
    const out = await curl('--http2-prior-knowledge', '-w', '%{http_code}', `http://127.0.0.1:${proxy.port}/`)
    expect(out).toMatch(/it does not speak HTTP\/2[\s\S]*502$/)
    expect((await proxy.recorder.next('closed')).json.failure.reason).toBe('tlsHandshakeFailed')
  })
})

describe('what goes wrong', () => {
  test('an origin that cannot be reached: 502 in the client’s protocol, on record with the origin’s name', async () => {
    const proxy = await startProxy({ reverse: 'https://localhost:1' })
    const secureArgs = ['--cacert', proxy.ca.path, `https://127.0.0.1:${proxy.port}/x`]
    expect(await curl('-i', `http://127.0.0.1:${proxy.port}/x`)).toContain('Weir-Failure: connectionRefused')
    expect(await curl('-i', ...secureArgs)).toContain('Weir-Failure: connectionRefused')
    expect(await curl('-i', '--http2-prior-knowledge', `http://127.0.0.1:${proxy.port}/x`)).toContain('weir-failure: connectionRefused')
    await proxy.recorder.next('closed', 3)
    for (const { json } of proxy.recorder.of('opened')) expect(json).toMatchObject({ scheme: 'https', authority: 'localhost:1' })
    expect(proxy.recorder.bytes('fromClient').toString()).toMatch(/Host: localhost:1\r\n[\s\S]*Host: localhost:1\r\n/)
  })

  test('itself', async () => {
    const proxy = await startProxy()
    const settings = { proxy: {}, tls: {}, reverse: `http://127.0.0.1:${proxy.port}` }
    const { port } = await proxy.surface.listen({ session: 2, settings })
    onTestFinished(() => proxy.surface.closeSession({ session: 2 }))
    expect(await curl('-i', `http://127.0.0.1:${port}/`)).toContain('Weir-Failure: loopRefused')
  })

  test('a client that does not trust the certificate is on record as such', async () => {
    const origin = await startEcho()
    const proxy = await startProxy({ reverse: origin.url })
    await expect(curl(`https://127.0.0.1:${proxy.port}/`)).rejects.toThrow()
    expect((await proxy.recorder.next('closed')).json.failure.reason).toBe('clientRejectedCa')
  })

  test.each([
    ['SOCKS', '\x05\x01\x00'],
    ['bytes', '\x00\x01'],
  ])('%s: a page that says what it takes', async (_name, bytes) => {
    const proxy = await startProxy({ reverse: 'https://api.example' })
    const socket = await connectTo(proxy.port)
    socket.write(Buffer.from(bytes, 'latin1'))
    expect((await readAll(socket)).toString()).toMatch(/^HTTP\/1\.1 400 [\s\S]*stands for https:\/\/api\.example:/)
    expect(proxy.recorder.records).toEqual([])
  })

  test('silence, before and after a TLS handshake', async () => {
    const origin = await startEcho()
    const proxy = await startProxy({ reverse: origin.url, limits: { handshakeMs: 300 } })
    expect(await readAll(await connectTo(proxy.port)).catch(() => 'closed')).toSatisfy((got) => String(got) === '' || got === 'closed')
    const silent = await secure(await connectTo(proxy.port), { ca: proxy.ca.certificate, host: '127.0.0.1' })
    silent.end()
    await vi.waitFor(async () => expect((await proxy.surface.status({})).connections).toBe(0))
  })
})
