import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { type Origin, startOrigin, startRawOrigin } from '../support/origin.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { connectTo, ending, openTunnel, readAll, readExactly, readHead, readUntil } from '../support/wire.ts'

const run = promisify(execFile)
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** A clear-text origin whose connections the test holds, in the order they came. */
async function rawOrigin(): Promise<Origin & { next(): Promise<Socket>; count(): number }> {
  const sockets: Socket[] = []
  const waiting: ((socket: Socket) => void)[] = []
  let count = 0
  const origin = await startRawOrigin(
    (socket) => {
      socket.pause()
      socket.on('error', () => undefined)
      count += 1
      const taker = waiting.shift()
      if (taker) taker(socket)
      else sockets.push(socket)
    },
    { tls: false },
  )
  const next = () => {
    const socket = sockets.shift()
    return socket ? Promise.resolve(socket) : new Promise<Socket>((resolve) => waiting.push(resolve))
  }
  return { ...origin, next, count: () => count }
}

const ok = (body: string, fields = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
const kinds = (proxy: TestProxy) => proxy.recorder.records.map(({ kind }) => kind)

describe('the request as its origin gets it', () => {
  test.each([
    {
      name: 'origin-form target, byte for byte',
      sent: "GET http://HOST/a/../b?x='|&y=%zz HTTP/1.1\r\nHost: HOST\r\n\r\n",
      got: "GET /a/../b?x='|&y=%zz HTTP/1.1\r\nHost: HOST\r\n\r\n",
    },
    { name: 'no path', sent: 'GET http://HOST HTTP/1.1\r\nHost: HOST\r\n\r\n', got: 'GET / HTTP/1.1\r\nHost: HOST\r\n\r\n' },
    {
      name: 'a query without a path',
      sent: 'GET http://HOST?q HTTP/1.1\r\nHost: HOST\r\n\r\n',
      got: 'GET /?q HTTP/1.1\r\nHost: HOST\r\n\r\n',
    },
    { name: 'OPTIONS *', sent: 'OPTIONS http://HOST HTTP/1.1\r\nHost: HOST\r\n\r\n', got: 'OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n' },
    {
      name: 'user information',
      sent: 'GET http://u:p@HOST/x HTTP/1.1\r\nHost: HOST\r\n\r\n',
      got: 'GET /x HTTP/1.1\r\nHost: HOST\r\n\r\n',
    },
    { name: 'ws', sent: 'GET ws://HOST/chat HTTP/1.1\r\nHost: HOST\r\n\r\n', got: 'GET /chat HTTP/1.1\r\nHost: HOST\r\n\r\n' },
    {
      name: 'fields of the proxy go, folded lines with them; everything else stays, case, order, duplicates, spaces',
      sent: 'GET http://HOST/ HTTP/1.1\r\nhOsT:   HOST \r\nX-a: 1\r\nProxy-Connection: keep-alive\r\nx-A:2\r\nPROXY-AUTHORIZATION : Basic\r\n  abc\r\nX-a: 3\r\n folded\r\n\r\n',
      got: 'GET / HTTP/1.1\r\nhOsT:   HOST \r\nX-a: 1\r\nx-A:2\r\nX-a: 3\r\n folded\r\n\r\n',
    },
    {
      name: 'bare line feeds',
      sent: 'GET http://HOST/ HTTP/1.1\nHost: HOST\nProxy-Connection: x\n\n',
      got: 'GET / HTTP/1.1\nHost: HOST\n\n',
    },
    {
      name: 'bytes above 127',
      sent: 'GET http://HOST/\xc3\xa9\xff HTTP/1.1\r\nHost: HOST\r\nX: \xe4\r\n\r\n',
      got: 'GET /\xc3\xa9\xff HTTP/1.1\r\nHost: HOST\r\nX: \xe4\r\n\r\n',
    },
    { name: 'HTTP/1.0', sent: 'GET http://HOST/ HTTP/1.0\r\n\r\n', got: 'GET / HTTP/1.0\r\n\r\n' },
  ])('$name', async ({ sent, got }) => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    const host = `localhost:${origin.port}`
    client.write(Buffer.from(sent.replaceAll('HOST', host), 'latin1'))
    const peer = await origin.next()
    const expected = Buffer.from(got.replaceAll('HOST', host), 'latin1')
    expect((await readExactly(peer, expected.length)).toString('latin1')).toBe(expected.toString('latin1'))
    peer.write(ok('done'))
    expect((await readHead(client)).startsWith('HTTP/1.1 200')).toBe(true)
    await proxy.recorder.next('fromOrigin')
    expect(kinds(proxy)).toEqual(['opened', 'fromClient', 'origin', 'fromOrigin'])
    expect(proxy.recorder.of('opened')[0]?.json).toMatchObject({ scheme: 'http', authority: '', protocol: 'http1' })
    expect(proxy.recorder.of('origin')[0]?.json.server).toEqual({ address: '127.0.0.1', port: origin.port })
    // The record has the line as the client sent it, and not the proxy's own fields.
    const line = sent.replaceAll('HOST', host).split('\n')[0]
    const recorded = proxy.recorder.bytes('fromClient').toString('latin1')
    expect(recorded.split('\n')[0]).toBe(line)
    expect(recorded.slice((line?.length ?? 0) + 1)).toBe(
      expected
        .toString('latin1')
        .slice(got.replaceAll('HOST', host).split('\n')[0]?.length ?? 0)
        .slice(1),
    )
  })

  test('a head that comes byte by byte', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    const request = `GET http://localhost:${origin.port}/slow HTTP/1.1\r\nHost: x\r\n\r\n`
    for (const character of request) {
      client.write(character)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const peer = await origin.next()
    expect(await readHead(peer)).toBe('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  })

  test('inside a tunnel nothing at all is changed', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
    const request = 'GET /x HTTP/1.1\r\nHost: y\r\nProxy-Connection: keep-alive\r\n\r\n'
    tunnel.write(request)
    const peer = await origin.next()
    expect(await readHead(peer)).toBe(request)
    peer.write(ok('in'))
    expect(await readHead(tunnel)).toContain('200 OK')
    const opened = await proxy.recorder.next('opened')
    expect(opened.json).toMatchObject({ scheme: 'http', authority: `localhost:${origin.port}`, protocol: 'http1' })
    await proxy.recorder.next('fromOrigin')
    expect(proxy.recorder.bytes('fromClient').toString()).toBe(request)
  })

  test.each([
    { where: 'to the proxy', first: '\r\n\n', prefix: 'http://HOST', open: (proxy: TestProxy) => connectTo(proxy.port) },
    { where: 'inside a tunnel', first: '', prefix: '', open: (proxy: TestProxy, host: string) => openTunnel(proxy.port, host) },
  ])('empty lines before a request are passed on, however they are cut: $where', async ({ first, prefix, open }) => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const host = `localhost:${origin.port}`
    const sent =
      `${first}GET ${prefix}/1 HTTP/1.1\r\n\r\n\r\n\r\nPOST ${prefix}/2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab\n\r\nGET ${prefix}/3 HTTP/1.1\r\n\r\n`.replaceAll(
        'HOST',
        host,
      )
    const expected = sent.replaceAll(`http://${host}`, '')
    for (const step of [1, 2, 3, 7, sent.length]) {
      const client = await open(proxy, host)
      client.resume()
      const peer = origin.next()
      for (let at = 0; at < sent.length; at += step) {
        client.write(sent.slice(at, at + step))
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect((await readExactly(await peer, expected.length)).toString()).toBe(expected)
      await vi.waitFor(() => expect(proxy.recorder.bytes('fromClient').toString()).toBe(sent))
      client.resetAndDestroy()
      await proxy.recorder.next('closed')
      proxy.recorder.records.length = 0
    }
  })

  test('empty lines without end before the first request are refused', async () => {
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write('\r\n'.repeat(200_000))
    expect(await readHead(client)).toContain('400 Bad Request')
    client.destroy()
    expect((await proxy.recorder.next('failed')).json.reason).toBe('badRequest')
  })

  test('https:// in a clear-text request is fetched over TLS', async () => {
    const origin = await startOrigin((request, response) => response.end(`secure ${request.url}`))
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.end(`GET https://localhost:${origin.port}/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    expect((await readAll(client)).toString()).toMatch(/\r\n\r\nsecure \/x$/)
    expect((await proxy.recorder.next('origin')).json.tls).toMatchObject({ version: 'TLSv1.3' })
  })
})

describe('bodies', () => {
  const chunked = (pieces: Buffer[]): Buffer =>
    Buffer.concat([
      ...pieces.flatMap((piece) => [Buffer.from(`${piece.length.toString(16)};ext="x"\r\n`), piece, Buffer.from('\r\n')]),
      Buffer.from('0\r\nX-Trailer: t\r\n\r\n'),
    ])

  test('pass byte for byte in both directions, chunk framing and trailers included, however they are cut', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    let peer: Socket | undefined
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 2000 }), { maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(
        pieces,
        fc.boolean(),
        pieces,
        fc.boolean(),
        fc.integer({ min: 1, max: 700 }),
        async (up, upChunked, down, downChunked, step) => {
          const body = (parts: Uint8Array[], asChunks: boolean) =>
            asChunks ? chunked(parts.map((part) => Buffer.from(part))) : Buffer.concat(parts)
          const fields = (bytes: Buffer, asChunks: boolean) =>
            asChunks ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${bytes.length}\r\n`
          const sentBody = body(up, upChunked)
          const sent = Buffer.concat([
            Buffer.from(`POST http://localhost:${origin.port}/p HTTP/1.1\r\n${fields(sentBody, upChunked)}\r\n`),
            sentBody,
          ])
          for (let at = 0; at < sent.length; at += step) client.write(sent.subarray(at, at + step))
          peer ??= await origin.next()
          const head = await readHead(peer)
          expect(head).toBe(`POST /p HTTP/1.1\r\n${fields(sentBody, upChunked)}\r\n`)
          expect((await readExactly(peer, sentBody.length)).equals(sentBody)).toBe(true)
          const answerBody = body(down, downChunked)
          const answer = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${fields(answerBody, downChunked)}\r\n`), answerBody])
          for (let at = 0; at < answer.length; at += step) peer.write(answer.subarray(at, at + step))
          expect((await readExactly(client, answer.length)).equals(answer)).toBe(true)
        },
      ),
      { numRuns: 60, seed: 3 },
    )
    expect(origin.count()).toBe(1)
  })

  test('large ones, both directions', async () => {
    const up = randomBytes(8 * 1024 * 1024)
    const down = randomBytes(8 * 1024 * 1024)
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write(`PUT http://localhost:${origin.port}/big HTTP/1.1\r\nContent-Length: ${up.length}\r\n\r\n`)
    client.write(up)
    const peer = await origin.next()
    await readHead(peer)
    expect(sha256(await readExactly(peer, up.length))).toBe(sha256(up))
    peer.end(Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\n\r\n'), down]))
    await readHead(client)
    expect(sha256(await readAll(client))).toBe(sha256(down))
    client.end()
    const closed = await proxy.recorder.next('closed')
    expect(closed.json.received).toBe(down.length + 'HTTP/1.0 200 OK\r\n\r\n'.length)
    expect(sha256(proxy.recorder.bytes('fromOrigin').subarray(-down.length))).toBe(sha256(down))
    expect(kinds(proxy)).toContain('originEnd')
  })

  test('Expect: 100-continue waits for the origin, as without a proxy', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write(`POST http://localhost:${origin.port}/ HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`)
    const peer = await origin.next()
    await readHead(peer)
    peer.write('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n')
    expect(await readHead(client)).toMatch(/^HTTP\/1\.1 103 /)
    expect(await readHead(client)).toMatch(/^HTTP\/1\.1 100 /)
    client.write('body')
    expect((await readExactly(peer, 4)).toString()).toBe('body')
    peer.write(ok('x'))
    expect(await readHead(client)).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('several requests on one connection', () => {
  test('to one origin go out at once; their answers come in order', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    const request = (n: number) => `GET http://localhost:${origin.port}/${n} HTTP/1.1\r\n\r\n`
    client.write(request(1))
    const peer = await origin.next()
    await readHead(peer)
    client.write(request(2) + request(3))
    expect(await readHead(peer)).toBe('GET /2 HTTP/1.1\r\n\r\n')
    expect(await readHead(peer)).toBe('GET /3 HTTP/1.1\r\n\r\n')
    peer.write(ok('1') + ok('2') + ok('3'))
    for (const body of ['1', '2', '3']) {
      await readHead(client)
      expect((await readExactly(client, 1)).toString()).toBe(body)
    }
    expect(origin.count()).toBe(1)
  })

  test('to different origins wait for the answers before them, and each origin is named before its answer', async () => {
    const [a, b] = [await rawOrigin(), await rawOrigin()]
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    const request = (origin: Origin, n: number) => `POST http://localhost:${origin.port}/${n} HTTP/1.1\r\nContent-Length: 1\r\n\r\n${n}`
    client.write(request(a, 1) + request(b, 2) + request(a, 3) + request(b, 4))
    const one = await a.next()
    await readHead(one)
    await readExactly(one, 1)
    expect(b.count()).toBe(0)
    one.write(ok('one'))
    const two = await b.next()
    expect(await readHead(two)).toContain('/2 ')
    await readExactly(two, 1)
    two.write(ok('two'))
    expect(await readHead(one)).toContain('/3 ')
    await readExactly(one, 1)
    one.write(ok('three'))
    expect(await readHead(two)).toContain('/4 ')
    await readExactly(two, 1)
    two.write(ok('four', 'Connection: close\r\n'))
    two.end()
    const all = (await readAll(client)).toString()
    expect(all.match(/one|two|three|four/g)).toEqual(['one', 'two', 'three', 'four'])
    expect([a.count(), b.count()]).toEqual([1, 1])
    client.end()
    await proxy.recorder.next('closed')
    const ports = proxy.recorder.of('origin').map(({ json }) => json.server.port)
    expect(ports).toEqual([a.port, b.port, a.port, b.port])
    const order = proxy.recorder.records.map(({ kind, bytes }) =>
      kind === 'fromOrigin' ? /one|two|three|four/.exec(bytes.toString())?.[0] : kind,
    )
    expect(order.filter((entry) => entry !== 'fromClient' && entry !== 'clientEnd')).toEqual([
      'opened',
      ...['origin', 'one', 'origin', 'two', 'origin', 'three', 'origin', 'four'],
      'originEnd',
      'closed',
    ])
  })

  test('an origin that closes while idle is connected to again', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    for (const n of [1, 2]) {
      client.write(`GET http://localhost:${origin.port}/${n} HTTP/1.1\r\n\r\n`)
      const peer = await origin.next()
      await readHead(peer)
      peer.write(ok('x'))
      await readHead(client)
      await readExactly(client, 1)
      const gone = new Promise((resolve) => peer.once('close', resolve))
      peer.end()
      peer.resume()
      await gone
    }
    expect(origin.count()).toBe(2)
  })

  test('what an origin sends unasked never answers a request to another', async () => {
    const [bad, good] = [await rawOrigin(), await rawOrigin()]
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write(`GET http://localhost:${bad.port}/ HTTP/1.1\r\n\r\n`)
    const peer = await bad.next()
    await readHead(peer)
    peer.write(ok('mine') + ok('poison'))
    const everything = readAll(client)
    client.write(`GET http://localhost:${good.port}/ HTTP/1.1\r\n\r\n`)
    expect((await everything).toString()).toMatch(/mine$/)
  })
})

describe('another protocol after 101', () => {
  test('passes raw both ways, and is copied', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
    client.write(`GET http://localhost:${origin.port}/ws HTTP/1.1\r\n${upgrade}\r\n\x81\x00early`)
    const peer = await origin.next()
    await readHead(peer)
    peer.write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\nGET / looks like HTTP\r\n\r\n`)
    await readHead(client)
    expect((await readExactly(client, 25)).toString()).toBe('GET / looks like HTTP\r\n\r\n')
    expect((await readExactly(peer, 8)).toString('latin1')).toBe('\xc2\x81\x00early'.slice(0, 8))
    client.write('GET http://elsewhere/ HTTP/1.1\r\n\r\n')
    expect(await readHead(peer)).toBe('GET http://elsewhere/ HTTP/1.1\r\n\r\n')
    const rest = readAll(client)
    peer.end('last')
    expect((await rest).toString()).toBe('last')
    client.end()
    await proxy.recorder.next('closed')
    expect(proxy.recorder.bytes('fromClient').toString()).toContain('early')
    expect(proxy.recorder.bytes('fromOrigin').toString()).toMatch(/last$/)
  })

  test('an upgrade that is not taken up goes on as HTTP', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    const request = (path: string, fields: string) => `GET http://localhost:${origin.port}${path} HTTP/1.1\r\n${fields}\r\n`
    client.write(request('/1', 'Connection: Upgrade\r\nUpgrade: h2c\r\n') + request('/2', ''))
    const peer = await origin.next()
    await readHead(peer)
    peer.write(ok('1'))
    expect(await readHead(peer)).toBe('GET /2 HTTP/1.1\r\n\r\n')
    peer.write(ok('2'))
    expect(
      (await readUntil(client, (bytes) => bytes.indexOf('2') && (bytes.toString().endsWith('\r\n\r\n2') ? bytes.length : 0))).toString(),
    ).toContain('\r\n\r\n1HTTP')
  })

  test("Node's WebSocket client talks through it", async () => {
    const accepted = (key: string) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    const origin = await startOrigin(() => undefined, { tls: false })
    origin.server.on('upgrade', (request, socket: Socket) => {
      const key = accepted(request.headers['sec-websocket-key'])
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`)
      socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]))
      socket.on('data', (frame: Buffer) => {
        if ((frame[0] ?? 0) === 0x88) socket.end(Buffer.from([0x88, 0]))
      })
    })
    const proxy = await startProxy()
    const script = `const ws = new WebSocket('ws://localhost:${origin.port}/'); ws.onmessage = (e) => { console.log(e.data); ws.close() }; ws.onerror = (e) => console.log('error', e.message)`
    const env = {
      ...process.env,
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
      http_proxy: `http://127.0.0.1:${proxy.port}`,
      NO_PROXY: '',
      no_proxy: '',
    }
    const { stdout } = await run(process.execPath, ['-e', script], { env })
    expect(stdout).toBe('hello\n')
    await proxy.recorder.next('fromOrigin')
    expect(proxy.recorder.bytes('fromOrigin').toString('latin1')).toContain('101 Switching Protocols')
  })
})

describe('failures', () => {
  test.each([
    ['unknown host', 'http://no-such-host.invalid/x', 'dnsNotFound'],
    ['refused', 'http://localhost:1/x', 'connectionRefused'],
  ])('%s: one clear page, the request on record', async (_name, url, reason) => {
    const proxy = await startProxy()
    const { stdout } = await run('curl', ['-sS', '-i', '-x', `http://127.0.0.1:${proxy.port}`, '-d', 'what was sent', url])
    expect(stdout).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/)
    expect(stdout).toContain(`\r\nWeir-Failure: ${reason}\r\n`)
    await proxy.recorder.next('closed')
    expect(kinds(proxy).filter((kind) => kind !== 'fromClient')).toEqual(['opened', 'failed', 'closed'])
    expect(proxy.recorder.of('failed')[0]?.json.reason).toBe(reason)
    const recorded = proxy.recorder.bytes('fromClient').toString()
    expect(recorded.startsWith(`POST ${url} HTTP/1.1\r\n`)).toBe(true)
    expect(recorded.endsWith('\r\n\r\nwhat was sent')).toBe(true)
  })

  test('answers before it still arrive, then the page', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write(`GET http://localhost:${origin.port}/ HTTP/1.1\r\n\r\nGET http://localhost:1/ HTTP/1.1\r\n\r\n`)
    const peer = await origin.next()
    await readHead(peer)
    peer.write(ok('fine'))
    expect((await readAll(client)).toString()).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*fineHTTP\/1\.1 502 /)
  })

  test('an unreadable request: 400, and failed badRequest on record', async () => {
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write('GET http://localhost/\r\nwhat is this\r\n\r\n')
    expect((await readAll(client)).toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect((await proxy.recorder.next('failed')).json.reason).toBe('badRequest')
    expect(proxy.recorder.bytes('fromClient').toString()).toBe('GET http://localhost/\r\nwhat is this\r\n\r\n')
  })

  test('a body whose framing nobody can read passes to its origin as it is', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write(
      `POST http://localhost:${origin.port}/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\nGET http://x/ HTTP/1.1\r\n\r\n`,
    )
    const peer = await origin.next()
    await readHead(peer)
    const rest = '5\r\nhello\r\nzz\r\nGET http://x/ HTTP/1.1\r\n\r\n'
    expect((await readExactly(peer, rest.length)).toString()).toBe(rest)
    client.write('more')
    expect((await readExactly(peer, 4)).toString()).toBe('more')
    peer.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
    expect(await readHead(client)).toMatch(/^HTTP\/1\.1 400 /)
  })

  test("the origin's reset amid a body reaches the client as a reset", async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write(`GET http://localhost:${origin.port}/ HTTP/1.1\r\n\r\n`)
    const peer = await origin.next()
    await readHead(peer)
    peer.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    await readHead(client)
    const ended = ending(client)
    peer.resetAndDestroy()
    expect(await ended).toBe('reset')
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'origin', reset: true })
  })

  test("the origin's end amid a body reaches the client as an end", async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write(`GET http://localhost:${origin.port}/ HTTP/1.1\r\n\r\n`)
    const peer = await origin.next()
    await readHead(peer)
    peer.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    expect((await readAll(client)).toString()).toMatch(/half$/)
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'origin', reset: false })
    expect(kinds(proxy)).toContain('originEnd')
  })

  test('a client that resets resets the request at its origin', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write(`GET http://localhost:${origin.port}/ HTTP/1.1\r\n\r\n`)
    const peer = await origin.next()
    await readHead(peer)
    const ended = ending(peer)
    client.resetAndDestroy()
    expect(await ended).toBe('reset')
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'client', reset: true })
  })

  test('a client that half-closes still gets its answer', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.end(`GET http://localhost:${origin.port}/ HTTP/1.1\r\n\r\n`)
    const peer = await origin.next()
    const request = await readAll(peer)
    expect(request.toString()).toBe('GET / HTTP/1.1\r\n\r\n')
    peer.end(ok('late'))
    expect((await readAll(client)).toString()).toMatch(/late$/)
    await proxy.recorder.next('closed')
  })

  test('a slow reader slows its origin', async () => {
    const origin = await rawOrigin()
    const proxy = await startProxy()
    const client = await connectTo(proxy.port)
    client.write(`GET http://localhost:${origin.port}/ HTTP/1.1\r\n\r\n`)
    const peer = await origin.next()
    await readHead(peer)
    client.pause()
    let written = 0
    const chunk = Buffer.alloc(65_536)
    const more = () => {
      do written += chunk.length
      while (peer.write(chunk))
    }
    peer.on('drain', more)
    peer.write('HTTP/1.1 200 OK\r\n\r\n')
    more()
    let last = -1
    await vi.waitFor(
      () => {
        const settled = written === last
        last = written
        if (!settled) throw new Error('still filling')
      },
      { timeout: 10_000, interval: 300 },
    )
    expect(written).toBeLessThan(48 * 1024 * 1024)
    client.on('data', () => undefined)
    client.resume()
    await vi.waitFor(() => expect(written).toBeGreaterThan(last + 4 * 1024 * 1024))
  })
})
