/** The viewer's table in a real Chromium: live, of any length, by keyboard. */
import { spawn } from 'node:child_process'
import type { Page, WebSocketRoute } from 'playwright-core'
import { expect, test, vi } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'
import { dragTo, focused, importExchanges, openViewer, shownSeqs } from '../support/viewer.ts'

// Real browsers on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const inChromium = test.skipIf(chromiumPath === null)

const row = (page: Page, seq: number) =>
  page.locator('.canvas [role=row]').filter({ has: page.locator('.seq', { hasText: new RegExp(`^${seq}$`) }) })
const cells = async (page: Page, seq: number) => (await row(page, seq).locator('[role=gridcell]').allTextContents()).slice(0, 7)

inChromium('shows what passes while it passes, and steers the session', async () => {
  const daemon = await startDaemon()
  let finish: (() => void) | null = null
  const origin = await startOrigin(
    (request, response) => {
      response.writeHead(request.url === '/missing' ? 404 : 200, { 'Content-Type': 'application/json; charset=utf-8' })
      if (request.url !== '/slow') return void response.end('{"ok":true}')
      response.write('{')
      finish = () => response.end('}')
    },
    { tls: false },
  )
  const session = await daemon.client.call('session/start', { name: 'first' })
  const port = session.proxy?.port ?? 0
  const { page, faults } = await openViewer(daemon)
  await expect.poll(() => page.title()).toBe('first — weir')
  await expect.poll(() => page.locator('#empty').textContent()).toContain(`curl --proxy http://127.0.0.1:${port} `)

  await getThrough(port, `${origin.url}/one?a=b`)
  await getThrough(port, `${origin.url}/missing`)
  const host = `localhost:${origin.port}`
  await expect.poll(() => cells(page, 1)).toEqual(['1', '200', 'GET', host, '/one?a=b', 'json', '11 B'])
  await expect.poll(() => cells(page, 2)).toEqual(['2', '404', 'GET', host, '/missing', 'json', '11 B'])
  expect(await page.locator('#empty').isHidden()).toBe(true)
  await expect.poll(() => row(page, 1).locator('.waterfall .bar').count()).toBeGreaterThan(0)
  await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('3')

  const slow = getThrough(port, `${origin.url}/slow`)
  await expect.poll(async () => (await row(page, 3).locator('.time').textContent()) ?? '').toBe('…')
  const end = await vi.waitFor(() => {
    expect(finish).not.toBeNull()
    return finish as unknown as () => void
  })
  end()
  await slow
  await expect.poll(async () => (await row(page, 3).locator('.time').textContent()) ?? '').toMatch(/ms$/)
  await expect.poll(() => page.locator('#spoken').textContent()).toBe('3 exchanges')

  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect.poll(() => page.locator('#session-facts').textContent()).toBe('stopped')
  expect((await daemon.client.call('session/get', { sessionId: session.id })).state).toBe('stopped')
  await page.getByRole('button', { name: 'New session' }).click()
  await expect.poll(() => page.locator('#session-facts').textContent()).toMatch(/^running, proxy 127\.0\.0\.1:\d+$/)
  await expect.poll(() => shownSeqs(page)).toEqual([])
  await page.locator('#session').selectOption(session.id)
  await expect.poll(() => shownSeqs(page)).toEqual([1, 2, 3])
  await daemon.client.call('exchange/delete', { sessionId: session.id, seq: 2 })
  await expect.poll(() => shownSeqs(page)).toEqual([1, 3])
  expect(faults).toEqual([])
})

