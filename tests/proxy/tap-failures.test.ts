import { execFile, spawn } from 'node:child_process'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { connect, createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { testCa } from '../support/certificates.ts'
import { startOrigin, startRawOrigin } from '../support/origin.ts'
import { curl } from '../support/proxied-curl.ts'
import { startProxy } from '../support/proxy.ts'
import { connectTo, ending, openTunnel, readHead, secure } from '../support/wire.ts'

const run = promisify(execFile)

/** A port on which connections are made and nothing is ever said; `asked` resolves with the first bytes that come. */
async function silentOrigin(): Promise<{ port: number; asked: Promise<Buffer> }> {
  const { promise: asked, resolve: heard } = Promise.withResolvers<Buffer>()
  const server = createServer((socket) => void socket.on('error', () => undefined).once('data', heard))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as { port: number }).port, asked }
}

/** A port whose queue of connections is full, and nobody takes any. */
async function fullPort(): Promise<number> {
  const script = `
    const server = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('fs').writeSync(1, String(server.address().port) + '\\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const port = Number(await new Promise((resolve) => child.stdout.once('data', resolve)))
  for (let n = 0; n < 4; n++) {
    const filler = connect({ port, host: '127.0.0.1' })
    filler.on('error', () => undefined)
    onTestFinished(() => void filler.destroy())
    if (n < 2) await new Promise((resolve) => filler.once('connect', resolve))
  }
  return port
}

const unusedPort = async (): Promise<number> => {
  const origin = await startRawOrigin(() => undefined, { tls: false })
  await origin.close()
  return origin.port
}

describe('an origin that cannot be reached is told to the client on one page, and put on record', () => {
  test.each([
    { name: 'unknown host', url: async () => 'https://no-such-host.invalid/x', reason: 'dnsNotFound' },
    { name: 'refused', url: async () => `https://localhost:${await unusedPort()}/x`, reason: 'connectionRefused' },
    {
      name: 'expired certificate',
      url: async () => {
        const expired = await (await testCa()).issue(['localhost'], { fromDays: -10, toDays: -5 })
        return `${(await startOrigin(() => undefined, { tlsOptions: expired })).url}/x`
      },
      reason: 'tlsUntrusted',
    },
    {
      name: 'certificate of another name',
      url: async () => `${(await startOrigin(() => undefined, { names: ['elsewhere.example'] })).url}/x`,
      reason: 'tlsUntrusted',
    },
    {
      name: 'not TLS',
      url: async () => `https://localhost:${(await startRawOrigin((socket) => void socket.end('SSH-2.0-x\r\n'), { tls: false })).port}/x`,
      reason: 'tlsHandshakeFailed',
    },
    {
      name: 'closed in the handshake',
      url: async () => `https://localhost:${(await startRawOrigin((socket) => void socket.destroy(), { tls: false })).port}/x`,
      reason: 'upstreamReset',
    },
    {
      name: 'silent in the handshake',
      url: async () => `https://localhost:${(await silentOrigin()).port}/x`,
      reason: 'connectTimeout',
      // The client's own handshake has so long, too.
      limits: { handshakeMs: 2_000 },
    },
  ])('$name: $reason', async ({ url, reason, limits = {} }) => {
    const proxy = await startProxy({ limits })
    const answer = await curl(proxy, await url(), '-d', 'what was sent')
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/)
    expect(answer).toContain(`\r\nWeir-Failure: ${reason}\r\n`)
    expect(answer).toContain('\r\nConnection: close\r\n')
    const closed = await proxy.recorder.next('closed')
    expect(proxy.recorder.records.map(({ kind }) => kind).filter((kind) => kind !== 'fromClient')).toEqual(['opened', 'failed', 'closed'])
    expect(proxy.recorder.bytes('fromClient').toString()).toMatch(/^POST \/x HTTP\/1\.1\r\n[\s\S]*\r\n\r\nwhat was sent$/)
    expect(proxy.recorder.of('failed')[0]?.json.reason).toBe(reason)
    expect(proxy.recorder.of('failed')[0]?.json.message).toMatch(/\w/)
    expect(closed.json.by).toBe('weir')
  })

  test('a self-signed CA that nobody named is not trusted; a session that names it trusts it', async () => {
    const origin = await startOrigin((_request, response) => response.end('ok'))
    const stranger = await startProxy({ extraCa: '' })
    expect(await curl(stranger, origin.url)).toContain('Weir-Failure: tlsUntrusted')
    const friend = await startProxy({ extraCa: '', tls: { ca: (await testCa()).certificate } })
    expect(await curl(friend, origin.url)).toMatch(/200 OK[\s\S]*ok$/)
  })

  test('insecure opts out one host, not another; it counts from the next connection on', async () => {
    const origin = await startOrigin((_request, response) => response.end('ok'), { names: ['elsewhere.example'] })
    const proxy = await startProxy({ tls: { insecure: ['other.example', '*.local'] } })
    expect(await curl(proxy, origin.url)).toContain('Weir-Failure: tlsUntrusted')
    await proxy.set({ tls: { insecure: ['local*'] } })
    expect(await curl(proxy, origin.url)).toMatch(/200 OK[\s\S]*ok$/)
  })

  test('a CA that is none is refused', async () => {
    const proxy = await startProxy()
    for (const ca of ['rubbish', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
      await expect(proxy.set({ tls: { ca } })).rejects.toMatchObject({
        reason: 'invalidCertificate',
      })
    }
  })

  test('a browser gets HTML in which nothing of the message can act', async () => {
    const proxy = await startProxy()
    const answer = await curl(proxy, `https://localhost:${await unusedPort()}/<script>`, '-H', 'Accept: text/html')
    expect(answer).toContain('Content-Type: text/html')
    expect(answer).not.toContain('<script>')
  })

  test('a client that speaks HTTP/2 alone is told in HTTP/2', async () => {
    const proxy = await startProxy()
    const authority = `localhost:${await unusedPort()}`
    const tunnel = await openTunnel(proxy.port, authority)
    const socket = await secure(tunnel, { servername: 'localhost', ca: proxy.ca.certificate, ALPNProtocols: ['h2'] })
    const session = connectHttp2(`https://${authority}`, { createConnection: () => socket })
    onTestFinished(() => session.destroy())
    const request = session.request({ ':path': '/' })
    const headers = await new Promise<IncomingHttpHeaders>((resolve, reject) => request.once('response', resolve).once('error', reject))
    expect(headers).toMatchObject({ ':status': 502, 'weir-failure': 'connectionRefused' })
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'weir', failure: { reason: 'connectionRefused' } })
  })

  test('a client that speaks neither gets its connection closed, and the reason is on record', async () => {
    const proxy = await startProxy()
    const tunnel = await openTunnel(proxy.port, `localhost:${await unusedPort()}`)
    await expect(secure(tunnel, { servername: 'localhost', ca: proxy.ca.certificate, ALPNProtocols: ['imap'] })).rejects.toThrow()
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'weir', failure: { reason: 'connectionRefused' } })
  })

  test('a client that waits for 100 (Continue) is told at once', async () => {
    const proxy = await startProxy()
    // Who is not told sends the body only after this, which is longer than the test has.
    const patience = ['--expect100-timeout', '300', '-H', 'Expect: 100-continue']
    const answer = await curl(proxy, `https://localhost:${await unusedPort()}/x`, ...patience, '-d', 'x'.repeat(2000))
    expect(answer).toContain('Weir-Failure: connectionRefused')
  })

  test('one whose TCP connection never comes about: connectTimeout', async () => {
    const proxy = await startProxy({ limits: { connectMs: 300 } })
    expect(await curl(proxy, `https://127.0.0.1:${await fullPort()}/x`)).toContain('Weir-Failure: connectTimeout')
    expect(await curl(proxy, `http://127.0.0.1:${await fullPort()}/x`)).toContain('Weir-Failure: connectTimeout')
  })
})

