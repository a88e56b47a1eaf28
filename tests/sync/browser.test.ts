/** A real Chromium as a target of cookies, and a login handed over. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import { expect, test, vi } from 'vitest'
import { browserWithEndpoint } from '../support/browser-with-endpoint.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

const held = async (context: BrowserContext) => (await context.cookies()).map(({ name, value }) => `${name}=${value}`).sort()

test.skipIf(chromiumPath === null)('a live browser gets what is captured, and what changes in it comes back', async () => {
  const { client } = await startDaemon()
  const { context, endpoint } = await browserWithEndpoint()
  await context.addCookies([
    { name: 'own', value: 'stays', domain: 'other.example', path: '/' },
    { name: 'inside', value: '1', url: 'http://localhost/' },
  ])
  const set = { fields: [] as string[] }
  const origin = await startOrigin((_, response) => response.setHeader('Set-Cookie', set.fields).end(), { tls: false })
  const { proxy } = await client.call('session/start', {})
  const answer = async (...fields: string[]) => {
    set.fields = fields
    await getThrough(proxy?.port ?? 0, `${origin.url}/`)
  }
  const targets = [
    { plugin: 'jar', config: { jar: 'work' } },
    { plugin: 'browser', config: { endpoint } },
  ]
  await client.call('sync/set', { domain: 'localhost', targets, direction: 'both' })
  const jar = async () => (await client.call('jar/get', { jar: 'work' })).items.map(({ name, value }) => `${name}=${value}`).sort()
  await vi.waitFor(async () => expect(await jar()).toEqual(['inside=1']))

  await answer('sid=1; Path=/; HttpOnly; SameSite=Strict', 'theme=dark; Path=/; Max-Age=3600')
  await vi.waitFor(async () => expect(await held(context)).toEqual(['inside=1', 'own=stays', 'sid=1', 'theme=dark']))
  const [sid] = (await context.cookies()).filter(({ name }) => name === 'sid')
  expect(sid).toMatchObject({ domain: 'localhost', path: '/', httpOnly: true, sameSite: 'Strict', expires: -1 })

  await answer('theme=; Path=/; Max-Age=0')
  await vi.waitFor(async () => expect(await held(context)).toEqual(['inside=1', 'own=stays', 'sid=1']))
  await context.clearCookies({ name: 'inside' })
  await context.addCookies([{ name: 'sid', value: '2', url: 'http://localhost/' }])
  await vi.waitFor(async () => expect(await jar()).toEqual(['sid=2']))
  expect(await held(context)).toEqual(['own=stays', 'sid=2'])
})

test.skipIf(chromiumPath === null)(
  'partitioned cookies go from one browser to the partition in the other that they came from',
  async () => {
    const { client } = await startDaemon()
    const [one, other] = [await browserWithEndpoint(), await browserWithEndpoint()]
    const cookie = (value: string, partitionKey: string, _crHasCrossSiteAncestor: boolean) => ({
      ...{ name: 'id', value, domain: 'www.shop.example', path: '/', secure: true, sameSite: 'None' as const },
      ...{ partitionKey, _crHasCrossSiteAncestor },
    })
    const cookies = [
      cookie('own', 'https://shop.example', false),
      cookie('nested', 'https://shop.example', true),
      cookie('embedded', 'https://news.example', true),
    ]
    await one.context.addCookies(cookies)
    const targets = [one, other].map(({ endpoint }) => ({ plugin: 'browser', config: { endpoint } }))
    await client.call('sync/set', {
      domain: 'shop.example',
      targets: [{ plugin: 'jar', config: { jar: 'work' } }, ...targets],
      direction: 'both',
    })
    const partitions = async ({ context }: { context: BrowserContext }) =>
      new Set((await context.cookies()).map((held) => ({ ...cookie('', '', false), ...held, expires: undefined, httpOnly: undefined })))
    await vi.waitFor(async () => expect(await partitions(other)).toEqual(await partitions(one)))
    expect(await partitions(other)).toEqual(new Set(cookies))
    const keys = async () =>
      (await client.call('jar/get', { jar: 'work' })).items.map(({ value, partitionKey }) => `${value}: ${partitionKey}`).sort()
    const expected = ['embedded: https://news.example', 'nested: https://shop.example across sites', 'own: https://shop.example']
    await vi.waitFor(async () => expect(await keys()).toEqual(expected))
  },
)

test.skipIf(chromiumPath === null)('a browser that goes away is told, and gets what it missed when it is there', async () => {
  const { client } = await startDaemon()
  const { context, endpoint } = await browserWithEndpoint()
  const origin = await startOrigin((_, response) => response.setHeader('Set-Cookie', 'sid=1; Path=/').end(), { tls: false })
  const { proxy } = await client.call('session/start', {})
  await client.call('sync/set', { domain: 'localhost', targets: [{ plugin: 'browser', config: { endpoint } }] })
  await context.close()
  await getThrough(proxy?.port ?? 0, `${origin.url}/`)
  const target = async () => (await client.call('sync/list', {})).items[0]?.targets[0]
  await vi.waitFor(async () =>
    expect(await target()).toMatchObject({ waiting: 1, error: expect.stringContaining('no browser answers at') }),
  )
})

test.skipIf(chromiumPath === null)(
  'logged in once under capture: a script calls the API with the jar, Playwright starts logged in',
  async () => {
    const { client, home } = await startDaemon()
    const state = join(home.folder, 'state.json')
    const origin = await startOrigin(
      (request, response) => {
        if (request.method === 'POST') response.setHeader('Set-Cookie', 'sid=let-me-in; Path=/; HttpOnly; Max-Age=3600').end('welcome')
        else response.end(/\bsid=let-me-in\b/.test(request.headers.cookie ?? '') ? 'your data' : 'who are you?')
      },
      { tls: false },
    )
    const targets = [
      { plugin: 'jar', config: { jar: 'work' } },
      { plugin: 'storage-state', config: { path: state } },
    ]
    await client.call('sync/set', { domain: 'localhost', targets })
    const { proxy } = await client.call('session/start', {})
    const browser = await launchChromium({ proxy: { server: `http://127.0.0.1:${proxy?.port}`, bypass: '<-loopback>' } })
    const page = await browser.newPage()
    await page.goto(`${origin.url}/`)
    expect(await page.textContent('body')).toBe('who are you?')
    await page.evaluate(() => fetch('/login', { method: 'POST' }).then((response) => response.text()))

    await vi.waitFor(() => expect(JSON.parse(readFileSync(state, 'utf8')).cookies).toMatchObject([{ name: 'sid', value: 'let-me-in' }]))
    await vi.waitFor(async () => expect((await client.call('jar/get', { jar: 'work', url: `${origin.url}/` })).items).toHaveLength(1))
    const { sessionId, seq } = await client.call('request/send', { request: { method: 'GET', url: `${origin.url}/api` }, jar: 'work' })
    const { data } = await client.call('exchange/readBody', { sessionId, seq, part: 'response' })
    expect(Buffer.from(data, 'base64').toString()).toBe('your data')
    const other = await (await launchChromium()).newContext({ storageState: state })
    const started = await other.newPage()
    await started.goto(`${origin.url}/`)
    expect(await started.textContent('body')).toBe('your data')
  },
)

test.skipIf(chromiumPath === null)('the cookies of a browser that weir opened, read and written', { timeout: 180_000 }, async () => {
  const { client } = await startDaemon()
  const asked: string[] = []
  const origin = await startOrigin(
    (request, response) => {
      asked.push(`${request.url} ${request.headers.cookie ?? ''}`)
      response.setHeader('content-type', 'text/html')
      // Asks again and again, for what is sent by now.
      response.end(`<!doctype html><link rel="icon" href="data:,"><script>
        document.cookie = 'own=1; max-age=3600'
        setInterval(() => fetch('/again'), 100)</script>`)
    },
    { tls: false },
  )
  const targets = [
    { plugin: 'jar', config: { jar: 'work' } },
    { plugin: 'browser', config: { source: 'last' } },
  ]
  await client.call('jar/set', { jar: 'work', url: `${origin.url}/`, setCookie: ['sid=let-me-in; Path=/; HttpOnly'] })
  await client.call('sync/set', { domain: 'localhost', targets, direction: 'both' })
  const { id: sessionId } = await client.call('session/start', {})
  const open = { kind: 'browser', sessionId, url: `${origin.url}/`, headless: true, executable: chromiumPath as string }
  const jar = async () => (await client.call('jar/get', { jar: 'work' })).items.map(({ name, value }) => `${name}=${value}`).sort()

  const { sourceId } = await client.call('source/start', open)
  await vi.waitFor(() => expect(asked.at(-1)).toMatch(/^\/again (?=.*\bown=1\b).*\bsid=let-me-in\b/))
  await vi.waitFor(async () => expect(await jar()).toEqual(['own=1', 'sid=let-me-in']))
  // Another one, with a profile of its own, has what the first one had.
  await client.call('source/stop', { sourceId })
  asked.length = 0
  await client.call('source/start', open)
  await vi.waitFor(() => expect(asked.at(-1)).toMatch(/\bsid=let-me-in\b/))
  expect(await jar()).toEqual(['own=1', 'sid=let-me-in'])
})
