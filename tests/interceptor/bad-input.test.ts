/** What goes wrong in a browser, and what is too large: on record, bounded, and nothing hangs. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import type { NotificationParams } from '../../sdk/protocol.ts'
import { browserWithEndpoint } from '../support/browser-with-endpoint.ts'
import { browserCapture, browserPatience, pathOf } from '../support/captured-browser.ts'
import { chromiumPath, isChromium } from '../support/chromium.ts'
import { startOrigin } from '../support/origin.ts'

const slow = { timeout: 180_000 }
const html = (script: string) => `<!doctype html><link rel="icon" href="data:,"><script>${script}</script>`

/** What a process has started, and what that has. Linux. */
function descendants(pid: number): number[] {
  const parents = readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const]
    } catch {
      return []
    }
  })
  const under = (parent: number): number[] => parents.filter(([, of]) => of === parent).flatMap(([child]) => [child, ...under(child)])
  return under(pid)
}

test.skipIf(chromiumPath === null || process.platform !== 'linux')(
  'a browser that is killed ends the source, and the session goes on',
  slow,
  async () => {
    const captured = await browserCapture()
    const { client, pid, session } = captured
    const ends: NotificationParams<'source/didEnd'>[] = []
    client.on('source/didEnd', (end) => ends.push(end))
    const site = await startOrigin((request, response) => {
      if (request.url === '/hangs') response.writeHead(200).write('begun')
      else response.setHeader('content-type', 'text/html').end(html("fetch('/hangs')"))
    })
    const sourceId = await captured.open(`${site.url}/`)
    await vi.waitFor(async () => expect((await captured.all('path:/hangs')).map(({ state }) => state)).toEqual(['open']), browserPatience)
    const [browser] = descendants(pid).filter(isChromium)
    process.kill(browser as number, 'SIGKILL')
    await vi.waitFor(() => expect(ends).toMatchObject([{ sourceId, reason: expect.stringMatching(/\w/) }]), browserPatience)
    expect((await client.call('source/list', {})).items).toEqual([])
    expect((await client.call('session/get', { sessionId: session.id })).state).toBe('running')
    const hung = await captured.ended('path:/hangs')
    expect(hung).toMatchObject({ state: 'aborted', source: 'proxy' })
  },
)

test.skipIf(chromiumPath === null)('a tab that is closed in the middle of a response aborts it', slow, async () => {
  const captured = await browserCapture()
  const site = await startOrigin((request, response) => {
    if (request.url === '/hangs') response.writeHead(200, { 'content-type': 'text/plain' }).write('begun')
    else response.setHeader('content-type', 'text/html').end(html("fetch('/hangs')"))
  })
  const { context, endpoint } = await browserWithEndpoint({ port: captured.session.proxy?.port ?? 0, ca: captured.home.caCertificate })
  await captured.open('about:blank', { endpoint })
  const page = await context.newPage()
  await page.goto(`${site.url}/`)
  await vi.waitFor(async () => expect((await captured.all('path:/hangs')).map(({ state }) => state)).toEqual(['open']), browserPatience)
  await page.close()
  expect(await captured.ended('path:/hangs')).toMatchObject({ state: 'aborted', source: 'proxy' })
  await captured.client.call('session/stop', { sessionId: captured.session.id })
  expect(await captured.all('path:/hangs')).toHaveLength(1)
})

