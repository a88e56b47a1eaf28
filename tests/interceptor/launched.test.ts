/** A Chromium that the plugin launches behind a session's proxy: each request once, with what only a browser knows. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { UnixClock } from '../../sdk/unix-clock.ts'
import { field, headless, openBrowser, type ToldRequest } from '../support/browser-source.ts'
import { chromiumPath } from '../support/chromium.ts'
import { startOrigin } from '../support/origin.ts'
import { startProxy } from '../support/proxy.ts'
import { askedOnce, startSite } from './site.ts'

const inChromium = test.skipIf(chromiumPath === null)
const nameOf = ({ method, url }: ToldRequest) => `${method} ${new URL(url).pathname}`
const once = ['GET /refused']
const twice = ['GET /cached']

async function visited(tls: boolean) {
  const site = await startSite({ tls })
  const proxy = await startProxy()
  const opened = await openBrowser({ config: headless({ url: `${site.url}/` }), proxy })
  await opened.ended(`${site.url}/done`)
  const told = () => [site.url, site.other.url, site.refused].flatMap((url) => opened.requests(url))
  // What workers have asked is told by themselves, in their own time.
  await vi.waitFor(() => {
    expect(told().length).toBeGreaterThanOrEqual(askedOnce.length + once.length + 2 * twice.length)
    // The page reads nothing of the answer to /refused, so Chromium tells no end of it.
    expect([site.url, site.other.url].flatMap((url) => opened.requests(url)).filter(({ end }) => !end)).toEqual([])
  })
  expect(opened.logs).toEqual([])
  const all = told()
  const one = (name: string): ToldRequest => {
    const found = all.filter((request) => nameOf(request) === name)
    expect(found, name).toHaveLength(1)
    return found[0] as ToldRequest
  }
  return { site, proxy, opened, all, one }
}

inChromium('a page that asks in every way: each request is told once, from its begin to its end', async () => {
  const { site, all, one } = await visited(true)
  const names = all.map(nameOf)
  expect(names.toSorted()).toEqual([...askedOnce, ...once, ...twice, ...twice].sort())
  // All that came to the origins is there; what is not came from a cache or a service worker.
  const wire = site.asked.map(({ method, path }) => `${method} ${path}`)
  expect(names.filter((name) => !wire.includes(name)).sort()).toEqual(
    // The upgrade has a listener of its own.
    ['GET /fetched-by-worker', 'GET /made-by-worker', 'GET /refused', 'GET /socket'],
  )
  expect(new Set(all.filter(({ response }) => response && !response.proxied).map(nameOf))).toEqual(
    new Set(['GET /cached', 'GET /fetched-by-worker', 'GET /made-by-worker']),
  )
  expect(one('GET /made-by-worker')).toMatchObject({ response: { status: 203, proxied: false }, view: { servedFrom: 'serviceWorker' } })
  expect(one('GET /made-by-worker').bodies.response.toString()).toBe('made up')
  expect(one('GET /fetched-by-worker').bodies.response.toString()).toBe('GET /behind-worker')
  const [first, second] = all.filter((request) => nameOf(request) === 'GET /cached')
  expect(first).toMatchObject({ response: { proxied: true } })
  expect(second).toMatchObject({ response: { proxied: false }, view: { servedFrom: 'diskCache' } })
  expect(second?.bodies.response.toString()).toBe('GET /cached')
})

inChromium('what only a browser knows: who asked and where, for which page, frame or worker', async () => {
  const { site, one } = await visited(false)
  const page = `${site.url}/`
  expect(one('GET /')).toMatchObject({ view: { resource: 'document', page, frame: { url: page }, priority: 'VeryHigh' } })
  expect(one('GET /page.js').view).toMatchObject({ resource: 'script', initiator: { type: 'parser', url: page, line: 1 }, page })
  expect(one('GET /fetch').view).toMatchObject({
    sourceId: 'b1',
    resource: 'fetch',
    initiator: { type: 'script', url: `${site.url}/page.js`, function: 'text', line: 2, column: expect.any(Number) },
    page,
  })
  expect(one('PUT /xhr').view.resource).toBe('xhr')
  expect(one('GET /picture.svg').view.resource).toBe('image')
  expect(one('GET /from-frame').view).toMatchObject({ page, frame: { url: `${site.url}/frame` } })
  expect(one('GET /from-worker').view).toMatchObject({ page, worker: `${site.url}/worker.js` })
  expect(one('GET /from-shared-worker').view).toMatchObject({ worker: `${site.url}/shared-worker.js` })
  expect(one('GET /behind-worker').view).toMatchObject({ worker: `${site.url}/service-worker.js` })
  expect(one('OPTIONS /cross').view.resource).toBe('preflight')
  expect(one('GET /events').view.resource).toBe('eventSource')
  expect(one('GET /socket')).toMatchObject({ exchange: 'websocket', response: { status: 101, proxied: true }, messages: [] })
  expect(field(one('GET /socket').headers, 'sec-websocket-key')).toMatch(/^.{24}$/)
})

inChromium('heads are those of the wire; redirects are requests of their own; failures have reasons', async () => {
  const { one } = await visited(true)
  const redirected = one('GET /redirected-1')
  expect(redirected).toMatchObject({ response: { status: 302, httpVersion: '1.1', reason: 'Found' }, end: { kind: 'end' } })
  expect(redirected.response?.headers.filter(([name]) => name.toLowerCase() === 'set-cookie')).toEqual([
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
  ])
  const landed = one('GET /landed')
  expect(landed.id).toBe(`${redirected.id}#2`)
  expect(landed.view.requestId).toBe(redirected.view.requestId)
  expect(field(landed.headers, 'cookie')).toBe('a=1; b=2')
  expect(one('PUT /xhr').headers).toContainEqual(['X-Own', Buffer.from('päper').toString('latin1')])
  expect(one('GET /cut')).toMatchObject({ failure: { reason: 'upstreamClosed' }, view: { failure: 'net::ERR_CONTENT_LENGTH_MISMATCH' } })
  expect(one('GET /never')).toMatchObject({
    failure: { reason: 'clientAborted' },
    end: { proxied: true },
    view: { failure: 'net::ERR_ABORTED' },
  })
  expect(one('GET /no-cors')).toMatchObject({
    failure: { reason: 'clientAborted' },
    response: { status: 200, proxied: true },
    view: { blocked: 'MissingAllowOriginHeader' },
  })
})

inChromium('times are those of the daemon, and nothing reached the proxy before the browser began with it', async () => {
  const daemon = new UnixClock()
  const before = daemon.now()
  const { all, proxy } = await visited(true)
  const after = daemon.now()
  const opened = new Map(proxy.recorder.of('opened').map(({ json, at }) => [json.client.port, at]))
  expect(opened.size).toBeGreaterThan(0)
  for (const { at, response, end } of all) {
    expect(at).toBeGreaterThan(before - 2)
    expect(at).toBeLessThan(after + 2)
    if (response && end) {
      expect(response.at).toBeGreaterThanOrEqual(at)
      expect(response.at).toBeLessThanOrEqual(end.at + 2)
    }
  }
})

inChromium.each([
  ['https', true],
  ['http', false],
])('NetLog tells the port of each connection, over %s', async (_, tls) => {
  const { all, proxy, opened } = await visited(tls)
  await opened.source.stop()
  const ports = new Map(opened.events.flatMap((event) => (event.kind === 'connection' ? [[event.connection, event.port]] : [])))
  const clients = new Set(proxy.recorder.of('opened').map(({ json }) => json.client.port))
  const connections = all.flatMap(({ response }) => (response?.connection === undefined ? [] : [response.connection]))
  expect(connections.length).toBeGreaterThan(15)
  for (const connection of connections) expect(clients).toContain(ports.get(connection))
})

inChromium('a fresh profile is gone in the end, a named one stays; as root it says that it has no sandbox', async () => {
  const origin = await startOrigin(
    (request, response) => {
      if (request.url === '/set') response.setHeader('Set-Cookie', 'kept=1; Max-Age=3600')
      response.end(request.headers.cookie ?? 'none')
    },
    { tls: false },
  )
  const proxy = await startProxy()
  const { source, dataDir, ended } = await openBrowser({ config: headless({ url: `${origin.url}/` }), proxy })
  expect(source.browser).toMatch(/^\S+ \d+\.\d+/)
  expect(source.notes.some((note) => note.includes('without its sandbox'))).toBe(process.getuid?.() === 0)
  await ended(`${origin.url}/`)
  expect(readdirSync(join(dataDir, 'fresh'))).toHaveLength(1)
  await source.stop()
  expect(await source.ended).toBe('the browser was closed')
  expect(readdirSync(join(dataDir, 'fresh'))).toEqual([])
  const visit = async (path: string) => {
    const again = await openBrowser({
      config: headless({ url: `${origin.url.replace('http://', '')}${path}`, profile: 'work' }),
      proxy,
      dataDir,
    })
    const told = await again.ended(`${origin.url}${path}`)
    await again.source.stop()
    return told
  }
  await visit('/set')
  expect(field((await visit('/again')).headers, 'cookie')).toBe('kept=1')
  expect(existsSync(join(dataDir, 'profiles', 'work'))).toBe(true)
})
