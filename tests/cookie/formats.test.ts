/** Files of cookies: what is written is read again, and the programs whose formats these are read and write them. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Cookie } from '../../sdk/cookie/cookie.ts'
import { type CookieFormatName, cookieFormatNames } from '../../sdk/cookie/format-names.ts'
import { BrokenCookieFile } from '../../sdk/cookie/formats/json.ts'
import { type CookieEntry, cookieFormats, recogniseCookieFormat } from '../../sdk/cookie/formats.ts'
import { HeldCookies } from '../../sdk/cookie/held-cookies.ts'
import type { CookieContext } from '../../sdk/cookie/judge.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { toolPath } from '../support/tool.ts'

const run = promisify(execFile)
const python = toolPath('python3', 'python3')
const at = Date.UTC(2030, 0, 1)
const year = 365 * 24 * 3600
const url = 'https://www.shop.example/dir/page'

function held(fields: readonly string[], from = url, now = at, more: Partial<CookieContext> = {}): Cookie[] {
  const cookies = new HeldCookies()
  for (const field of fields) cookies.take(field, { url: new URL(from), at: now, ...more })
  return [...cookies]
}
/** The same page, below another site's, and below a frame of another site in a page of its own. */
const places: readonly Partial<CookieContext>[] = [{}, { topLevel: new URL('https://news.example/') }, { acrossSites: true }]
const written = (cookies: readonly Cookie[], name: CookieFormatName): Buffer =>
  cookieFormats[name].write?.(cookies).bytes ?? Buffer.alloc(0)
const read = (bytes: Buffer, name: CookieFormatName): CookieEntry[] => [...cookieFormats[name].read(bytes, null)]
function taken(bytes: Buffer, name: CookieFormatName, now = at): Cookie[] {
  const cookies = new HeldCookies()
  for (const entry of read(bytes, name)) {
    if ('cookie' in entry) cookies.give(entry.cookie, now)
    else if ('field' in entry) cookies.take(entry.field, { url: entry.url, at: now })
    else throw new Error(`${entry.place}: ${entry.fault}`)
  }
  return [...cookies]
}

/** What a format cannot tell is as it is assumed. */
const lossy: { [Name in CookieFormatName]?: (cookie: Cookie) => Partial<Cookie> } = {
  'cookies-txt': ({ expires }) => ({
    sameSite: null,
    partitionKey: null,
    expires: expires === null ? null : Math.ceil(expires / 1000) * 1000,
  }),
  'storage-state': ({ sameSite }) => ({ sameSite: sameSite ?? 'Lax' }),
  'set-cookie': ({ expires, partitionKey }) => ({
    expires: expires === null ? null : Math.floor(expires / 1000) * 1000,
    partitionKey: partitionKey === null ? null : 'https://shop.example',
  }),
}
const nameless: readonly CookieFormatName[] = ['cookies-txt', 'storage-state']
const writable = cookieFormatNames.filter((name) => cookieFormats[name].write !== null)

describe('what is written is read again', () => {
  const byte = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code))
  // Valid UTF-8: what is none has no text in JSON.
  const text = fc.string({
    unit: fc.oneof({ weight: 8, arbitrary: byte }, { weight: 1, arbitrary: fc.constantFrom('\u00c3\u00a9', '\u00e2\u0082\u00ac') }),
    maxLength: 12,
  })
  const attributes = fc.array(
    fc.constantFrom(
      'Secure',
      'HttpOnly',
      'Domain=shop.example',
      'Path=/a b',
      'Path=/',
      'Max-Age=1000',
      'Expires=Tue, 01 Jan 2030 00:00:01 GMT',
      'SameSite=Lax',
      'SameSite=None; Secure',
      'Partitioned; Secure',
    ),
    { maxLength: 5 },
  )
  const field = fc.tuple(text, text, attributes).map(([name, value, more]) => [`${name}=${value}`, ...more].join('; '))

  test.each(writable)('%s', (name) => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), fc.constantFrom(...places), (fields, place) => {
        const cookies = held(fields, url, at, place).filter((cookie) => cookie.name !== '' || !nameless.includes(name))
        const expected = cookies.map((cookie) => ({ ...cookie, ...lossy[name]?.(cookie) }))
        const known = new HeldCookies()
        for (const cookie of expected) known.put(cookie)
        const back = new HeldCookies()
        for (const cookie of taken(written(cookies, name), name)) back.put(cookie)
        expect(new Set(back)).toEqual(new Set(known))
      }),
      { seed: 20260131 },
    )
  })

  test.each(writable)('%s is recognised by its content', (name) => {
    expect(recogniseCookieFormat(written(held(['a=1', 'b=2; Secure']), name))).toBe(name)
  })
})

