import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import cookiesTxt from '../../plugins/exporters/cookies-txt.ts'
import storageState from '../../plugins/exporters/storage-state.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { exported, exportText } from '../support/exported.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { toolPath } from '../support/tool.ts'

const run = promisify(execFile)
const python = toolPath('python3', 'python3')
const startedAt = Date.UTC(2026, 0, 1)
const year = 365 * 24 * 3600

const setting = (url: string, fields: string[], at = startedAt): ExportedExchange =>
  exported({ startedAt: at, request: { url }, response: { headers: fields.map((field) => ['Set-Cookie', field]) } })
const lines = async (...exchanges: ExportedExchange[]) =>
  (await exportText(cookiesTxt, exchanges, {})).text.split('\n').filter((line) => line !== '' && !line.startsWith('# '))
const names = async (...exchanges: ExportedExchange[]) => (await lines(...exchanges)).map((line) => line.split('\t')[5])

describe('cookies.txt', () => {
  test('has seven fields; a dot and TRUE where subdomains get it, too; 0 for those of the session', async () => {
    const fields = ['a=1', 'b=x=y; Domain=origin.test; Path=/p; Secure; HttpOnly; Max-Age=60']
    expect(await lines(setting('https://www.origin.test/dir/page', fields))).toEqual([
      'www.origin.test\tFALSE\t/dir\tFALSE\t0\ta\t1',
      `#HttpOnly_.origin.test\tTRUE\t/p\tTRUE\t${startedAt / 1000 + 60}\tb\tx=y`,
    ])
  })

  test('has what is left at the end: later ones replace, expired ones are gone', async () => {
    const url = 'https://origin.test/'
    const after = setting(url, ['a=2', 'b=; Max-Age=0'], startedAt + 5000)
    const first = setting(url, ['a=1', 'b=1', 'c=1; Max-Age=2', 'd=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])
    expect(await lines(first, after)).toEqual(['origin.test\tFALSE\t/\tFALSE\t0\ta\t2'])
  })

  test('counts the exchanges that set cookies alone', async () => {
    const { leftOut } = await exportText(
      cookiesTxt,
      [setting('https://origin.test/', ['a=1']), exported(), exported({ response: null })],
      {},
    )
    expect(leftOut).toBe(2)
  })

  test.each([
    ['of another site', 'https://origin.test/', 'a=1; Domain=other.test'],
    ['of a public suffix', 'https://shop.co.uk/', 'a=1; Domain=co.uk'],
    ['that is Secure, in clear text', 'http://origin.test/', 'a=1; Secure'],
    ['for other sites that is not Secure', 'https://origin.test/', 'a=1; SameSite=None'],
    ['whose prefix does not hold', 'https://origin.test/', '__host-a=1; Secure; Path=/; Domain=origin.test'],
    ['that is too long', 'https://origin.test/', `a=${'x'.repeat(4096)}`],
    ['with a control character', 'https://origin.test/', 'a=1\u00002'],
  ])('has none %s', async (_, url, field) => {
    expect(await names(setting(url, [field]))).toEqual([])
  })

  test('one that came over TLS is not replaced in clear text', async () => {
    const [line] = await lines(setting('https://origin.test/', ['a=1; Secure']), setting('http://origin.test/', ['a=2']))
    expect(line).toMatch(/TRUE\t0\ta\t1$/)
  })

  test('none lives longer than 400 days', async () => {
    const [line] = await lines(setting('https://origin.test/', [`a=1; Max-Age=${10 * year}`]))
    expect(line?.split('\t')[4]).toBe(String(startedAt / 1000 + 400 * 24 * 3600))
  })

  test('whatever is set, each line is one cookie of seven fields', async () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 30 })
    const field = fc
      .tuple(text, text, fc.constantFrom('', '; Path=/a\tb', '; Domain=origin.test'))
      .map(([name, value, more]) => `${name}=${value}${more}`)
    await fc.assert(
      fc.asyncProperty(fc.array(field, { maxLength: 5 }), async (fields) => {
        for (const line of await lines(setting('https://origin.test/', fields))) expect(line.split('\t')).toHaveLength(7)
      }),
    )
  })

  test('what the format cannot say is noted, not written', async () => {
    const { text } = await exportText(cookiesTxt, [setting('https://origin.test/', ['=nameless', 'a=1; Path=/a\tb'])], {})
    expect(text).toBe('# Netscape HTTP Cookie File\n# left out: 1 without a name\n')
  })
})

test('curl sends them where they belong', async () => {
  const origin = await startOrigin((request, response) => response.end(request.headers.cookie ?? 'none'), { tls: false })
  const { url } = origin
  const fields = ['a=1; HttpOnly', 'deep=2; Path=/deep', `value="x y=z;'$(touch no)"`, 'utf=\u00c3\u00a9']
  const file = join(await temporaryHome(), 'cookies.txt')
  writeFileSync(file, (await exportText(cookiesTxt, [setting(`${url}/`, fields)], {})).bytes)
  const sent = async (path: string) => (await run('curl', ['-sS', '--noproxy', '*', '-b', file, url + path])).stdout
  expect((await sent('/')).split('; ').sort()).toEqual(['a=1', 'utf=Ã©', 'value="x y=z'].sort())
  expect(await sent('/deep/er')).toContain('deep=2')
})

test.skipIf(python === null)("Python's MozillaCookieJar reads them", async () => {
  const file = join(await temporaryHome(), 'cookies.txt')
  const fields = ['a=1; HttpOnly; Secure', `b=2; Domain=origin.test; Path=/p; Max-Age=${year}`]
  writeFileSync(file, (await exportText(cookiesTxt, [setting('https://www.origin.test/', fields)], {})).bytes)
  const script = `
import http.cookiejar, json, sys
jar = http.cookiejar.MozillaCookieJar(sys.argv[1])
jar.load(ignore_discard=True, ignore_expires=True)
print(json.dumps([[c.name, c.value, c.domain, c.domain_specified, c.path, c.secure] for c in jar]))`
  const { stdout } = await run(python as string, ['-c', script, file])
  expect((JSON.parse(stdout) as unknown[][]).sort()).toEqual([
    ['a', '1', 'www.origin.test', false, '/', true],
    ['b', '2', '.origin.test', true, '/p', false],
  ])
})

test.skipIf(chromiumPath === null)("Playwright's new context has them, and gives them back", async () => {
  const now = Math.floor(Date.now() / 1000) * 1000
  const fields = [
    'a=1',
    'b=\u00c3\u00a9; Domain=origin.test; Path=/p; Secure; HttpOnly; SameSite=None',
    'c=3; SameSite=Strict; Max-Age=1000',
  ]
  const state = JSON.parse((await exportText(storageState, [setting('https://www.origin.test/', fields, now)], {})).text)
  expect(state.cookies).toEqual([
    { name: 'a', value: '1', domain: 'www.origin.test', path: '/', expires: -1, httpOnly: false, secure: false, sameSite: 'Lax' },
    { name: 'b', value: 'é', domain: '.origin.test', path: '/p', expires: -1, httpOnly: true, secure: true, sameSite: 'None' },
    {
      name: 'c',
      value: '3',
      domain: 'www.origin.test',
      path: '/',
      expires: now / 1000 + 1000,
      httpOnly: false,
      secure: false,
      sameSite: 'Strict',
    },
  ])
  const context = await (await launchChromium()).newContext({ storageState: state })
  const back = await context.storageState()
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)
  expect(back.cookies.sort(byName)).toEqual(state.cookies)
})
