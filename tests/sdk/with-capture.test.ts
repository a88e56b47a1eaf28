/** `withCapture`: what a test does with the traffic of a program that it runs. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, test as base, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectOrStart } from '../../sdk/daemon-process.ts'
import type { WeirError } from '../../sdk/errors.ts'
import { vitestCapture } from '../../sdk/test-fixtures.ts'
import { type Capture, type CaptureOptions, withCapture } from '../../sdk/with-capture.ts'
import { startCaller } from '../support/caller.ts'
import { environment } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const run = promisify(execFile)
const curl = async ({ env }: Capture, ...words: string[]): Promise<string> =>
  (await run('curl', ['-sS', '--max-time', '30', ...words], { env: env as NodeJS.ProcessEnv })).stdout

/** Somebody with a daemon and an HTTPS origin that this somebody trusts. */
async function caller(options: CaptureOptions = {}) {
  const { env, client } = await startCaller()
  const origin = await startOrigin((request, response) => {
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ path: request.url }))
  })
  return { env, client, origin, options: { env, ...options } }
}

describe('a capture', () => {
  it('sees what a program sends over HTTPS, and tells of it', async () => {
    const { client, origin, options } = await caller()
    const { seen, id } = await withCapture(async (capture) => {
      expect(await curl(capture, `${origin.url}/orders/1`)).toBe('{"path":"/orders/1"}')
      const since = await capture.clock()
      const coming = capture.expect('path:/orders/2 status:200', { timeoutMs: 20_000, since })
      await curl(capture, `${origin.url}/orders/2`)
      const exchange = await coming
      await capture.quiet('', { quietMs: 50, timeoutMs: 20_000 })
      await capture.expectNone('path:/orders/3', { forMs: 20 })
      return {
        id: capture.session.id,
        seen: {
          url: exchange.request.url,
          text: await capture.text(exchange, 'response'),
          bytes: await new Response(capture.body(exchange, 'response')).text(),
          all: (await capture.exchanges()).map(({ seq }) => seq),
          some: (await capture.exchanges('path:/orders/1')).map(({ seq }) => seq),
        },
      }
    }, options)
    const text = '{"path":"/orders/2"}'
    expect(seen).toEqual({ url: `${origin.url}/orders/2`, text, bytes: text, all: [1, 2], some: [1] })
    expect(await client.call('session/get', { sessionId: id })).toMatchObject({ state: 'stopped', counts: { exchanges: 2 } })
  })

  it('has a session of its own: two at once do not see each other', async () => {
    const { origin, options } = await caller()
    const paths = await Promise.all(
      ['/a', '/b'].map((path) =>
        withCapture(async (capture) => {
          await curl(capture, origin.url + path)
          await capture.expect(`path:${path} state:complete`, { timeoutMs: 20_000 })
          return (await capture.exchanges()).map(({ request }) => new URL(request.url).pathname)
        }, options),
      ),
    )
    expect(paths).toEqual([['/a'], ['/b']])
  })

  it('fails with what happened instead, and stops its session then, too', async () => {
    const { client, origin, options } = await caller()
    const failed = withCapture(
      async (capture) => {
        await curl(capture, `${origin.url}/other`)
        await capture.expect('path:/other state:complete', { timeoutMs: 20_000 })
        await capture.expect('path:/wanted', { timeoutMs: 10 })
      },
      { ...options, session: { name: 'mine' } },
    )
    await expect(failed).rejects.toThrow(
      `no exchange matched path:/wanted within 0.01 s; the latest in this session:\n  1 GET ${origin.url}/other 200`,
    )
    expect((await client.call('session/list', {})).items).toMatchObject([{ name: 'mine', state: 'stopped' }])
  })

  it('tells of the test’s own failure when its daemon goes, and of that when the test had none', async () => {
    const { client, options } = await caller()
    const { pid } = client.initialized.daemon
    const own = withCapture(async ({ client: its }) => {
      process.kill(pid, 'SIGKILL')
      await its.closed
      throw new Error('of the test')
    }, options)
    await expect(own).rejects.toThrow('of the test')
    const gone = withCapture(async ({ client: its }) => {
      process.kill(its.initialized.daemon.pid, 'SIGKILL')
      await its.closed
    }, options)
    expect(await gone.catch((error: WeirError) => error)).toMatchObject({ code: 1005, data: { reason: 'connectionLost' } })
    // The second capture started a daemon again, and killed it.
  })

  it('takes the settings of a session; one that was left behind would stop by itself', async () => {
    const { origin, options } = await caller({ session: { where: 'path:/kept' } })
    await withCapture(async (capture) => {
      expect(capture.session).toMatchObject({ where: 'path:/kept', state: 'running' })
      await curl(capture, `${origin.url}/dropped`, `${origin.url}/kept`)
      await capture.expect('state:complete', { timeoutMs: 20_000 })
      expect((await capture.exchanges()).map(({ request }) => request.url)).toEqual([`${origin.url}/kept`])
    }, options)
  })
})

describe('vitest', () => {
  let home: string
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'weir-'))
    for (const name of Object.keys(process.env).filter((key) => /proxy/i.test(key))) vi.stubEnv(name, undefined)
    for (const [name, value] of Object.entries(environment(home))) vi.stubEnv(name, value)
  })
  afterAll(async () => {
    const client = await connectOrStart()
    await client.call('daemon/stop', {})
    await client.closed
    vi.unstubAllEnvs()
    await rm(home, { recursive: true, force: true, maxRetries: 3 })
  })
  const captured = base.extend<{ capture: Capture }>({ capture: vitestCapture() })

  captured('has a fixture, whose session is named after the test', async ({ capture }) => {
    const origin = await startOrigin((_request, response) => void response.end('hello'), { tls: false })
    expect(await curl(capture, origin.url)).toBe('hello')
    await capture.expect('status:200', { timeoutMs: 20_000 })
    expect(capture.session.name).toBe('has a fixture, whose session is named after the test')
  })

  captured('stops the session when the test has ended', async ({ capture }) => {
    const { items } = await capture.client.call('session/list', {})
    expect(items.map(({ state }) => state)).toEqual(['stopped', 'running'])
  })
})
