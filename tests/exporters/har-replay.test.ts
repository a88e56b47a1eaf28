/** A browser's real traffic through the real daemon, exported, and replayed by Playwright with everything else gone. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { expect, test } from 'vitest'
import { testCa } from '../support/certificates.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { startDaemon } from '../support/daemon.ts'
import { bytesOf, readHar } from '../support/har.ts'
import { startOrigin } from '../support/origin.ts'

/** `export const answer = "packed with brotli"` twenty times, compressed beforehand: nothing here may reach Node's brotli. */
const brotliModule = Buffer.from('G1sD6I1TrIm6ESrdbWxd8fzeqRVEQhkKMJED9rZEEj65vnbCUmaKy4FhUNp3UxTgNwX8dciTp0k=', 'base64')
const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

const page = `<!doctype html><meta charset="utf-8"><title>é page</title><link rel="icon" href="data:,">
<img id="pixel" src="/pixel.png"><script type="module" src="/app.js"></script><p id="out"></p>`

const app = `
const post = async (path, body, headers = {}) => (await fetch(path, { method: 'POST', body, headers })).text()
const form = new FormData()
form.append('text', 'é')
form.append('file', new Blob([new Uint8Array([0, 255, 13, 10, 254])]), 'a.bin')
const result = {
  binary: await post('/echo', new Uint8Array([0, 255, 1, 128, 10])),
  otherBinary: await post('/echo', new Uint8Array([9, 8, 7, 255])),
  form: await post('/echo', new URLSearchParams({ a: '1', b: 'x y', c: 'é' })),
  json: await post('/echo', JSON.stringify({ text: 'é "quoted" \\u2028' }), { 'content-type': 'application/json' }),
  multipart: (await post('/echo', form)).length,
  redirected: await (await fetch('/moved?to=here')).text(),
  seeOther: await post('/see-other', 'x=1'),
  query: await (await fetch("/query?a=1&b=x+y&c=é&d=%2F'")).text(),
  bytes: [...new Uint8Array(await (await fetch('/bytes')).arrayBuffer())].join(),
  missing: (await fetch('/missing')).status,
  empty: (await fetch('/empty')).status,
  brotli: await (await fetch('/packed')).text(),
  cookies: await fetch('/cookies').then(() => document.cookie.split('; ').sort().join()),
  pixel: await document.getElementById('pixel').decode().then(() => document.getElementById('pixel').naturalWidth),
}
document.getElementById('out').textContent = JSON.stringify(result)
`

const bracketsPage = `<!doctype html><p id="out"></p><script type="module">
document.getElementById('out').textContent = JSON.stringify({ brackets: await (await fetch('/query?ids[]=1|2')).text() })
</script>`

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(request)
  const { pathname, search } = new URL(request.url ?? '', 'https://localhost')
  const send = (type: string, content: string | Buffer, headers: Record<string, string | string[]> = {}) =>
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store', ...headers }).end(content)
  if (pathname === '/') response.writeHead(302, { Location: '/page' }).end()
  else if (pathname === '/page') send('text/html', gzipSync(page), { 'Content-Encoding': 'gzip' })
  else if (pathname === '/brackets') send('text/html', bracketsPage)
  else if (pathname === '/app.js') send('text/javascript; charset=utf-8', app)
  else if (pathname === '/pixel.png') send('image/png', pixel)
  else if (pathname === '/echo') send('text/plain', `${request.headers['content-type']} ${body.toString('hex')}`)
  else if (pathname === '/moved') response.writeHead(301, { Location: `/query${search}` }).end()
  else if (pathname === '/see-other') response.writeHead(303, { Location: '/query?after=post' }).end()
  else if (pathname === '/query') send('text/plain', `query ${request.url}`)
  else if (pathname === '/bytes') send('application/octet-stream', Buffer.from([0, 128, 255, 10]))
  else if (pathname === '/empty') response.writeHead(204).end()
  else if (pathname === '/packed') send('text/plain', brotliModule, { 'Content-Encoding': 'br' })
  else if (pathname === '/cookies')
    send('text/plain', '', { 'Set-Cookie': ['one=1; Path=/', 'two=2; Path=/; Max-Age=600', 'one=3; Path=/'] })
  else response.writeHead(404, { 'Content-Type': 'text/plain' }).end('nothing here')
}

/** What the page's script found, with all it did. */
async function visit(browser: Browser, url: string, har?: string) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  if (har) await context.routeFromHAR(har, { notFound: 'abort' })
  const tab = await context.newPage()
  await tab.goto(url)
  const text = await tab.locator('#out').filter({ hasText: '}' }).textContent()
  const result: Record<string, unknown> = { url: tab.url(), title: await tab.title(), ...JSON.parse(text ?? '') }
  await context.close()
  return result
}

test.skipIf(chromiumPath === null)('a browser session replays from its HAR as it was', { timeout: 90_000 }, async () => {
  const origin = await startOrigin((request, response) => void answer(request, response))
  const { client, home } = await startDaemon()
  const session = await client.call('session/start', { name: 'browse', tls: { ca: (await testCa()).certificate } })
  const proxy = { server: `http://127.0.0.1:${session.proxy?.port}`, bypass: '<-loopback>' }

  const recording = await launchChromium({ proxy })
  const recorded = await visit(recording, origin.url)
  const brackets = await visit(recording, `${origin.url}/brackets`)
  expect(recorded).toMatchObject({ url: `${origin.url}/page`, title: 'é page', missing: 404, empty: 204, pixel: 1, cookies: 'one=3,two=2' })
  expect(recorded).toMatchObject({ binary: 'undefined 00ff01800a', brotli: expect.stringContaining('packed with brotli') })

  await client.call('session/stop', { sessionId: session.id })
  await origin.close()
  const out = join(home.folder, 'browse.har')
  const { exchanges } = await client.call('exporter/run', { sessionId: session.id, exporter: 'har', out, redact: 'off' })
  const { entries } = readHar(out).log
  expect(entries).toHaveLength(exchanges)

  const entry = (path: string) => {
    const found = entries.find(({ request }) => new URL(request.url).pathname === path)
    if (!found) throw new Error(`no entry of ${path}`)
    return found
  }
  expect(entry('/').response).toMatchObject({ status: 302, redirectURL: '/page' })
  expect(entry('/page').response.content.text).toBe(page)
  expect(entry('/packed').response).toMatchObject({ bodySize: brotliModule.length, content: { text: recorded.brotli } })
  expect(bytesOf(entry('/pixel.png').response.content).equals(pixel)).toBe(true)
  expect(entry('/cookies').response.cookies.map(({ name, value }) => `${name}=${value}`)).toEqual(['one=1', 'two=2', 'one=3'])
  expect(entry('/page')).toMatchObject({
    serverIPAddress: '127.0.0.1',
    _serverPort: origin.port,
    _securityDetails: { protocol: 'TLS 1.3' },
  })

  const replaying = await launchChromium()
  expect(await visit(replaying, origin.url, out)).toEqual(recorded)

  // Playwright compares URLs as the browser writes them, which is not always a valid URI.
  const options = { urls: 'browser' }
  await client.call('exporter/run', { sessionId: session.id, exporter: 'har', out, options, redact: 'off' })
  expect(brackets).toMatchObject({ brackets: 'query /query?ids[]=1|2' })
  expect(await visit(replaying, `${origin.url}/brackets`, out)).toEqual(brackets)
})
