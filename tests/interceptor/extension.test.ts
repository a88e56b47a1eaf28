/** The extension in a real Chromium: paired by its popup, capturing, across the deaths of its worker and of the daemon. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import type { Client } from '../../sdk/client.ts'
import type { Exchange, Message } from '../../sdk/model.ts'
import { chromiumPath } from '../support/chromium.ts'
import { weir } from '../support/command-line.ts'
import { environment, type RunningDaemon, startDaemon } from '../support/daemon.ts'
import { launchWithExtension, pairAndStart, stopWorker, wakeWorker } from '../support/extension.ts'
import { temporaryHome } from '../support/home.ts'
import { type Origin, startOrigin } from '../support/origin.ts'

/** Where the screenshots go, for somebody to look at; nowhere when it is not set. */
const screenshots = process.env.WEIR_SCREENSHOTS

async function screenshot(page: Page, name: string): Promise<void> {
  if (screenshots === undefined) return
  await mkdir(screenshots, { recursive: true })
  await page.setViewportSize({ width: 360, height: 560 })
  await page.screenshot({ path: join(screenshots, `${name}.png`) })
}

async function madeExtension(folder: string): Promise<string> {
  const extension = join(folder, 'extension')
  const made = await weir(['browser', 'extension', extension], { env: environment(folder) })
  expect(made).toMatchObject({ code: 0, stdout: `${extension}\n` })
  return extension
}

interface Browsing {
  daemon: RunningDaemon
  port: number
  origin: Origin
  folder: string
  page: Page
  popup: Page
  /** Of the session that the extension started. */
  exchanges(client?: Client, where?: string): Promise<Exchange[]>
}

/** A browser with the extension, not paired yet, and a page of an origin. @param how behind the proxy of a session that runs, say */
async function browsing({ proxied = false } = {}): Promise<Browsing> {
  const folder = await temporaryHome()
  const daemon = await startDaemon()
  const proxy = proxied ? (await daemon.client.call('session/start', { name: 'proxied' })).proxy : null
  const args = proxy ? [`--proxy-server=http://127.0.0.1:${proxy.port}`, '--proxy-bypass-list=<-loopback>'] : []
  const { port } = await daemon.client.call('websocket/start', { port: 0 })
  const origin = await startOrigin(
    (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        if (request.url === '/n/events') {
          response.writeHead(200, { 'Content-Type': 'text/event-stream' })
          return response.write('data: one\n\nid: 7\nevent: last\ndata: two\ndata: lines\n\n')
        }
        if (request.url === '/moved') return response.writeHead(302, { Location: '/n/target' }).end()
        response.writeHead(request.url === '/n/missing' ? 404 : 200, {
          'Content-Type': request.url === '/' ? 'text/html' : 'text/plain',
          'X-Path': request.url ?? '',
        })
        response.end(request.url === '/' ? '<title>a page</title>' : `answer of ${request.url} to ${Buffer.concat(chunks).length} bytes`)
      })
    },
    { tls: false },
  )
  new WebSocketServer({ server: origin.server as Server }).on('connection', (socket) =>
    socket.on('message', (message, binary) => socket.send(message, { binary })),
  )
  const extension = await madeExtension(folder)
  const extended = await launchWithExtension({ executable: chromiumPath ?? '', extension, profile: folder, args })
  onTestFinished(() => extended.context.close())
  const page = await extended.context.newPage()
  await page.goto(`${origin.url}/`)
  const popup = await extended.popup(page)
  const exchanges = async (client = daemon.client, where = 'path:/n/*') => {
    const { items } = await client.call('session/list', {})
    const sessionId = items.at(-1)?.id ?? ''
    return (await client.call('exchange/list', { sessionId, where, limit: 1000 })).items
  }
  return { daemon, port, origin, folder, page, popup, exchanges }
}

/** One that is paired and captures, in a session of its own or in the one whose proxy it uses. */
async function capturing(how: { proxied?: boolean } = {}): Promise<Browsing> {
  const all = await browsing(how)
  const { code } = await all.daemon.client.call('pairing/start', { rights: ['read', 'capture', 'feed'] })
  await pairAndStart(all.popup, code, all.port, how.proxied ? 'proxied' : 'a new one')
  return all
}

