import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shellCommands } from '../../daemon/import/curl/shell-commands.ts'
import { readCurl } from '../../daemon/import/curl.ts'
import { recognise } from '../../daemon/import/formats.ts'
import type { ImportedEntry, ImportedExchange } from '../../daemon/import/imported-exchange.ts'
import curl from '../../plugins/exporters/curl.ts'
import { runExporter, testExchange } from '../../sdk/testing.ts'

fc.configureGlobal({ seed: 20260406 })

const savedAt = 1_700_000_000_000

async function entriesOf(script: string): Promise<ImportedEntry[]> {
  async function* pieces() {
    yield Buffer.from(script)
  }
  const entries: ImportedEntry[] = []
  for await (const entry of readCurl(pieces(), savedAt)) entries.push(entry)
  return entries
}

async function read(script: string): Promise<ImportedExchange[]> {
  return (await entriesOf(script)).map((entry) => {
    if (!('exchange' in entry)) throw new Error(JSON.stringify(entry))
    return entry.exchange
  })
}

async function request(script: string) {
  const [only, ...more] = await read(script)
  expect(more).toEqual([])
  const { exchange, bodies } = only as ImportedExchange
  return { ...exchange.request, body: bodies.request === null ? null : Buffer.from(bodies.request).toString() }
}

describe('a command', () => {
  it('is a request that nobody answered', async () => {
    const [only] = await read('curl https://a.test/x')
    expect(only?.exchange).toMatchObject({ state: 'open', startedAt: savedAt, response: null })
    expect(await request('curl https://a.test/x')).toMatchObject({
      method: 'GET',
      url: 'https://a.test/x',
      httpVersion: '1.1',
      headers: [
        ['Host', 'a.test'],
        ['Accept', '*/*'],
      ],
      bodySize: 0,
      body: null,
    })
  })

  it.each([
    ['curl a.test', 'GET', 'http://a.test/', null],
    ['curl -I a.test', 'HEAD', 'http://a.test/', null],
    ["curl 'https://a.test:443/a b?é#part'", 'GET', `https://a.test/a b?${Buffer.from('é').toString('latin1')}`, null],
    ['curl https://bücher.test/', 'GET', 'https://xn--bcher-kva.test/', null],
    ['curl -d a=1 -d b=2 a.test', 'POST', 'http://a.test/', 'a=1&b=2'],
    ['curl -XPUT a.test --data-raw @x', 'PUT', 'http://a.test/', '@x'],
    ['curl -G -d a=1 --data-urlencode "b=x y" http://a.test/?c#f', 'GET', 'http://a.test/?c&a=1&b=x+y', null],
    ['curl a.test --data-urlencode "a b=b c+%20" --data-urlencode "=l m"', 'POST', 'http://a.test/', 'a b=b+c%2B%2520&l+m'],
    ['curl --url-query "a=b c" a.test', 'GET', 'http://a.test/?a=b+c', null],
    ["curl --http2 -H 'Host: other.test' https://1.2.3.4/x?y", 'GET', 'https://other.test/x?y', null],
    ["curl -H 'Host: other.test' https://1.2.3.4/x", 'GET', 'https://1.2.3.4/x', null],
    [`curl a.test --json '{"a":1}'`, 'POST', 'http://a.test/', '{"a":1}'],
    ["printf 'a\\001%%\\n' | curl a.test --data-binary @-", 'POST', 'http://a.test/', 'a\u0001%\n'],
    ['echo -n hi | curl -T - a.test', 'PUT', 'http://a.test/', 'hi'],
    ["curl a.test -d $'it\\'s \\u00e9\\x21'", 'POST', 'http://a.test/', "it's é!"],
    ['curl -sS -o /dev/null --max-time 5 -x proxy:1 --url a.test -L', 'GET', 'http://a.test/', null],
    ['curl --request-target /../x a.test', 'GET', 'http://a.test/../x', null],
    ['FOO=1 exec /usr/bin/curl \\\n  a.test # not this\n', 'GET', 'http://a.test/', null],
  ])('%s', async (script, method, url, body) => {
    expect(await request(script)).toMatchObject({ method, url, body, truncated: false })
  })

  it('has the headers that curl would send', async () => {
    const { headers } = await request(
      "curl -u me:pw -A agent -e from -b a=1 -H 'X-A: 1' -H 'X-Empty;' -H 'Accept:' -H 'host: other' -d x a.test",
    )
    expect(headers).toEqual([
      ['Authorization', 'Basic bWU6cHc='],
      ['User-Agent', 'agent'],
      ['Referer', 'from'],
      ['Cookie', 'a=1'],
      ['X-A', '1'],
      ['X-Empty', ''],
      ['host', 'other'],
      ['Content-Length', '1'],
      ['Content-Type', 'application/x-www-form-urlencoded'],
    ])
    expect((await request('curl --http2 -H "X-A: 1" https://me@a.test')).headers).toEqual([
      ['authorization', 'Basic bWU6'],
      ['accept', '*/*'],
      ['x-a', '1'],
    ])
  })

  it('with a form has its parts; files that are not read leave it truncated', async () => {
    const form = await request('curl a.test -F a=1 -F "f=@/home/me/cat.png;type=image/png"')
    expect(form).toMatchObject({ method: 'POST', truncated: true })
    expect(form.body).toContain('name="a"\r\n\r\n1\r\n')
    expect(form.body).toContain('name="f"; filename="cat.png"\r\nContent-Type: image/png\r\n\r\n\r\n')
    expect(await request('curl a.test -d @secret.txt')).toMatchObject({ method: 'POST', truncated: true, body: '' })
  })

  it('may have several URLs, and another request behind --next', async () => {
    const found = await read('curl a.test/1 a.test/2 --next -d x a.test/3')
    expect(found.map(({ exchange: { request: sent } }) => `${sent.method} ${sent.url}`)).toEqual([
      'GET http://a.test/1',
      'GET http://a.test/2',
      'POST http://a.test/3',
    ])
  })
})

