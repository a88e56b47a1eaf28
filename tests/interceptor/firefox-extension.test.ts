/** The extension's build for Firefox in a real one, as a temporary add-on: paired, capturing, telling its cookies. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { weir } from '../support/command-line.ts'
import { environment, startDaemon } from '../support/daemon.ts'
import { firefoxPath, startFirefox } from '../support/firefox.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'

const page = '<!doctype html><title>a page</title><link rel="icon" href="data:,"><script>document.cookie = "mine=3"</script>'

test.skipIf(firefoxPath === null)('pairs, tells of requests with their bodies, and of cookies', { timeout: 180_000 }, async () => {
  const folder = await temporaryHome()
  const { client } = await startDaemon()
  const { port } = await client.call('websocket/start', { port: 0 })
  const origin = await startOrigin(
    (request, response) =>
      request.url === '/'
        ? response.setHeader('content-type', 'text/html').end(page)
        : response.writeHead(201, { 'X-Path': 'asked' }).end('hello'),
    { tls: false },
  )
  const path = join(folder, 'extension')
  await weir(['browser', 'extension', path, '--firefox'], { env: environment(folder) })
  const id = randomUUID()
  // Which page of it is which, it draws by lot otherwise.
  const firefox = await startFirefox({ 'extensions.webextensions.uuids': JSON.stringify({ 'weir@weir.invalid': id }) })
  await firefox.ask('webExtension.install', { extensionData: { type: 'path', path } })
  const popup = await firefox.open(`moz-extension://${id}/popup.html`)
  /** What its popup asks its background for. */
  const obey = async (command: object) =>
    JSON.parse(await firefox.evaluate(popup, `browser.runtime.sendMessage(${JSON.stringify(command)}).then(JSON.stringify)`)) as object
  const { code } = await client.call('pairing/start', { rights: ['read', 'capture', 'feed'] })
  expect(await obey({ command: 'pair', port, code })).toMatchObject({ look: { link: 'connected', canReadBodies: false } })
  expect(await obey({ command: 'start', sessionId: null })).toMatchObject({ look: { isCapturing: true, session: { state: 'running' } } })
  const [token] = (await client.call('token/list', {})).items
  expect(token).toMatchObject({ origin: `moz-extension://${id}`, name: expect.stringMatching(/^extension in Firefox /) as unknown })

  const tab = await firefox.open(`${origin.url}/`)
  await firefox.evaluate(tab, "fetch('/asked', { method: 'POST', body: 'from a page' }).then((response) => response.text())")
  const sessionId = (await client.call('session/list', {})).items[0]?.id ?? ''
  const where = 'path:/asked status:201 state:complete'
  const { item } = await client.call('exchange/wait', { sessionId, where, timeoutMs: 60_000 })
  expect(item).toMatchObject({
    source: 'browser',
    state: 'complete',
    request: { method: 'POST', bodySize: 11, headers: expect.arrayContaining([['Origin', origin.url]]) as unknown },
    response: { headers: expect.arrayContaining([['X-Path', 'asked']]) as unknown },
    browser: { resource: 'xhr', page: `${origin.url}/` },
  })

  const targets = [
    { plugin: 'jar', config: { jar: 'work' } },
    { plugin: 'browser', config: { source: 'last' } },
  ]
  await client.call('sync/set', { domain: 'localhost', direction: 'both', targets })
  await vi.waitFor(async () =>
    expect((await client.call('jar/get', { jar: 'work' })).items).toMatchObject([{ name: 'mine', value: '3', domain: 'localhost' }]),
  )
})
