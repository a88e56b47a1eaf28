import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { decodeQR } from 'qr/decode.js'
import { describe, expect, test, vi } from 'vitest'
import { isOwnAuthority, isOwnName } from '../../daemon/proxy/own-address.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { startProxy, type TestProxy, type TestProxyOptions } from '../support/proxy.ts'
import { connectTo, openTunnel, readAll } from '../support/wire.ts'

const run = promisify(execFile)
const auth = { username: 'ann', password: 'secret' }

interface Answer {
  status: number
  headers: NodeJS.Dict<string | string[]>
  body: Buffer
}

/** Straight to the port, or through it when `target` is a URL. */
function ask(
  port: number,
  target: string,
  options: { host?: string; method?: string; fields?: object; at?: string } = {},
): Promise<Answer> {
  const { host = `127.0.0.1:${port}`, method = 'GET', fields, at = '127.0.0.1' } = options
  return new Promise((resolve, reject) => {
    const sent = request({ host: at, port, path: target, method, headers: { host, ...fields }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

const throughProxy = (port: number, path: string, options: { method?: string; fields?: object } = {}) =>
  ask(port, `http://weir${path}`, { host: 'weir', ...options })

/** Answers of weir's own leave no record. */
async function nothingRecorded(proxy: TestProxy): Promise<void> {
  await vi.waitFor(async () => expect((await proxy.surface.status({})).connections).toBe(0))
  expect(proxy.recorder.records).toEqual([])
}

const start = (options: TestProxyOptions = {}) => startProxy(options)

/** An address of this machine that others could reach; undefined: it has none. */
const lan = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

describe('the onboarding page', () => {
  test('is at http://weir/ through the proxy and at its own address, and nothing is recorded', async () => {
    const proxy = await start()
    for (const answer of [
      await throughProxy(proxy.port, '/'),
      await ask(proxy.port, '/'),
      await ask(proxy.port, '/', { host: `localhost:${proxy.port}` }),
    ]) {
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
      const html = answer.body.toString()
      expect(html).toContain(proxy.ca.fingerprint256)
      expect(html).toContain(`<code>127.0.0.1:${proxy.port}</code>`)
      for (const system of [
        'Windows',
        'macOS',
        'Debian',
        'Fedora',
        'Arch',
        'iPhone',
        'Android',
        'Chromium',
        'Firefox',
        'Java',
        'Node',
        'Python',
        'curl',
        'git',
        'Docker',
      ])
        expect(html).toContain(system)
    }
    await nothingRecorded(proxy)
  })

  test('is reached by curl as a user would, in a tunnel and over SOCKS, and the name weir never meets DNS', async () => {
    const proxy = await start({ tls: { bypass: ['*'] } })
    const via = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', proxy.ca.path]
    for (const more of [
      ['-x', `http://127.0.0.1:${proxy.port}`, 'http://weir/'],
      ['-x', `http://127.0.0.1:${proxy.port}`, 'http://WEIR./'],
      ['-x', `http://127.0.0.1:${proxy.port}`, '-p', 'http://weir/'],
      ['-x', `http://127.0.0.1:${proxy.port}`, 'https://weir/'],
      ['-x', `socks5h://127.0.0.1:${proxy.port}`, 'http://weir/'],
      ['-x', `socks5h://127.0.0.1:${proxy.port}`, 'https://weir/'],
      [`https://127.0.0.1:${proxy.port}/`],
      ['--resolve', `weir:${proxy.port}:127.0.0.1`, `https://weir:${proxy.port}/`],
    ])
      expect((await run('curl', [...via, ...more])).stdout, more.join(' ')).toBe('200')
    await nothingRecorded(proxy)
  })

  test('what is neither HTTP nor TLS is not looked up either', async () => {
    const proxy = await start()
    const tunnel = await openTunnel(proxy.port, 'weir:25')
    tunnel.write('\x00\x01hello')
    await readAll(tunnel).catch(() => undefined)
    expect((await proxy.recorder.next('closed')).json.failure).toMatchObject({ reason: 'loopRefused' })
  })

  test('answers to no other name: DNS rebinding gets nothing', async () => {
    const proxy = await start()
    for (const host of [
      'evil.example',
      `evil.example:${proxy.port}`,
      `127.0.0.1:${proxy.port + 1}`,
      '127.0.0.2',
      `weir.evil.example:${proxy.port}`,
      'a b',
    ]) {
      for (const path of ['/', '/ca.pem', '/proxy.pac', '/trusted']) {
        const answer = await ask(proxy.port, path, { host })
        expect([answer.status, host]).toEqual([421, host])
        expect(answer.body.toString()).not.toContain('CERTIFICATE')
      }
    }
    const socket = await connectTo(proxy.port)
    socket.write('GET / HTTP/1.0\r\n\r\n')
    expect((await readAll(socket)).toString()).toMatch(/^HTTP\/1\.1 421 Misdirected Request\r\n/)
    socket.destroy()
    await nothingRecorded(proxy)
  })

  test('weir is a name like no other, whatever its case', () => {
    const local = { address: '192.168.1.5', port: 9347 }
    for (const name of ['weir', 'WEIR', 'Weir.']) expect(isOwnName(name)).toBe(true)
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (name) => {
        expect(isOwnName(name)).toBe(/^weir\.?$/i.test(name))
        if (!/^weir\.?(:\d+)?$/i.test(name)) expect(isOwnAuthority(name, local)).toBe(false)
      }),
      { seed: 1 },
    )
    expect(isOwnAuthority('192.168.1.5:9347', local)).toBe(true)
    expect(isOwnAuthority('[::1]:9347', { address: '::1', port: 9347 })).toBe(true)
    // Only who came over loopback can mean this machine by it.
    expect(isOwnAuthority('localhost:9347', local)).toBe(false)
  })

  test('has a policy that lets nothing in from elsewhere, and its parts are all here', async () => {
    const proxy = await start()
    const { headers, body } = await ask(proxy.port, '/')
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; connect-src https://127.0.0.1:${proxy.port}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    const html = body.toString()
    expect(html).not.toMatch(/ style=| on\w+=|<style|<script>/)
    const links = [...html.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map((match) => match[1] ?? '')
    expect(links.sort()).toEqual(['/ca.cer', '/ca.crt', '/ca.mobileconfig', '/ca.pem', '/page.css', '/page.js', '/proxy.pac'])
    for (const link of links) expect((await ask(proxy.port, link)).status, link).toBe(200)
  })

  test('is for reading: HEAD has no body, other methods and other paths are refused', async () => {
    const proxy = await start()
    const head = await throughProxy(proxy.port, '/', { method: 'HEAD' })
    expect([head.status, head.body.length]).toEqual([200, 0])
    expect(await throughProxy(proxy.port, '/', { method: 'POST' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    for (const path of ['/nothing', '/ca-key.pem', '/../ca-key.pem', '/constructor', '/__proto__'])
      expect((await throughProxy(proxy.port, path)).status, path).toBe(404)
    expect((await throughProxy(proxy.port, '/?utm=x')).status).toBe(200)
  })

  test('the key of the CA is in none of its answers', async () => {
    const proxy = await start()
    const key = (await readFile(join(proxy.home, 'ca-key.pem'), 'utf8')).replace(/-----.*-----|\s/g, '')
    for (const path of ['/', '/ca.pem', '/ca.crt', '/ca.mobileconfig', '/proxy.pac', '/page.js']) {
      const { body } = await ask(proxy.port, path)
      expect(body.toString('latin1')).not.toContain(key.slice(60, 120))
      expect(body.includes(Buffer.from(key, 'base64').subarray(40, 60))).toBe(false)
    }
  })
})

describe('the certificate', () => {
  test('comes as PEM and as DER, by both names', async () => {
    const proxy = await start()
    const pem = await ask(proxy.port, '/ca.pem')
    expect(pem.headers['content-type']).toBe('application/x-pem-file')
    expect(pem.body.toString()).toBe(proxy.ca.certificate)
    for (const path of ['/ca.crt', '/ca.cer']) {
      const der = await ask(proxy.port, path)
      expect(der.headers['content-type']).toBe('application/x-x509-ca-cert')
      expect(new X509Certificate(der.body).fingerprint256).toBe(proxy.ca.fingerprint256)
    }
  })

  test('comes as a profile that a property list parser reads, the same each time', async () => {
    const proxy = await start()
    const { headers, body } = await ask(proxy.port, '/ca.mobileconfig')
    expect(headers['content-type']).toBe('application/x-apple-aspen-config')
    expect((await throughProxy(proxy.port, '/ca.mobileconfig')).body).toEqual(body)
    const read = run('python3', [
      '-c',
      'import json,plistlib,sys;print(json.dumps(plistlib.loads(sys.stdin.buffer.read()),default=lambda b:b.hex()))',
    ])
    read.child.stdin?.end(body)
    const profile = JSON.parse((await read).stdout)
    const uuid = expect.stringMatching(/^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/)
    expect(profile).toMatchObject({ PayloadType: 'Configuration', PayloadVersion: 1, PayloadUUID: uuid, PayloadRemovalDisallowed: false })
    const [payload] = profile.PayloadContent
    expect(payload).toMatchObject({ PayloadType: 'com.apple.security.root', PayloadVersion: 1, PayloadUUID: uuid })
    expect(payload.PayloadUUID).not.toBe(profile.PayloadUUID)
    expect(new X509Certificate(Buffer.from(payload.PayloadContent, 'hex')).fingerprint256).toBe(proxy.ca.fingerprint256)
  })
})

describe('the PAC file', () => {
  test('sends everything to the listener that was asked', async () => {
    const proxy = await start()
    for (const { headers, body } of [await throughProxy(proxy.port, '/proxy.pac'), await ask(proxy.port, '/proxy.pac')]) {
      expect(headers['content-type']).toBe('application/x-ns-proxy-autoconfig')
      const found = runInNewContext(`${body}; FindProxyForURL('https://example.com/', 'example.com')`)
      expect(found).toBe(`PROXY 127.0.0.1:${proxy.port}`)
    }
  })
})

describe('on a listener with a password', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

  test('the page wants it: as a proxy through it, as a site at its own address', async () => {
    const proxy = await start({ proxy: { auth } })
    expect(await throughProxy(proxy.port, '/')).toMatchObject({ status: 407, headers: { 'proxy-authenticate': 'Basic realm="weir"' } })
    expect(await ask(proxy.port, '/')).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Basic realm="weir"' } })
    expect((await ask(proxy.port, '/ca.pem', { fields: { authorization: basic('ann:wrong') } })).status).toBe(401)
    expect((await ask(proxy.port, '/', { fields: { 'proxy-authorization': basic('ann:secret') } })).status).toBe(401)
    expect((await ask(proxy.port, '/', { fields: { authorization: basic('ann:secret') } })).status).toBe(200)
    expect((await throughProxy(proxy.port, '/', { fields: { 'proxy-authorization': basic('ann:secret') } })).status).toBe(200)
    const tunnel = [
      '-sS',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      '--cacert',
      proxy.ca.path,
      '-x',
      `http://ann:secret@127.0.0.1:${proxy.port}`,
    ]
    expect((await run('curl', [...tunnel, 'https://weir/'])).stdout).toBe('200')
    await nothingRecorded(proxy)
  })

  test('only the answer that says nothing needs none', async () => {
    const proxy = await start({ proxy: { auth } })
    const { stdout } = await run('curl', ['-sS', '-i', '--cacert', proxy.ca.path, `https://127.0.0.1:${proxy.port}/trusted`])
    expect(stdout).toMatch(/^HTTP\/1\.1 204 No Content\r\n/)
  })

  test.skipIf(lan === undefined)('a phone on the network gets its address as a QR code', async () => {
    const proxy = await start({ proxy: { host: '0.0.0.0', auth } })
    const fields = { authorization: basic('ann:secret') }
    const page = await ask(proxy.port, '/', { host: `${lan}:${proxy.port}`, at: lan ?? '', fields })
    expect(page.status).toBe(200)
    expect(decoded(page.body.toString())).toBe(`http://${lan}:${proxy.port}/`)
    expect(page.body.toString()).toContain(`curl -u USERNAME -o weir-ca.pem http://${lan}:${proxy.port}/ca.pem`)
    // Who sits at the machine itself is shown an address that others reach.
    const here = await ask(proxy.port, '/', { fields })
    expect(decoded(here.body.toString())).toMatch(new RegExp(`^http://(?!127\\.)[\\d.]+:${proxy.port}/$`))
    expect((await ask(proxy.port, '/', { host: `localhost:${proxy.port}`, at: lan ?? '', fields })).status).toBe(421)
  })

  test('a listener for this machine alone shows no code, and how to get one', async () => {
    const proxy = await start()
    const html = (await ask(proxy.port, '/')).body.toString()
    expect(html).not.toContain('<svg')
    expect(html).toContain('session/start')
  })
})

/** What a camera would read from the page's code. */
function decoded(html: string): string {
  const [, size = '', path = ''] = /<svg[^>]*viewBox="0 0 (\d+) \d+"[^>]*>.*?<path d="([^"]*)"/s.exec(html) ?? []
  const scale = 4
  const width = Number(size) * scale
  const data = new Uint8ClampedArray(width * width * 4).fill(255)
  for (const [x, y] of modules(path)) {
    for (let dy = 0; dy < scale; dy++)
      for (let dx = 0; dx < scale; dx++)
        data.fill(0, ((y * scale + dy) * width + x * scale + dx) * 4, ((y * scale + dy) * width + x * scale + dx) * 4 + 3)
  }
  return decodeQR({ width, height: width, data })
}

/** The squares of one unit that the path draws, each from where the one before began. */
function modules(path: string): [x: number, y: number][] {
  const found: [number, number][] = []
  for (const [, move, x = '', y = ''] of path.matchAll(/([Mm])(-?\d+)[ ,]?(-?\d+)h1v1[hH]-?\d+[Zz]/g)) {
    const [lastX, lastY] = move === 'm' ? (found.at(-1) ?? [0, 0]) : [0, 0]
    found.push([lastX + Number(x), lastY + Number(y)])
  }
  return found
}

describe.skipIf(chromiumPath === null)('in Chromium', () => {
  const visit = async (proxy: TestProxy, url: string, how: 'trusting' | 'not trusting', through: boolean) => {
    const browser = await launchChromium({
      ...(through && { proxy: { server: `http://127.0.0.1:${proxy.port}` } }),
    })
    const context = await browser.newContext({ ignoreHTTPSErrors: how === 'trusting' })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text())
    })
    await page.goto(url)
    await page.waitForSelector('#check[data-state=trusted], #check[data-state=untrusted]')
    const state = await page.getAttribute('#check', 'data-state')
    expect(complaints).toEqual([])
    return { page, state }
  }

  test('it says that the certificate is not trusted, and where it can be had', { timeout: 60_000 }, async () => {
    const proxy = await start()
    for (const [url, through] of [
      ['http://weir/', true],
      [`http://127.0.0.1:${proxy.port}/`, false],
    ] as const) {
      const { page, state } = await visit(proxy, url, 'not trusting', through)
      expect(state).toBe('untrusted')
      expect(await page.textContent('#verdict')).toContain('does not trust')
      expect(await page.getAttribute('#chrome', 'open')).toBe('')
    }
  })

  test('it says that it is trusted', { timeout: 60_000 }, async () => {
    const proxy = await start()
    expect((await visit(proxy, 'http://weir/', 'trusting', true)).state).toBe('trusted')
    expect((await visit(proxy, `http://127.0.0.1:${proxy.port}/`, 'trusting', false)).state).toBe('trusted')
    expect((await visit(proxy, `http://localhost:${proxy.port}/`, 'trusting', false)).state).toBe('trusted')
  })
})

describe('as an https:// proxy', () => {
  test('what is inside TLS to the proxy itself is served as in clear text', async () => {
    const proxy = await start()
    const via = ['-sS', '--proxy-cacert', proxy.ca.path, '--cacert', proxy.ca.path, '-x', `https://127.0.0.1:${proxy.port}`]
    for (const url of ['http://weir/ca.pem', 'https://weir/ca.pem'])
      expect((await run('curl', [...via, url])).stdout).toBe(proxy.ca.certificate)
  })
})