describe('what is wrong in a file has a place', () => {
  const faults = (text: string, name: CookieFormatName) =>
    read(Buffer.from(text, 'latin1'), name).flatMap((entry) => ('fault' in entry ? [`${entry.place}: ${entry.fault}`] : []))
  test.each<[CookieFormatName, string, string[]]>([
    [
      'cookies-txt',
      'a.test\tTRUE\t/\n\na.test\tFALSE\t/\tFALSE\t0\tk\tv\tw',
      ['line 1: it has 3 fields between tabs, not 7', 'line 3: it has 8 fields between tabs, not 7'],
    ],
    ['cookies-txt', 'a.test\tyes\t/\tFALSE\t0\tk\tv', ['line 1: its second and fourth field are not TRUE or FALSE']],
    ['cookies-txt', 'a.test\tFALSE\t/\tFALSE\tsoon\tk\tv', ['line 1: its fifth field is no number of seconds']],
    ['storage-state', '{"cookies":[{"name":"a"},1]}', ['cookies[0]: its domain is missing', 'cookies[1]: it is no object']],
    [
      'storage-state',
      '{"cookies":[{"name":"a","value":"1","domain":"a.test","expires":"x"}]}',
      ['cookies[0]: its expires is no number of seconds'],
    ],
    ['newman', '{"cookies":[{"key":"a","domain":"a.test","expires":"soon"}]}', ['cookies[0]: its expires is no date']],
    [
      'cookie-editor',
      '[{"name":"a","value":"1","domain":"a.test","sameSite":"odd"}]',
      ['[0]: its sameSite is none of Strict, Lax and None'],
    ],
    ['cookie-editor', '[{"name":"a","value":"1","domain":"a.test","secure":1}]', ['[0]: its secure is neither true nor false']],
    ['set-cookie', 'a=1', ['line 1: nothing says where it comes from: give the URL, or put it on a line above']],
    ['har', '{"log":{"entries":[{}]}}', ['log.entries[0]: it has no request with a URL']],
  ])('%s %j', (name, text, expected) => expect(faults(text, name)).toEqual(expected))

  test.each<[CookieFormatName, string]>([
    ['storage-state', '{"cookies":'],
    ['storage-state', '[]'],
    ['newman', '{"cookies":{}}'],
    ['cookie-editor', '{}'],
    ['har', '{"log":[]}'],
  ])('%s %j is none at all', (name, text) => expect(() => read(Buffer.from(text), name)).toThrow(BrokenCookieFile))

  test('whatever the bytes are, no reader fails in another way, and no line makes two cookies', () => {
    const line = fc.string({
      unit: fc.constantFrom('a', '\t', '\n', '\r', ';', '=', '"', '{', '[', '\u0000', '/', '.', 'TRUE', '\u00ff'),
      maxLength: 60,
    })
    fc.assert(
      fc.property(line, fc.constantFrom(...cookieFormatNames), (text, name) => {
        try {
          for (const entry of read(Buffer.from(text, 'latin1'), name)) {
            const cookies = new HeldCookies()
            if ('cookie' in entry) cookies.give(entry.cookie, at)
            expect(cookies.size).toBeLessThan(2)
          }
        } catch (error) {
          if (!(error instanceof BrokenCookieFile)) throw error
        }
      }),
      { seed: 20260131, numRuns: 500 },
    )
  })
})

test('a HAR gives the Set-Cookie fields of its responses, in their order and at their time', () => {
  const entry = (value: string, startedDateTime: string) => ({
    startedDateTime,
    request: { url },
    response: {
      headers: [
        { name: 'Set-Cookie', value },
        { name: 'x', value: 'y' },
      ],
    },
  })
  const har = {
    log: {
      entries: [
        entry('a=1; Max-Age=60', '2030-01-01T00:00:00Z'),
        entry('b=2\na=3', '2030-01-01T00:00:01Z'),
        { request: { url }, response: {} },
      ],
    },
  }
  const bytes = Buffer.from(JSON.stringify(har))
  expect(recogniseCookieFormat(bytes)).toBe('har')
  expect(read(bytes, 'har')).toMatchObject([
    { place: 'log.entries[0]', field: 'a=1; Max-Age=60', at },
    { place: 'log.entries[1]', field: 'b=2', at: at + 1000 },
    { place: 'log.entries[1]', field: 'a=3', at: at + 1000 },
  ])
})

test('Cookie-Editor calls None what says nothing where it is not Secure', () => {
  const list = [
    {
      name: 'a',
      value: '1',
      domain: '.shop.example',
      hostOnly: false,
      path: '/',
      secure: false,
      sameSite: 'no_restriction',
      session: true,
    },
  ]
  expect(taken(Buffer.from(JSON.stringify(list)), 'cookie-editor')).toMatchObject([{ sameSite: null, hostOnly: false, expires: null }])
})

