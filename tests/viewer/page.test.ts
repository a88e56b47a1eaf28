/** The viewer's page as a whole: how it is served and opened, its query, its overview. */
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { weir } from '../support/command-line.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { importExchanges, openViewer, shownSeqs, viewerUrl } from '../support/viewer.ts'
import { connectSocket, pairWith } from '../support/websocket-rpc.ts'

// Real browsers on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const inChromium = test.skipIf(chromiumPath === null)

test('weir open prints a URL with a code that works once, for its own page alone', async () => {
  const daemon = await startDaemon()
  const url = new URL(await viewerUrl(daemon))
  expect(url.pathname).toBe('/viewer/')
  expect(url.search).toBe('')
  const code = new URLSearchParams(url.hash.slice(1)).get('code') ?? ''
  const pair = (origin: string) =>
    fetch(`${url.origin}/pair`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: origin },
      body: JSON.stringify({ code }),
    })
  expect((await pair('http://evil.test')).status).toBe(403)
  expect((await pair(`http://localhost:${url.port}`)).status).toBe(403)
  const paired = await pair(url.origin)
  expect(await paired.json()).toMatchObject({ name: 'viewer', rights: ['read', 'capture', 'control'] })
  expect((await pair(url.origin)).status).toBe(403)

  const json = await weir(['open', '--no-browser', '--json'], { env: daemon.env })
  expect(JSON.parse(json.stdout)).toMatchObject({ url: expect.stringContaining('/viewer/#code='), expiresAt: expect.any(Number) })
  expect(await weir(['open', 'no-such-session', '--no-browser'], { env: daemon.env })).toMatchObject({ code: 1, stdout: '' })
})

test('access of tabs that were opened long ago ends, but never that of one that is connected, nor of other clients', async () => {
  const daemon = await startDaemon()
  const { port } = await daemon.client.call('websocket/start', { port: 0 })
  const origin = `http://127.0.0.1:${port}`
  const pair = async (name: string, origin: string) => {
    const { code } = await daemon.client.call('pairing/start', { rights: ['read'], name, origin })
    return (await pairWith(port, code, origin)).body.token ?? ''
  }
  const oldest = await connectSocket(port, { token: await pair('viewer', origin), origin })
  await pair('viewer', 'https://somebody.test')
  for (let at = 0; at < 21; at++) await pair('viewer', origin)
  const before = (await daemon.client.call('token/list', {})).items
  expect(before.map(({ connections }) => connections)).toEqual([1, ...Array.from({ length: 22 }, () => 0)])
  await viewerUrl(daemon)
  const after = (await daemon.client.call('token/list', {})).items
  expect(after.map(({ id }) => id)).toEqual(before.toSpliced(2, 1).map(({ id }) => id))
  expect(await oldest.call('session/list', {})).toMatchObject({ result: { items: [] } })
})

test('weir open hands the URL to the browser of the system as one word, and says so when there is none', {
  skip: process.platform !== 'linux',
}, async () => {
  const daemon = await startDaemon()
  const session = await daemon.client.call('session/start', {})
  const tools = await temporaryHome()
  await writeFile(join(tools, 'xdg-open'), `#!/bin/sh\nprintf '%s\\n' "$#" "$@" > ${tools}/part && mv ${tools}/part ${tools}/opened\n`)
  await chmod(join(tools, 'xdg-open'), 0o755)
  const { stdout } = await weir(['open', 'last'], { env: { ...daemon.env, PATH: `${tools}:${daemon.env.PATH}` } })
  expect(stdout).toContain(`session=${session.id}`)
  await vi.waitFor(async () => expect(await readFile(join(tools, 'opened'), 'utf8')).toBe(`1\n${stdout}`))
  const empty = join(tools, 'empty')
  await mkdir(empty)
  const without = await weir(['open'], { env: { ...daemon.env, PATH: empty } })
  expect(without).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^http:/),
    stderr: expect.stringContaining('there is no xdg-open'),
  })
})

test('the files of the viewer, and nothing else, are served to this machine', async () => {
  const daemon = await startDaemon()
  const { origin, port } = new URL(await viewerUrl(daemon))
  const files = (await readdir(join(import.meta.dirname, '../../examples/viewer'))).filter((name) => /\.(html|js|css|svg)$/.test(name))
  for (const name of files) {
    const answer = await fetch(`${origin}/viewer/${name}`)
    expect([name, answer.status]).toEqual([name, 200])
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toBe("frame-ancestors 'none'")
  }
  const page = await fetch(`${origin}/viewer`)
  expect(page.url).toBe(`${origin}/viewer/`)
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  for (const path of [
    'README.md',
    'tsconfig.json',
    '../vscode/extension.js',
    '..%2f..%2fpackage.json',
    '%2e%2e/package.json',
    'none.js',
    '.js',
    'main.js/',
  ])
    expect([path, (await fetch(`${origin}/viewer/${path}`)).status]).toEqual([path, 404])
  expect((await fetch(`${origin}/viewer/`, { method: 'POST' })).status).toBe(405)
  expect((await fetch(`http://weir.test:${port}/viewer/`).catch(() => ({ status: 0 }))).status).not.toBe(200)
})