test.skipIf(chromiumPath === null)('two browsers in one session are told apart, also where they ask for the same', slow, async () => {
  const captured = await browserCapture()
  const site = await startOrigin((request, response) => {
    const name = new URL(request.url ?? '', 'http://x').searchParams.get('browser')
    if (name === null) response.end('same')
    else
      response.setHeader('content-type', 'text/html').end(
        html(`
      const asks = Array.from({ length: 20 }, () => fetch('/same', { cache: 'no-store', headers: { 'x-browser': '${name}' } }))
      Promise.all(asks).then(() => fetch('/done-${name}'))`),
      )
  })
  const [one, other] = await Promise.all([captured.open(`${site.url}/?browser=one`), captured.open(`${site.url}/?browser=other`)])
  await captured.ended('path:/done-one')
  await captured.ended('path:/done-other')
  await captured.client.call('session/stop', { sessionId: captured.session.id })
  const same = await captured.all('path:/same source:proxy')
  expect(same).toHaveLength(40)
  const merged = same.filter(({ browser }) => browser !== undefined)
  const asked = (name: string) =>
    merged.filter(({ request }) => request.headers.some(([field, value]) => field === 'x-browser' && value === name))
  expect(new Set(asked('one').map(({ browser }) => browser?.sourceId))).toEqual(new Set([one]))
  expect(new Set(asked('other').map(({ browser }) => browser?.sourceId))).toEqual(new Set([other]))
})

test.skipIf(chromiumPath === null)('an endpoint that is no browser is refused, with what to do', async () => {
  const captured = await browserCapture()
  const site = await startOrigin((_, response) => response.writeHead(404).end('no browser'), { tls: false })
  for (const endpoint of [site.url, 'http://127.0.0.1:1', 'ws://127.0.0.1:1/devtools/browser/x'])
    await expect(captured.open('about:blank', { endpoint }), endpoint).rejects.toMatchObject({
      code: 1003,
      message: expect.stringContaining('plugin browser: '),
    })
  await expect(captured.open('about:blank', { endpoint: 'file:///etc' })).rejects.toMatchObject({ code: -32602, reason: 'invalidConfig' })
  await expect(captured.open('about:blank', { executable: '/nowhere/chromium' })).rejects.toMatchObject({ code: 1003 })
  expect((await captured.client.call('source/list', {})).items).toEqual([])
})

test.skipIf(chromiumPath === null)('a body of 100 MB passes and is on record whole', slow, async () => {
  const captured = await browserCapture()
  const piece = Buffer.alloc(1_000_000, 'x')
  const site = await startOrigin(async (request, response) => {
    if (request.url === '/big') {
      for (let at = 0; at < 100; at++) if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve))
      response.end()
    } else
      response.setHeader('content-type', 'text/html').end(html("fetch('/big').then((r) => r.arrayBuffer()).then(() => fetch('/done'))"))
  })
  const sourceId = await captured.open(`${site.url}/`)
  await captured.ended('path:/done')
  expect((await captured.client.call('source/list', {})).items.map(({ id }) => id)).toEqual([sourceId])
  await captured.client.call('session/stop', { sessionId: captured.session.id })
  const [big, ...more] = await captured.all('path:/big')
  expect(more).toEqual([])
  expect(big).toMatchObject({
    source: 'proxy',
    state: 'complete',
    response: { bodySize: 100_000_000, truncated: false },
    browser: { resource: 'fetch' },
  })
})

test.skipIf(chromiumPath === null)('50,000 messages of a WebSocket are on record, once', slow, async () => {
  const captured = await browserCapture()
  const site = await startOrigin((_, response) =>
    response.setHeader('content-type', 'text/html').end(
      html(`
      const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket')
      let heard = 0
      socket.onopen = () => { for (let at = 0; at < 25000; at++) socket.send(String(at)) }
      socket.onmessage = () => { if (++heard === 25000) socket.close() }
      socket.onclose = () => fetch('/done')`),
    ),
  )
  new WebSocketServer({ server: site.server as Server, path: '/socket' }).on('connection', (socket) =>
    socket.on('message', (message) => socket.send(String(message))),
  )
  await captured.open(`${site.url}/`)
  await captured.ended('path:/done')
  const { messages } = (await captured.client.call('session/stop', { sessionId: captured.session.id })).counts
  const sockets = await captured.all('ws')
  expect(sockets.map((exchange) => [pathOf(exchange), exchange.source])).toEqual([['/socket', 'proxy']])
  // And the two that close it.
  expect(messages).toBe(50_002)
})
