/** A real Firefox as weir launches it: through the session's proxy, trusting its CA, gone with its session. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { testCa } from '../support/certificates.ts'
import { startDaemon } from '../support/daemon.ts'
import { firefoxPath } from '../support/firefox.ts'
import { startOrigin } from '../support/origin.ts'
import { toolPath } from '../support/tool.ts'

const certutil = toolPath('certutil', 'libnss3-tools')
const page = '<!doctype html><link rel="icon" href="data:,"><script>fetch("/asked", { method: "POST", body: "from a page" })</script>'

test.skipIf(firefoxPath === null || certutil === null)(
  'a page over HTTPS is captured, and the browser ends with its session',
  { timeout: 180_000 },
  async () => {
    const { client, home } = await startDaemon()
    const origin = await startOrigin((request, response) =>
      request.url === '/' ? response.setHeader('content-type', 'text/html').end(page) : response.end('hello'),
    )
    const { id: sessionId } = await client.call('session/start', { proxy: { port: 0 }, tls: { ca: (await testCa()).certificate } })
    const params = { kind: 'browser', sessionId, url: `${origin.url}/`, headless: true, executable: firefoxPath as string }
    const { browser, notes } = await client.call('source/start', params)
    expect({ browser, notes }).toEqual({ browser: 'Firefox', notes: [expect.stringContaining('goes through the proxy')] })
    const where = 'path:/asked status:200 state:complete'
    const { item } = await client.call('exchange/wait', { sessionId, where, timeoutMs: 120_000 })
    expect(item).toMatchObject({
      source: 'proxy',
      state: 'complete',
      request: { method: 'POST', bodySize: 11, headers: expect.arrayContaining([['Origin', origin.url]]) as unknown },
    })
    const profiles = join(home.folder, 'plugins/browser/fresh')
    expect(readdirSync(profiles)).toHaveLength(1)
    await client.call('session/stop', { sessionId })
    expect((await client.call('source/list', { sessionId })).items).toEqual([])
    await vi.waitFor(() => expect(existsSync(profiles) ? readdirSync(profiles) : []).toEqual([]))
  },
)
