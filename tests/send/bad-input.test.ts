/** Whatever goes wrong with a request of weir's own is said clearly, and on record wherever it was made. */

import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import type { WeirError } from '../../sdk/errors.ts'
import type { Params } from '../../sdk/protocol.ts'
import { type Capture, capture, patience } from '../support/capture.ts'
import { startHttp2Origin } from '../support/http2-origin.ts'
import { startOrigin, startRawOrigin } from '../support/origin.ts'

type Given = Partial<Params<'request/send'>['request']>

const send = ({ client, session }: Capture, request: Given, more: { timeoutMs?: number; follow?: boolean } = {}) =>
  client.call('request/send', { sessionId: session.id, request: { method: 'GET', url: 'http://localhost/', ...request }, ...more })

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable('it was not refused'),
    ({ code, reason }: WeirError) => ({ code, reason }),
  )

/** A TLS origin whose connections the test has in its hands. */
async function inHand(onRequest: (socket: Socket) => void, options: Parameters<typeof startRawOrigin>[1] = {}) {
  return startRawOrigin((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => onRequest(socket))
  }, options)
}

/** SETTINGS, and a GOAWAY that says that no request was taken up. */
const goAway = Buffer.from('000000040000000000' + '0000080700000000000000000000000000', 'hex')

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('a request that cannot be made', () => {
  it('is refused before anything is sent or made', async () => {
    const daemon = await capture()
    const line = `the value\r\nInjected: yes`
    const cases: [Given, string][] = [
      [{ url: 'ftp://localhost/' }, 'invalidUrl'],
      [{ url: 'localhost/x' }, 'invalidUrl'],
      [{ url: 'http:///x' }, 'invalidUrl'],
      [{ url: 'http://localhost:70000/' }, 'invalidUrl'],
      [{ url: 'http://localhost/a b' }, 'invalidUrl'],
      [{ url: 'http://localhost/a\r\nX: y' }, 'invalidUrl'],
      [{ url: 'http://user:secret@localhost/' }, 'invalidUrl'],
      [{ method: 'GET / HTTP/1.1\r\nX:' }, 'invalidMethod'],
      [{ method: 'CONNECT' }, 'invalidMethod'],
      [{ headers: [['X', line]] }, 'invalidHeader'],
      [{ headers: [['X: y\r\nZ', '']] }, 'invalidHeader'],
      [{ headers: [['X', '\0']] }, 'invalidHeader'],
      [{ headers: [['X', '\u20ac']] }, 'invalidHeader'],
      [{ headers: [['Content-Length', '5']], body: 'four' }, 'conflictingFraming'],
      [{ headers: [['Transfer-Encoding', 'gzip']], body: 'four' }, 'conflictingFraming'],
      [{ body: { base64: 'no base64!' } }, 'invalidBody'],
    ]
    for (const [request, reason] of cases)
      expect([request, await refusal(send(daemon, request))]).toEqual([request, { code: -32602, reason }])
    expect(await daemon.client.call('exchange/count', { sessionId: daemon.session.id })).toEqual({ count: 0 })
    expect((await daemon.client.call('session/list', {})).items).toHaveLength(1)
  })

  it('is refused where its session would not record it', async () => {
    const daemon = await capture()
    const sessionId = daemon.session.id
    await daemon.client.call('session/pause', { sessionId })
    expect(await refusal(send(daemon, {}))).toEqual({ code: 1002, reason: 'sessionPaused' })
    await daemon.client.call('session/stop', { sessionId })
    expect(await refusal(send(daemon, {}))).toEqual({ code: 1002, reason: 'sessionStopped' })
  })
})

describe('a request whose origin cannot be reached', () => {
  it('is on record as failed, with what would have been sent', async () => {
    const daemon = await capture()
    const url = `http://localhost:${await closedPort()}/x`
    const headers: [string, string][] = [['X-Mine', '1']]
    const refused = await send(daemon, { method: 'POST', url, headers, body: 'content' })
    expect(refused).toMatchObject({
      source: 'send',
      state: 'failed',
      error: { reason: 'connectionRefused' },
      request: { method: 'POST', url, bodySize: 7 },
      response: null,
    })
    expect(refused.request.headers).toContainEqual(['X-Mine', '1'])
    expect((await daemon.body(refused.seq, 'request')).toString()).toBe('content')
    expect(await send(daemon, { url: 'https://no-such-host.invalid/' })).toMatchObject({
      state: 'failed',
      error: { reason: 'dnsNotFound' },
    })
    expect(await send(daemon, { url: 'http://weir/' })).toMatchObject({ state: 'failed', error: { reason: 'loopRefused' } })
    const own = `http://127.0.0.1:${daemon.session.proxy?.port}/`
    expect(await send(daemon, { url: own })).toMatchObject({ state: 'failed', error: { reason: 'loopRefused' } })
  })

  it('fails when the origin is not trusted, or does not speak the version asked for', async () => {
    const daemon = await capture()
    const origin = await startOrigin((_, response) => response.end())
    const http2 = await send(daemon, { url: origin.url, httpVersion: '2' })
    expect(http2).toMatchObject({ state: 'failed', error: { reason: 'tlsHandshakeFailed' } })
    await daemon.client.call('session/set', { sessionId: daemon.session.id, tls: {} })
    expect(await send(daemon, { url: origin.url })).toMatchObject({ state: 'failed', error: { reason: 'tlsUntrusted' } })
    await daemon.client.call('session/set', { sessionId: daemon.session.id, tls: { insecure: ['localhost'] } })
    expect(await send(daemon, { url: origin.url })).toMatchObject({ state: 'complete', response: { status: 200 } })
  })
})

