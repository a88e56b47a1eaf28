/** A session with a redactor: no secret ever lies on the disk, not in the log either, also after a kill -9. */
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it, vi } from 'vitest'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'

const canary = (place: string) => `CANARY-${place}-0123456789abcdef`
const filters = [
  {
    plugin: 'redact',
    config: { headers: ['Authorization', 'X-Secret'], query: ['token'], json: ['user.password', '**.key'], form: ['pin'] },
  },
]
const json = JSON.stringify({ user: { name: 'ann', password: canary('password') }, list: [{ key: canary('key') }] })

const origin = () =>
  startOrigin(
    (incoming, response) => {
      incoming.resume()
      response.setHeader('Set-Cookie', `session=${canary('cookie')}; HttpOnly`)
      response.setHeader('X-Secret', canary('response'))
      response.setHeader('Content-Type', 'application/json')
      response.setHeader('Content-Encoding', 'gzip')
      if (incoming.url?.startsWith('/never')) response.write(gzipSync(json).subarray(0, 20))
      else incoming.on('end', () => response.end(gzipSync(json)))
    },
    { tls: false },
  )

function post(port: number, url: string, type: string, body: string) {
  const headers = {
    Host: new URL(url).host,
    Authorization: `Bearer ${canary('bearer')}`,
    Cookie: `a=${canary('sent')}; b=2`,
    'Content-Type': type,
    Referer: `https://a.test/?token=${canary('referer')}`,
  }
  const sent = request({ port, method: 'POST', path: `${url}?token=${canary('query')}&page=2`, headers })
  sent.on('error', () => undefined)
  return sent.end(body)
}

/** Empty of a file that has gone meanwhile: a daemon that starts clears up. */
function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

/** Files of the home that hold a canary. */
function leaks(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name))
  return paths.filter((path) => bytesOf(path).includes('CANARY'))
}

it('secrets are replaced by names that stay the same, and reach no file, also not by a kill', async () => {
  const folder = await temporaryHome()
  const daemon = await startDaemon({ folder })
  const { client } = daemon
  const { url } = await origin()
  const session = await client.call('session/start', { filters })
  const port = session.proxy?.port ?? 0
  for (const [type, body] of [
    ['application/json', json],
    ['application/x-www-form-urlencoded', `pin=${canary('pin')}&x=1`],
  ] as const) {
    const [response] = await once(post(port, `${url}/done`, type, body), 'response')
    response.resume()
    await once(response, 'end')
  }
  post(port, `${url}/never`, 'application/json', json)
  await vi.waitFor(async () => {
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    expect(items.map(({ state }) => state)).toEqual(['complete', 'complete', 'open'])
  })
  const { items } = await client.call('exchange/list', { sessionId: session.id })
  const field = (at: number, name: string) => items[at]?.request.headers.find(([own]) => own === name)?.[1]
  expect(field(0, 'Authorization')).toMatch(/^Bearer redacted-[0-9a-f]{16}$/)
  expect(field(1, 'Authorization')).toBe(field(0, 'Authorization'))
  expect(items[0]?.request.url).toMatch(/\/done\?token=redacted-[0-9a-f]{16}&page=2$/)
  const { data } = await client.call('exchange/readBody', { sessionId: session.id, seq: 1, part: 'response' })
  expect(JSON.parse(Buffer.from(data, 'base64').toString())).toEqual({
    user: { name: 'ann', password: expect.stringMatching(/^redacted-/) },
    list: [{ key: expect.stringMatching(/^redacted-/) }],
  })
  expect(leaks(folder)).toEqual([])
  process.kill((await client.call('daemon/status', {})).pid, 'SIGKILL')
  await vi.waitFor(() => expect(leaks(folder)).toEqual([]))
  const again = await startDaemon({ folder })
  const after = await again.client.call('exchange/list', { sessionId: session.id })
  expect(after.items[2]).toMatchObject({
    state: 'aborted',
    error: { reason: 'daemonKilled' },
    request: { url: 'http://filtered.invalid/' },
  })
  expect(leaks(folder)).toEqual([])
})
