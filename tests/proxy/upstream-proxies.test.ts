import { describe, expect, test } from 'vitest'
import { testCa } from '../support/certificates.ts'
import { startOrigin, startRawOrigin } from '../support/origin.ts'
import { curl } from '../support/proxied-curl.ts'
import { startProxy } from '../support/proxy.ts'
import { startConnectProxy, startSocksProxy } from '../support/upstream-proxies.ts'
import { openTunnel, readExactly } from '../support/wire.ts'

const origins = async () => ({
  secure: await startOrigin((_request, response) => response.end('secure')),
  plain: await startOrigin((_request, response) => response.end('plain'), { tls: false }),
})

describe("a session's own upstream proxies", () => {
  test.each([
    ['http', false, 'localhost'],
    ['https', false, 'localhost'],
    ['socks4', true, '127.0.0.1'],
    ['socks4a', true, 'localhost'],
    ['socks5', true, '127.0.0.1'],
    ['socks5h', true, 'localhost'],
    ['socks', true, 'localhost'],
  ])('%s: tapped and clear-text traffic goes through it, names looked up where they should be', async (scheme, isSocks, asked) => {
    const { secure, plain } = await origins()
    const outer = isSocks ? await startSocksProxy() : await startConnectProxy({ tls: scheme === 'https' })
    const proxy = await startProxy({
      upstream: [{ match: '*', url: `${scheme}://localhost:${outer.port}` }],
      dial: { family: 4 },
    })
    expect(await curl(proxy, secure.url)).toMatch(/200 OK[\s\S]*secure$/)
    expect(await curl(proxy, plain.url)).toMatch(/200 OK[\s\S]*plain$/)
    expect(outer.asked).toEqual([`${asked}:${secure.port}`, `${asked}:${plain.port}`])
    const facts = proxy.recorder.of('opened').map(({ json }) => json.origin?.server)
    expect(facts[0]).toEqual({ address: '127.0.0.1', port: outer.port })
  })

  test('credentials go to the proxy', async () => {
    const { secure } = await origins()
    const http = await startConnectProxy({ auth: 'a@b:p:ä' })
    const proxy = await startProxy({ upstream: [{ match: '*', url: `http://a%40b:p%3A%C3%A4@127.0.0.1:${http.port}` }] })
    expect(await curl(proxy, secure.url)).toMatch(/secure$/)
    const socks = await startSocksProxy({ auth: 'a@b:p:ä' })
    await proxy.set({ upstream: [{ match: '*', url: `socks5://a%40b:p%3A%C3%A4@127.0.0.1:${socks.port}` }] })
    expect(await curl(proxy, secure.url)).toMatch(/secure$/)
    expect(socks.asked).toHaveLength(1)
  })

  test('the first rule that matches counts; null is direct; without a rule the environment decides; a change counts from the next connection on', async () => {
    const { secure, plain } = await origins()
    const [first, second, environment] = [await startConnectProxy(), await startConnectProxy(), await startConnectProxy()]
    const all = `http://127.0.0.1:${environment.port}`
    const proxy = await startProxy({
      environment: { all_proxy: all },
      upstream: [
        { match: `local*:${secure.port}`, url: `http://127.0.0.1:${first.port}` },
        { match: 'LOCALHOST', url: null },
        { match: 'localhost', url: `http://127.0.0.1:${second.port}` },
      ],
    })
    await curl(proxy, secure.url)
    await curl(proxy, plain.url)
    await curl(proxy, `http://127.0.0.1:${plain.port}`)
    expect([first.asked, second.asked, environment.asked]).toEqual([[`localhost:${secure.port}`], [], [`127.0.0.1:${plain.port}`]])
    await proxy.set({ upstream: [{ match: '*', url: `http://127.0.0.1:${second.port}` }] })
    await curl(proxy, secure.url)
    expect(second.asked).toEqual([`localhost:${secure.port}`])
  })

  test('a bypassed host goes through it, too, and a server that speaks first is heard', async () => {
    const origin = await startRawOrigin((socket) => void socket.end('220 hello\r\n'), { tls: false })
    const [http, socks] = [await startConnectProxy(), await startSocksProxy()]
    for (const url of [`http://127.0.0.1:${http.port}`, `socks5h://127.0.0.1:${socks.port}`]) {
      const proxy = await startProxy({ tls: { bypass: ['*'] }, upstream: [{ match: '*', url }] })
      const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
      expect((await readExactly(tunnel, 11)).toString()).toBe('220 hello\r\n')
    }
  })

  test("an https proxy is verified with the session's trust", async () => {
    const { secure } = await origins()
    const outer = await startConnectProxy({ tls: true })
    const upstream = [{ match: '*', url: `https://localhost:${outer.port}` }]
    const proxy = await startProxy({ extraCa: '', upstream, tls: { insecure: [`localhost:${secure.port}`] } })
    const answer = await curl(proxy, secure.url)
    expect(answer).toContain('Weir-Failure: tlsUntrusted')
    expect(answer).toContain(`through the proxy localhost:${outer.port}: its certificate is not trusted`)
    await proxy.set({ tls: { ca: (await testCa()).certificate } })
    expect(await curl(proxy, secure.url)).toMatch(/secure$/)
  })

  test('one that is weir itself is refused', async () => {
    const { secure } = await origins()
    const proxy = await startProxy()
    for (const scheme of ['http', 'socks5']) {
      await proxy.set({ upstream: [{ match: '*', url: `${scheme}://localhost:${proxy.port}` }] })
      expect(await curl(proxy, secure.url)).toContain('Weir-Failure: loopRefused')
    }
  })
})