describe('a request whose answer does not come as it should', () => {
  it('ends at its time limit when nothing comes, or not all of it', async () => {
    const daemon = await capture()
    const silent = await inHand(() => undefined, { tls: false })
    const half = await inHand((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'), { tls: false })
    const both = [silent, half].map(({ url }) => send(daemon, { url }, { timeoutMs: 3000 }))
    const failed = { state: 'failed', error: { reason: 'upstreamTimeout' } }
    expect(await Promise.all(both)).toMatchObject([
      { ...failed, response: null },
      { ...failed, response: { status: 200, bodySize: 4 } },
    ])
  })

  it('is failed when the connection is reset, or ends too early', async () => {
    const daemon = await capture()
    const resetting = await startRawOrigin((socket) => socket.once('data', () => socket.resetAndDestroy()), { tls: false })
    expect(await send(daemon, { url: resetting.url })).toMatchObject({ state: 'failed', error: { reason: 'upstreamReset' } })
    const mute = await inHand((socket) => socket.end())
    expect(await send(daemon, { url: mute.url })).toMatchObject({ state: 'failed', error: { reason: 'upstreamClosed' }, response: null })
    const cut = await inHand((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'))
    expect(await send(daemon, { url: cut.url })).toMatchObject({
      state: 'failed',
      error: { reason: 'upstreamClosed' },
      response: { status: 200, bodySize: 4 },
    })
  })

  it('is whole when the end of the connection is its end', async () => {
    const daemon = await capture()
    const origin = await inHand((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it'))
    expect(await send(daemon, { url: origin.url })).toMatchObject({ state: 'complete', response: { httpVersion: '1.0', bodySize: 9 } })
  })

  it('is failed by RST_STREAM and by GOAWAY', async () => {
    const daemon = await capture()
    const resets = await startHttp2Origin((stream) => stream.close(2))
    expect(await send(daemon, { url: resets.url })).toMatchObject({ state: 'failed', error: { reason: 'upstreamReset' } })
    const leaves = await inHand((socket) => socket.write(goAway), { tlsOptions: { ALPNProtocols: ['h2'] } })
    expect(await send(daemon, { url: leaves.url })).toMatchObject({
      state: 'failed',
      error: { reason: 'upstreamClosed' },
    })
  })

  it('keeps the answer of an origin that does not wait for the whole request', async () => {
    const daemon = await capture()
    const origin = await inHand((socket) => {
      socket.pause()
      socket.write('HTTP/1.1 413 Too much\r\nContent-Length: 2\r\n\r\nno')
    })
    const answered = await send(daemon, { method: 'POST', url: origin.url, body: 'x'.repeat(8 * 1024 * 1024) })
    expect(answered).toMatchObject({ state: 'aborted', response: { status: 413, bodySize: 2 } })
  })
})

describe('a request that is cancelled', () => {
  it('is aborted on record, and can be read while it runs', async () => {
    const daemon = await capture()
    const origin = await inHand((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nso far'))
    const controller = new AbortController()
    const begun = Promise.withResolvers<{ sessionId: string; seq: number }>()
    const sending = daemon.client.call(
      'request/send',
      { sessionId: daemon.session.id, request: { method: 'GET', url: origin.url } },
      { signal: controller.signal, onProgress: (value) => begun.resolve(value as never) },
    )
    const outcome = refusal(sending)
    const { seq } = await begun.promise
    await vi.waitFor(async () => expect((await daemon.body(seq, 'response')).toString()).toBe('so far'), patience)
    expect(await daemon.client.call('exchange/get', { sessionId: daemon.session.id, seq })).toMatchObject({ state: 'open', source: 'send' })
    controller.abort()
    expect(await outcome).toEqual({ code: -32800, reason: 'cancelled' })
    const [aborted] = await daemon.exchanges(1, 'aborted')
    expect(aborted).toMatchObject({ error: { reason: 'clientAborted' }, response: { bodySize: 6 } })
  })

  it('ends with its session', async () => {
    const daemon = await capture()
    const origin = await startOrigin(() => undefined)
    const { id } = await daemon.client.call('session/start', { proxy: null, tls: { insecure: ['*'] } })
    const begun = Promise.withResolvers<unknown>()
    const sending = daemon.client.call(
      'request/send',
      { sessionId: id, request: { method: 'GET', url: origin.url } },
      { onProgress: begun.resolve },
    )
    await begun.promise
    await daemon.client.call('session/stop', { sessionId: id })
    expect(await sending).toMatchObject({ state: 'aborted', error: { reason: 'sessionStopped' } })
  })
})
