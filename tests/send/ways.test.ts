/** What weir sends gets out by the ways of its session: upstream proxies, other addresses, client certificates. */
import type { TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { Params } from '../../sdk/protocol.ts'
import { capture } from '../support/capture.ts'
import { testCa } from '../support/certificates.ts'
import { makeClientCertificate } from '../support/client-certificates.ts'
import { startHttp2Origin } from '../support/http2-origin.ts'
import { startOrigin } from '../support/origin.ts'
import { startConnectProxy, startSocksProxy } from '../support/upstream-proxies.ts'

/** Sends in a session of its own with these settings. */
async function sender() {
  const { client } = await capture()
  const ca = (await testCa()).certificate
  return async (url: string, { tls = {}, ...settings }: Params<'session/start'>) => {
    const { id } = await client.call('session/start', { proxy: null, tls: { ca, ...tls }, ...settings })
    const exchange = await client.call('request/send', { sessionId: id, request: { method: 'GET', url } })
    return {
      exchange,
      text: async () => (await client.call('exchange/readText', { sessionId: id, seq: exchange.seq, part: 'response' })).text,
    }
  }
}

describe('a request of weir itself', () => {
  it('goes through the upstream proxies of its session, with TLS to the origin', async () => {
    const send = await sender()
    const origin = await startOrigin((_, response) => response.end('by proxy'))
    const http2 = await startHttp2Origin((stream) => {
      stream.respond({ ':status': 200 })
      stream.end('by proxy')
    })
    const connecting = await startConnectProxy({ auth: 'user:pass' })
    const socks = await startSocksProxy()
    for (const [url, proxy] of [
      [origin.url, `http://user:pass@127.0.0.1:${connecting.port}`],
      [http2.url, `socks5h://127.0.0.1:${socks.port}`],
    ] as const) {
      const { exchange, text } = await send(url, { upstream: [{ match: '*', url: proxy }] })
      expect(exchange).toMatchObject({ state: 'complete', request: { url: `${url}/` } })
      expect(await text()).toBe('by proxy')
    }
    expect([connecting.asked, socks.asked]).toEqual([[`localhost:${origin.port}`], [`localhost:${http2.port}`]])
    const { exchange } = await send(origin.url, { upstream: [{ match: '*', url: `http://127.0.0.1:${connecting.port}` }] })
    expect(exchange).toMatchObject({ state: 'failed', error: { reason: 'upstreamProxyAuthRequired' } })
  })

  it('goes to the address that its session names', async () => {
    const send = await sender()
    const origin = await startOrigin((request, response) => response.end(request.headers.host), { names: ['shop.test'] })
    const { exchange, text } = await send('https://shop.test/', { dial: { hosts: { 'shop.test': `127.0.0.1:${origin.port}` } } })
    expect(exchange).toMatchObject({ state: 'complete', request: { url: 'https://shop.test/' }, tls: { sni: 'shop.test' } })
    expect(await text()).toBe('shop.test')
  })

  it('shows the client certificate of its session', async () => {
    const send = await sender()
    const alice = makeClientCertificate('alice')
    const origin = await startOrigin((request, response) => response.end((request.socket as TLSSocket).getPeerCertificate().subject?.CN), {
      tlsOptions: { requestCert: true, rejectUnauthorized: true, ca: [alice.cert] },
    })
    const shown = { match: 'localhost', cert: alice.cert, key: alice.key }
    expect(await (await send(origin.url, { tls: { clientCertificates: [shown] } })).text()).toBe('alice')
    const { exchange } = await send(origin.url, {})
    expect(exchange).toMatchObject({
      state: 'failed',
      error: { reason: 'tlsHandshakeFailed', message: expect.stringContaining('tls.clientCertificates') },
    })
  })

  it('is not on record where its session leaves it out, and says so', async () => {
    const send = await sender()
    const origin = await startOrigin((_, response) => response.end(), { tls: false })
    await expect(send(origin.url, { where: 'method:POST' })).rejects.toMatchObject({ code: 1005, reason: 'notRecorded' })
    await expect(send(origin.url, { where: 'status:404' })).rejects.toMatchObject({ code: 1005, reason: 'notRecorded' })
    const filters = [{ plugin: 'method', config: { only: ['POST'] } }]
    await expect(send(origin.url, { filters })).rejects.toMatchObject({ code: 1005, reason: 'notRecorded' })
    expect((await send(origin.url, { where: 'method:GET', filters: [{ plugin: 'redact' }] })).exchange).toMatchObject({
      source: 'send',
      state: 'complete',
    })
  })
})
