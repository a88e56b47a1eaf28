/** A HAR that Playwright has recorded in Chromium. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { importContent, importFolder, readAll } from '../support/imported.ts'
import { startOrigin } from '../support/origin.ts'

const page =
  '<!doctype html><meta charset="utf-8"><title>é</title><script>fetch("/api?q=1", { method: "POST", body: "{\\"a\\":1}" })</script><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'

test.skipIf(chromiumPath === null)('has pages, calls and their bodies', async () => {
  const origin = await startOrigin(
    ({ url }, response) => {
      if (url === '/') response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Encoding': 'gzip' }).end(gzipSync(page))
      else if (url?.startsWith('/api'))
        response.writeHead(201, { 'Content-Type': 'application/octet-stream', 'Set-Cookie': ['a=1', 'b=2'] }).end(Buffer.of(0, 255, 128))
      else response.writeHead(404).end()
    },
    { tls: false },
  )
  const folder = importFolder()
  const path = join(folder, 'chromium.har')
  const browser = await launchChromium()
  const context = await browser.newContext({ recordHar: { path, content: 'embed' } })
  const tab = await context.newPage()
  const answered = tab.waitForResponse((response) => response.url().includes('/api'))
  await tab.goto(`${origin.url}/`)
  await (await answered).finished()
  await context.close()

  const { file } = await importContent(readFileSync(path), folder)
  const all = await readAll(file)
  const found = (end: string) => all.find(({ exchange }) => exchange.request.url === `${origin.url}${end}`)
  const html = found('/')
  expect(html?.exchange).toMatchObject({
    source: 'import',
    state: 'complete',
    request: { method: 'GET', httpVersion: '1.1' },
    response: { status: 200, reason: 'OK' },
    server: { port: origin.port },
  })
  expect(html?.exchange.response?.headers).toContainEqual(['Content-Encoding', 'gzip'])
  expect(html?.response.equals(gzipSync(page, { level: 1 }))).toBe(true)
  const api = found('/api?q=1')
  expect(api?.exchange.request.method).toBe('POST')
  expect(api?.request.toString()).toBe('{"a":1}')
  expect(api?.response).toEqual(Buffer.of(0, 255, 128))
  const cookies = api?.exchange.response?.headers.filter(([name]) => name.toLowerCase() === 'set-cookie')
  expect(cookies?.map(([, value]) => value)).toEqual(['a=1', 'b=2'])
})
