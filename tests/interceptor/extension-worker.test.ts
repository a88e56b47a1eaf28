/** The parts of the extension that speak to the browser and to the daemon, with both played. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EventQueue } from '../../plugins/interceptor/extension/event-queue.ts'

interface Requests {
  began(details: object): void
  sent(details: object): void
  responded(details: object): void
  redirected(details: object): void
  ended(details: object): Promise<void>
  open: unknown[]
}
interface Capture {
  queue: EventQueue
  setting: object | null
  problem: string | null
  add(event: object): boolean
  send(): Promise<void>
  start(sessionId: string | null): Promise<void>
  stop(): Promise<void>
}
interface Cookies {
  answer(ask: object): Promise<{ cookies?: object[]; at?: number; unchanged?: true }>
}
interface Account {
  state: string
  connect(): Promise<void>
  pair(port: number, code: string): Promise<void>
}

/** Its types are the browser's; here are none of those. */
async function part<Made>(file: string, name: string, ...options: unknown[]): Promise<Made> {
  const module = (await import(`../../plugins/interceptor/extension/${file}.ts`)) as { [name: string]: new (...options: unknown[]) => Made }
  return new (module[name] as new (...options: unknown[]) => Made)(...options)
}

afterEach(() => vi.unstubAllGlobals())

describe('what is told of requests', () => {
  const at = (url: string, more: object = {}) => ({
    requestId: '7',
    url,
    method: 'POST',
    tabId: 1,
    frameId: 0,
    type: 'xmlhttprequest',
    timeStamp: 1000,
    ...more,
  })
  const redirect = { statusCode: 302, statusLine: 'HTTP/1.1 302 Found' }
  const ok = { statusCode: 200, statusLine: 'HTTP/1.1 200 OK' }
  let told: { kind: string; id: string; url?: string; view?: object }[] = []
  /** Number of the piece of a body that finds no room. */
  let refused: number | null = null
  let pieces = 0
  let body: Uint8Array | null = null
  const requests = () =>
    part<Requests>(
      'web-requests',
      'WebRequests',
      {
        run: 'r',
        isWanted: (_: string, url: string) => !url.includes('secret'),
        viaProxy: () => false,
        begins: () => true,
        emit: (event: (typeof told)[number]) => {
          if (event.kind === 'body' && ++pieces === refused) return false
          told.push(event)
          return true
        },
        ended: () => undefined,
        bodies: { take: () => Promise.resolve(body) },
        messages: { find: () => Promise.resolve(null), over: () => Promise.resolve() },
      },
      [],
    )

  beforeEach(() => {
    vi.stubGlobal('chrome', { runtime: { getURL: () => 'chrome-extension://own/' } })
    told = []
    refused = null
    pieces = 0
    body = null
  })

  it('leaves out where a redirect leads that is not wanted, and goes on where it leads back', async () => {
    const seen = await requests()
    seen.began(at('https://a.test/'))
    seen.sent(at('https://a.test/'))
    seen.redirected(at('https://a.test/', redirect))
    seen.began(at('https://secret.test/token'))
    seen.sent(at('https://secret.test/token'))
    seen.responded(at('https://secret.test/token', ok))
    seen.redirected(at('https://secret.test/token', redirect))
    expect(told.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['request r.7.0', 'response r.7.0', 'end r.7.0'])
    seen.began(at('https://b.test/'))
    seen.sent(at('https://b.test/'))
    seen.redirected(at('https://b.test/', redirect))
    seen.began(at('https://secret.test/end'))
    await seen.ended(at('https://secret.test/end', ok))
    expect(told.slice(3).map(({ kind, id }) => `${kind} ${id}`)).toEqual(['request r.7.1', 'response r.7.1', 'end r.7.1'])
    expect(JSON.stringify(told)).not.toContain('secret')
    expect(seen.open).toEqual([])
  })

  it('says at the end which bodies found no room', async () => {
    const seen = await requests()
    seen.began(at('https://a.test/', { requestBody: { raw: [{ bytes: new ArrayBuffer(2_000_000) }] } }))
    refused = 2
    seen.sent(at('https://a.test/'))
    // What came after the hole would be taken for what follows the first piece.
    expect(told.map(({ kind }) => kind)).toEqual(['request', 'body'])
    body = new Uint8Array(2_000_000)
    refused = 3
    await seen.ended(at('https://a.test/', ok))
    expect(told.slice(2).map(({ kind }) => kind)).toEqual(['response', 'end'])
    expect(told.at(-1)?.view).toEqual({ requestBody: 'partial', responseBody: 'partial' })
  })

  it('says of a whole body that it is one', async () => {
    const seen = await requests()
    body = new Uint8Array(2_000_000)
    seen.began(at('https://a.test/', { requestBody: { raw: [{ bytes: new ArrayBuffer(10) }] } }))
    await seen.ended(at('https://a.test/', ok))
    expect(told.map(({ kind }) => kind)).toEqual(['request', 'body', 'response', 'body', 'body', 'body', 'end'])
    expect(told.at(-1)?.view).toEqual({ responseBody: 'decoded' })
  })
})