/** Opens a WebSocket in the page, sends so many numbers, and three bytes, and waits for all to come back. It stays open, as `socket`. */
const echo = (page: Page, path: string, count: number) =>
  page.evaluate(
    async ([at, most]) => {
      const own = globalThis as unknown as { location: { origin: string }; socket: WebSocket }
      const socket = new WebSocket(own.location.origin.replace('http', 'ws') + at)
      own.socket = socket
      await new Promise((resolve) => socket.addEventListener('open', resolve))
      let left = most + 1
      const all = new Promise<void>((resolve) => socket.addEventListener('message', () => --left === 0 && resolve()))
      for (let number = 0; number < most; number++) socket.send(`number ${number} of ${at}`)
      socket.send(new Uint8Array([1, 2, 255]))
      await all
    },
    [path, count] as const,
  )
async function messagesIn(client: Client, { sessionId, seq }: Exchange): Promise<Message[]> {
  const all: Message[] = []
  for (let more = true; more; ) {
    const read = await client.call('exchange/readMessages', { sessionId, seq, since: all.length, limit: 1000 })
    all.push(...read.items)
    more = read.more
  }
  return all
}

const closeSocket = (page: Page) =>
  page.evaluate(async () => {
    const { socket } = globalThis as unknown as { socket: WebSocket }
    socket.close(1000, 'bye')
    await new Promise((resolve) => socket.addEventListener('close', resolve))
  })

/** From the page, all at once. */
const fetchAll = (page: Page, from: number, to: number) =>
  page.evaluate(
    ([first, last]) =>
      Promise.all(
        Array.from({ length: last - first }, (_, index) =>
          fetch(`/n/${first + index}`, { method: 'POST', body: `body of ${first + index}` }).then((response) => response.text()),
        ),
      ),
    [from, to] as const,
  )

const numbers = (exchanges: readonly Exchange[]) =>
  exchanges.map(({ request }) => Number(request.url.split('/').at(-1))).sort((a, b) => a - b)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