describe('a client that leaves while its origin is being reached is on record', () => {
  const left = { by: 'client', failure: { reason: 'clientAborted' } }

  test('with what it asked for, when the handshake of the origin does not come', async () => {
    const proxy = await startProxy()
    const origin = await silentOrigin()
    const authority = `localhost:${origin.port}`
    const tunnel = await openTunnel(proxy.port, authority)
    connectTls({ socket: tunnel, servername: 'localhost' }).on('error', () => undefined)
    await origin.asked
    tunnel.destroy()
    expect((await proxy.recorder.next('closed')).json).toMatchObject(left)
    expect(proxy.recorder.of('opened').map(({ json }) => json)).toMatchObject([{ authority, protocol: 'opaque', opaque: 'undecoded' }])
  })

  test('when it waits for a tunnel to a bypassed host', async () => {
    const proxy = await startProxy({ tls: { bypass: ['*'] } })
    const authority = `127.0.0.1:${await fullPort()}`
    const socket = await connectTo(proxy.port)
    await new Promise((resolve) => socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`, resolve))
    socket.resetAndDestroy()
    expect((await proxy.recorder.next('closed')).json).toMatchObject(left)
    expect(proxy.recorder.of('opened').map(({ json }) => json)).toMatchObject([{ authority, opaque: 'bypassed' }])
  })
})

describe("a client that does not trust weir's CA", () => {
  test('curl: says so by an alert', async () => {
    const origin = await startOrigin((_request, response) => response.end('ok'))
    const proxy = await startProxy()
    await expect(run('curl', ['-sS', '-x', `http://127.0.0.1:${proxy.port}`, origin.url])).rejects.toThrow(/certificate/)
    const closed = await proxy.recorder.next('closed')
    expect(proxy.recorder.records.map(({ kind }) => kind)).toEqual(['opened', 'closed'])
    expect(closed.json).toMatchObject({ by: 'client', failure: { reason: 'clientRejectedCa' } })
    expect(closed.json.failure.message).toContain('weir ca')
  })

  test('Node: finishes the handshake, then goes without a word', async () => {
    const origin = await startOrigin((_request, response) => response.end('ok'))
    const proxy = await startProxy()
    const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
    await expect(secure(tunnel, { servername: 'localhost', ca: [] })).rejects.toThrow(/certificate/)
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'client', failure: { reason: 'clientRejectedCa' } })
  })
})

