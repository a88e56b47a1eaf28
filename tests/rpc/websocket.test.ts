/** The RPC over WebSockets: the same calls, for who has a token, from where it was paired. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'
import {
  connectSocket,
  extensionOrigin,
  openSocket,
  pairedToken,
  refusalOf,
  startListening,
  WebSocketClient,
} from '../support/websocket-rpc.ts'

const everything = ['read', 'capture', 'feed', 'control', 'send', 'export', 'paths', 'plugins'] as const

async function listeningClient(rights: readonly (typeof everything)[number][] = ['read', 'capture']) {
  const daemon = await startListening()
  const { token, tokenId } = await pairedToken(daemon, [...rights])
  return { ...daemon, token, tokenId, socket: await connectSocket(daemon.port, { token }) }
}

describe('the port for WebSockets', () => {
  it('is closed until it is asked for, and again afterwards', async () => {
    const { client } = await startDaemon()
    expect((await client.call('daemon/status', {})).websocket).toBeNull()
    await expect(client.call('pairing/start', { rights: ['read'] })).rejects.toMatchObject({ reason: 'websocketOff' })
    const { host, port } = await client.call('websocket/start', { port: 0 })
    expect(host).toBe('127.0.0.1')
    expect(await client.call('websocket/start', {})).toEqual({ host, port })
    await expect(client.call('websocket/start', { port: port === 1 ? 2 : 1 })).rejects.toMatchObject({
      code: 1002,
      reason: 'websocketRunning',
    })
    expect((await client.call('daemon/status', {})).websocket).toEqual({ host, port, connections: 0 })
    await client.call('websocket/stop', {})
    expect((await client.call('daemon/status', {})).websocket).toBeNull()
    await expect(once(connectTcp(port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('ends its connections when it is closed', async () => {
    const { client, socket } = await listeningClient()
    await client.call('websocket/stop', {})
    expect(await socket.closed).toBe(1001)
  })

  it('is the same again after a restart, for clients that were connected, and is closed again once none was', {
    timeout: 120_000,
  }, async () => {
    const { client, pid, home, port, token, socket } = await listeningClient()
    process.kill(pid, 'SIGKILL')
    await Promise.all([socket.closed, client.closed])
    const second = await startDaemon({ folder: home.folder })
    const connected = () => vi.waitFor(() => connectSocket(port, { token }))
    await (await connected()).call('session/list', {})
    await second.client.call('daemon/stop', {})
    await second.client.closed
    const third = await startDaemon({ folder: home.folder })
    const last = await connected()
    last.socket.close()
    await vi.waitFor(async () => expect((await third.client.call('daemon/status', {})).websocket?.connections).toBe(0))
    await third.client.call('daemon/stop', {})
    await third.client.closed
    const fourth = await startDaemon({ folder: home.folder })
    expect((await fourth.client.call('daemon/status', {})).websocket).toBeNull()
  })

  it('that clients wait at and that somebody else has by now keeps the daemon from nothing', async () => {
    const folder = await temporaryHome()
    const origin = await startOrigin((_request, response) => void response.end(), { tls: false })
    await writeFile(join(folder, 'websocket-port'), new URL(origin.url).port)
    const { client } = await startDaemon({ folder })
    expect(await client.call('daemon/status', {})).toMatchObject({ websocket: null, warnings: expect.not.arrayContaining([/port/]) })
    expect(await client.call('websocket/start', { port: 0 })).toMatchObject({ host: '127.0.0.1' })
  })

  it('that is taken is a conflict', async () => {
    const { client } = await startDaemon()
    const origin = await startOrigin((_request, response) => void response.end(), { tls: false })
    await expect(client.call('websocket/start', { port: Number(new URL(origin.url).port) })).rejects.toMatchObject({
      code: 1002,
      reason: 'portInUse',
    })
  })
})

describe('a client over a WebSocket', () => {
  it('calls, is told and subscribes as over the socket', async () => {
    const { socket, client } = await listeningClient()
    const origin = await startOrigin((_request, response) => void response.end('hello'), { tls: false })
    const session = await client.call('session/start', { name: 'watched' })
    expect((await socket.call('session/list')).result?.items).toMatchObject([{ id: session.id, name: 'watched' }])
    const { result } = await socket.call('exchange/subscribe', { sessionId: session.id })
    await getThrough(session.proxy?.port ?? 0, origin.url)
    const { subscriptionId } = result ?? {}
    // It may be told as open before.
    const told = await socket.next((answer) => answer.method === 'exchange/didChange' && JSON.stringify(answer).includes('"complete"'))
    expect(told).toMatchObject({ params: { subscriptionId, items: [{ seq: 1, state: 'complete' }] } })
    await socket.next((answer) => answer.method === 'session/didChange')
    expect((await socket.call('exchange/readBody', { sessionId: session.id, seq: 1, part: 'response' })).result?.data).toBe(btoa('hello'))
  })

  it('is offered only what its token allows', async () => {
    const { port, client } = await startListening()
    const { token } = await pairedToken({ port, client }, ['read'])
    const socket = new WebSocketClient(openSocket(port, { token }))
    await once(socket.socket, 'open')
    const capabilities = (await socket.initialize()).result?.capabilities as string[]
    expect(capabilities).toContain('exchange/list')
    for (const method of ['session/start', 'request/send', 'exporter/run', 'daemon/stop', 'pairing/start', 'token/list'])
      expect(capabilities).not.toContain(method)
  })

  it('is told which right it has not', async () => {
    const { socket } = await listeningClient(['read'])
    const refused = await socket.call('request/send', { request: { method: 'GET', url: 'http://localhost/' } })
    expect(refused.error).toMatchObject({ code: 1005, data: { reason: 'notAllowed', right: 'send' } })
    expect(refused.error?.message).toContain('send')
    expect((await socket.call('daemon/stop')).error).toMatchObject({ data: { reason: 'notAllowed', right: 'owner' } })
  })

  it('cannot name paths, plugins or ways out with rights that do not say so', async () => {
    const { socket, client } = await listeningClient(['read', 'capture', 'control', 'export'])
    const session = await client.call('session/start', {})
    for (const [method, params, right] of [
      ['exporter/run', { sessionId: session.id, exporter: 'har', out: '/tmp/out.har' }, 'paths'],
      ['exporter/run', { sessionId: session.id, exporter: 'jsonl', follow: true, to: { url: 'http://localhost/' } }, 'send'],
      ['importer/run', { path: '/etc/passwd' }, 'paths'],
      ['jar/import', { jar: 'a', path: '/etc/passwd' }, 'paths'],
      ['jar/export', { jar: 'a', format: 'cookies-txt', out: '/tmp/out.txt' }, 'paths'],
      ['session/start', { filters: [{ plugin: '/tmp/evil.mjs' }] }, 'plugins'],
      ['session/set', { sessionId: session.id, filters: [{ plugin: '/tmp/evil.mjs' }] }, 'plugins'],
      ['sync/set', { domain: 'example.com', targets: [{ plugin: 'cookies-txt', config: { path: '/tmp/c.txt' } }] }, 'paths'],
    ] as const)
      expect((await socket.call(method, params)).error, method).toMatchObject({ data: { reason: 'notAllowed', right } })
    expect((await socket.call('exporter/run', { sessionId: session.id, exporter: 'har' })).result?.text).toContain('"log"')
  })

  it('with the rights of an extension starts sessions that listen nowhere, and no others', async () => {
    const { socket } = await listeningClient(['read', 'capture', 'feed'])
    for (const more of [
      {},
      { proxy: { host: '0.0.0.0' } },
      { reverse: 'http://localhost' },
      { upstream: [] },
      { tls: { insecure: ['*'] } },
    ])
      expect((await socket.call('session/start', more)).error).toMatchObject({ data: { reason: 'notAllowed', right: 'control' } })
    const { result } = await socket.call('session/start', { proxy: null })
    expect(result).toMatchObject({ state: 'running', proxy: null })
    for (const [method, state] of [
      ['session/pause', 'paused'],
      ['session/resume', 'running'],
      ['session/stop', 'stopped'],
    ] as const)
      expect((await socket.call(method, { sessionId: result?.id })).result).toMatchObject({ state })
  })

  it('has its connections ended at once when its token is revoked, and gets no other', async () => {
    const { client, port, token, tokenId, socket } = await listeningClient()
    const other = await connectSocket(port, { token: (await pairedToken({ client, port }, ['read'])).token })
    const waiting = socket.call('exchange/wait', { sessionId: (await client.call('session/start', {})).id, where: '', timeoutMs: 60_000 })
    await client.call('token/delete', { tokenId })
    await socket.closed
    expect(socket.received.at(-1)).toMatchObject({ id: null, error: { data: { reason: 'tokenRevoked' } } })
    void waiting
    expect(await refusalOf(openSocket(port, { token }))).toEqual({ closed: 4401 })
    expect((await other.call('session/list')).result).toBeDefined()
    await expect(client.call('token/delete', { tokenId })).rejects.toMatchObject({ code: 1001, reason: 'tokenNotFound' })
  })

  it('comes back with its token after a restart of the daemon', async () => {
    const { client, home, port, token } = await listeningClient()
    await client.call('daemon/stop', {})
    await client.closed
    const again = await startDaemon({ folder: home.folder })
    await again.client.call('websocket/start', { port })
    expect((await (await connectSocket(port, { token })).call('session/list')).result).toBeDefined()
  })
})

describe('who is not meant', () => {
  it('is refused: without a token, with another one, from another origin or none', async () => {
    const { port, token } = await listeningClient()
    const other = extensionOrigin.replace('abcd', 'dcba')
    expect(await refusalOf(openSocket(port))).toEqual({ closed: 4401 })
    expect(await refusalOf(openSocket(port, { token: 'A'.repeat(43) }))).toEqual({ closed: 4401 })
    expect(await refusalOf(openSocket(port, { token: `${token}A` }))).toEqual({ closed: 4401 })
    expect(await refusalOf(openSocket(port, { token, origin: other }))).toEqual({ status: 403 })
    expect(await refusalOf(openSocket(port, { token, origin: null }))).toEqual({ status: 403 })
    expect(await refusalOf(openSocket(port, { token, origin: 'https://evil.example' }))).toEqual({ status: 403 })
    expect(await refusalOf(openSocket(port, { origin: 'https://evil.example' }))).toEqual({ status: 403 })
  })

  it('is refused by the name under which it found the port (DNS rebinding)', async () => {
    const { port, token } = await listeningClient()
    const status = async (host: string, path: string) => {
      const tcp = connectTcp(port, '127.0.0.1')
      onTestFinished(() => void tcp.destroy())
      const key = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
      tcp.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${extensionOrigin}\r\n`)
      tcp.write(`${path === '/rpc' ? key : 'Connection: close'}\r\nSec-WebSocket-Protocol: weir, weir.token.${token}\r\n\r\n`)
      const [head] = (await once(tcp, 'data')) as [Buffer]
      return Number(String(head).split(' ')[1])
    }
    for (const host of [
      `evil.example:${port}`,
      'localhost',
      `127.0.0.1:${port + 1}`,
      `localhost.evil.example:${port}`,
      '',
      `127.0.0.2:${port}`,
    ])
      expect([await status(host, '/rpc'), await status(host, '/pair')], host).toEqual([403, 403])
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`])
      expect(await status(host, '/rpc'), host).toBe(101)
  })

  it('gets nothing by plain HTTP but a word of what there is', async () => {
    const { port } = await listeningClient()
    for (const path of ['/', '/rpc', '/nothing', '/pair/../etc/passwd'])
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status, path).toBe(404)
    expect(await refusalOf(openSocket(port, { path: '/elsewhere' }))).toEqual({ status: 404 })
  })
})

describe('bad input over a WebSocket', () => {
  const refused = async (send: (socket: WebSocketClient['socket']) => void) => {
    const { socket, client } = await listeningClient()
    send(socket.socket)
    const code = await socket.closed
    // Another client is none the wiser.
    expect((await client.call('session/list', {})).items).toEqual([])
    return { code, last: socket.received.at(-1) }
  }

  it('that is no JSON, no request or too deep gets a last word', async () => {
    expect(await refused((socket) => socket.send('{"jsonrpc": "2.0", oops'))).toMatchObject({
      last: { id: null, error: { code: -32700, data: { reason: 'notJson' } } },
    })
    expect(await refused((socket) => socket.send('[1,2]'))).toMatchObject({ last: { error: { data: { reason: 'notARequest' } } } })
    const deep = `{"jsonrpc":"2.0","id":1,"method":"x","params":${'['.repeat(10_000)}${']'.repeat(10_000)}}`
    expect(await refused((socket) => socket.send(deep))).toMatchObject({ last: { error: { data: { reason: 'tooDeep' } } } })
  })

  it('in a binary frame gets a last word', async () => {
    expect(await refused((socket) => socket.send(Buffer.from('{}')))).toMatchObject({
      code: 1003,
      last: { error: { code: -32700, data: { reason: 'notText' } } },
    })
  })

  it('of 17 MiB is refused by its frame', async () => {
    expect(await refused((socket) => socket.send('x'.repeat(17 * 1024 * 1024)))).toMatchObject({ code: 1009 })
  })

  it('that is no frame ends the connection', async () => {
    expect(
      await refused((socket) => {
        const { _socket: tcp } = socket as unknown as { _socket: NodeJS.WritableStream }
        tcp.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x00]))
      }),
    ).toMatchObject({ code: 1002 })
  })

  it('that stops in the middle of a head, or says nothing, is hung up on', async () => {
    const { port } = await listeningClient()
    const hungUpOn = ['GET /rpc HTTP/1.1\r\nHost: 127', 'garbage\r\n\r\n'].map((beginning) => {
      const tcp = connectTcp(port, '127.0.0.1')
      onTestFinished(() => void tcp.destroy())
      tcp.on('error', () => undefined)
      tcp.resume()
      tcp.write(beginning)
      return once(tcp, 'close')
    })
    await Promise.all(hungUpOn)
  })

  it('that half-closes loses its connection and nobody else', async () => {
    const { socket, client } = await listeningClient()
    const { _socket: tcp } = socket.socket as unknown as { _socket: { end(): void } }
    tcp.end()
    await socket.closed
    await vi.waitFor(async () => expect((await client.call('daemon/status', {})).websocket?.connections).toBe(0))
  })
})

describe('many and slow clients', () => {
  it('of 300 the first 256 are served, the rest are told so, and the user goes on', { timeout: 120_000 }, async () => {
    const { client, port } = await startListening()
    const { token } = await pairedToken({ client, port }, ['read'])
    const sockets = Array.from({ length: 300 }, () => openSocket(port, { token }))
    const ends = await Promise.all(sockets.map((socket) => Promise.race([once(socket, 'open').then(() => 'open'), refusalOf(socket)])))
    expect(ends.filter((end) => end === 'open')).toHaveLength(256)
    expect(ends.filter((end) => typeof end === 'object' && 'status' in end && end.status === 503)).toHaveLength(44)
    expect((await client.call('daemon/status', {})).websocket?.connections).toBe(256)
  })

  it('that ask and do not read cost bounded memory', { timeout: 120_000 }, async () => {
    const { client, port, socket } = await listeningClient()
    const origin = await startOrigin((_request, response) => void response.end(Buffer.alloc(8 * 1024 * 1024)), { tls: false })
    const session = await client.call('session/start', {})
    await getThrough(session.proxy?.port ?? 0, origin.url)
    await client.call('session/stop', { sessionId: session.id })
    socket.socket.pause()
    const params = { sessionId: session.id, seq: 1, part: 'response' as const, length: 8 * 1024 * 1024 }
    for (let id = 0; id < 200; id++) socket.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'exchange/readBody', params }))
    let most = 0
    for (let sample = 0; sample < 20; sample++) {
      expect((await client.call('exchange/readBody', params)).size).toBe(params.length)
      most = Math.max(most, (await client.call('daemon/status', {})).memory.rssBytes)
    }
    expect(most).toBeLessThan(600 * 1024 * 1024)
    expect((await client.call('daemon/status', {})).websocket).toMatchObject({ port })
  })
})
