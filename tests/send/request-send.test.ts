/** request/send: what the origin is sent, byte for byte, and what is on record of it. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Headers } from '../../sdk/model.ts'
import { capture } from '../support/capture.ts'
import { startExactOrigin } from '../support/exact-origin.ts'
import { startHttp2Origin } from '../support/http2-origin.ts'
import { startOrigin } from '../support/origin.ts'

const ok = () => Buffer.from('HTTP/1.1 200 Fine\r\nX-Answer: a\r\nx-answer: b\r\nContent-Length: 2\r\n\r\nhi')

describe('request/send over HTTP/1.1', () => {
  it('sends method, target and fields exactly as given, and adds only what HTTP/1.1 needs', async () => {
    const origin = await startExactOrigin(ok)
    const { client, session, body } = await capture()
    const headers: Headers = [
      ['x-B', '1'],
      ['Accept', '*/*'],
      ['X-b', ' two  words'],
      ['X-Bytes', '\u00e9'],
      ['aCCEPT', ''],
    ]
    const url = `${origin.url}/a/../b'c?q=%C3%BC&r=x|y`
    const sent = await client.call('request/send', {
      sessionId: session.id,
      request: { method: 'PURGE', url, headers, httpVersion: '1.1' },
    })
    expect(origin.requests.map(({ head }) => head)).toEqual([
      [
        "PURGE /a/../b'c?q=%C3%BC&r=x|y HTTP/1.1",
        `Host: localhost:${origin.port}`,
        'x-B: 1',
        'Accept: */*',
        'X-b:  two  words',
        'X-Bytes: \u00e9',
        'aCCEPT: ',
      ].join('\r\n'),
    ])
    expect(sent).toMatchObject({
      sessionId: session.id,
      source: 'send',
      state: 'complete',
      kind: 'http',
      client: null,
      server: { port: origin.port },
      request: { method: 'PURGE', url, httpVersion: '1.1', bodySize: 0 },
      response: { status: 200, reason: 'Fine', httpVersion: '1.1', bodySize: 2 },
      tls: { alpn: null, sni: 'localhost' },
    })
    expect(sent.request.headers).toEqual([['Host', `localhost:${origin.port}`], ...headers.map(([name, value]) => [name, value.trim()])])
    expect(sent.response?.headers.slice(0, 2)).toEqual([
      ['X-Answer', 'a'],
      ['x-answer', 'b'],
    ])
    expect(sent.timings).toMatchObject({ connect: expect.any(Number), tls: expect.any(Number), wait: expect.any(Number) })
    expect((await body(sent.seq, 'response')).toString()).toBe('hi')
    expect(await client.call('exchange/list', { sessionId: session.id, where: 'source:send' })).toMatchObject({
      items: [{ seq: sent.seq }],
    })
  })

  it('sends a body given as text or base64, and leaves a given Host alone', async () => {
    const origin = await startExactOrigin(ok, false)
    const { client, session } = await capture()
    const send = (body: string | { text: string } | { base64: string }) =>
      client.call('request/send', {
        sessionId: session.id,
        request: { method: 'POST', url: `${origin.url}/in`, headers: [['HOST', 'elsewhere.test']], body },
      })
    const zipped = gzipSync('zipped')
    await send('grüß')
    await send({ text: 'text' })
    const last = await send({ base64: zipped.toString('base64') })
    expect(origin.requests.map(({ head }) => head)).toEqual(
      [6, 4, zipped.length].map((length) => `POST /in HTTP/1.1\r\nHOST: elsewhere.test\r\nContent-Length: ${length}`),
    )
    expect(origin.requests.map(({ body }) => body)).toEqual([Buffer.from('grüß'), Buffer.from('text'), zipped])
    expect(last.request).toMatchObject({ url: 'http://elsewhere.test/in', bodySize: zipped.length })
  })

  it('frames a body in chunks where Transfer-Encoding says so', async () => {
    const seen: string[] = []
    const origin = await startOrigin((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => seen.push(text))
      request.on('end', () => response.end(JSON.stringify(request.rawHeaders)))
    })
    const { client, session, body } = await capture()
    const { seq, request } = await client.call('request/send', {
      sessionId: session.id,
      request: { method: 'POST', url: origin.url, headers: [['Transfer-Encoding', 'chunked']], body: 'in chunks' },
    })
    expect(seen.join('')).toBe('in chunks')
    expect(JSON.parse((await body(seq, 'response')).toString())).toEqual([
      'Host',
      `localhost:${origin.port}`,
      'Transfer-Encoding',
      'chunked',
    ])
    expect(request.bodySize).toBe('in chunks'.length)
  })
})

describe('request/send over HTTP/2', () => {
  it('is what an origin gets that chooses it, fields in their order, without those of a connection', async () => {
    const origin = await startHttp2Origin((stream, { body }) => {
      stream.respond({ ':status': 201, 'x-answer': 'yes' })
      stream.end(body)
    })
    const { client, session, body } = await capture()
    const sent = await client.call('request/send', {
      sessionId: session.id,
      request: {
        method: 'PUT',
        url: `${origin.url}/two?x`,
        headers: [
          ['X-One', '1'],
          ['Connection', 'close, X-Hop'],
          ['X-Hop', 'gone'],
          ['Authorization', 'a'],
          ['authorization', 'b'],
          ['TE', 'gzip'],
        ],
        body: 'content',
      },
    })
    expect(sent).toMatchObject({
      source: 'send',
      state: 'complete',
      streamId: 1,
      tls: { alpn: 'h2' },
      request: { method: 'PUT', url: `${origin.url}/two?x`, httpVersion: '2', bodySize: 7 },
      response: { status: 201, httpVersion: '2', bodySize: 7 },
    })
    expect(sent.request.headers).toEqual([
      ['x-one', '1'],
      ['authorization', 'a'],
      ['authorization', 'b'],
      ['content-length', '7'],
    ])
    expect(origin.seen[0]?.headers).toMatchObject({ ':authority': `localhost:${origin.port}`, 'x-one': '1' })
    expect((await body(sent.seq, 'response')).toString()).toBe('content')
  })
})
