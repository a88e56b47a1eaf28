/** A real Chromium behind the proxy, both told to a recorder. */
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Recorder } from '../../../daemon/capture/recorder.ts'
import { Reader } from '../../../daemon/store/reader.ts'
import type { Exchange } from '../../../sdk/model.ts'
import type { SourceEvent } from '../../../sdk/source.ts'
import { askedOnce, startSite } from '../../interceptor/site.ts'
import { field, headless, openBrowser } from '../../support/browser-source.ts'
import { chromiumPath } from '../../support/chromium.ts'
import { startHttp2Origin } from '../../support/http2-origin.ts'
import { startOrigin } from '../../support/origin.ts'
import { startProxy } from '../../support/proxy.ts'
import { unheard } from '../../support/unheard.ts'

const inChromium = test.skipIf(chromiumPath === null)
const sourceId = 'b1'
/** The proxy's name of the session, as `startProxy` has it. */
const handle = 1

async function browsed(url: string) {
  const proxy = await startProxy()
  const whole = new Recorder({ events: unheard })
  onTestFinished(() => whole.end())
  const recorder = whole.surface()
  await recorder.openCatalogue({ home: proxy.home })
  const file = join(proxy.home, 'one.weir')
  await recorder.openSession({ id: 'one', file, handle })
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  await recorder.attachProxy({ port: port1 })
  await proxy.surface.attachRecorder({ port: port2 })
  await recorder.sourceStarted({ handle, sourceId })
  const heard = (events: readonly SourceEvent[]) => recorder.takeSourceEvents({ handle, sourceId, events: [...events] })
  const opened = await openBrowser({ config: headless({ url }), proxy, heard })
  return {
    opened,
    /** The browser is closed and the session stopped. */
    async recorded(): Promise<Exchange[]> {
      await opened.source.stop()
      await recorder.sourceEnded({ handle, sourceId })
      await recorder.closeSession({ handle, reason: 'sessionStopped' })
      const reader = new Reader(file)
      const { items } = reader.list({ order: 'asc', before: null, after: null, limit: 1000 }, 'one')
      reader.close()
      return items
    },
  }
}

const nameOf = ({ request }: Exchange) => `${request.method} ${new URL(request.url).pathname}`

inChromium('a page that asks in every way: each request is one exchange, with bytes of the proxy where it passed there', async () => {
  const site = await startSite({ tls: true })
  const { opened, recorded } = await browsed(`${site.url}/`)
  await opened.ended(`${site.url}/done`)
  await vi.waitFor(() => expect(opened.requests(site.url).filter(({ end }) => !end)).toEqual([]))
  const all = (await recorded()).filter(({ request }) => [site.url, site.other.url].some((url) => request.url.startsWith(`${url}/`)))
  const found = (name: string) => all.filter((exchange) => nameOf(exchange) === name)
  // Of these the browser tells no response: cut by the origin (Chromium asks again where it may), and kept from the page by CORS.
  const untold = ['GET /cut', 'GET /no-cors']
  for (const name of askedOnce.filter((one) => !untold.includes(one))) expect([name, found(name).length]).toEqual([name, 1])
  for (const name of untold)
    for (const { browser } of found(name)) expect(browser, name).toMatchObject({ resource: 'fetch', initiator: { type: 'script' } })
  expect(
    found('GET /cached')
      .map(({ source, browser }) => `${source} ${browser?.servedFrom}`)
      .sort(),
  ).toEqual(['browser diskCache', 'proxy undefined'])
  for (const name of ['GET /made-by-worker', 'GET /fetched-by-worker'])
    expect(found(name)).toMatchObject([{ source: 'browser', browser: { servedFrom: 'serviceWorker' } }])
  expect(found('GET /page.js')).toMatchObject([
    {
      source: 'proxy',
      state: 'complete',
      browser: { resource: 'script', initiator: { type: 'parser', url: `${site.url}/` }, page: `${site.url}/` },
    },
  ])
  expect(found('GET /never')).toMatchObject([{ source: 'proxy', state: 'aborted', browser: { failure: 'net::ERR_ABORTED' } }])
  expect(found('GET /socket')).toMatchObject([{ source: 'proxy', kind: 'websocket', browser: { resource: 'webSocket' } }])
  expect(all.filter(({ browser }) => browser === undefined)).toEqual([])
})

const count = 500
/** Each fifth is the same. Each says which it is, in a field that is no part of what is matched. */
const script = `Promise.all(Array.from({ length: ${count} }, async (_, id) => {
  const response = await fetch(id % 5 === 0 ? '/same' : '/own/' + id, { headers: { 'X-Id': String(id) }, cache: 'no-store' })
  await response.text()
})).then(() => fetch('/done'))`
const page = `<!doctype html><link rel="icon" href="data:,"><script>${script}</script>`

const origins = {
  'HTTP/1.1': () =>
    startOrigin(({ url }, response) => {
      if (url === '/') response.setHeader('Content-Type', 'text/html')
      setTimeout(() => response.end(url === '/' ? page : 'answer'), Math.random() * 20)
    }),
  'HTTP/2': () =>
    startHttp2Origin((stream, { headers }) => {
      const isPage = headers[':path'] === '/'
      setTimeout(() => {
        if (stream.destroyed) return
        stream.respond({ ':status': 200, 'content-type': isPage ? 'text/html' : 'text/plain' })
        stream.end(isPage ? page : 'answer')
      }, Math.random() * 20)
    }),
}

inChromium.each(Object.keys(origins) as (keyof typeof origins)[])(
  '500 requests at once, 100 of them identical, over %s: none is taken for another',
  async (name) => {
    const origin = await origins[name]()
    const { opened, recorded } = await browsed(`${origin.url}/`)
    await vi.waitFor(() => opened.ended(`${origin.url}/done`), { timeout: 60_000 })
    const told = new Map(opened.requests(origin.url).map(({ view, headers }) => [view.requestId, field(headers, 'x-id')]))
    const all = (await recorded()).filter(({ request }) => field(request.headers, 'x-id') !== undefined)
    const merged = all.filter(({ source, browser }) => source === 'proxy' && browser?.requestId !== undefined)
    for (const { request, browser } of merged) expect(told.get(browser?.requestId)).toBe(field(request.headers, 'x-id'))
    expect(all.filter(({ source }) => source === 'proxy')).toHaveLength(count)
    expect(merged.length).toBeGreaterThanOrEqual(count * 0.99)
    // What is not one is there twice, linked.
    expect(all.filter(({ source, browser }) => source === 'browser' && !browser?.ambiguous)).toEqual([])
  },
)