describe.skipIf(chromiumPath === null)('the extension', { timeout: 180_000 }, () => {
  it('pairs by the code alone, and says in its popup how it is', async () => {
    const { popup, daemon, port } = await browsing()
    await popup.getByText('not paired').waitFor()
    await screenshot(popup, 'unpaired')
    await popup.getByLabel('Code').fill('0000-0000')
    await popup.getByLabel('Port').fill(String(port))
    await popup.getByRole('button', { name: 'Pair', exact: true }).click()
    await popup.getByRole('alert').filter({ hasText: 'no such code is waiting' }).waitFor()
    await screenshot(popup, 'wrong-code')
    expect((await daemon.client.call('token/list', {})).items).toEqual([])

    const { code } = await daemon.client.call('pairing/start', { rights: ['read', 'capture', 'feed'] })
    await pairAndStart(popup, code, port)
    await popup.getByText(`connected, port ${port}`).waitFor()
    const [token] = (await daemon.client.call('token/list', {})).items
    expect(token).toMatchObject({ rights: ['read', 'capture', 'feed'], name: expect.stringMatching(/^extension in Chromium/) as unknown })
    expect(popup.url().startsWith(`${token?.origin}/`)).toBe(true)
    await screenshot(popup, 'capturing')

    await popup.getByRole('button', { name: 'Pause' }).click()
    await popup.getByText(/: paused$/).waitFor()
    await popup.getByRole('button', { name: 'Resume' }).click()
    await popup.getByText(/: running$/).waitFor()
    await popup.getByRole('button', { name: 'Stop' }).click()
    await popup.getByText('nothing is recorded').waitFor()
    await vi.waitFor(async () => expect((await daemon.client.call('session/list', {})).items).toMatchObject([{ state: 'stopped' }]))

    await daemon.client.call('token/delete', { tokenId: token?.id ?? '' })
    await popup.getByText('the pairing was revoked').waitFor()
    await screenshot(popup, 'revoked')
  })

  it('tells of each request of a page once, with its body and what the browser knows', async () => {
    const { page, popup, origin, exchanges } = await capturing()
    expect(await fetchAll(page, 0, 200)).toHaveLength(200)
    await page.evaluate(() => fetch('/moved').then((response) => response.text()))
    await page.evaluate(() => fetch('/n/missing').then((response) => response.text()))
    await vi.waitFor(async () => expect((await exchanges(undefined, 'path:/n/* -state:open')).length).toBe(202))
    const found = await exchanges()
    expect(numbers(found.filter(({ request }) => request.method === 'POST'))).toEqual(upTo(200))
    const one = found.find(({ request }) => request.url.endsWith('/n/7'))
    expect(one).toMatchObject({
      source: 'browser',
      state: 'complete',
      request: { method: 'POST', bodySize: 9 },
      response: { status: 200, headers: expect.arrayContaining([['X-Path', '/n/7']]) as unknown },
      browser: { resource: 'xhr', page: `${origin.url}/`, initiator: { url: origin.url }, responseBody: 'notRead' },
    })
    expect(await exchanges(undefined, 'path:/moved')).toMatchObject([{ response: { status: 302 } }])
    await popup.getByText('/n/missing').waitFor()
    await screenshot(popup, 'requests')
  })

  it('reads bodies of responses in a tab where its user wants that', async () => {
    const { page, popup, daemon, exchanges } = await capturing()
    await popup.getByLabel('Responses and messages of this tab').check()
    await popup.getByText('bodies and messages of this tab are read').waitFor()
    await fetchAll(page, 0, 20)
    await vi.waitFor(async () => expect((await exchanges(undefined, 'path:/n/* -state:open')).length).toBe(20))
    const found = await exchanges()
    expect(new Set(found.map(({ browser }) => browser?.responseBody))).toEqual(new Set(['decoded']))
    for (const { sessionId, seq, request } of found.slice(0, 3)) {
      const path = new URL(request.url).pathname
      const { data } = await daemon.client.call('exchange/readBody', { sessionId, seq, part: 'response' })
      expect(atob(data)).toBe(`answer of ${path} to ${`body of ${path.slice(3)}`.length} bytes`)
    }
    // Nobody can say which of two of the same kind is which.
    await page.evaluate(() => Promise.all([fetch('/n/same'), fetch('/n/same')].map((answer) => answer.then((response) => response.text()))))
    await vi.waitFor(async () => expect(await exchanges(undefined, 'path:/n/same -state:open')).toHaveLength(2))
    const bodies = (await exchanges(undefined, 'path:/n/same')).map(({ browser }) => browser?.responseBody)
    expect(bodies).toEqual(['notRead', 'notRead'])
  })

  it('tells the messages of WebSockets and of event streams in a tab where its user wants that, each once and in order', async () => {
    const { page, popup, daemon, origin, exchanges } = await capturing()
    await popup.getByLabel('Responses and messages of this tab').check()
    await popup.getByText('bodies and messages of this tab are read').waitFor()
    const messagesOf = (exchange: Exchange) => messagesIn(daemon.client, exchange)
    const ended = (path: string) =>
      vi.waitFor(async () => {
        const found = await exchanges(undefined, `path:${path} -state:open`)
        expect(found.length).toBeGreaterThan(0)
        return found
      })
    await echo(page, '/n/many', 2500)
    await closeSocket(page)
    const [many] = await ended('/n/many')
    expect(many).toMatchObject({ kind: 'websocket', source: 'browser', state: 'complete', response: { status: 101 } })
    const told = await messagesOf(many as Exchange)
    for (const direction of ['sent', 'received'] as const) {
      const ones = told.filter((message) => message.direction === direction)
      expect(ones.slice(0, 2500).map(({ text }) => text)).toEqual(upTo(2500).map((number) => `number ${number} of /n/many`))
      expect(ones.slice(2500)).toMatchObject([{ type: 'binary', data: 'AQL/', size: 3 }])
    }
    expect(told.map(({ index }) => index)).toEqual(upTo(5002))

    // Of two at one URL each has its own, for no two handshakes are answered alike.
    await page.evaluate(
      async (url) => {
        const twins = ['a', 'b'].map((name) => ({ name, socket: new WebSocket(url) }))
        const echoed = twins.map(async ({ name, socket }) => {
          await new Promise((resolve) => socket.addEventListener('open', resolve))
          socket.send(name)
          await new Promise((resolve) => socket.addEventListener('message', resolve))
        })
        await Promise.all(echoed)
        for (const { socket } of twins) socket.close()
      },
      `${origin.url.replace('http', 'ws')}/n/twins`,
    )
    await vi.waitFor(async () => expect(await exchanges(undefined, 'path:/n/twins -state:open')).toHaveLength(2))
    const twins = await Promise.all((await exchanges(undefined, 'path:/n/twins')).map(messagesOf))
    expect(twins.map((messages) => messages.map(({ text }) => text).join()).sort()).toEqual(['a,a', 'b,b'])

    await page.evaluate(async () => {
      const events = new EventSource('/n/events')
      await new Promise((resolve) => events.addEventListener('last', resolve))
      events.close()
    })
    const [events] = await ended('/n/events')
    expect(await messagesOf(events as Exchange)).toMatchObject([
      { index: 0, direction: 'received', type: 'event', text: 'one', size: 3 },
      { index: 1, type: 'event', text: 'two\nlines', event: 'last', id: '7' },
    ])

    // It is on record while it is open, and ends with its page.
    await echo(page, '/n/left', 1)
    await vi.waitFor(async () => {
      const open = await exchanges(undefined, 'path:/n/left state:open')
      expect(await Promise.all(open.map(messagesOf))).toMatchObject([{ length: 4 }])
    })
    await page.goto(`${origin.url}/`)
    const [left] = await ended('/n/left')
    expect(left).toMatchObject({ state: 'aborted', error: { reason: 'clientAborted', message: 'its page, frame or worker was closed' } })
    expect(await messagesOf(left as Exchange)).toHaveLength(4)
  })

  it('leaves the messages to the proxy where that has seen them', async () => {
    const { page, popup, daemon, exchanges } = await capturing({ proxied: true })
    await popup.getByLabel('Responses and messages of this tab').check()
    await popup.getByText('bodies and messages of this tab are read').waitFor()
    await echo(page, '/n/both', 100)
    await closeSocket(page)
    const seen = async () => {
      const found = await exchanges(undefined, 'path:/n/both')
      return found.map(({ source, state, browser }) => [source, state, browser?.resource])
    }
    await vi.waitFor(async () => expect(await seen()).toEqual([['proxy', 'complete', 'webSocket']]))
    await popup.getByRole('button', { name: 'Stop' }).click()
    await popup.getByText('nothing is recorded').waitFor()
    expect(await seen()).toEqual([['proxy', 'complete', 'webSocket']])
    // Of numbers and bytes both ways, and the two that close it.
    const [both] = await exchanges(undefined, 'path:/n/both')
    expect(await messagesIn(daemon.client, both as Exchange)).toHaveLength(204)
  })

  it('tells of no request that its filters leave out', async () => {
    const { page, popup, exchanges } = await capturing()
    await popup.getByText('Filters').click()
    await popup.getByLabel('Methods').fill('get, post')
    await popup.getByLabel('URLs').fill('*/n/1*\n-/n/13')
    await popup.getByRole('button', { name: 'Apply' }).click()
    await screenshot(popup, 'filters')
    await fetchAll(page, 0, 20)
    await vi.waitFor(async () =>
      expect(numbers(await exchanges(undefined, 'path:/n/* -state:open'))).toEqual([1, 10, 11, 12, 14, 15, 16, 17, 18, 19]),
    )
  })

  it('holds the cookies that a sync rule says, partitioned ones too, and tells of its own', async () => {
    const { daemon, page, popup, origin } = await capturing()
    const { client } = daemon
    const partitioned = { domain: 'shop.example', secure: true, sameSite: 'None' as const, partitionKey: 'https://top.example' }
    await client.call('jar/set', {
      jar: 'work',
      cookies: [
        { name: 'sid', value: '1', domain: 'localhost' },
        { name: 'part', value: '2', ...partitioned },
      ],
    })
    const targets = [
      { plugin: 'jar', config: { jar: 'work' } },
      { plugin: 'browser', config: { source: 'last' } },
    ]
    for (const domain of ['localhost', 'shop.example']) await client.call('sync/set', { domain, direction: 'both', targets })
    const held = () =>
      popup.evaluate(async () => {
        const { cookies } = (
          globalThis as unknown as { chrome: { cookies: { getAll(query: object): Promise<{ name: string; partitionKey?: object }[]> } } }
        ).chrome
        return (await cookies.getAll({ partitionKey: {} })).map(({ name, partitionKey }) => ({
          name,
          isPartitioned: partitionKey !== undefined,
        }))
      })
    await vi.waitFor(async () =>
      expect(await held()).toEqual(
        expect.arrayContaining([
          { name: 'sid', isPartitioned: false },
          { name: 'part', isPartitioned: true },
        ]) as unknown,
      ),
    )
    expect((await page.context().cookies(origin.url)).map(({ name, value }) => `${name}=${value}`)).toContain('sid=1')

    const inJar = async () => (await client.call('jar/get', { jar: 'work' })).items.map(({ name, value }) => `${name}=${value}`)
    await page.evaluate(() => {
      const { document } = globalThis as unknown as { document: { cookie: string } }
      document.cookie = 'mine=3'
    })
    await vi.waitFor(async () => expect(await inJar()).toContain('mine=3'))
    // What has not been seen there cannot have gone from there.
    await client.call('sync/run', {})
    await client.call('jar/delete', { jar: 'work', name: 'mine', domain: 'localhost' })
    await vi.waitFor(async () => expect((await held()).map(({ name }) => name)).not.toContain('mine'))
    expect((await held()).map(({ name }) => name)).toContain('part')
  })

  it('goes on when its worker was ended', async () => {
    const { page, popup, daemon, exchanges } = await capturing()
    await fetchAll(page, 0, 50)
    await vi.waitFor(async () => expect(await exchanges(undefined, 'path:/n/* -state:open')).toHaveLength(50))
    for (const round of [1, 2, 3]) {
      await stopWorker(popup)
      await wakeWorker(popup)
      await fetchAll(page, round * 50, round * 50 + 50)
      await vi.waitFor(async () => expect(await exchanges(undefined, 'path:/n/* -state:open')).toHaveLength(round * 50 + 50))
    }
    expect(numbers(await exchanges())).toEqual(upTo(200))
    const gaps = async () => (await daemon.client.call('session/list', {})).items[0]?.counts.gaps
    expect(await gaps()).toBe(0)
    // Of requests that wake it itself Chromium loses events now and then.
    await stopWorker(popup)
    await fetchAll(page, 200, 250)
    const ended = async () => (await exchanges(undefined, 'path:/n/* -state:open')).length
    await vi.waitFor(async () => expect([(await ended()) === 250, Number(await gaps()) > 0]).toContain(true))
  })

  it('keeps what the daemon has not got, and sends it to the next one', async () => {
    const { page, popup, daemon, port, exchanges } = await capturing()
    await fetchAll(page, 0, 50)
    await vi.waitFor(async () => expect(await exchanges(undefined, 'path:/n/* -state:open')).toHaveLength(50))
    process.kill(daemon.pid, 'SIGKILL')
    await daemon.client.closed
    await popup.getByText('not connected').waitFor()
    await fetchAll(page, 50, 100)
    await screenshot(popup, 'daemon-away')
    const next = await startDaemon({ folder: daemon.home.folder })
    await next.client.call('websocket/start', { port })
    await popup.getByText(`connected, port ${port}`).waitFor({ timeout: 60_000 })
    await fetchAll(page, 100, 150)
    await vi.waitFor(async () => expect(await exchanges(next.client, 'path:/n/* -state:open')).toHaveLength(150))
    expect(numbers(await exchanges(next.client))).toEqual(upTo(150))
    expect((await next.client.call('session/list', {})).items).toMatchObject([{ state: 'running' }])
  })
})