describe('what is switched on', () => {
  const setting = (sourceId: string) => ({ sessionId: 's', sourceId, isOwn: false, viaProxy: false })
  /** Of the daemon: each waits for its answer. */
  let feeds: { sourceId: string; events: unknown[]; answer(acknowledged: number): void }[] = []
  let calls: string[] = []
  const capture = (keep: () => Promise<void>) =>
    part<Capture>('capture', 'Capture', {
      account: {
        link: {
          call: (method: string) => {
            calls.push(method)
            const source = method === 'source/start' ? { sourceId: 'new' } : {}
            return Promise.resolve({ id: 's', state: 'running', proxy: null, ...source })
          },
          callWith: (_: string, params: string) =>
            new Promise((resolve) => {
              const { sourceId, events } = JSON.parse(params) as { sourceId: string; events: unknown[] }
              feeds.push({ sourceId, events, answer: (acknowledged) => resolve({ acknowledged }) })
            }),
        },
      },
      setting: setting('old'),
      queue: { first: 1, events: [], lost: null },
      beginnings: () => [],
      keep,
      changed: () => undefined,
    })

  beforeEach(() => {
    feeds = []
    calls = []
  })

  it('sends what is waiting before it stops, also while something is on its way', async () => {
    const on = await capture(() => Promise.resolve())
    on.add({ n: 1 })
    void on.send()
    await vi.waitFor(() => expect(feeds).toHaveLength(1))
    on.add({ n: 2 })
    const stopped = on.stop()
    feeds[0]?.answer(1)
    await vi.waitFor(() => expect(feeds).toHaveLength(2))
    expect(feeds[1]).toMatchObject({ sourceId: 'old', events: [{ n: 2 }] })
    expect(calls).toEqual([])
    feeds[1]?.answer(2)
    await stopped
    expect(calls).toEqual(['source/stop'])
    expect(on.setting).toBeNull()
  })

  it('takes no answer to what was on before for one to what is on now', async () => {
    const on = await capture(() => Promise.resolve())
    on.add({ n: 1 })
    void on.send()
    await vi.waitFor(() => expect(feeds).toHaveLength(1))
    const started = on.start('s')
    await vi.waitFor(() => expect(calls).toEqual(['session/get']))
    await new Promise(setImmediate)
    on.add({ n: 2 })
    feeds[0]?.answer(1)
    await vi.waitFor(() => expect(feeds).toHaveLength(2))
    expect(feeds[1]).toMatchObject({ sourceId: 'old', events: [{ n: 2 }] })
    feeds[1]?.answer(2)
    await started
    on.add({ n: 3 })
    void on.send()
    await vi.waitFor(() => expect(feeds).toHaveLength(3))
    expect(feeds[2]).toMatchObject({ sourceId: 'new', events: [{ n: 3 }] })
  })

  it('sends what the browser has no room to keep', async () => {
    const on = await capture(() => Promise.reject(new Error('Session storage quota bytes exceeded.')))
    on.add({ n: 1 })
    const sent = on.send()
    await vi.waitFor(() => expect(feeds).toHaveLength(1))
    feeds[0]?.answer(1)
    await sent
    expect(on.queue.length).toBe(0)
    expect(on.problem).toBeNull()
  })
})

describe('the cookies of the browser', () => {
  it('are told to each that asks, also after an answer that failed', async () => {
    const held = { name: 'a', value: '1', domain: 'a.test', hostOnly: true, path: '/', secure: true, httpOnly: false, sameSite: 'lax' }
    const getAll = vi.fn().mockRejectedValueOnce(new Error('not now')).mockResolvedValue([held])
    vi.stubGlobal('chrome', { cookies: { getAll, onChanged: { addListener: () => undefined } } })
    const cookies = await part<Cookies>('cookies', 'BrowserCookies')
    await expect(cookies.answer({ sourceId: 'one', ask: 1 })).rejects.toThrow('not now')
    for (const sourceId of ['one', 'one', 'another'])
      expect((await cookies.answer({ sourceId, ask: 2 })).cookies).toMatchObject([{ name: 'a', value: '1' }])
  })
})

describe('the connection to the daemon', () => {
  it('is not lost when an earlier one ends', async () => {
    const sockets: Socket[] = []
    class Socket {
      static readonly OPEN = 1
      readonly readyState = 1
      onopen: () => void = () => undefined
      onmessage: (message: { data: string }) => void = () => undefined
      onclose: (how: { code: number }) => void = () => undefined
      constructor() {
        sockets.push(this)
        queueMicrotask(() => this.onopen())
      }
      send(text: string): void {
        const { id } = JSON.parse(text) as { id: number }
        queueMicrotask(() => this.onmessage({ data: JSON.stringify({ id, result: {} }) }))
      }
      close(): void {
        // The browser says so later.
      }
    }
    vi.stubGlobal('WebSocket', Socket)
    vi.stubGlobal('chrome', { runtime: { getManifest: () => ({ version: '1' }) } })
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"token":"b"}')))
    const account = await part<Account>('daemon-account', 'DaemonAccount', {
      paired: { port: 1, token: 'a' },
      keep: () => undefined,
      connected: () => undefined,
      notified: () => undefined,
      changed: () => undefined,
    })
    await account.connect()
    await account.pair(2, 'code')
    expect(sockets).toHaveLength(2)
    sockets[0]?.onclose({ code: 4401 })
    expect(account.state).toBe('connected')
    sockets[1]?.onclose({ code: 4401 })
    expect(account.state).toBe('refused')
  })
})
