/** The rules against a real browser: whatever Set-Cookie fields an origin sends, Chromium's jar and ours hold the same cookies, and send them in the same order. */
import fc from 'fast-check'
import type { BrowserContext } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Cookie } from '../../sdk/cookie/cookie.ts'
import { HeldCookies } from '../../sdk/cookie/held-cookies.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { startExactOrigin, targetOf } from '../support/exact-origin.ts'

const host = 'www.shop.example'
/** Between the response and Chromium's clock, s. */
const tolerance = 300

type Seen = { key: string; value: string; expires: number; flags: string }
const seen = (key: (string | undefined)[], value: string, expires: number, flags: (string | boolean)[]): Seen => ({
  key: key.join(' '),
  value,
  expires,
  flags: flags.join(),
})

/** As Playwright tells it: what is not said is Lax. */
const ours = ({ name, value, domain, hostOnly, path, expires, secure, httpOnly, sameSite, partitionKey }: Cookie): Seen =>
  seen([hostOnly ? domain : `.${domain}`, path, partitionKey ?? undefined, name], value, expires === null ? -1 : expires / 1000, [
    secure,
    httpOnly,
    sameSite ?? 'Lax',
  ])

async function theirs(context: BrowserContext): Promise<Seen[]> {
  const cookies = await context.cookies()
  return cookies.map(({ name, value, domain, path, expires, secure, httpOnly, sameSite, partitionKey }) =>
    seen([domain, path, partitionKey, name], value, expires, [secure, httpOnly, sameSite]),
  )
}

const byKey = (a: Seen, b: Seen) => (a.key < b.key ? -1 : 1)
const withoutTime = (cookies: Seen[]) =>
  cookies.toSorted(byKey).map(({ key, value, expires, flags }) => ({ key, value, flags, ends: expires !== -1 }))

const text = fc.string({
  unit: fc.constantFrom('a', 'B', '1', ' ', '\t', '=', '"', ',', '.', '/', '%20', '_', '-', '!', '\u0001', '\u007f'),
  maxLength: 5,
})
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'sid', '') },
  { weight: 2, arbitrary: text },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__Host-a', '__host-b', '__Secure-a', '__SECURE-b', '__Http-c', '__Host-Http-d', ' a ', '__proto__'),
  },
)
const value = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 1, arbitrary: fc.constantFrom('__Secure-x', '__Host-x=1', 'x'.repeat(4090), 'x'.repeat(4097)) },
)
const attribute = fc.constantFrom(
  ...['Secure', 'secure=no', 'HttpOnly', 'Path=/', 'Path=/dir', 'path=/other', 'Path=', 'Path=dir', 'Path=/dir/'],
  ...[
    `Domain=${host}`,
    'Domain=shop.example',
    'domain=.SHOP.example',
    'Domain=',
    'Domain=example',
    'Domain=other.example',
    'Domain=a.www.shop.example',
  ],
  ...[
    'Max-Age=1000',
    'Max-Age=0',
    'Max-Age=-1',
    'Max-Age=99999999999',
    'Max-Age=x',
    'max-age=',
    `Path=/${'x'.repeat(1023)}`,
    `Path=/${'x'.repeat(1024)}`,
  ],
  ...[
    'Expires=Fri, 01 Jan 2100 00:00:00 GMT',
    'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    'expires=never',
    'Expires=Sunday, 06-Nov-94 08:49:37 GMT',
  ],
  ...['SameSite=Lax', 'SameSite=Strict', 'SameSite=None', 'samesite=what', 'SameSite', 'Partitioned', 'unknown=1', '', ' '],
)
/** Of several of a name Chromium takes the last, whatever it says; by the RFC what cannot be read does not count. */
const isUndecided = (line: string): boolean =>
  [...line.matchAll(/(?:max-age|expires)=/gi)].length > 1 && /(?:max-age=(?:x|;|$)|expires=never)/i.test(line)

const separator = fc.constantFrom(';', '; ', ' ;\t', ';;')
const field = fc
  .tuple(name, fc.constantFrom('=', '=', '=', ' = ', ''), value, fc.array(fc.tuple(separator, attribute), { maxLength: 5 }))
  .map(([first, equals, second, attributes]) => `${first}${equals}${second}${attributes.flat().join('')}`)
  .filter((line) => !isUndecided(line))

test.skipIf(chromiumPath === null)(
  'Chromium and weir hold the same cookies, whatever a site sets',
  async () => {
    let fields: readonly string[] = []
    const answer = () =>
      Buffer.from(
        `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n${fields.map((line) => `Set-Cookie: ${line}\r\n`).join('')}\r\n`,
        'latin1',
      )
    const cookieFields = new Map<string, string | null>()
    const answered = (request: { head: string }) => {
      const [, cookie = null] = /^cookie: *(.*?)\r?$/im.exec(request.head) ?? []
      cookieFields.set(targetOf(request.head), cookie)
      return /^GET \/(?:favicon|silent)/.test(request.head)
        ? Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n')
        : answer()
    }
    const origins = { 'http:': await startExactOrigin(answered, false), 'https:': await startExactOrigin(answered, true) }
    const browser = await launchChromium({
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--host-resolver-rules=MAP *.example 127.0.0.1`,
      ],
    })
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    context.setDefaultNavigationTimeout(120_000)
    const page = await context.newPage()
    const response = fc.tuple(
      fc.constantFrom('http:', 'https:', 'https:') as fc.Arbitrary<'http:' | 'https:'>,
      fc.array(field, { minLength: 1, maxLength: 8 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(response, { minLength: 1, maxLength: 3 }), async (responses) => {
        await context.clearCookies()
        const held = new HeldCookies()
        for (const [protocol, set] of responses) {
          fields = set
          const url = `${protocol}//${host}:${origins[protocol].port}/dir/page`
          await page.goto(url)
          for (const line of set) held.take(line.trim(), { url: new URL(url), at: Date.now() })
        }
        const [chromium, weir] = [await theirs(context), [...held].map(ours)]
        expect(withoutTime(weir)).toEqual(withoutTime(chromium))
        for (const cookie of weir)
          expect(Math.abs(cookie.expires - (chromium.find(({ key }) => key === cookie.key)?.expires ?? 0))).toBeLessThan(tolerance)
        for (const protocol of ['http:', 'https:'] as const) {
          const url = `${protocol}//${host}:${origins[protocol].port}/silent`
          await page.goto(url)
          expect(held.cookieField({ url: new URL(url), at: Date.now() })).toBe(cookieFields.get('/silent'))
        }
      }),
      { numRuns: 25, seed: 20260131, endOnFailure: true },
    )
  },
  300_000,
)
