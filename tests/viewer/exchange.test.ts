/** What the viewer shows of one exchange, in a real Chromium: heads, bodies, messages; and that it is only shown. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { chromiumPath } from '../support/chromium.ts'
import { startDaemon } from '../support/daemon.ts'
import { importExchanges, type OpenViewer, openViewer, shownSeqs } from '../support/viewer.ts'
import { plainWebSocketThrough } from '../support/websocket-client.ts'

// Real browsers on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const inChromium = test.skipIf(chromiumPath === null)

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

const show = async ({ page }: OpenViewer, seq: number) => {
  await page
    .locator('.canvas [role=row]')
    .nth(seq - 1)
    .click()
  await page.locator('#details header').getByText(`#${seq},`).waitFor()
}
const tab = ({ page }: OpenViewer, name: string) => page.locator('#details [role=tab]').getByText(name, { exact: true }).click()
const body = ({ page }: OpenViewer) => page.locator('#details .body')

inChromium('bodies as JSON, an image, text and bytes, read as far as they are looked at', async () => {
  const daemon = await startDaemon()
  const json = JSON.stringify({ user: { name: 'Änne', id: 1 }, list: Array.from({ length: 250 }, (_, at) => at) }).replace(
    ':1}',
    ':12345678901234567890}',
  )
  const long = Buffer.alloc(700_000, 'line of a long text\n')
  await importExchanges(daemon.client, 'bodies', [
    {
      request: { method: 'POST', headers: [['Content-Type', 'application/json']] },
      response: {
        headers: [
          ['Content-Type', 'application/json'],
          ['Content-Encoding', 'gzip'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ],
      },
      bodies: { request: '{"sent":true}', response: json },
      received: { response: gzipSync(json) },
    },
    { response: { headers: [['Content-Type', 'image/png']] }, bodies: { response: png } },
    { bodies: { response: long } },
    { response: { headers: [['Content-Type', 'application/octet-stream']] }, bodies: { response: Buffer.from([0, 255, 0x41]) } },
    { response: null, error: { reason: 'dnsNotFound', message: 'no address' } },
    { response: { headers: [['Content-Type', 'application/json']] }, bodies: { response: '{"half":' } },
  ])
  const viewer = await openViewer(daemon)
  const { page, faults } = viewer
  await expect.poll(() => shownSeqs(page)).toHaveLength(6)

  await show(viewer, 1)
  await page.locator('.json').waitFor()
  expect(await page.locator('.json').textContent()).toContain('"Änne"')
  expect(await page.locator('.json').textContent()).toContain('12345678901234567890')
  await page.locator('.json summary', { hasText: 'list' }).click()
  await page.getByRole('button', { name: '100 more of 150' }).click()
  await page.getByRole('button', { name: '50 more of 50' }).click()
  await expect.poll(() => page.locator('.json').textContent()).toContain('249: 249')
  const fields = await page.locator('#details .fields').first().locator('tr').allTextContents()
  expect(fields).toEqual(['Content-Typeapplication/json', 'Content-Encodinggzip', 'Set-Cookiea=1', 'Set-Cookieb=2'])
  await body(viewer).getByRole('tab', { name: 'Text' }).click()
  await expect.poll(() => body(viewer).locator('pre').textContent()).toContain('"Änne"')
  await tab(viewer, 'Request')
  await expect.poll(() => body(viewer).textContent()).toContain('sent')
  await tab(viewer, 'Timing')
  await expect.poll(() => page.locator('.timing th').allTextContents()).toEqual(['send', 'wait', 'receive'])
  await tab(viewer, 'Facts')
  await expect.poll(() => page.locator('#details .fields').textContent()).toContain('192.0.2.1:443')
  await tab(viewer, 'Response')

  await show(viewer, 2)
  await page.locator('#details').getByText('1 × 1').waitFor()
  expect(await page.locator('#details img').getAttribute('src')).toMatch(/^blob:/)

  await show(viewer, 3)
  await page.getByRole('button', { name: /^Read on/ }).waitFor()
  expect(((await body(viewer).locator('pre').textContent()) ?? '').length).toBeLessThan(300_000)
  await page.getByRole('button', { name: /^Read on/ }).click()
  await page.getByRole('button', { name: /^Read on/ }).click()
  await expect.poll(async () => ((await body(viewer).locator('pre').textContent()) ?? '').length).toBe(long.length)

  await show(viewer, 4)
  await body(viewer).getByRole('tab', { name: 'Text' }).click()
  await body(viewer).getByText('This is no text').waitFor()
  await body(viewer).getByRole('tab', { name: 'Hex' }).click()
  await expect.poll(() => body(viewer).locator('pre').textContent()).toMatch(/^00000000 {2}00 ff 41 +\.\.A$/)

  await show(viewer, 5)
  await page.locator('#details').getByText('dnsNotFound: no address').waitFor()
  await show(viewer, 6)
  await body(viewer).getByRole('tab', { name: 'JSON' }).click()
  await body(viewer).getByText('It is no JSON').waitFor()
  expect(faults).toEqual([])
})

inChromium('messages of a WebSocket as they come, and the last of many', async () => {
  const daemon = await startDaemon()
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${String(data)}`)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const each of sockets.clients) each.terminate()
    server.close()
  })
  const session = await daemon.client.call('session/start', {})
  const socket = await plainWebSocketThrough(session.proxy?.port ?? 0, `localhost:${(server.address() as { port: number }).port}`)
  const viewer = await openViewer(daemon)
  const { page, faults } = viewer
  await expect.poll(() => shownSeqs(page)).toEqual([1])
  socket.send('{"n":1}')
  await show(viewer, 1)
  const messages = page.locator('.message-list summary')
  await expect.poll(() => messages.locator('.preview').allTextContents()).toEqual(['{"n":1}', 'echo {"n":1}'])
  socket.send('again')
  await expect.poll(() => messages.locator('.preview').allTextContents()).toEqual(['{"n":1}', 'echo {"n":1}', 'again', 'echo again'])
  await messages.first().click()
  await expect.poll(() => page.locator('.message-list pre').textContent()).toBe('{\n  "n": 1\n}')
  socket.close()
  await page.locator('#details .title .status', { hasText: '101' }).waitFor()
  await expect.poll(() => messages.locator('.kind').allTextContents()).toContain('close')

  const many = await importExchanges(daemon.client, 'many', [
    {
      request: { url: 'https://many.test/events' },
      response: { headers: [['Content-Type', 'text/event-stream']] },
      messages: Array.from({ length: 5000 }, (_, index) => ({
        index,
        at: 1_700_000_000_000 + index,
        direction: 'received' as const,
        type: 'event' as const,
        text: `event ${index}`,
        size: 10,
      })),
    },
  ])
  await page.reload()
  await page.locator(`#session option[value="${many}"]`).waitFor({ state: 'attached' })
  await page.locator('#session').selectOption(many)
  // Until it has come, the row of the session before is shown, which is the first of that one.
  await expect.poll(() => page.locator('.canvas [role=row] .path').allTextContents()).toEqual(['/events'])
  await show(viewer, 1)
  await expect.poll(() => messages.last().locator('.preview').textContent()).toBe('event 4999')
  expect(await messages.count()).toBe(200)
  await page.getByRole('button', { name: 'Earlier messages' }).click()
  await expect.poll(() => messages.first().locator('.preview').textContent()).toBe('event 4600')
  for (const first of [4400, 4200, 4000]) {
    await page.getByRole('button', { name: 'Earlier messages' }).click()
    await expect.poll(() => messages.first().locator('.preview').textContent()).toBe(`event ${first}`)
  }
  // So many are kept, and no more.
  expect(await page.getByRole('button', { name: 'Earlier messages' }).isHidden()).toBe(true)
  const state = `5000 messages, the last 1000 are here; all: weir messages ${many} 1`
  expect(await page.locator('.messages [role=status]').textContent()).toBe(state)
  expect(faults).toEqual([])
})

const attack = `"'></script><script>window.hit=1</script><img src=x onerror="window.hit=1"><!--<svg onload=window.hit=1>`
const odd = '\u202egnp.exe\u2066\u0000\u001b[31m\u200b'

inChromium('a hostile capture is text: nothing runs, nothing is fetched, nothing turns or hides', async () => {
  const daemon = await startDaemon()
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10" onload="window.hit=1"><script>window.hit=1</script><image href="http://127.0.0.1:9/x"/></svg>`
  const hostile = (type: string, response: string) => ({
    request: { method: `GET${attack}`, url: `https://a.test/${attack}?${odd}`, headers: [[attack, odd] as [string, string]] },
    response: {
      reason: attack,
      headers: [
        ['Content-Type', type],
        [odd, attack],
        ['Link', '<http://127.0.0.1:9/x>; rel=preload'],
      ] as [string, string][],
    },
    bodies: { request: attack, response },
    note: attack,
    tags: [attack],
    messages: [{ index: 0, at: 1, direction: 'sent' as const, type: 'text' as const, text: attack + odd, size: 5 }],
    kind: type === 'ws' ? ('websocket' as const) : ('http' as const),
  })
  await importExchanges(daemon.client, attack, [
    hostile('text/html', `<script>window.hit=1</script>${odd}`),
    hostile('application/json', JSON.stringify({ [attack]: attack, __proto__: { hit: 1 }, constructor: odd })),
    hostile('image/svg+xml', svg),
    hostile(`text/plain; charset=${attack}`, attack),
    hostile('ws', attack),
  ])
  const viewer = await openViewer(daemon)
  const { page, faults } = viewer
  await expect.poll(() => shownSeqs(page)).toHaveLength(5)
  for (let seq = 1; seq <= 5; seq++) {
    await show(viewer, seq)
    for (const name of ['Request', 'Timing', 'Facts', 'Response', ...(seq === 5 ? ['Messages'] : [])]) await tab(viewer, name)
    if (seq === 5) continue
    for (const view of await body(viewer).getByRole('tab').all()) {
      await view.click()
      await expect.poll(() => body(viewer).getByText('Reading…').count()).toBe(0)
    }
  }
  await page.getByRole('button', { name: 'Overview' }).click()
  await page.locator('#overview .card').first().waitFor()
  expect(await page.evaluate('window.hit')).toBeUndefined()
  expect(await page.locator('script').count()).toBe(1)
  const shown = (await page.locator('body').textContent()) ?? ''
  expect(shown).toContain('<script>window.hit=1</script>')
  expect(shown).not.toMatch(/[\u0000\u001b\u202a-\u202e\u2066-\u2069\u200b]/)
  expect(shown).toContain('<U+202E>')
  expect(faults).toEqual([])
})
