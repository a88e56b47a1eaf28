import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { describe, expect, test, vi } from 'vitest'
import { testCa } from '../support/certificates.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { openTunnel, secure } from '../support/wire.ts'

const answering = () => startOrigin((_request, response) => response.end('untouched'))

/** Runs to its end, however that is. */
async function attempt(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: process.env.PATH ?? '' } })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  await once(child, 'close')
  return said
}

const http = (proxy: TestProxy) => `http://127.0.0.1:${proxy.port}`
const python = `
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({'https': sys.argv[1]}))
print(opener.open(sys.argv[2]).read())`

const clients: [string, string, (proxy: TestProxy, origin: Origin) => Promise<unknown>][] = [
  ['curl', 'TLS alert unknown_ca', (proxy, { url }) => attempt('curl', ['-sS', '-x', http(proxy), url])],
  ['Python', 'TLS alert unknown_ca', (proxy, { url }) => attempt('python3', ['-c', python, http(proxy), url])],
  [
    'openssl s_client',
    'TLS alert unknown_ca',
    (proxy, { port }) =>
      attempt('openssl', ['s_client', '-proxy', `127.0.0.1:${proxy.port}`, '-connect', `localhost:${port}`, '-verify_return_error']),
  ],
  [
    'Node',
    'it closed without a word',
    async (proxy, { port }) => {
      const tunnel = await openTunnel(proxy.port, `localhost:${port}`)
      await secure(tunnel, { servername: 'localhost', ca: [] }).catch(() => undefined)
    },
  ],
]

describe("a client that does not trust weir's CA", () => {
  test.each(clients)('%s: on record, with the host and what it said: %s', async (_name, words, go) => {
    const origin = await answering()
    const proxy = await startProxy()
    await go(proxy, origin)
    expect((await proxy.recorder.next('opened')).json.authority).toBe(`localhost:${origin.port}`)
    const { json } = await proxy.recorder.next('closed')
    expect(json).toMatchObject({ by: 'client', failure: { reason: 'clientRejectedCa' } })
    expect(json.failure.message).toContain(`(${words})`)
    expect(json.failure.message).not.toContain('autoBypass')
  })

  test.skipIf(chromiumPath === null)('Chromium: on record; with autoBypass its next connection is the origin’s own', async () => {
    const origin = await answering()
    const proxy = await startProxy({ tls: { autoBypass: true } })
    const browser = await launchChromium({ proxy: { server: http(proxy), bypass: '<-loopback>' } })
    const page = await browser.newPage()
    await page.goto(origin.url).catch(() => undefined)
    // It may have begun connections that it did not need.
    await vi.waitFor(() =>
      expect(proxy.recorder.of('closed').map(({ json }) => json.failure)).toContainEqual({
        reason: 'clientRejectedCa',
        message: expect.stringMatching(/TLS alert (certificate_unknown|unknown_ca)/),
      }),
    )
    await page.goto(origin.url).catch(() => undefined)
    await expect.poll(() => proxy.recorder.of('opened').some(({ json }) => json.opaque === 'autoBypassed')).toBe(true)
  })
})

describe('tls.autoBypass', () => {
  test('the next connection of that host is a tunnel that says why; other hosts are decrypted on', async () => {
    const origin = await answering()
    const proxy = await startProxy({ tls: { autoBypass: true } })
    const caFile = `${proxy.home}/origin-ca.pem`
    await writeFile(caFile, (await testCa()).certificate)
    const pinned = (url: string) => attempt('curl', ['-sS', '-x', http(proxy), '--cacert', caFile, url])
    expect(await pinned(origin.url)).toBe('')
    const { failure } = (await proxy.recorder.next('closed')).json
    expect(failure).toMatchObject({
      reason: 'clientRejectedCa',
      message: expect.stringContaining('From the next connection on this host is bypassed'),
    })
    expect(proxy.learned).toEqual([`localhost:${origin.port}`])

    expect(await pinned(origin.url)).toBe('untouched')
    expect((await proxy.recorder.next('opened', 2)).json).toMatchObject({ protocol: 'opaque', opaque: 'autoBypassed' })
    await attempt('curl', ['-sS', '-x', http(proxy), '--cacert', proxy.ca.path, `https://127.0.0.1:${origin.port}`])
    expect((await proxy.recorder.next('opened', 3)).json.protocol).toBe('http1')
  })

  test('the name that the client asked for counts, whatever its tunnel leads to', async () => {
    const origin = await answering()
    const proxy = await startProxy({ tls: { autoBypass: true, insecure: ['*'] } })
    const args = ['-sS', '-x', http(proxy), '-k', '--connect-to', `pinned.test:443:localhost:${origin.port}`]
    await attempt('curl', [...args.filter((word) => word !== '-k'), 'https://pinned.test/'])
    await proxy.recorder.next('closed')
    expect(proxy.learned).toEqual([`pinned.test:${origin.port}`])
    expect(await attempt('curl', [...args, 'https://pinned.test/'])).toBe('untouched')
    expect((await proxy.recorder.next('opened', 2)).json.opaque).toBe('autoBypassed')
  })

  test('turned off, what was learned is forgotten', async () => {
    const origin = await answering()
    const proxy = await startProxy({ tls: { autoBypass: true } })
    const distrusting = () => attempt('curl', ['-sS', '-x', http(proxy), origin.url])
    await distrusting()
    await proxy.recorder.next('closed')
    await proxy.set({ tls: {} })
    await proxy.set({ tls: { autoBypass: true } })
    await distrusting()
    expect((await proxy.recorder.next('closed', 2)).json.failure.reason).toBe('clientRejectedCa')
  })

  test('a client that fails for another reason teaches nothing', async () => {
    const origin = await answering()
    const proxy = await startProxy({ tls: { autoBypass: true } })
    await attempt('curl', ['-sS', '-x', http(proxy), '--cacert', proxy.ca.path, '--tls-max', '1.2', '--ciphers', 'AES128-SHA', origin.url])
    await proxy.recorder.next('closed')
    await attempt('curl', ['-sS', '-x', http(proxy), '--cacert', proxy.ca.path, origin.url])
    expect((await proxy.recorder.next('opened', 2)).json.protocol).toBe('http1')
    expect(proxy.learned).toEqual([])
  })
})
