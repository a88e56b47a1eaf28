/** Frames in processes of their own, windows that a page opens, several browsers, floods of messages; and the cookies of a browser. */
import { expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import type { Cookie } from '../../sdk/cookie/cookie.ts'
import { headless, openBrowser } from '../support/browser-source.ts'
import { chromiumAlone, chromiumPath, runningChromium } from '../support/chromium.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { startProxy } from '../support/proxy.ts'

const inChromium = test.skipIf(chromiumPath === null)

/** @param before what an answer waits for, by path */
const pages = (bodies: { [path: string]: string }, before: { [path: string]: () => Promise<unknown> } = {}): Promise<Origin> =>
  startOrigin(
    async (request, response) => {
      await before[request.url ?? '']?.()
      const body = bodies[request.url ?? ''] ?? 'text'
      response.setHeader('Content-Type', 'text/html').end(`<link rel="icon" href="data:,">${body}`)
    },
    { tls: false },
  )

inChromium('a frame of another site is seen from its first request on, and named with the page that it is in', async () => {
  const inner = await pages({ '/frame': '<script>fetch("/in-frame").then(() => fetch("/last"))</script>' })
  const site = inner.url.replace('localhost', '127.0.0.1')
  const outer = await pages({ '/': `<iframe src="${site}/frame"></iframe>` })
  const opened = await openBrowser({ config: headless({ url: `${outer.url}/` }), proxy: await startProxy() })
  await opened.ended(`${site}/last`)
  await vi.waitFor(() => expect(opened.requests(site).every(({ end }) => end)).toBe(true))
  expect(opened.requests(site).map(({ url, view, failure }) => [new URL(url).pathname, view.page, view.frame?.url, failure])).toEqual(
    ['/frame', '/in-frame', '/last'].map((path) => [path, `${outer.url}/`, `${site}/frame`, undefined]),
  )
})

inChromium('a window that a page opens is seen from its first request on', async () => {
  const origin = await pages({ '/': '<script>open("/popup")</script>', '/popup': '<script>fetch("/in-popup")</script>' })
  const { endpoint } = await chromiumAlone(['--disable-popup-blocking'])
  const opened = await openBrowser({ config: { endpoint, url: `${origin.url}/` } })
  await opened.ended(`${origin.url}/in-popup`)
  expect(opened.requests(origin.url).map(({ url, view }) => [new URL(url).pathname, view.page])).toEqual([
    ['/', `${origin.url}/`],
    ['/popup', `${origin.url}/popup`],
    ['/in-popup', `${origin.url}/popup`],
  ])
})

inChromium('a WebSocket ends with the document that opened it, and no other does', async () => {
  const open = (path: string, then: string) => `<script>
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '${path}')
    socket.onopen = () => {
      history.pushState({}, '', location.pathname + '?same')
      fetch('/after${path}').then(() => { ${then} })
    }
  </script>`
  // Until then nobody has asked for what becomes of their documents.
  const isTold = (url: () => string) => () => vi.waitFor(() => expect(opened.requests(url()).at(0)?.response).toBeDefined())
  const origin: Origin = await pages(
    {
      '/': open('/first', "location.href = location.origin.replace('localhost', '127.0.0.1') + '/next'"),
      '/next': `<iframe src="/frame"></iframe>${open('/second', "frames[0].location.href = '/other-frame'")}`,
      '/other-frame': '<script>fetch("/done")</script>',
    },
    {
      '/after/first': isTold(() => `${origin.url.replace('http', 'ws')}/first`),
      '/after/second': isTold(() => `${origin.url.replace('http', 'ws').replace('localhost', '127.0.0.1')}/second`),
    },
  )
  new WebSocketServer({ server: origin.server as never })
  const opened = await openBrowser({ config: headless({ url: `${origin.url}/` }) })
  // Of another site, so in another process.
  const next = origin.url.replace('localhost', '127.0.0.1')
  await opened.ended(`${next}/done`)
  const ws = origin.url.replace('http', 'ws')
  expect(await opened.ended(`${ws}/first`)).toMatchObject({
    response: { status: 101 },
    failure: { reason: 'clientAborted', message: 'its page, frame or worker was closed' },
  })
  const second = opened.requests(`${next.replace('http', 'ws')}/second`)
  expect(second).toMatchObject([{ response: { status: 101 } }])
  expect(second[0]?.end).toBeUndefined()
})

inChromium('two browsers at once tell of their own requests only', async () => {
  const origin = await pages({})
  const proxy = await startProxy()
  const [one, other] = await Promise.all(
    ['/one', '/other'].map((path) => openBrowser({ config: headless({ url: `${origin.url}${path}` }), proxy })),
  )
  await one?.ended(`${origin.url}/one`)
  await other?.ended(`${origin.url}/other`)
  expect([one, other].map((opened) => opened?.requests(origin.url).map(({ url }) => new URL(url).pathname))).toEqual([['/one'], ['/other']])
})

/** Chromium alone takes 20 s for them on a machine that is busy. */
const patienceMs = 150_000

inChromium('50,000 frames of a WebSocket: each is told, or missing in a gap', { timeout: patienceMs }, async () => {
  const count = 50_000
  const origin = await pages({
    '/': `<script>
      let seen = 0
      const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket')
      socket.onmessage = () => { if (++seen === ${count}) socket.close() }
      socket.onclose = () => fetch('/closed')
    </script>`,
  })
  const sockets = new WebSocketServer({ server: origin.server as never })
  sockets.on('connection', (socket) => {
    for (let index = 0; index < count; index++) socket.send(`message ${index}`)
  })
  const { endpoint } = await runningChromium()
  const opened = await openBrowser({ config: { endpoint, url: `${origin.url}/` } })
  await opened.ended(`${origin.url}/closed`, patienceMs)
  const socket = await opened.ended(`${origin.url.replace('http', 'ws')}/socket`)
  expect(socket.failure).toBeUndefined()
  const texts = socket.messages.filter(({ type }) => type === 'text')
  expect(texts.length === count || opened.events.some(({ kind }) => kind === 'lost')).toBe(true)
  expect(texts.map(({ text }) => text)).toEqual(texts.map(({ index }) => `message ${index}`))
})

inChromium('its cookies are read and written, those of partitions, too', async () => {
  const origin = await pages({})
  const opened = await openBrowser({ config: headless(), proxy: await startProxy() })
  const cookies = opened.source.cookies as Required<NonNullable<typeof opened.source.cookies>>
  const cookie = (more: Partial<Cookie>): Cookie => ({
    name: 'a',
    value: '1',
    domain: 'localhost',
    hostOnly: true,
    path: '/',
    expires: null,
    secure: true,
    httpOnly: true,
    sameSite: 'None',
    partitionKey: null,
    createdAt: 0,
    updatedAt: 0,
    ...more,
  })
  const partitioned = cookie({ name: 'p', partitionKey: 'https://shop.example' })
  await cookies.push([{ put: cookie({}) }, { put: partitioned }], [])
  const held = async () => (await cookies.pull())?.cookies.map(({ name, value, partitionKey }) => ({ name, value, partitionKey }))
  expect(await held()).toEqual(
    expect.arrayContaining([
      { name: 'a', value: '1', partitionKey: null },
      { name: 'p', value: '1', partitionKey: 'https://shop.example' },
    ]),
  )
  await cookies.push([{ gone: partitioned }], [])
  expect(await held()).toEqual([{ name: 'a', value: '1', partitionKey: null }])
  await opened.source.stop()
  await expect(cookies.pull()).rejects.toThrow('the browser is gone')
  await origin.close()
})
