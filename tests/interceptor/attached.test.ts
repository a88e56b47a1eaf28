/** A Chromium that runs already: what goes past the proxy is recorded as the browser tells it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test, vi } from 'vitest'
import { headless, openBrowser, type ToldRequest } from '../support/browser-source.ts'
import { chromiumAlone, chromiumPath, runningChromium } from '../support/chromium.ts'
import { startOrigin } from '../support/origin.ts'
import { startProxy } from '../support/proxy.ts'
import { startSite } from './site.ts'

const inChromium = test.skipIf(chromiumPath === null)
const nameOf = ({ method, url }: ToldRequest) => `${method} ${new URL(url).pathname}`

inChromium('without the proxy all comes from the browser: bodies, messages, the address of the origin', async () => {
  const site = await startSite()
  const { endpoint } = await chromiumAlone()
  const opened = await openBrowser({ config: { endpoint, url: `${site.url}/` } })
  await opened.ended(`${site.url}/done`)
  const all = [...opened.requests(site.url), ...opened.requests(site.other.url)]
  const one = (name: string) => all.find((request) => nameOf(request) === name) as ToldRequest
  expect(all.filter(({ response }) => response?.proxied)).toEqual([])

  for (const { method, path, body } of site.asked) {
    const told = one(`${method} ${path}`)
    expect(told, path).toBeDefined()
    expect(told.bodies.request.equals(body), `${path}: ${told.bodies.request.length} of ${body.length}`).toBe(true)
  }
  expect(one('POST /multipart').bodies.request.length).toBeGreaterThan(100_000)
  expect(one('POST /multipart').view.requestBody).toBeUndefined()
  expect(one('GET /fetch')).toMatchObject({
    response: { status: 200, server: { address: '127.0.0.1', port: site.port } },
    view: { responseBody: 'decoded' },
  })
  expect(one('GET /fetch').bodies.response.toString()).toBe('GET /fetch')
  expect(one('GET /gzip').bodies.response.toString()).toBe('hello world')
  expect(one('GET /gzip').view.responseBody).toBe('decoded')
  expect(one('GET /landed').bodies.response.toString()).toBe('GET /landed')

  const socket = one('GET /socket')
  expect(socket.response).toMatchObject({ status: 101, proxied: false })
  expect(socket.messages).toMatchObject([
    { index: 0, direction: 'sent', type: 'text', text: 'hello', size: 5 },
    { index: 1, direction: 'received', type: 'text', text: 'hello', size: 5 },
    { index: 2, direction: 'sent', type: 'binary', data: 'AQL/', size: 3 },
    { index: 3, direction: 'received', type: 'binary', data: 'AQL/', size: 3 },
  ])
  expect(one('GET /events').messages).toMatchObject([
    { index: 0, direction: 'received', type: 'event', text: 'one', size: 3 },
    { index: 1, type: 'event', text: 'two\nlines', event: 'last', id: '7' },
  ])
})

inChromium('through the proxy the certificate tells the port of each connection, but not from a cache', async () => {
  const proxy = await startProxy()
  const site = await startSite({ tls: true })
  const { endpoint } = await runningChromium([
    `--proxy-server=http://127.0.0.1:${proxy.port}`,
    '--proxy-bypass-list=<-loopback>',
    '--ignore-certificate-errors',
  ])
  const opened = await openBrowser({ config: { endpoint, url: `${site.url}/` }, proxy })
  const done = await opened.ended(`${site.url}/done`)
  expect(done.response).toMatchObject({ proxied: true, connection: expect.any(Number) })
  expect(done.bodies.response.length).toBe(0)
  const fetched = opened.requests(`${site.url}/fetch`)
  expect(fetched[0]?.response?.proxied).toBe(true)
})

inChromium('a body that is too large for it is marked, the page goes on', async () => {
  const most = 100 * 1024 * 1024
  const origin = await startOrigin(
    (request, response) => {
      if (request.url === '/large') {
        response.setHeader('Content-Length', most)
        const piece = Buffer.alloc(1024 * 1024, 7)
        let left = most
        const more = (): void => {
          while (left > 0) {
            left -= piece.length
            if (!response.write(piece)) return void response.once('drain', more)
          }
          response.end()
        }
        more()
      } else if (request.url === '/small') response.end('small')
      else
        response
          .setHeader('Content-Type', 'text/html')
          .end('<script>fetch("/large").then((r) => r.blob()).then(() => fetch("/small"))</script>')
    },
    { tls: false },
  )
  const { endpoint } = await runningChromium()
  const opened = await openBrowser({ config: { endpoint, url: `${origin.url}/` } })
  expect((await opened.ended(`${origin.url}/small`)).bodies.response.toString()).toBe('small')
  const large = await opened.ended(`${origin.url}/large`)
  expect(large).toMatchObject({ response: { status: 200 }, view: { responseBody: 'notRead' } })
  expect(large.bodies.response.length).toBe(0)
  expect(large.failure).toBeUndefined()
})

inChromium('tabs that crash and tabs that are closed: what was open in them ends', async () => {
  const origin = await startOrigin(
    (request, response) => {
      if (request.url === '/') response.setHeader('Content-Type', 'text/html').end('<script>fetch("/never")</script>')
      else response.write('begun')
    },
    { tls: false },
  )
  const { context, endpoint } = await runningChromium()
  const opened = await openBrowser({ config: { endpoint } })
  const [first, second] = [await context.newPage(), await context.newPage()]
  for (const page of [first, second]) await page.goto(`${origin.url}/`)
  await vi.waitFor(() => expect(opened.requests(`${origin.url}/never`).filter(({ response }) => response)).toHaveLength(2))
  const crashed = first.waitForEvent('crash')
  await Promise.all([crashed, first.goto('chrome://crash').catch(() => undefined)])
  await second.close()
  await vi.waitFor(() =>
    expect(opened.requests(`${origin.url}/never`).map(({ failure }) => failure?.reason)).toEqual(['clientAborted', 'clientAborted']),
  )
  expect(opened.requests(`${origin.url}/never`).map(({ failure }) => failure?.message)).toContain('its page crashed')
  await vi.waitFor(() => expect(opened.events.some(({ kind }) => kind === 'lost')).toBe(true))
  // It goes on with what is there.
  const third = await context.newPage()
  await third.goto(`${origin.url}/`)
  await vi.waitFor(() => expect(opened.requests(`${origin.url}/never`)).toHaveLength(3))
})

inChromium('a browser that is closed ends the source; a source that is stopped leaves the browser', async () => {
  const origin = await startOrigin((_, response) => response.end('here'), { tls: false })
  const { context, endpoint } = await runningChromium()
  const one = await openBrowser({ config: { endpoint } })
  const other = await openBrowser({ config: { endpoint } })
  await one.source.stop()
  const page = await context.newPage()
  await page.goto(`${origin.url}/`)
  await other.ended(`${origin.url}/`)
  expect(one.requests(origin.url)).toEqual([])
  await context.close()
  expect(await other.source.ended).toBe('the connection to the browser was closed')
})

test('an endpoint where no browser is says so', async () => {
  const server = createServer((_, response) => response.end('{"webSocketDebuggerUrl": 12}')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await expect(openBrowser({ config: { endpoint: `http://127.0.0.1:${port}` } })).rejects.toThrow(
    `127.0.0.1:${port} is no debugging endpoint of a browser`,
  )
  await expect(openBrowser({ config: { endpoint: `ws://127.0.0.1:${port}/` } })).rejects.toThrow('start one with --remote-debugging-port')
  server.close()
  await new Promise((resolve) => server.once('close', resolve))
  await expect(openBrowser({ config: { endpoint: `http://127.0.0.1:${port}` } })).rejects.toThrow('start one with --remote-debugging-port')
  await expect(openBrowser({ config: { ...headless(), endpoint: `http://127.0.0.1:${port}` } })).rejects.toThrow('for one that is launched')
})