inChromium('without a code, with a used one and after its token was revoked the page says what to do', async () => {
  const daemon = await startDaemon()
  await importExchanges(daemon.client, 'access', [{}])
  const { page, url, client } = await openViewer(daemon)
  await expect.poll(() => shownSeqs(page)).toEqual([1])
  expect(new URL(page.url()).hash).toBe('')
  await page.reload()
  await expect.poll(() => shownSeqs(page)).toEqual([1])
  const other = await page.context().browser()?.newPage()
  if (!other) throw new Error('there is no browser')
  await other.goto(url)
  await expect.poll(() => other.locator('#problem').textContent()).toContain('no such code is waiting')
  await other.goto(new URL('/viewer/', url).href)
  await expect.poll(() => other.locator('#problem').textContent()).toContain('run weir open again')
  const [token] = (await client.call('token/list', {})).items
  await client.call('token/delete', { tokenId: token?.id ?? '' })
  await expect.poll(() => page.locator('#problem').textContent()).toContain('run weir open again')
})

inChromium('a page whose token may only read has no buttons that would not work', async () => {
  const daemon = await startDaemon()
  await daemon.client.call('session/start', {})
  const { port } = await daemon.client.call('websocket/start', {})
  const { code } = await daemon.client.call('pairing/start', { rights: ['read'], origin: `http://127.0.0.1:${port}` })
  const { page } = await openViewer(daemon)
  await page.evaluate('sessionStorage.clear()')
  await page.goto('about:blank')
  await page.goto(`http://127.0.0.1:${port}/viewer/#code=${code}`)
  await page.locator('body[data-connection=open]').waitFor()
  await expect.poll(() => page.locator('#session-facts').textContent()).toMatch(/^running/)
  for (const name of ['New session', 'Pause', 'Stop']) expect(await page.getByRole('button', { name }).isHidden()).toBe(true)
})

inChromium('the query: words of the language, errors at their place, and what matches', async () => {
  const daemon = await startDaemon()
  await importExchanges(
    daemon.client,
    'query',
    Array.from({ length: 30 }, (_, at) => ({
      request: { url: `https://query.test/${at}` },
      response: { status: at % 3 === 0 ? 404 : 200 },
    })),
  )
  const { page, faults } = await openViewer(daemon)
  await expect.poll(() => shownSeqs(page)).not.toEqual([])
  const query = page.locator('#query')
  const options = page.locator('#query-words [role=option]')
  await query.pressSequentially('sta')
  await expect.poll(() => options.first().textContent()).toBe('status')
  await expect.poll(() => options.allTextContents()).toContain('state')
  await query.press('ArrowDown')
  expect(await query.getAttribute('aria-activedescendant')).toBe('query-word-0')
  await query.press('Enter')
  expect(await query.inputValue()).toBe('status:')
  await query.pressSequentially('404')
  await query.press('Enter')
  await expect.poll(() => shownSeqs(page)).toEqual([1, 4, 7, 10, 13, 16, 19, 22, 25, 28])
  await query.fill('')
  await query.pressSequentially('state:ab')
  await expect.poll(() => options.allTextContents()).toEqual(['aborted'])
  await query.press('Tab')
  expect(await query.inputValue()).toBe('state:aborted ')
  await expect.poll(() => page.locator('#empty').textContent()).toBe('Nothing matches the query.')

  await query.fill('status:404 pth:/x')
  await expect.poll(() => page.locator('#query-error').textContent()).toContain('did you mean path?')
  expect(await query.getAttribute('aria-invalid')).toBe('true')
  const left = async (selector: string) => (await page.locator(selector).boundingBox())?.x ?? 0
  const mark = (await left('#query-error .mark')) - (await left('#query'))
  // Behind eleven characters of some seven pixels.
  expect(mark).toBeGreaterThan(11 * 6)
  expect(mark).toBeLessThan(11 * 11)
  await query.fill('')
  await query.press('Enter')
  await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('31')
  expect(await page.locator('#query-error').isHidden()).toBe(true)
  expect(faults).toEqual([])
})

inChromium('the overview: groups as bars, from which a query follows', async () => {
  const daemon = await startDaemon()
  await importExchanges(
    daemon.client,
    'overview',
    Array.from({ length: 40 }, (_, at) => ({
      request: { url: `https://host-${at % 4 === 0 ? 'a' : 'b'}.test/${at % 2}` },
      response: { status: at < 10 ? 500 : 200 },
    })),
  )
  const { page, faults } = await openViewer(daemon)
  await page.getByRole('button', { name: 'Overview' }).click()
  await expect.poll(() => page.locator('#overview dd').first().textContent()).toBe('40')
  expect(await page.locator('#overview .legend span').allTextContents()).toEqual(['2xx 30', '5xx 10'])
  const hosts = page.getByRole('table', { name: 'Hosts' })
  expect(await hosts.locator('th').allTextContents()).toEqual(['host-b.test', 'host-a.test'])
  expect(await hosts.locator('rect').count()).toBe(2)
  await hosts.getByRole('button', { name: 'host-a.test' }).click()
  await expect.poll(() => page.locator('#grid').getAttribute('aria-rowcount')).toBe('11')
  expect(await page.locator('#query').inputValue()).toBe('host:host-a.test')
  expect(faults).toEqual([])
})
