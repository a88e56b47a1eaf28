/** Requests over HTTP/3, which no proxy sees: a browser that weir is attached to tells of them. */
import { expect, test, vi } from 'vitest'
import { browserCapture, pathOf } from '../support/captured-browser.ts'
import { keyHash, testCa } from '../support/certificates.ts'
import { chromiumAlone, chromiumPath } from '../support/chromium.ts'
import { caddyPath, startHttp3Origin } from '../support/http3-origin.ts'

// Real browsers on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const page = `<script>
  fetch('/echo', { method: 'POST', body: 'over UDP', headers: { 'X-Asked': 'yes' } })
    .then((answer) => answer.text())
    .then(() => fetch('/missing'))
</script>`

test.skipIf(chromiumPath === null || caddyPath === null)('each is on record once, whole, as the browser tells it', async () => {
  const url = await startHttp3Origin(page)
  const { endpoint } = await chromiumAlone([
    `--origin-to-force-quic-on=${new URL(url).host}`,
    `--ignore-certificate-errors-spki-list=${keyHash((await testCa()).certificate)}`,
  ])
  const captured = await browserCapture()
  await captured.open(`${url}/`, { endpoint })
  await captured.ended('path:/missing')
  const all = (await captured.all()).filter((exchange) => pathOf(exchange) !== '/favicon.ico')
  expect(all.map((exchange) => [pathOf(exchange), exchange.source, exchange.response?.httpVersion, exchange.response?.status])).toEqual([
    ['/', 'browser', '3', 200],
    ['/echo', 'browser', '3', 201],
    ['/missing', 'browser', '3', 404],
  ])
  const echo = all[1]
  expect(echo?.request).toMatchObject({ method: 'POST', httpVersion: '3', headers: expect.arrayContaining([['x-asked', 'yes']]) })
  expect(echo?.response?.headers).toContainEqual(['x-answered', 'yes'])
  expect(echo?.browser).toMatchObject({ resource: 'fetch', initiator: { type: 'script', url: `${url}/` }, page: `${url}/` })
  const body = async (part: 'request' | 'response') => (await captured.body(echo?.seq ?? 0, part)).toString()
  expect([await body('request'), await body('response')]).toEqual(['over UDP', 'POST over UDP'])
})