test('curl sends the cookies of our cookies.txt, and we read the one it writes', async () => {
  const origin = await startOrigin(
    (request, response) => {
      response.setHeader('Set-Cookie', ['fresh=4; Path=/; HttpOnly', 'long=5; Max-Age=1000'])
      response.end(request.headers.cookie ?? '')
    },
    { tls: false },
  )
  const folder = await temporaryHome()
  const now = Date.now()
  const ours = held(['a=1; Path=/', 'deep=2; Path=/deep', 'quote="x y"; Path=/'], `${origin.url}/`, now)
  writeFileSync(join(folder, 'in.txt'), written(ours, 'cookies-txt'))
  const { stdout } = await run('curl', [
    '-sS',
    '--noproxy',
    '*',
    '-b',
    join(folder, 'in.txt'),
    '-c',
    join(folder, 'out.txt'),
    `${origin.url}/page`,
  ])
  expect(stdout.split('; ').sort()).toEqual(['a=1', 'quote="x y"'])
  const theirs = taken(readFileSync(join(folder, 'out.txt')), 'cookies-txt', now)
  expect(theirs.map(({ name, value, path, httpOnly }) => [name, value, path, httpOnly]).sort()).toEqual([
    ['a', '1', '/', false],
    ['deep', '2', '/deep', false],
    ['fresh', '4', '/', true],
    ['long', '5', '/', false],
    ['quote', '"x y"', '/', false],
  ])
  expect(theirs.find(({ name }) => name === 'long')?.expires).toBeGreaterThan(now + 900_000)
})

test.skipIf(python === null)("Python's MozillaCookieJar loads and saves it", async () => {
  const file = join(await temporaryHome(), 'cookies.txt')
  // Both write whole seconds.
  const now = Math.floor(Date.now() / 1000) * 1000
  const ours = held(['a=1; Secure', `b=2; Domain=shop.example; Path=/p; Max-Age=${year}`, 'c='], url, now)
  writeFileSync(file, written(ours, 'cookies-txt'))
  const script = `
import http.cookiejar, sys
jar = http.cookiejar.MozillaCookieJar(sys.argv[1])
jar.load(ignore_discard=True, ignore_expires=True)
jar.save(ignore_discard=True, ignore_expires=True)`
  await run(python as string, ['-c', script, file])
  const facts = (cookies: Cookie[]) =>
    cookies.map(({ name, value, domain, hostOnly, path, secure, expires }) => [name, value, domain, hostOnly, path, secure, expires]).sort()
  expect(facts(taken(readFileSync(file), 'cookies-txt', now))).toEqual(facts(ours))
})

test.skipIf(chromiumPath === null)("Playwright's new context takes our storageState, partitions and all, and gives it back", async () => {
  // Chromium's times are seconds.
  const now = Math.floor(Date.now() / 1000) * 1000
  const fields = ['a=1', 'b=\u00c3\u00a9; Domain=shop.example; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=1000']
  const partitioned = places.flatMap((place) => held(['c=3; Secure; Partitioned; SameSite=None'], url, now, place))
  const ours = [...held(fields, url, now), ...partitioned]
  const context = await (await launchChromium()).newContext({ storageState: JSON.parse(written(ours, 'storage-state').toString()) })
  const back = taken(Buffer.from(JSON.stringify(await context.storageState())), 'storage-state', now)
  const facts = (cookies: Cookie[]) => new Set(cookies.map((cookie) => ({ ...cookie, sameSite: cookie.sameSite ?? 'Lax' })))
  expect(facts(back)).toEqual(facts(ours))
})

test('newman takes our jar with --cookie-jar, and we read what --export-cookie-jar writes', async () => {
  const received: (string | undefined)[] = []
  const origin = await startOrigin(
    (request, response) => {
      received.push(request.headers.cookie)
      response.setHeader('Set-Cookie', ['fresh=4; Path=/; HttpOnly', 'a=2; Path=/'])
      response.end('{}')
    },
    { tls: false },
  )
  const folder = await temporaryHome()
  const now = Date.now()
  const [jar, out, collection] = ['jar.json', 'out.json', 'collection.json'].map((name) => join(folder, name)) as [string, string, string]
  writeFileSync(jar, written(held(['a=1; Path=/', 'deep=2; Path=/deep'], `${origin.url}/`, now), 'newman'))
  writeFileSync(
    collection,
    JSON.stringify({
      info: { name: 'jar', schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' },
      item: [{ name: 'ask', request: { method: 'GET', url: `${origin.url}/page` } }],
    }),
  )
  const newman = join(import.meta.dirname, '../../node_modules/newman/bin/newman.js')
  await run(process.execPath, [
    newman,
    'run',
    collection,
    '--cookie-jar',
    jar,
    '--export-cookie-jar',
    out,
    '--reporters',
    'json',
    '--reporter-json-export',
    join(folder, 'report.json'),
  ])
  expect(received).toEqual(['a=1'])
  const bytes = readFileSync(out)
  expect(recogniseCookieFormat(bytes)).toBe('newman')
  expect(
    taken(bytes, 'newman', now)
      .map(({ name, value, path, httpOnly, hostOnly }) => [name, value, path, httpOnly, hostOnly])
      .sort(),
  ).toEqual([
    ['a', '2', '/', false, true],
    ['deep', '2', '/deep', false, true],
    ['fresh', '4', '/', true, true],
  ])
})
