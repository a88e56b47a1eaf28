/** A page that asks in every way there is: each request is on record once, with its exact bodies and with what made the browser ask. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import { browserWithEndpoint } from '../support/browser-with-endpoint.ts'
import { askedFor, type BusySite, startBusySite } from '../support/busy-site.ts'
import { type BrowserCapture, browserCapture, browserPatience, pathOf } from '../support/captured-browser.ts'
import { chromiumPath } from '../support/chromium.ts'

const one = (exchanges: readonly Exchange[], path: string): Exchange => {
  const found = exchanges.filter((exchange) => pathOf(exchange) === path)
  expect(found, path).toHaveLength(1)
  return found[0] as Exchange
}

/** Once the session has stopped nothing is held back any longer. */
async function whole({ client, session, all }: BrowserCapture): Promise<Exchange[]> {
  await client.call('session/stop', { sessionId: session.id })
  // A connection that the browser opened ahead, and closed unused, looks like one of a client that does not trust the CA.
  return (await all()).filter(({ error }) => error?.reason !== 'clientRejectedCa')
}

async function expectBodies({ body }: BrowserCapture, site: BusySite, exchanges: readonly Exchange[]): Promise<void> {
  for (const { path, body: sent } of site.asked.filter(({ body }) => body.length > 0)) {
    const exchange = exchanges.find((found) => pathOf(found) === path) as Exchange
    expect((await body(exchange.seq, 'request')).equals(sent), `the request body of ${path}`).toBe(true)
  }
}

test.skipIf(chromiumPath === null)('of a browser that weir opened', { timeout: 180_000 }, async () => {
  const captured = await browserCapture()
  const site = await startBusySite()
  await captured.open(`${site.url}/`)
  await captured.ended('path:/done')
  // Beacons go out while the page leaves, in their own time.
  await vi.waitFor(
    () => expect(site.asked.filter(({ path }) => ['/beacon', '/kept-alive'].includes(path))).toHaveLength(2),
    browserPatience,
  )
  const exchanges = await whole(captured)

  // A connection that was used before and breaks is tried again, silently: how often is the browser's choice, and all of it is one request.
  const timesFailed = site.asked.filter(({ path }) => path === '/fails').length
  const expected: typeof askedFor = { ...askedFor, '/fails': { wire: timesFailed } }
  const counted = Object.fromEntries(
    Object.entries(expected).map(([path]) => [path, exchanges.filter((exchange) => pathOf(exchange) === path)]),
  )
  const counts = Object.entries(counted).map(([path, found]) => [
    path,
    { wire: found.filter(({ source }) => source === 'proxy').length, alone: found.filter(({ source }) => source === 'browser').length },
  ])
  expect(Object.fromEntries(counts)).toEqual(
    Object.fromEntries(Object.entries(expected).map(([path, { wire, alone = 0 }]) => [path, { wire, alone }])),
  )
  expect([...new Set(exchanges.map(pathOf))].sort()).toEqual(Object.keys(expected).sort())

  await expectBodies(captured, site, exchanges)
  expect((await captured.body(one(exchanges, '/file').seq, 'response')).equals(site.file)).toBe(true)
  const made = one(exchanges, '/scope/made')
  expect(made).toMatchObject({ source: 'browser', browser: { servedFrom: 'serviceWorker' } })
  const cached = exchanges.filter((exchange) => pathOf(exchange) === '/cached').find(({ source }) => source === 'browser') as Exchange
  expect(['memoryCache', 'diskCache']).toContain(cached.browser?.servedFrom)
  expect((await captured.body(cached.seq, 'response')).toString()).toBe('you asked for /cached')
  const atOnce = exchanges.filter((exchange) => pathOf(exchange) === '/cached-at-once')
  expect(atOnce.filter(({ source, browser }) => source === 'proxy' && browser !== undefined)).toHaveLength(1)
  for (const { seq } of atOnce) expect((await captured.body(seq, 'response')).toString()).toBe('you asked for /cached-at-once')
  expect(one(exchanges, '/unsafe')).toMatchObject({ source: 'browser', state: 'failed', browser: { failure: 'net::ERR_UNSAFE_PORT' } })

  const failed = exchanges.filter((exchange) => pathOf(exchange) === '/fails')
  expect(new Set(failed.map(({ browser }) => browser?.requestId)).size).toBe(1)
  expect(failed.at(-1)?.browser).toMatchObject({ failure: 'net::ERR_EMPTY_RESPONSE', initiator: { type: 'script' } })
  expect(failed.at(-1)?.browser?.resends ?? []).toEqual(failed.slice(0, -1).map(({ seq }) => seq))

  const { url } = site
  for (const path of ['/fetch', '/fetch-post', '/xhr', '/file', '/fetch-multipart'])
    expect(one(exchanges, path).browser, path).toMatchObject({ initiator: { type: 'script', url: `${url}/script.js` }, page: `${url}/` })
  expect(one(exchanges, '/script.js').browser).toMatchObject({ initiator: { type: 'parser' }, resource: 'script' })
  expect(one(exchanges, '/worker-fetch').browser).toMatchObject({ worker: `${url}/worker.js` })
  expect(one(exchanges, '/frame-fetch').browser).toMatchObject({ frame: { url: `${url}/frame` } })
  expect(one(exchanges, '/socket')).toMatchObject({ kind: 'websocket', source: 'proxy', browser: { resource: 'webSocket' } })
  const unnamed = exchanges.filter(({ source, browser }) => source === 'proxy' && browser === undefined).map(pathOf)
  // What a page says while it leaves, and a worker's own script, CDP tells nobody of.
  for (const path of unnamed) expect(['/beacon', '/kept-alive', '/worker.js', '/scope/worker.js']).toContain(path)
})

test.skipIf(chromiumPath === null)(
  'of a browser that weir attached to, a form with a file on disk included',
  { timeout: 120_000 },
  async () => {
    const captured = await browserCapture()
    const site = await startBusySite()
    const { context, endpoint } = await browserWithEndpoint({
      port: captured.session.proxy?.port as number,
      ca: captured.home.caCertificate,
    })
    await captured.open('about:blank', { endpoint })
    const path = join(captured.home.folder, 'file.bin')
    writeFileSync(path, site.file)
    const page = await context.newPage()
    await page.goto(`${site.url}/after`)
    await page.setContent(
      `<form method="post" action="${site.url}/upload" enctype="multipart/form-data"><input name="text" value="a text"><input type="file" name="file"></form>`,
    )
    await page.setInputFiles('input[type=file]', path)
    await Promise.all([page.waitForURL('**/upload'), page.evaluate('document.forms[0].submit()')])
    const exchanges = await whole(captured)
    const upload = one(exchanges, '/upload')
    expect(upload).toMatchObject({ source: 'proxy', browser: { resource: 'document' } })
    expect(upload.request.bodySize).toBeGreaterThan(site.file.length)
    await expectBodies(captured, site, exchanges)
  },
)