describe('a proxy that does not serve', () => {
  const secret = 'hunter2'
  const connect = (options: Parameters<typeof startConnectProxy>[0]) => async () =>
    `http://who:${secret}@127.0.0.1:${(await startConnectProxy(options)).port}`
  const socks = (scheme: string, options: Parameters<typeof startSocksProxy>[0]) => async () =>
    `${scheme}://who:${secret}@127.0.0.1:${(await startSocksProxy(options)).port}`

  test.each([
    ['nobody listens', async () => `http://who:${secret}@127.0.0.1:1`, 'upstreamProxyUnreachable', 'nothing listens there'],
    ['its name is unknown', async () => `socks5://who:${secret}@no-such-host.invalid`, 'upstreamProxyUnreachable', 'name cannot be found'],
    ['it is silent', connect({ answer: null }), 'upstreamProxyTimeout', 'did not answer in time'],
    ['it wants other credentials', connect({ auth: 'x:y' }), 'upstreamProxyAuthRequired', '(407)'],
    ['it refuses', connect({ answer: 'HTTP/1.1 403 No\r\n\r\n' }), 'upstreamProxyRefused', 'it answered 403'],
    ['it is no proxy', connect({ answer: 'SSH-2.0-x\r\n\r\n' }), 'upstreamProxyRefused', 'it speaks no HTTP'],
    ['it hangs up', connect({ answer: '' }), 'upstreamProxyRefused', 'it closed the connection'],
    ['its answer has no end', connect({ answer: `HTTP/1.1 200 ${'x'.repeat(20_000)}` }), 'upstreamProxyRefused', 'has no end'],
    ['SOCKS 5 wants other credentials', socks('socks5', { auth: 'x:y' }), 'upstreamProxyAuthRequired', 'does not accept the credentials'],
    ['SOCKS 5 says host unreachable', socks('socks5', { reply: 4 }), 'upstreamProxyRefused', 'HostUnreachable'],
    ['SOCKS 4 rejects', socks('socks4', { reply: 91 }), 'upstreamProxyRefused', 'the proxy refuses'],
  ])('%s: a reason of its own, on record, without credentials', async (_name, url, reason, words) => {
    const limits = reason === 'upstreamProxyTimeout' ? { connectMs: 1500 } : {}
    const proxy = await startProxy({ upstream: [{ match: '*', url: await url() }], limits })
    const answer = await curl(proxy, 'https://localhost:9/x')
    expect(answer).toContain(`\r\nWeir-Failure: ${reason}\r\n`)
    expect(answer).toContain(words)
    await proxy.recorder.next('closed')
    const failure = proxy.recorder.of('failed')[0]?.json
    expect(failure).toMatchObject({ reason, message: expect.stringMatching(/^localhost:9 through the proxy /) })
    expect(JSON.stringify([answer, proxy.recorder.records, proxy.logs])).not.toContain(secret)
  })
})

test.each([
  '',
  'proxy:3128',
  'ftp://proxy',
  'http://proxy/path',
  'http://',
  'socks5://hunter2@:1080',
  'http://who:hunter2%@proxy',
  'http://p:0',
])('%j is no URL of a proxy: refused, and not repeated', async (url) => {
  const proxy = await startProxy()
  const refused = proxy.set({
    upstream: [
      { match: 'a', url: null },
      { match: '*', url },
    ],
  })
  await expect(refused).rejects.toMatchObject({ reason: 'invalidUpstream', data: { errors: [{ path: '/upstream/1/url' }] } })
  await refused.catch((error: Error) => expect(error.message).not.toContain('hunter2'))
})

test.each([
  ['example.com', 'localhost', true],
  ['localhost', 'localhost', false],
  ['*', 'localhost', false],
  ['localhost:1', 'localhost', true],
  ['127.0.0.0/8', '127.0.0.1', false],
  ['10.0.0.0/8', '127.0.0.1', true],
  ['127.0.0.0/999', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.1', false],
])('NO_PROXY %s, for %s: through the proxy %s', async (rule, host, isProxied) => {
  const { plain } = await origins()
  const outer = await startConnectProxy()
  const proxy = await startProxy({ environment: { HTTP_PROXY: `127.0.0.1:${outer.port}`, NO_PROXY: `x.test ${rule}` } })
  expect(await curl(proxy, `http://${host}:${plain.port}`)).toMatch(/plain$/)
  expect(outer.asked).toHaveLength(isProxied ? 1 : 0)
})
