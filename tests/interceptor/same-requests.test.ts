/** 500 requests at once, of which 100 are the same: what the proxy saw and what the browser tells are made one, and never wrongly. */
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import { browserWithEndpoint } from '../support/browser-with-endpoint.ts'
import { browserCapture, browserPatience, pathOf } from '../support/captured-browser.ts'
import { chromiumPath } from '../support/chromium.ts'
import { inScript, onWire, requests, startManyRequests } from '../support/many-requests.ts'

/** It is one of those 500, and the browser has told of it, and of no other one that it may be. */
const isMerged = (exchange: Exchange): boolean => Number.isInteger(onWire(exchange)) && inScript(exchange) !== null

const cases = (['h1', 'h2'] as const).flatMap((version) => (['opened', 'attached to'] as const).map((how) => [version, how] as const))

test.skipIf(chromiumPath === null).each(cases)('over %s, in a browser that weir %s', { timeout: 180_000 }, async (version, how) => {
  const captured = await browserCapture()
  const { client, session, home } = captured
  const site = await startManyRequests(version)
  onTestFinished(site.close)
  if (how === 'opened') await captured.open(`${site.url}/`)
  else {
    const { context, endpoint } = await browserWithEndpoint({ port: session.proxy?.port ?? 0, ca: home.caCertificate })
    await captured.open('about:blank', { endpoint })
    await (await context.newPage()).goto(`${site.url}/`)
  }
  await captured.ended('path:/done')
  // As promised of one that weir opened. Which of an attached one's connections is which is told by its certificates, first.
  const least = (how === 'opened' ? 0.99 : 0.9) * requests
  await vi.waitFor(async () => expect((await captured.all('source:proxy')).filter(isMerged).length).toBeGreaterThanOrEqual(least), {
    ...browserPatience,
    interval: 500,
  })
  await client.call('session/stop', { sessionId: session.id })

  const exchanges = (await captured.all()).filter((exchange) => pathOf(exchange) === '/same' || pathOf(exchange).startsWith('/item/'))
  const wire = exchanges.filter(({ source }) => source === 'proxy')
  expect(wire).toHaveLength(site.asked())
  expect(new Set(wire.map(({ request }) => request.httpVersion))).toEqual(new Set([version === 'h1' ? '1.1' : '2']))
  const merged = wire.filter(isMerged)
  expect(merged.filter((exchange) => inScript(exchange) !== onWire(exchange))).toEqual([])
  // Silent resends are exchanges of one request.
  const named = new Set([...merged.map(inScript), ...exchanges.filter(({ source }) => source === 'browser').map(inScript)])
  expect(named.size).toBe(requests)
})