inChromium(
  '120,000 rows: a few are drawn, the right ones wherever it is scrolled, with a query and after deletions',
  { timeout: 180_000 },
  async () => {
    const daemon = await startDaemon()
    const total = 120_000
    const sessionId = await importExchanges(
      daemon.client,
      'large',
      (function* () {
        for (let seq = 1; seq <= total; seq++)
          yield {
            request: { url: `https://host-${seq % 5}.test/${seq}` },
            response: { status: seq % 100 === 0 || seq > 119_000 ? 503 : 200 },
          }
      })(),
    )
    const { page, faults } = await openViewer(daemon, sessionId)
    await expect.poll(async () => (await shownSeqs(page)).at(-1)).toBe(total)
    expect(await page.locator('.canvas [role=row]').count()).toBeLessThan(60)
    expect(await page.locator('#grid').getAttribute('aria-rowcount')).toBe(String(total + 1))

    /** In sight without holes, and the row numbers say the same. */
    const settled = async (seqOfRow: (row: number) => number) => {
      await vi.waitFor(async () => {
        expect(await page.locator('.canvas [role=row].coming').count()).toBe(0)
        // What was dragged is drawn at the next frame: until then no row is in sight.
        expect((await shownSeqs(page)).length).toBeGreaterThan(10)
        const shown = (await page.evaluate(
          `[...document.querySelectorAll('.canvas [role=row]')].map((row) => [row.ariaRowIndex - 1, Number(row.querySelector('.seq').textContent)])`,
        )) as [number, number][]
        for (const [number, seq] of shown) expect(seq).toBe(seqOfRow(number))
      })
    }
    for (const share of [0, 0.5, 0.123, 1]) {
      await dragTo(page, share)
      await settled((number) => number)
    }
    await expect.poll(() => shownSeqs(page)).toContain(total)

    // 1,190 that lie far apart, then a thousand side by side.
    await page.locator('#query').fill('status:503')
    await page.locator('#query').press('Enter')
    await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('2191')
    const seqOfMatch = (number: number) => (number <= 1190 ? number * 100 : 119_000 + number - 1190)
    for (const share of [0.3, 0, 0.55, 0.8, 1]) {
      await dragTo(page, share)
      await settled(seqOfMatch)
    }
    await page.locator('#query').fill('')
    await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe(String(total + 1))
    await daemon.client.call('exchange/delete', { sessionId, where: 'seq:..1000' })
    await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe(String(total - 999))
    await dragTo(page, 0)
    await settled((number) => number + 1000)
    await dragTo(page, 0.4)
    await settled((number) => number + 1000)
    expect(faults).toEqual([])
  },
)

inChromium('a million rows are more than a browser draws: wheel and keys move row by row, dragging goes where it points', async () => {
  const daemon = await startDaemon()
  await daemon.client.call('session/start', {})
  const { page } = await openViewer(daemon)
  // Once the page has said what is in the session it touches nothing any more.
  await expect.poll(() => page.locator('#empty').textContent()).toContain('curl --proxy')
  // The table alone, over rows that need no daemon.
  await page.evaluate(`(async () => {
    const { Grid } = await import(new URL('grid.js', location.href).href)
    const rows = Object.assign(new EventTarget(), {
      total: 1_000_000,
      want() {},
      rowOf: (seq) => seq - 1,
      row: (index) => ({
        seq: index + 1,
        state: 'complete',
        kind: 'http',
        startedAt: index,
        durationMs: 1,
        timings: { wait: 1 },
        request: { method: 'GET', url: 'http://a.test/' + index, headers: [] },
        response: { status: 200, headers: [], bodySize: 1 },
      }),
    })
    const root = document.getElementById('grid')
    const fresh = root.cloneNode(true)
    root.replaceWith(fresh)
    fresh.querySelector('.canvas').replaceChildren()
    document.getElementById('empty').hidden = true
    new Grid(fresh, rows).reset()
    fresh.focus()
  })()`)
  await expect.poll(async () => (await shownSeqs(page)).at(-1)).toBe(1_000_000)
  await page.keyboard.press('Home')
  await expect.poll(async () => (await shownSeqs(page))[0]).toBe(1)
  for (let at = 0; at < 3; at++) await page.keyboard.press('ArrowDown')
  await expect.poll(() => page.locator('.canvas [aria-selected=true] .seq').textContent()).toBe('4')
  await page.locator('.scroller').hover()
  await page.mouse.wheel(0, 26 * 10)
  await expect.poll(async () => (await shownSeqs(page))[0]).toBe(11)
  await dragTo(page, 0.5)
  await expect.poll(async () => Math.round(((await shownSeqs(page))[0] ?? 0) / 1000)).toBe(500)
  const [before = 0] = await shownSeqs(page)
  await page.mouse.wheel(0, 26 * 4)
  await expect.poll(async () => (await shownSeqs(page))[0]).toBe(before + 4)
  await page.keyboard.press('End')
  await expect.poll(async () => (await shownSeqs(page)).at(-1)).toBe(1_000_000)
  await page.keyboard.press('PageUp')
  await page.keyboard.press('ArrowUp')
  const selected = async () => Number(await page.locator('.canvas [aria-selected=true] .seq').textContent())
  await expect.poll(selected).toBeLessThan(999_990)
  expect(await selected()).toBeGreaterThan(999_950)
})

