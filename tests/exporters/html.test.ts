/** The report, opened by a real browser. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import html from '../../plugins/exporters/html.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { exported, exportText, type OptionsOf } from '../support/exported.ts'
import { temporaryHome } from '../support/home.ts'

interface Opened {
  page: Page
  /** What it asked for beside itself, and what it complained about. */
  faults: string[]
}

async function openReport(exchanges: ExportedExchange[], options: OptionsOf<typeof html> = {}): Promise<Opened> {
  const file = join(await temporaryHome(), 'report.html')
  writeFileSync(file, (await exportText(html, exchanges, options)).text)
  const url = pathToFileURL(file).href
  const page = await (await launchChromium()).newPage()
  const faults: string[] = []
  page.on('request', (request) => {
    if (request.url() !== url) faults.push(request.url())
  })
  page.on('console', (message) => faults.push(message.text()))
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('dialog', (dialog) => faults.push(dialog.message()))
  await page.goto(url)
  return { page, faults }
}

const attack = `"'></script><script>window.hit=1</script><img src=x onerror="window.hit=1"><!--<script>\u2028\ud800\u0000=cmd()`

test('without a browser: data cannot end its element, and nothing is fetched', async () => {
  const { text } = await exportText(html, [exported({ request: { url: `https://origin.test/${attack}` } })], { title: attack })
  expect(text.match(/<script/g)).toHaveLength(3)
  expect(text.match(/<\/script>/g)).toHaveLength(3)
  expect(text).toContain("default-src 'none'")
  expect(text).not.toMatch(/<link|<img|@import|url\(/)
})

test.skipIf(chromiumPath === null)('shows counts, groups, ranks and rows with details', async () => {
  const exchanges = [
    exported({ seq: 1, durationMs: 20 }, { response: Buffer.from('hello body') }),
    exported({ seq: 2, durationMs: 900, startedAt: 1_700_000_000_500, response: { status: 404 } }, { response: Buffer.alloc(5000, 'x') }),
    exported({ seq: 3, response: null, state: 'failed', error: { reason: 'dnsNotFound', message: 'no address' } }),
    exported({ seq: 4, state: 'open', durationMs: null, response: null }),
    exported({ seq: 5, response: { headers: [['Content-Type', 'application/octet-stream']] } }, { response: Buffer.from([0, 255]) }),
  ]
  const { page, faults } = await openReport(exchanges)
  expect(await page.locator('#facts b').allTextContents()).toEqual(['5', '1', '1', '5.0 kB', '0 B', '1.40 s'])
  expect(await page.locator('#groups .legend span').allTextContents()).toEqual([
    '2xx: 2 (40.0 %)',
    '4xx: 1 (20.0 %)',
    'failed: 1 (20.0 %)',
    'other: 1 (20.0 %)',
  ])
  expect(await page.locator('#timeline rect').count()).toBeGreaterThan(0)
  expect(await page.locator('#slowest li').first().textContent()).toContain('#2 GET')
  expect(await page.locator('#biggest li').first().textContent()).toContain('5.0 kB')
  expect(await page.locator('tr.row').count()).toBe(5)
  await page.locator('tr.row').first().click()
  expect(await page.locator('tr.details').textContent()).toContain('hello body')
  await page.locator('tr.row').nth(2).press('Enter')
  expect(await page.locator('tr.details').nth(1).textContent()).toContain('dnsNotFound: no address')
  await page.locator('tr.row').first().click()
  expect(await page.locator('tr.details').count()).toBe(1)
  await page.getByLabel('Filter').fill('404')
  expect(await page.locator('tr.row').count()).toBe(1)
  expect(faults).toEqual([])
})

test.skipIf(chromiumPath === null)('a hostile capture is text', async () => {
  const hostile = exported(
    {
      request: { method: attack, url: `javascript:${attack}`, headers: [[attack, attack]] },
      response: {
        reason: attack,
        headers: [
          ['Content-Type', 'text/html'],
          ['Content-Security-Policy', attack],
        ],
      },
    },
    { response: Buffer.from(attack) },
  )
  const { page, faults } = await openReport([hostile], { title: attack })
  await page.locator('tr.row').click()
  expect(await page.locator('tr.details').textContent()).toContain('<script>window.hit=1</script>')
  expect(await page.evaluate('window.hit')).toBeUndefined()
  expect(await page.locator('img').count()).toBe(0)
  expect(faults).toEqual([])
})

test.skipIf(chromiumPath === null)('of very many, rows come in pages; none at all is a report, too', async () => {
  const { page, faults } = await openReport(Array.from({ length: 450 }, (_, index) => exported({ seq: index + 1 })))
  expect(await page.locator('tr.row').count()).toBe(200)
  await page.locator('#more').click()
  await page.locator('#more').click()
  expect(await page.locator('tr.row').count()).toBe(450)
  expect(await page.locator('#more').isHidden()).toBe(true)
  expect(faults).toEqual([])
  const empty = await openReport([])
  expect(await empty.page.locator('#facts b').first().textContent()).toBe('0')
  expect(empty.faults).toEqual([])
})

test('bodies are cut, and left out when asked', async () => {
  const exchange = () => exported({}, { response: Buffer.from('0123456789') })
  expect((await exportText(html, [exchange()], { bodyCharacters: 4 })).text).toContain('"0123\\n… 6 more characters"')
  expect((await exportText(html, [exchange()], { bodyCharacters: 0 })).text).not.toContain('0123')
})