test('a client that goes silent in its handshake is let go', async () => {
  const origin = await startOrigin((_request, response) => response.end('ok'))
  const proxy = await startProxy({ limits: { handshakeMs: 300 } })
  const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
  tunnel.write(Buffer.from([0x16, 0x03, 0x01, 0x02]))
  expect(await ending(tunnel)).toMatch(/end|reset/)
})

test('TLS without any destination gets a plain answer', async () => {
  const proxy = await startProxy()
  const socket = connectTls({ port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false })
  await new Promise((resolve) => socket.once('secureConnect', resolve))
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(await readHead(socket)).toMatch(/^HTTP\/1\.1 421 /)
  socket.destroy()
})

test('HTTP/2 CONNECT tunnels are tapped too', async () => {
  const origin = await startOrigin((_request, response) => response.end('ok'))
  const proxy = await startProxy()
  const session = connectHttp2(`http://127.0.0.1:${proxy.port}`)
  onTestFinished(() => session.destroy())
  const tunnel = session.request({ ':method': 'CONNECT', ':authority': `localhost:${origin.port}` })
  await new Promise((resolve) => tunnel.once('response', resolve))
  const client = await secure(tunnel as never, { servername: 'localhost', ca: proxy.ca.certificate })
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  expect(await readHead(client)).toMatch(/^HTTP\/1\.1 200 OK/)
  expect((await proxy.recorder.next('opened')).json).toMatchObject({ authority: `localhost:${origin.port}`, protocol: 'http1' })
  client.destroy()
})