inChromium('by keyboard alone: to the query and back, through the rows, into an exchange and out', async () => {
  const daemon = await startDaemon()
  await importExchanges(
    daemon.client,
    'keys',
    Array.from({ length: 300 }, (_, at) => ({ request: { url: `https://keys.test/${at + 1}` } })),
  )
  const { page, faults } = await openViewer(daemon)
  await expect.poll(async () => (await shownSeqs(page)).at(-1)).toBe(300)
  await page.keyboard.press('/')
  expect(await focused(page)).toBe('query')
  await page.keyboard.press('Escape')
  expect(await focused(page)).toBe('grid')
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => page.locator('#grid').getAttribute('aria-activedescendant')).toBe('row-1')
  await expect.poll(() => page.locator('#row-1').getAttribute('aria-selected')).toBe('true')
  // A row whose exchange has not come yet cannot be opened.
  await expect.poll(() => page.locator('#row-1 .path').textContent()).toBe('/2')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.locator('#details h2').textContent()).toBe('GET https://keys.test/2')
  expect(await focused(page)).toBe('details')
  await page.locator('#grid').focus()
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => page.locator('#details h2').textContent()).toBe('GET https://keys.test/3')
  await page.locator('#details').focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Escape')
  await page.locator('#details').waitFor({ state: 'hidden' })
  expect(await focused(page)).toBe('grid')
  await page.keyboard.press('PageDown')
  await page.keyboard.press('End')
  await expect.poll(() => page.locator('#grid').getAttribute('aria-activedescendant')).toBe('row-299')
  expect(faults).toEqual([])
})

inChromium('a lost connection is made again and goes on by the clock; nothing is missed or doubled', async () => {
  const daemon = await startDaemon()
  const origin = await startOrigin((_request, response) => void response.end('ok'), { tls: false })
  const session = await daemon.client.call('session/start', {})
  const port = session.proxy?.port ?? 0
  const { page, url } = await openViewer(daemon)
  await getThrough(port, `${origin.url}/before`)
  await expect.poll(() => shownSeqs(page)).toEqual([1])
  await daemon.client.call('websocket/stop', {})
  await expect.poll(() => page.locator('body').getAttribute('data-connection')).toMatch(/lost|connecting/)
  expect(await page.locator('#connection').textContent()).not.toBe('')
  // What is asked for meanwhile is shown as soon as that can be.
  await page.locator('#query').fill('path:/a* OR path:/m*')
  await page.locator('#query').press('Enter')
  await getThrough(port, `${origin.url}/meanwhile`)
  await daemon.client.call('websocket/start', { port: Number(new URL(url).port) })
  await getThrough(port, `${origin.url}/after`)
  await expect.poll(() => shownSeqs(page)).toEqual([2, 3])
  await page.locator('#query').fill('')
  await page.locator('#query').press('Enter')
  await expect.poll(() => shownSeqs(page)).toEqual([1, 2, 3])
  await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('4')
  expect(await page.locator('#problem').isHidden()).toBe(true)

  // What was typed meanwhile, but not entered, is typed on.
  await daemon.client.call('websocket/stop', {})
  await expect.poll(() => page.locator('body').getAttribute('data-connection')).toMatch(/lost|connecting/)
  await page.locator('#query').fill('sta')
  await daemon.client.call('websocket/start', { port: Number(new URL(url).port) })
  await page.locator('#query-words [role=option]', { hasText: /^status$/ }).waitFor()
  expect(await shownSeqs(page)).toEqual([1, 2, 3])
  await page.locator('#query').fill('')

  // Sessions that come and go leave nothing in the list.
  const { id } = await daemon.client.call('session/start', { name: 'short' })
  await page.locator(`#session option[value="${id}"]`).waitFor({ state: 'attached' })
  await daemon.client.call('session/stop', { sessionId: id })
  await daemon.client.call('session/delete', { sessionId: id })
  await page.locator(`#session option[value="${id}"]`).waitFor({ state: 'detached' })
  expect(await page.locator('#session').inputValue()).toBe(session.id)

  // Of one that is deleted while it is shown nothing stays.
  await row(page, 1).click()
  await page.locator('#details h2').waitFor()
  await daemon.client.call('session/stop', { sessionId: session.id })
  await daemon.client.call('session/delete', { sessionId: session.id })
  await expect.poll(() => page.locator('#problem').textContent()).toBe(`The session “${session.name}” was deleted.`)
  await expect.poll(() => page.title()).toBe('weir')
  await expect.poll(() => shownSeqs(page)).toEqual([])
  await expect.poll(() => page.locator('#empty').textContent()).toBe('No session is shown. Choose or start one above.')
  expect(await page.locator('#details').isHidden()).toBe(true)
  expect(await page.locator('#count').textContent()).toBe('')
})

