/** HTTP/2 by real clients through the real daemon: what is on record is what the origin saw, and what the client got. */
import { randomBytes } from 'node:crypto'
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { expect, test, vi } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import { startCaller } from '../support/caller.ts'
import { capture, patience } from '../support/capture.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { http2Through } from '../support/http2-client.ts'
import { startHttp2Origin } from '../support/http2-origin.ts'

async function ask(client: ClientHttp2Session, headers: OutgoingHttpHeaders, body: Buffer = Buffer.alloc(0)) {
  const stream = client.request(headers)
  stream.end(body)
  return buffer(stream)
}

test('curl --http2', async () => {
  const origin = await startHttp2Origin((stream, { body }) => {
    stream.respond({ ':status': 201, 'x-one': '1', 'set-cookie': ['a=1', 'b=2'] })
    stream.end(Buffer.concat([Buffer.from('got '), body]))
  })
  const { weir, json } = await startCaller()
  const url = `${origin.url}/a/../b?x='|`
  const { stdout } = await weir([
    'capture',
    '--',
    'curl',
    '-sS',
    '--http2',
    '--path-as-is',
    '-H',
    'X-Twice: 1',
    '-H',
    'X-Twice: 2',
    '-d',
    'name=value',
    url,
  ])
  expect(stdout).toBe('got name=value')
  const [exchange] = (await json('ls')) as Exchange[]
  expect(exchange).toMatchObject({
    state: 'complete',
    streamId: 1,
    request: { method: 'POST', url, httpVersion: '2', bodySize: 10 },
    response: { status: 201, httpVersion: '2', bodySize: 14 },
    tls: { alpn: 'h2' },
  })
  expect(exchange?.request.headers.filter(([name]) => name === 'x-twice')).toEqual([
    ['x-twice', '1'],
    ['x-twice', '2'],
  ])
  expect(exchange?.response?.headers.slice(0, 3)).toEqual([
    ['x-one', '1'],
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
  ])
  expect((await weir(['body', 'last', '1', 'response'])).stdout).toBe('got name=value')
})

test('many streams of Node’s client at once, each with its own bodies', async () => {
  const origin = await startHttp2Origin((stream, { headers, body }) => {
    stream.respond({ ':status': 200, 'x-path': String(headers[':path']) })
    for (let at = 0; at < body.length; at += 10_000) stream.write(body.subarray(at, at + 10_000))
    stream.end()
  })
  const captured = await capture()
  const client = await http2Through(captured, origin.url)
  const bodies = Array.from({ length: 40 }, (_, n) => randomBytes(n * 1_500))
  const answers = await Promise.all(bodies.map((body, n) => ask(client, { ':method': 'POST', ':path': `/${n}` }, body)))
  expect(answers.every((answer, n) => answer.equals(bodies[n] as Buffer))).toBe(true)
  const exchanges = await captured.exchanges(40)
  expect(new Set(exchanges.map(({ streamId }) => streamId)).size).toBe(40)
  expect(new Set(exchanges.map(({ connectionId }) => connectionId)).size).toBe(1)
  for (const { seq, request, response } of exchanges) {
    const body = bodies[Number(new URL(request.url).pathname.slice(1))] as Buffer
    expect((await captured.body(seq, 'request')).equals(body)).toBe(true)
    expect((await captured.body(seq, 'response')).equals(body)).toBe(true)
    expect(response?.headers.find(([name]) => name === 'x-path')?.[1]).toBe(new URL(request.url).pathname)
  }
})

test('a gRPC call streams, is visible while it does, and ends with trailers', async () => {
  const message = (text: string) => Buffer.concat([Buffer.of(0, 0, 0, 0, text.length), Buffer.from(text)])
  let finish = (): void => undefined
  const origin = await startHttp2Origin((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '5', 'grpc-message': 'no such thing' }))
    stream.write(message('first'))
    finish = () => stream.end(message('second'))
  })
  const captured = await capture()
  const client = await http2Through(captured, origin.url)
  const call = ask(
    client,
    { ':method': 'POST', ':path': '/pkg.Service/Call', 'content-type': 'application/grpc', te: 'trailers' },
    message('ask'),
  )
  const [open] = await captured.exchanges(1, 'open')
  await vi.waitFor(async () => expect((await captured.body(open?.seq ?? 0, 'response')).equals(message('first'))).toBe(true), patience)
  finish()
  await call
  const [done] = await captured.exchanges(1)
  expect(done?.response).toMatchObject({
    status: 200,
    trailers: [
      ['grpc-status', '5'],
      ['grpc-message', 'no such thing'],
    ],
  })
  expect((await captured.body(1, 'response')).equals(Buffer.concat([message('first'), message('second')]))).toBe(true)
})

test('a stream that the client cancels is aborted, one that the origin refuses failed; the others go on', async () => {
  const origin = await startHttp2Origin((stream, { headers }) => {
    if (headers[':path'] === '/refused') stream.close(7)
    else if (headers[':path'] === '/fine') stream.respond({ ':status': 204 }, { endStream: true })
    else stream.respond({ ':status': 200 })
  })
  const captured = await capture()
  const client = await http2Through(captured, origin.url)
  const cancelled = client.request({ ':path': '/cancelled' })
  await new Promise((resolve) => cancelled.once('response', resolve))
  cancelled.close(8)
  await expect(ask(client, { ':method': 'POST', ':path': '/refused' })).rejects.toThrow('NGHTTP2_REFUSED_STREAM')
  await ask(client, { ':method': 'POST', ':path': '/fine' })
  await vi.waitFor(async () => {
    const { items } = await captured.client.call('exchange/list', { sessionId: captured.session.id })
    expect(items.map(({ state, error }) => [state, error?.reason])).toEqual([
      ['aborted', 'clientAborted'],
      ['failed', 'upstreamReset'],
      ['complete', undefined],
    ])
  }, patience)
})

test.skipIf(chromiumPath === null)('a page in Chromium', { timeout: 60_000 }, async () => {
  const page = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/app.js"></script><p id="out"></p>'
  const script = `const texts = await Promise.all(Array.from({ length: 20 }, async (_, n) => (await fetch('/echo/' + n, { method: 'POST', body: 'b' + n })).text()))
document.getElementById('out').textContent = texts.join()`
  const origin = await startHttp2Origin((stream, { headers, body }) => {
    const path = String(headers[':path'])
    stream.respond({ ':status': 200, 'content-type': path === '/' ? 'text/html' : path === '/app.js' ? 'text/javascript' : 'text/plain' })
    stream.end(path === '/' ? page : path === '/app.js' ? script : body)
  })
  const captured = await capture()
  const browser = await launchChromium({ proxy: { server: `http://127.0.0.1:${captured.session.proxy?.port}`, bypass: '<-loopback>' } })
  const tab = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
  await tab.goto(`${origin.url}/`)
  const bodies = Array.from({ length: 20 }, (_, n) => `b${n}`)
  await tab.locator('#out').filter({ hasText: bodies.join() }).waitFor()
  const items = (
    await vi.waitFor(async () => {
      const { items } = await captured.client.call('exchange/list', { sessionId: captured.session.id })
      expect(items.filter(({ request, state }) => request.url.startsWith(origin.url) && state === 'complete')).toHaveLength(22)
      return items
    }, patience)
  ).filter(({ request }) => request.url.startsWith(`${origin.url}/echo/`))
  expect(new Set(items.map(({ request }) => request.httpVersion))).toEqual(new Set(['2']))
  const texts = await Promise.all(items.map(async ({ seq }) => (await captured.body(seq, 'response')).toString()))
  expect(texts.sort()).toEqual(bodies.sort())
})
