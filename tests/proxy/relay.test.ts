import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { testCa } from '../support/certificates.ts'
import { startOrigin, startRawOrigin } from '../support/origin.ts'
import { startProxy } from '../support/proxy.ts'
import { connectTo, ending, openTunnel, readAll, readExactly, readHead } from '../support/wire.ts'

const run = promisify(execFile)
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

describe('bypassed hosts', () => {
  test.each([
    ['its name', 'localhost'],
    ['a pattern', 'loc*'],
    ['its name and port', 'localhost:PORT'],
    ['any case', 'LOCALHOST'],
  ])('%s: the client sees the origin’s own certificate, and a tunnel is on record', async (_name, pattern) => {
    const origin = await startOrigin((_request, response) => response.end('untouched'))
    const proxy = await startProxy({ tls: { bypass: ['other.example', pattern.replace('PORT', String(origin.port))] } })
    const caFile = `${proxy.home}/origin-ca.pem`
    await (await import('node:fs/promises')).writeFile(caFile, (await testCa()).certificate)
    for (const how of [
      ['-x', `http://127.0.0.1:${proxy.port}`],
      ['--socks5-hostname', `127.0.0.1:${proxy.port}`],
    ]) {
      expect((await run('curl', ['-sS', ...how, '--cacert', caFile, origin.url])).stdout).toBe('untouched')
    }
    const closed = await proxy.recorder.next('closed', 2)
    expect(proxy.recorder.of('opened')[0]?.json).toMatchObject({
      protocol: 'opaque',
      opaque: 'bypassed',
      scheme: 'https',
      authority: `localhost:${origin.port}`,
      origin: { server: { address: '127.0.0.1', port: origin.port } },
    })
    expect(closed.json.sent).toBeGreaterThan(500)
    expect(closed.json.received).toBeGreaterThan(500)
    expect(proxy.recorder.of('fromClient')).toEqual([])
  })

  test('one that cannot be reached is answered before the tunnel opens', async () => {
    const proxy = await startProxy({ tls: { bypass: ['*'] } })
    await expect(openTunnel(proxy.port, 'localhost:1')).rejects.toThrow(/^HTTP\/1\.1 502 [\s\S]*Weir-Failure: connectionRefused/)
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'weir', failure: { reason: 'connectionRefused' } })
  })
})

describe('what is neither TLS nor HTTP', () => {
  test('a server that speaks first is heard', async () => {
    const origin = await startRawOrigin(
      (socket) => {
        socket.write('220 mail.example ESMTP\r\n')
        socket.on('data', (chunk: Buffer) => socket.end(`250 ${chunk}`))
      },
      { tls: false },
    )
    const proxy = await startProxy()
    const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
    expect((await readExactly(tunnel, 24)).toString()).toBe('220 mail.example ESMTP\r\n')
    tunnel.end('EHLO me\r\n')
    expect((await readAll(tunnel)).toString()).toBe('250 EHLO me\r\n')
    expect((await proxy.recorder.next('opened')).json).toMatchObject({ protocol: 'opaque', opaque: 'undecoded' })
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ sent: 9, received: 37 })
  })

  test.each([
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['bytes', '\x00\x01\x02'],
    ['what only begins like TLS', '\x16\x03\x01\x00\x04\x02\x00\x00\x00'],
    ['what only begins like a ClientHello', '\x16\x03\x01\x00\x08\x01\x00\x00\x04\x03\x03\x00\x00'],
    ['a method that never ends', 'GETGETGETGETGETGETGETGETGETGETGETGETGETGET'],
  ])('%s passes untouched', async (_name, greeting) => {
    const origin = await startRawOrigin((socket) => void socket.pipe(socket), { tls: false })
    const proxy = await startProxy()
    const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
    const more = randomBytes(100_000)
    tunnel.write(Buffer.from(greeting, 'latin1'))
    expect((await readExactly(tunnel, greeting.length)).toString('latin1')).toBe(greeting)
    tunnel.end(more)
    expect(sha256(await readAll(tunnel))).toBe(sha256(more))
    expect((await proxy.recorder.next('opened')).json).toMatchObject({ protocol: 'opaque', opaque: 'undecoded' })
  })

  test('a request that comes in pieces is still HTTP', async () => {
    const origin = await startOrigin((_request, response) => response.end('ok'), { tls: false })
    const proxy = await startProxy()
    const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
    for (const piece of ['G', 'ET', ' ', '/ HTTP/1.1\r\nHost: x\r\n\r\n']) {
      tunnel.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await readHead(tunnel)).toMatch(/^HTTP\/1\.1 200 /)
    expect((await proxy.recorder.next('opened')).json.protocol).toBe('http1')
  })

  test('an origin that cannot be reached ends it by a reset, with the reason on record', async () => {
    const proxy = await startProxy()
    const tunnel = await openTunnel(proxy.port, 'localhost:1')
    const ended = ending(tunnel)
    tunnel.write('\x00')
    expect(await ended).toBe('reset')
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'weir', failure: { reason: 'connectionRefused' } })
  })
})