inChromium('rows that go or come while others are counted or asked for, also when the connection is lost meanwhile', async () => {
  const daemon = await startDaemon()
  const sessionId = await importExchanges(daemon.client, 'counted', Array<object>(50).fill({}))
  const { page } = await openViewer(daemon)
  await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('51')
  // What the daemon says of this method is held back, once there is a place to put it.
  let holding = 'exchange/count'
  let held: (() => void)[] | null = null
  let toPage: WebSocketRoute | null = null
  let subscriptionId = ''
  const told: number[] = []
  await page.routeWebSocket('**/rpc', (socket) => {
    toPage = socket
    const methods = new Map<number, string>()
    const server = socket.connectToServer()
    socket.onMessage((text) => {
      const { id, method } = JSON.parse(String(text))
      methods.set(id, method)
      server.send(text)
    })
    server.onMessage((text) => {
      const { id, method = methods.get(id), params, result } = JSON.parse(String(text))
      if (method === holding && held) held.push(() => socket.send(text))
      else socket.send(text)
      if (method === 'exchange/subscribe') subscriptionId = result.subscriptionId
      if (method === 'exchange/didChange') told.push(...params.deleted, ...params.items.map(({ seq }: { seq: number }) => seq))
    })
  })
  await page.reload()
  await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('51')
  const answers = (number = 1) => vi.waitFor(() => expect(held?.length).toBeGreaterThanOrEqual(number))
  const release = () => {
    for (const each of held ?? []) each()
    held = null
  }
  const remove = async (seq: number) => {
    await daemon.client.call('exchange/delete', { sessionId, where: `seq:${seq}` })
    await vi.waitFor(() => expect(told).toContain(seq))
  }

  held = []
  await remove(10)
  await answers()
  await remove(20)
  release()
  await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('49')

  held = []
  await remove(30)
  await answers()
  held = null
  await (toPage as unknown as WebSocketRoute).close()
  await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('48')

  // The changes of the session begin anew while a query waits for its answers: it is the query that is shown.
  const query = async (where: string) => {
    await page.locator('#query').fill(where)
    await page.locator('#query').press('Enter')
  }
  await page.locator('body[data-connection=open]').waitFor()
  held = []
  await query('seq:>40')
  await answers()
  const reset = { subscriptionId, items: [], deleted: [], clock: '0', reset: true }
  ;(toPage as unknown as WebSocketRoute).send(JSON.stringify({ jsonrpc: '2.0', method: 'exchange/didChange', params: reset }))
  await answers(2)
  release()
  await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('11')

  // One goes and another begins to match: others stand there, though they be as many.
  const tag = (seq: number) => daemon.client.call('exchange/set', { sessionId, seq, tags: ['kept'] })
  await tag(41)
  await tag(43)
  await query('tag:kept')
  await expect.poll(() => shownSeqs(page)).toEqual([41, 43])
  holding = 'exchange/didChange'
  held = []
  await remove(41)
  await tag(42)
  await vi.waitFor(() => expect(told).toContain(42))
  release()
  await expect.poll(() => shownSeqs(page)).toEqual([42, 43])
})

inChromium('2,000 exchanges that come while it is open: rows, counts and memory stay bounded', async () => {
  const daemon = await startDaemon()
  const origin = await startOrigin((_request, response) => void response.end('ok'), { tls: false })
  const session = await daemon.client.call('session/start', {})
  const { page, faults } = await openViewer(daemon)
  await page.locator('#query').fill('path:*[0-9] OR path:/*')
  const urls = `${origin.url}/[1-2000]`
  const curl = spawn('curl', ['-sS', '-o', '/dev/null', '--proxy', `http://127.0.0.1:${session.proxy?.port}`, urls], { stdio: 'ignore' })
  await new Promise((resolve) => curl.once('close', resolve))
  await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('2001')
  await expect.poll(async () => (await shownSeqs(page)).at(-1)).toBe(2000)
  expect(await page.locator('.canvas [role=row]').count()).toBeLessThan(60)
  expect(faults).toEqual([])
})