it('a script says of each command where it stands; what is no curl is left out', async () => {
  const script = '#!/bin/sh\nset -e\n\ncurl a.test\ncurl -s\ncurl "$(cat x)" a.test\ncurl \'a.test\ncurl b.test\n'
  expect(await entriesOf(script)).toEqual([
    { at: 'line 2', leftOut: true },
    { at: 'line 4', exchange: expect.anything() },
    { at: 'line 5', fault: 'its curl has no URL' },
    { at: 'line 6', fault: 'it has a command within a word, which is not run' },
    { at: 'line 7', fault: "it has a ' that is not closed" },
    { at: 'line 8', exchange: expect.anything() },
  ])
})

it.each([
  ['curl a.test', true],
  ['#!/bin/sh\n\n# 1 GET\nA=1 curl a.test', true],
  ["printf '\\001' | curl -d @- a.test", true],
  ['$ curl a.test', true],
  ['curly braces', false],
  ['# curl', false],
])('%j is recognised as commands: %s', (text, isOne) => {
  expect(recognise(Buffer.from(text))?.name === 'cURL commands').toBe(isOne)
})

it('words are those that a shell makes', () => {
  const unit = fc.constantFrom('a', ' ', "'", '"', '\\', '\n', '$', '#', ';', '|', '>', '&', '(', 'é', '%', '=')
  const quoted = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', '=', '%', '.'), minLength: 1 }),
    fc.string({ unit }).map((text) => `'${text.replaceAll("'", "'\\''")}'`),
    fc.string({ unit }).map((text) => `"${text.replace(/["\\$]/g, '\\$&')}"`),
    unit.filter((character) => character !== '\n').map((character) => `\\${character}`),
  )
  fc.assert(
    fc.property(
      fc.array(
        fc.array(quoted, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join('')),
        { minLength: 1, maxLength: 4 },
      ),
      (words) => {
        const script = `printf '%s\\0' x ${words.join(' ')}`
        const shown = execFileSync('sh', ['-c', script], { encoding: 'latin1' }).split('\0').slice(0, -1)
        const [command] = [...shellCommands(Buffer.from(script).toString('latin1'))]
        expect(command?.words.slice(2)).toEqual(shown)
      },
    ),
    { numRuns: 60 },
  )
})

const byteText = (pattern: RegExp) =>
  fc
    .string({ unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 20 })
    .map((text) => text.replace(pattern, '').trim())
const anyExchange = fc.record({
  method: fc.constantFrom('GET', 'POST', 'HEAD', 'DELETE', 'X-OWN'),
  path: byteText(/[\s#\u0080-\u00a0]/g).map((text) => `/${text}`),
  version: fc.constantFrom('1.0', '1.1', '2'),
  headers: fc.array(
    fc.tuple(fc.constantFrom('x-a', 'x-b', 'accept', 'user-agent', 'content-type', 'cookie'), byteText(/[\r\n\u0080-\u00a0]/g)),
    { maxLength: 4 },
  ),
  body: fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme' }), fc.uint8Array()),
})

it('what weir exports as commands comes back: method, URL, version, the headers that curl was told, and the body', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyExchange, { minLength: 1, maxLength: 4 }), async (all) => {
      const exchanges = all.map(({ method, path, version, headers, body }) =>
        testExchange({ request: { method, url: `https://a.test${path}`, httpVersion: version, headers }, bodies: { request: body } }),
      )
      const { text } = await runExporter(curl, exchanges)
      const found = await read(text)
      const own = new Set(['host', 'content-length'])
      const shown = (sent: ImportedExchange['exchange']['request'], body: Uint8Array | null) => ({
        method: sent.method,
        url: sent.url,
        version: sent.httpVersion,
        headers: sent.headers.filter(([name]) => !own.has(name.toLowerCase())).map(([name, value]) => [name.toLowerCase(), value]),
        body: Buffer.from(body ?? []).toString('hex'),
      })
      expect(found.map(({ exchange, bodies }) => shown(exchange.request, bodies.request))).toEqual(
        exchanges.map(({ bodies, ...exchange }) => shown(exchange.request, bodies.request)),
      )
    }),
  )
})
