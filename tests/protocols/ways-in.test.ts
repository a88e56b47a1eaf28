/** Every way into one session, by real clients through the real daemon: what is on record names who was asked, and how. */
import { execFile } from 'node:child_process'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import type { Params } from '../../sdk/protocol.ts'
import { testCa } from '../support/certificates.ts'
import { type RunningDaemon, startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { secure } from '../support/wire.ts'

const run = promisify(execFile)
const patient = { timeout: 60_000 }

interface Capture extends RunningDaemon {
  port: number
  curl(...args: string[]): Promise<string>
  /** All that is on record, oldest first, once there are so many and all have ended. */
  exchanges(count: number): Promise<Exchange[]>
}

async function capture(settings: Params<'session/start'> = {}): Promise<Capture> {
  const daemon = await startDaemon()
  const session = await daemon.client.call('session/start', { tls: { ca: (await testCa()).certificate }, ...settings })
  const port = session.proxy?.port ?? 0
  return {
    ...daemon,
    port,
    curl: async (...args) => (await run('curl', ['-sS', '--cacert', daemon.home.caCertificate, ...args])).stdout,
    exchanges: (count) =>
      vi.waitFor(async () => {
        const { items } = await daemon.client.call('exchange/list', { sessionId: session.id })
        expect(items.filter(({ state }) => state !== 'open')).toHaveLength(count)
        return items
      }, 20_000),
  }
}

/** What a record says of the way: the request, and both ends of the connection. */
const wayOf = ({ kind, state, request, server, tls }: Exchange) => [
  kind,
  state,
  request.url,
  request.httpVersion,
  server?.address,
  tls?.sni,
]

/** An HTTP/2 origin in clear text. */
async function startClearHttp2(): Promise<number> {
  const server = createHttp2Server((request, response) => response.end(`${request.httpVersion} ${request.authority}`))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** SMTP (RFC 5321) as far as a client asks: it speaks first. */
async function startMailServer(): Promise<number> {
  const server = createServer((socket: Socket) => {
    socket.write('220 mail.example ESMTP\r\n')
    socket.on('error', () => undefined)
    socket.on('data', (line) => {
      const text = line.toString().toUpperCase()
      if (text.startsWith('QUIT')) socket.end('221 bye\r\n')
      else socket.write(text.startsWith('EHLO') ? '250 mail.example\r\n' : '250 ok\r\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

const mailThroughSocks = `
import smtplib, socket, struct, sys
proxy, port = int(sys.argv[1]), int(sys.argv[2])
class Mail(smtplib.SMTP):
    def _get_socket(self, host, port, timeout):
        s = socket.create_connection(("127.0.0.1", proxy), timeout)
        s.sendall(b"\\x05\\x01\\x00"); s.recv(2)
        s.sendall(b"\\x05\\x01\\x00\\x03" + bytes([len(host)]) + host.encode() + struct.pack(">H", port)); s.recv(10)
        return s
mail = Mail("localhost", port, timeout=50)
print(mail.ehlo("me")[0], mail.noop()[0], mail.quit()[0])
`

test('SOCKS 4, 4a and 5 with curl: TLS, clear text and HTTP/2 with prior knowledge', patient, async () => {
  const secureOrigin = await startOrigin((_request, response) => response.end('tls'))
  const clear = await startOrigin((_request, response) => response.end('clear'), { tls: false })
  const http2 = await startClearHttp2()
  const captured = await capture()
  const proxy = `127.0.0.1:${captured.port}`
  const options = ['--socks4', '--socks4a', '--socks5', '--socks5-hostname']
  for (const option of options) {
    expect(await captured.curl(option, proxy, `${secureOrigin.url}/${option}`)).toBe('tls')
    expect(await captured.curl(option, proxy, `${clear.url}/${option}`)).toBe('clear')
    expect(await captured.curl(option, proxy, '--http2-prior-knowledge', `http://localhost:${http2}/${option}`)).toBe(
      `2.0 localhost:${http2}`,
    )
  }
  const exchanges = await captured.exchanges(12)
  const way = (url: string, version: string, sni: string | undefined) => ['http', 'complete', url, version, '127.0.0.1', sni]
  expect(exchanges.map(wayOf)).toEqual(
    options.flatMap((option) => [
      way(`${secureOrigin.url}/${option}`, '1.1', 'localhost'),
      way(`${clear.url}/${option}`, '1.1', undefined),
      way(`http://localhost:${http2}/${option}`, '2', undefined),
    ]),
  )
  expect(exchanges.every(({ client }) => client?.address === '127.0.0.1' && client.port > 0)).toBe(true)
})

test('CONNECT over HTTP/1 and HTTP/2, and TLS straight to the port', patient, async () => {
  const origin = await startOrigin((request, response) => response.end(request.url))
  const http2 = await startClearHttp2()
  const captured = await capture({ proxy: { tlsPort: origin.port } })
  const proxy = `http://127.0.0.1:${captured.port}`
  expect(await captured.curl('-x', proxy, '-p', '--http2-prior-knowledge', `http://localhost:${http2}/1`)).toBe(`2.0 localhost:${http2}`)

  const session = connectHttp2(proxy)
  onTestFinished(() => session.destroy())
  const tunnel = session.request({ ':method': 'CONNECT', ':authority': `localhost:${origin.port}` })
  await new Promise((resolve, reject) => tunnel.once('response', resolve).once('error', reject))
  const inside = await secure(tunnel as Duplex as Socket, {
    servername: 'localhost',
    ca: (await captured.client.call('ca/get', {})).certificate,
  })
  inside.write('GET /2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  let answer = ''
  for await (const chunk of inside) answer += chunk
  expect(answer).toMatch(/\/2$/)

  const straight = ['--connect-to', `localhost:443:127.0.0.1:${captured.port}`]
  expect(await captured.curl(...straight, 'https://localhost/3')).toBe('/3')
  // Without a name it is the proxy itself that is spoken to.
  const trusting = ['--proxy-cacert', captured.home.caCertificate]
  expect(await captured.curl('-x', `https://127.0.0.1:${captured.port}`, ...trusting, `${origin.url}/4`)).toBe('/4')

  const exchanges = await captured.exchanges(4)
  expect(exchanges.map(wayOf)).toEqual([
    ['http', 'complete', `http://localhost:${http2}/1`, '2', '127.0.0.1', undefined],
    ['http', 'complete', 'https://localhost/2', '1.1', '127.0.0.1', 'localhost'],
    ['http', 'complete', 'https://localhost/3', '1.1', '127.0.0.1', 'localhost'],
    ['http', 'complete', `${origin.url}/4`, '1.1', '127.0.0.1', 'localhost'],
  ])
  expect(exchanges[2]?.server?.port).toBe(origin.port)
})

test('IPv6 all the way, and an address instead of a name', patient, async () => {
  const names: (string | false)[] = []
  const origin = await startOrigin((_request, response) => response.end('six'), { host: '::1' })
  origin.server.on('secureConnection', (socket: { servername: string | false }) => names.push(socket.servername))
  const clear = await startOrigin((_request, response) => response.end('clear'), { host: '::1', tls: false })
  const captured = await capture({ proxy: { host: '::1' } })
  const url = `https://[::1]:${origin.port}/`
  expect(await captured.curl('-x', `http://[::1]:${captured.port}`, url)).toBe('six')
  expect(await captured.curl('-x', `socks5h://[::1]:${captured.port}`, url)).toBe('six')
  expect(await captured.curl('-x', `http://[::1]:${captured.port}`, `http://[::1]:${clear.port}/`)).toBe('clear')
  const exchanges = await captured.exchanges(3)
  expect(exchanges.map(wayOf)).toEqual([
    ['http', 'complete', url, '1.1', '::1', null],
    ['http', 'complete', url, '1.1', '::1', null],
    ['http', 'complete', `http://[::1]:${clear.port}/`, '1.1', '::1', undefined],
  ])
  expect(names).toEqual([false, false])
  expect(exchanges[0]?.client?.address).toBe('::1')
})

test('a server that speaks first, by Python’s smtplib', patient, async () => {
  const mail = await startMailServer()
  const captured = await capture()
  const { stdout } = await run('python3', ['-c', mailThroughSocks, String(captured.port), String(mail)])
  expect(stdout.trim()).toBe('250 250 221')
  const [tunnel] = await captured.exchanges(1)
  expect(tunnel).toMatchObject({ kind: 'tunnel', state: 'complete', request: { method: 'CONNECT', url: `https://localhost:${mail}` } })
  expect(tunnel?.anomalies).toEqual(['undecoded'])
})

describe('a session that stands for an origin', () => {
  test('its records name the origin, whatever the client said', patient, async () => {
    const origin = await startOrigin((request, response) => response.end(`${request.headers.host} ${request.url}`))
    const captured = await capture({ reverse: origin.url })
    const host = `localhost:${origin.port}`
    expect(await captured.curl(`http://127.0.0.1:${captured.port}/1`)).toBe(`${host} /1`)
    expect(await captured.curl(`https://127.0.0.1:${captured.port}/2`)).toBe(`${host} /2`)
    const exchanges = await captured.exchanges(2)
    expect(exchanges.map(wayOf)).toEqual([
      ['http', 'complete', `${origin.url}/1`, '1.1', '127.0.0.1', 'localhost'],
      ['http', 'complete', `${origin.url}/2`, '1.1', '127.0.0.1', 'localhost'],
    ])
    expect(exchanges[0]?.request.headers[0]).toEqual(['Host', host])
  })

  test('what cannot be one is refused, and leaves nothing behind', patient, async () => {
    const { client } = await startDaemon()
    const refused = { code: -32602, reason: 'invalidReverse' }
    const reverse = 'https://api.example.com'
    await expect(client.call('session/start', { reverse: `${reverse}/v1` })).rejects.toMatchObject(refused)
    await expect(client.call('session/start', { reverse: 'api.example.com' })).rejects.toMatchObject(refused)
    await expect(client.call('session/start', { reverse, proxy: null })).rejects.toMatchObject(refused)
    await expect(client.call('session/start', { reverse, proxy: { host: '0.0.0.0' } })).rejects.toMatchObject(refused)
    await expect(client.call('session/start', { reverse, proxy: { auth: { username: 'a', password: 'b' } } })).rejects.toMatchObject(
      refused,
    )
    expect((await client.call('session/list', {})).items).toEqual([])
  })
})