describe('upstream proxies from the environment', () => {
  test.each([
    ['HTTP', 'http'],
    ['SOCKS5', 'socks5h'],
  ])('%s: tapped and clear-text traffic goes through it', async (_name, scheme) => {
    const secure = await startOrigin((_request, response) => response.end('secure'))
    const plain = await startOrigin((_request, response) => response.end('plain'), { tls: false })
    // The outer proxy bypasses everything, so that the inner one's own tap is seen.
    const outer = await startProxy({ tls: { bypass: ['*'] } })
    const url = `${scheme}://127.0.0.1:${outer.port}`
    const inner = await startProxy({ environment: { HTTPS_PROXY: url, http_proxy: url } })
    const args = ['-sS', '-x', `http://127.0.0.1:${inner.port}`, '--cacert', inner.ca.path]
    expect((await run('curl', [...args, secure.url, plain.url])).stdout).toBe('secureplain')
    await outer.recorder.next('closed', 2)
    expect(new Set(outer.recorder.of('opened').map(({ json }) => json.authority))).toEqual(
      new Set([`localhost:${secure.port}`, `localhost:${plain.port}`]),
    )
    await vi.waitFor(() => expect(inner.recorder.bytes('fromOrigin').toString()).toContain('secure'))
  })

  test('NO_PROXY excludes; one that refuses is a failure with a reason', async () => {
    const origin = await startOrigin((_request, response) => response.end('direct'), { tls: false })
    const environment = { http_proxy: 'http://127.0.0.1:1', no_proxy: 'example.com,localhost' }
    const proxy = await startProxy({ environment })
    const args = ['-sS', '-x', `http://127.0.0.1:${proxy.port}`]
    expect((await run('curl', [...args, origin.url])).stdout).toBe('direct')
    expect((await run('curl', [...args, `http://127.0.0.1:${origin.port}`])).stdout).toContain('upstreamProxyUnreachable')
  })

  test('variables that point at weir itself are passed over', async () => {
    const origin = await startOrigin((_request, response) => response.end('direct'), { tls: false })
    const environment: { [name: string]: string } = {}
    const proxy = await startProxy({ environment })
    environment.http_proxy = `http://localhost:${proxy.port}`
    expect((await run('curl', ['-sS', '-x', `http://127.0.0.1:${proxy.port}`, origin.url])).stdout).toBe('direct')
  })
})

test('straight TLS with a server name is taken for that host', async () => {
  const proxy = await startProxy()
  const socket = await connectTo(proxy.port)
  socket.destroy()
  const args = ['-sS', '-i', '--cacert', proxy.ca.path, '--connect-to', `no-such-host.invalid:443:127.0.0.1:${proxy.port}`]
  const { stdout } = await run('curl', [...args, 'https://no-such-host.invalid/'])
  expect(stdout).toContain('Weir-Failure: dnsNotFound')
  expect((await proxy.recorder.next('opened')).json.authority).toBe('no-such-host.invalid:443')
})