describe('weir browser extension', () => {
  it('writes JavaScript alone, with the same id in every Chromium', async () => {
    const folder = await temporaryHome()
    const extension = await madeExtension(folder)
    const names = await readdir(extension)
    expect(names).toEqual(expect.arrayContaining(['manifest.json', 'background.js', 'popup.html', 'popup.js', 'popup.css']))
    expect(names.filter((name) => /\.ts$|tsconfig/.test(name))).toEqual([])
    for (const name of names.filter((one) => one.endsWith('.js'))) {
      const text = await readFile(join(extension, name), 'utf8')
      for (const [, imported = ''] of text.matchAll(/from\s+'\.\/([^']+)'/g))
        expect(names, `${name} imports ${imported}`).toContain(imported)
    }
    expect(JSON.parse(await readFile(join(extension, 'manifest.json'), 'utf8'))).toMatchObject({
      manifest_version: 3,
      key: expect.any(String) as unknown,
    })
    // Again: it takes the place of the one before.
    await madeExtension(folder)
  })

  it('for Firefox has an id of its own kind, and no debugger', async () => {
    const folder = await temporaryHome()
    const { code } = await weir(['browser', 'extension', join(folder, 'fox'), '--firefox'], { env: environment(folder) })
    expect(code).toBe(0)
    const manifest = JSON.parse(await readFile(join(folder, 'fox/manifest.json'), 'utf8')) as { permissions: string[]; background: object }
    expect(manifest).toMatchObject({
      background: { scripts: ['background.js'] },
      browser_specific_settings: { gecko: { id: expect.any(String) as unknown } },
    })
    expect(manifest.permissions).not.toContain('debugger')
    expect(manifest).not.toHaveProperty('key')
  })

  it('overwrites nothing else', async () => {
    const folder = await temporaryHome()
    await mkdir(join(folder, 'mine'))
    await mkdir(join(folder, 'mine/photos'))
    const { code, stderr } = await weir(['browser', 'extension', join(folder, 'mine')], { env: environment(folder) })
    expect(code).toBe(1)
    expect(stderr).toContain('something else')
    expect(await readdir(join(folder, 'mine'))).toEqual(['photos'])
  })
})
