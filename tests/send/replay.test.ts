/** exchange/replay: a captured request again, as it was or changed. */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { WeirError } from '../../sdk/errors.ts'
import { type Capture, capture } from '../support/capture.ts'
import { type ExactOrigin, startExactOrigin } from '../support/exact-origin.ts'
import { startHttp2Origin } from '../support/http2-origin.ts'
import { startOrigin } from '../support/origin.ts'

const ok = () => Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')

/** Through the proxy of the session, in clear text. */
async function through(
  { session }: Capture,
  url: string,
  head: { method?: string; headers: string[] },
  body?: Uint8Array | AsyncIterable<Buffer>,
) {
  const sending = httpRequest({ port: session.proxy?.port, path: url, ...head, host: '127.0.0.1', agent: false })
  if (body instanceof Uint8Array || body === undefined) sending.end(body)
  else {
    for await (const piece of body) if (!sending.write(piece)) await once(sending, 'drain')
    sending.end()
  }
  const [response] = await once(sending, 'response')
  response.resume()
  await once(response, 'end')
}

const hostOf = ({ port }: ExactOrigin) => `localhost:${port}`

describe('exchange/replay', () => {
  it('sends the same bytes again, but for what was meant for the proxy', async () => {
    const daemon = await capture()
    const origin = await startExactOrigin(ok, false)
    const headers = ['hOST', hostOf(origin), 'X-b', '2', 'x-A', '1', 'X-b', '1', 'Content-Length', '7', 'Proxy-Connection', 'close']
    await through(daemon, `${origin.url}/a/../b?q=1`, { method: 'POST', headers }, Buffer.from('content'))
    await daemon.exchanges(1)
    const again = await daemon.client.call('exchange/replay', { sessionId: daemon.session.id, seq: 1 })
    const [first, second] = origin.requests
    // Node's client has added its own Connection.
    expect(second?.head).toBe(first?.head)
    expect(second?.body).toEqual(first?.body)
    expect(again).toMatchObject({ seq: 2, sessionId: daemon.session.id, source: 'send', state: 'complete', response: { status: 200 } })
  })

  it('takes changes: method, URL, fields set and removed, body', async () => {
    const daemon = await capture()
    const origin = await startExactOrigin(ok, false)
    const other = await startExactOrigin(ok, false)
    const headers = [
      'Host',
      hostOf(origin),
      'X-One',
      '1',
      'X-Two',
      '2',
      'x-one',
      '3',
      'Content-Encoding',
      'br',
      'Content-Length',
      '7',
      'Connection',
      'close',
    ]
    await through(daemon, `${origin.url}/before`, { method: 'POST', headers }, Buffer.from('content'))
    await daemon.exchanges(1)
    await daemon.client.call('exchange/replay', {
      sessionId: daemon.session.id,
      seq: 1,
      override: {
        method: 'PATCH',
        url: `${other.url}/after`,
        headers: [
          ['X-ONE', 'new'],
          ['x-two', null],
          ['X-Three', 'last'],
          ['Connection', null],
        ],
        body: 'changed',
      },
    })
    expect(other.requests[0]?.head).toBe(
      ['PATCH /after HTTP/1.1', `Host: ${hostOf(other)}`, 'X-ONE: new', 'X-Three: last', 'Content-Length: 7'].join('\r\n'),
    )
    expect(other.requests[0]?.body.toString()).toBe('changed')
    await daemon.client.call('exchange/replay', { sessionId: daemon.session.id, seq: 1, override: { method: 'DELETE', body: null } })
    expect(origin.requests[1]?.head).toBe(
      ['DELETE /before HTTP/1.1', `Host: ${hostOf(origin)}`, 'X-One: 1', 'X-Two: 2', 'x-one: 3', 'Connection: close'].join('\r\n'),
    )
  })

  it('repeats HTTP/2 in HTTP/2, cookies split as they were, and in HTTP/1.1 where that is asked for', async () => {
    const daemon = await capture()
    const { client, session } = daemon
    const origin = await startHttp2Origin((stream, { body }) => {
      stream.respond({ ':status': 200 })
      stream.end(body)
    })
    const first = await client.call('request/send', {
      sessionId: session.id,
      request: {
        method: 'POST',
        url: `${origin.url}/x`,
        headers: [
          ['cookie', 'a=1'],
          ['x-y', 'z'],
          ['cookie', 'b=2'],
        ],
        body: 'content',
      },
    })
    const again = await client.call('exchange/replay', { sessionId: session.id, seq: first.seq })
    expect(again).toMatchObject({
      state: 'complete',
      request: { httpVersion: '2', headers: first.request.headers },
      response: { bodySize: 7 },
    })
    const plain = await startExactOrigin(ok)
    await client.call('exchange/replay', { sessionId: session.id, seq: first.seq, override: { url: `${plain.url}/y`, httpVersion: '1.1' } })
    expect(plain.requests[0]?.head).toBe(
      ['POST /y HTTP/1.1', `Host: ${hostOf(plain)}`, 'cookie: a=1; b=2', 'x-y: z', 'content-length: 7'].join('\r\n'),
    )
  })

  it('streams a body of any size from the record, chunked where it was', async () => {
    const daemon = await capture()
    const bodies: Buffer[] = []
    const origin = await startOrigin(
      async (request, response) => {
        const pieces: Buffer[] = []
        for await (const piece of request) pieces.push(piece as Buffer)
        bodies.push(Buffer.concat(pieces))
        response.end(String(request.headers['transfer-encoding']))
      },
      { tls: false },
    )
    const piece = randomBytes(1024 * 1024)
    const large = async function* () {
      for (let count = 0; count < 20; count++) yield piece
    }
    await through(daemon, origin.url, { method: 'POST', headers: ['Host', 'x', 'Transfer-Encoding', 'chunked'] }, large())
    const [first] = await daemon.exchanges(1)
    const again = await daemon.client.call('exchange/replay', { sessionId: daemon.session.id, seq: 1 })
    expect(again.request.bodySize).toBe(first?.request.bodySize)
    expect(bodies[1]?.equals(bodies[0] as Buffer)).toBe(true)
    expect((await daemon.body(again.seq, 'response')).toString()).toBe('chunked')
  })

  it('of a stopped session goes on record in the standing one, with the settings of its own', async () => {
    const daemon = await capture()
    const { client, session } = daemon
    const origin = await startExactOrigin(ok)
    await client.call('request/send', { sessionId: session.id, request: { method: 'GET', url: origin.url } })
    await client.call('session/stop', { sessionId: session.id })
    const again = await client.call('exchange/replay', { sessionId: session.id, seq: 1 })
    expect(again).toMatchObject({ seq: 1, state: 'complete', source: 'send' })
    expect(await client.call('session/get', { sessionId: again.sessionId })).toMatchObject({ name: 'sent', proxy: null, state: 'running' })
  })

  it('refuses what cannot be said again', async () => {
    const daemon = await capture()
    const { client, session } = daemon
    const sessionId = session.id
    const origin = await startOrigin((request, response) => request.resume().on('end', () => response.end()), { tls: false })
    const refusal = (seq: number) =>
      client.call('exchange/replay', { sessionId, seq }).then(
        () => expect.unreachable('it was not refused'),
        ({ code, reason }: WeirError) => ({ code, reason }),
      )
    expect(await refusal(1)).toEqual({ code: 1001, reason: 'exchangeNotFound' })
    await client.call('session/set', { sessionId, limits: { bodyBytes: 3 } })
    await client.call('request/send', { sessionId, request: { method: 'POST', url: origin.url, body: 'longer' } })
    expect(await refusal(1)).toEqual({ code: 1002, reason: 'bodyTruncated' })
    const instead = await client.call('exchange/replay', { sessionId, seq: 1, override: { body: 'new' } })
    expect(instead).toMatchObject({ state: 'complete', request: { bodySize: 3 } })
  })
})
