/** One captured session, given to the real programs that read what it is exported to. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import type { Headers } from '../../sdk/model.ts'
import { testCa } from '../support/certificates.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { startDaemon } from '../support/daemon.ts'
import { type Har, readHar } from '../support/har.ts'
import { runK6 } from '../support/k6.ts'
import { serveHandlers } from '../support/msw.ts'
import { startOrigin } from '../support/origin.ts'
import { parseCollection, runNewman } from '../support/postman.ts'

const require = createRequire(import.meta.url)
const { liHARToK6Script: harToK6 } = require('har-to-k6') as { liHARToK6Script(har: Har): Promise<{ main: string }> }

const item = JSON.stringify({ name: 'é', price: 1.5 })
const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><p id="out"></p><script type="module">
const read = async (path, init) => { const answer = await fetch(path, init); return [answer.status, await answer.json()] }
const json = { 'content-type': 'application/json' }
const seen = [await read('/items?page=1'), await read('/items', { method: 'POST', headers: json, body: ${JSON.stringify(item)} })]
document.getElementById('out').textContent = JSON.stringify(seen)
</script>`

interface SentRequest {
  method: string
  target: string
  headers: Headers
  body: string
}

const ofClient = /^(?:host|content-length|connection)$/i

/** An API that keeps what it was sent. */
async function startShop() {
  const requests: SentRequest[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = (await buffer(request)).toString('latin1')
    const { method = '', url: target = '', rawHeaders } = request
    const pairs = rawHeaders.flatMap((name, index): Headers => (index % 2 === 0 ? [[name, rawHeaders[index + 1] as string]] : []))
    requests.push({ method, target, headers: pairs.filter(([name]) => !ofClient.test(name)), body })
    const json = (status: number, value: unknown, headers: object = {}) =>
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value))
    if (target === '/') response.writeHead(200, { 'Content-Type': 'text/html' }).end(page)
    else if (target.startsWith('/items/')) json(404, { error: 'no such item' })
    else if (target.startsWith('/items')) json(method === 'POST' ? 201 : 200, method === 'POST' ? { id: 1 } : [{ id: 1, name: 'é' }])
    else if (target === '/login') response.writeHead(303, { Location: '/', 'Set-Cookie': 'id=1; Path=/' }).end()
    else json(200, { size: body.length })
  }
  const origin = await startOrigin((request, response) => void answer(request, response))
  return { ...origin, requests }
}

test('one captured session serves newman, har-to-k6, an OpenAPI validator, MSW and Playwright', { timeout: 120_000 }, async () => {
  const shop = await startShop()
  const { client, home } = await startDaemon()
  const { certificate } = await testCa()
  const session = await client.call('session/start', { name: 'shop', tls: { ca: certificate } })
  const file = (name: string) => join(home.folder, name)
  writeFileSync(file('upload.bin'), Buffer.from([0, 255, 13, 10]))
  const ask = (path: string, ...more: string[]) =>
    promisify(execFile)('curl', ['-sS', '-k', '-x', `http://127.0.0.1:${session.proxy?.port}`, `${shop.url}${path}`, ...more])
  await ask('/')
  await ask('/items?page=1', '-H', 'X-Template: {{$guid}}')
  await ask('/items', '-H', 'Content-Type: application/json', '-d', item)
  await ask('/items/7', '-X', 'DELETE')
  await ask('/login', '-d', 'user=me&password=p%20w', '-b', 'before=1')
  await ask('/upload', '-F', 'note={{host}}', '-F', `file=@${file('upload.bin')}`)
  await ask('/raw', '-X', 'PUT', '-H', 'Content-Type:', '--data-binary', `@${file('upload.bin')}`)
  await client.call('session/stop', { sessionId: session.id })
  const captured = shop.requests.splice(0)

  const exportTo = async (exporter: string, options = {}) => {
    const out = file(exporter)
    const { exchanges } = await client.call('exporter/run', { sessionId: session.id, exporter, out, options, redact: 'off' })
    expect(exchanges).toBe(captured.length)
    return readFileSync(out, 'utf8')
  }
  const collection = parseCollection(await exportTo('postman', { folders: 'none', deduplicate: 'none' }))
  const folders = parseCollection(await exportTo('postman'))
  const openapi = JSON.parse(await exportTo('openapi')) as Record<string, unknown>
  const handlers = await exportTo('msw')
  await exportTo('har')
  // What it set aside is gone.
  expect(readdirSync(file('plugins/postman'))).toEqual([])

  expect(await runNewman(collection)).toBe(captured.length)
  expect(shop.requests.splice(0)).toEqual(captured)
  expect(await runNewman(folders)).toBe(captured.length)
  expect(new Set(shop.requests)).toEqual(new Set(captured))
  await shop.close()

  const { main } = await harToK6(readHar(file('har')))
  const { made } = await runK6(main)
  expect(made.map(({ method, url }) => [method, url])).toEqual(captured.map(({ method, target }) => [method, `${shop.url}${target}`]))

  expect(await new Validator().validate(openapi)).toMatchObject({ valid: true })

  const mock = await serveHandlers(handlers)
  try {
    const items = await fetch(`${shop.url}/items?page=1`)
    expect([items.status, await items.json()]).toEqual([200, [{ id: 1, name: 'é' }]])
    expect((await fetch(`${shop.url}/items/7`, { method: 'DELETE' })).status).toBe(404)
  } finally {
    mock.close()
  }

  if (chromiumPath === null) return
  const context = await (await launchChromium()).newContext({ ignoreHTTPSErrors: true })
  await context.routeFromHAR(file('har'), { notFound: 'abort' })
  const tab = await context.newPage()
  await tab.goto(`${shop.url}/`)
  const seen = await tab.locator('#out').filter({ hasText: ']' }).textContent()
  expect(JSON.parse(seen ?? '')).toEqual([
    [200, [{ id: 1, name: 'é' }]],
    [201, { id: 1 }],
  ])
})
