/** Browsers and a proxy that asks for a username and a password: they get through it, and nobody else is told them. */
import { expect, it, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { CdpConnection } from '../../plugins/interceptor/cdp/connection.ts'
import { connectEndpoint } from '../../plugins/interceptor/cdp/endpoint.ts'
import { isAskedBy } from '../../plugins/interceptor/cdp/proxy-credentials.ts'
import { browserCapture, browserPatience, pathOf } from '../support/captured-browser.ts'
import { chromiumAlone, chromiumPath } from '../support/chromium.ts'
import { type Origin, startOrigin } from '../support/origin.ts'

const inChromium = test.skipIf(chromiumPath === null)
const auth = { username: 'ann', password: 'pässword:1' }
/** Of what a browser asks for a page that opens it. */
const asked = ['/', '/clear', '/secret', '/secure', '/socket']

/** One origin in clear text and one with TLS, and all they were told of credentials. */
async function startSite(): Promise<{ clear: Origin; secure: Origin; told: string[] }> {
  const told: string[] = []
  const listener: Parameters<typeof startOrigin>[0] = (request, response) => {
    const { authorization, 'proxy-authorization': ofProxy } = request.headers
    for (const credentials of [authorization, ofProxy]) if (credentials !== undefined) told.push(credentials)
    response.setHeader('Access-Control-Allow-Origin', '*')
    // The realm is weir's: nothing but who asks tells the two apart.
    if (request.url === '/secret') response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="weir"' }).end('no')
    else if (request.url === '/') response.setHeader('Content-Type', 'text/html').end(page)
    else response.end('yes')
  }
  const secure = await startOrigin(listener)
  const page = `<link rel="icon" href="data:,"><script>
    const status = async (url) => (await fetch(url, { credentials: 'omit' })).status
    const opened = () => new Promise((resolve) => {
      const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket')
      socket.onopen = () => { socket.close(); resolve('open') }
      socket.onerror = () => resolve('failed')
    })
    Promise.all([status('/clear'), status('${secure.url}/secure'), status('/secret'), opened()])
      .then((found) => fetch('/done?' + found, { method: 'POST' }))
  </script>`
  const clear = await startOrigin(listener, { tls: false })
  new WebSocketServer({ server: clear.server as never, path: '/socket' })
  return { clear, secure, told }
}

inChromium('a browser that weir opens gets through, in clear text, with TLS and with WebSockets, from its first request on', async () => {
  const site = await startSite()
  const captured = await browserCapture({ proxy: { auth } })
  await captured.open(`${site.clear.url}/`)
  const done = await captured.ended('path:/done')
  expect(done.request.url).toMatch(/\?200,200,401,open$/)
  await captured.client.call('session/stop', { sessionId: captured.session.id })
  const all = await captured.all('-path:/done')
  expect(all.map(pathOf).sort()).toEqual(asked)
  for (const exchange of all) expect(exchange, pathOf(exchange)).toMatchObject({ source: 'proxy', browser: { page: `${site.clear.url}/` } })
  expect(site.told).toEqual([])
})

inChromium('so does one that it attaches to, in its profile and in private windows', async () => {
  const site = await startSite()
  const captured = await browserCapture({ proxy: { auth } })
  const { endpoint } = await chromiumAlone([
    `--proxy-server=http://127.0.0.1:${captured.session.proxy?.port}`,
    '--proxy-bypass-list=<-loopback>',
    '--ignore-certificate-errors',
    '--disable-quic',
  ])
  await captured.open(`${site.clear.url}/`, { endpoint })
  expect((await captured.ended('path:/done')).request.url).toMatch(/\?200,200,401,open$/)
  const user = new CdpConnection(await connectEndpoint(endpoint), { away: 'it is gone' })
  onTestFinished(() => user.close())
  const { browserContextId } = await user.ask('Target.createBrowserContext')
  const { targetId } = await user.ask('Target.createTarget', { url: 'about:blank', browserContextId })
  const { sessionId } = await user.ask('Target.attachToTarget', { targetId, flatten: true })
  // A page that is held answers when it is let go.
  await user.ask('Runtime.evaluate', { expression: '1' }, sessionId)
  await user.ask('Page.navigate', { url: `${site.clear.url}/` }, sessionId)
  await vi.waitFor(async () => expect(await captured.all('path:/done status:200')).toHaveLength(2), browserPatience)
  await captured.client.call('session/stop', { sessionId: captured.session.id })
  const all = await captured.all('-path:/done')
  expect(
    all
      .filter(({ source }) => source === 'proxy')
      .map(pathOf)
      .sort(),
  ).toEqual([...asked, ...asked].sort())
  // Of a WebSocket in clear text an attached browser tells nothing that proves which connection it had.
  for (const exchange of all.filter(({ kind }) => kind === 'http'))
    expect(exchange, pathOf(exchange)).toMatchObject({ source: 'proxy', browser: { page: expect.any(String) } })
  expect(site.told).toEqual([])
})

it.each([
  ['http://127.0.0.1:8080', '127.0.0.1', true],
  ['http://localhost:8080', '127.0.0.1', true],
  ['http://[::1]:8080', '0.0.0.0', true],
  ['https://weir.example:8080', 'weir.example', true],
  ['http://127.0.0.1:8081', '127.0.0.1', false],
  ['http://proxy.example:8080', '127.0.0.1', false],
  ['http://127.0.0.1.example:8080', '127.0.0.1', false],
  ['http://127.0.0.1:8080', '192.0.2.1', false],
  ['not a URL', '127.0.0.1', false],
])('a challenge of %s is one of the proxy that listens on %s, port 8080: %s', (origin, host, isOurs) => {
  const challenge = { origin, scheme: 'basic', realm: 'weir' }
  expect(isAskedBy({ ...challenge, source: 'Proxy' }, { host, port: 8080 })).toBe(isOurs)
  expect(isAskedBy({ ...challenge, source: 'Server' }, { host, port: 8080 })).toBe(false)
})
