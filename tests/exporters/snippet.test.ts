/** The code, run by Node, Python and Go against an origin that keeps every byte. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import snippet from '../../plugins/exporters/snippet.ts'
import type { Headers } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { fieldsOf, startExactOrigin, targetOf } from '../support/exact-origin.ts'
import { exported, exportText, type OptionsOf } from '../support/exported.ts'
import { temporaryHome } from '../support/home.ts'
import { pythonWithRequests, toolPath } from '../support/tool.ts'

type Language = NonNullable<OptionsOf<typeof snippet>['language']>

const runtimes: { language: Language; program: string | null; words: string[]; file: string }[] = [
  { language: 'javascript', program: process.execPath, words: [], file: 'session.mjs' },
  { language: 'axios', program: process.execPath, words: [], file: 'session.mjs' },
  { language: 'python', program: pythonWithRequests(), words: [], file: 'session.py' },
  { language: 'go', program: toolPath('go', 'golang-go'), words: ['run'], file: 'session.go' },
]

interface SentRequest {
  method: string
  target: string
  headers: Headers
  body: Buffer
}

/** Where `import axios` finds it. */
const require = createRequire(import.meta.url)
const modules = resolve(require.resolve('axios/package.json'), '../..')

/** What Go compiled of its own library. */
const goCache = mkdtempSync(join(tmpdir(), 'weir-go-'))
afterAll(() => rmSync(goCache, { recursive: true, force: true }))

const ofCharacters = (characters: string, lengths: { minLength?: number; maxLength: number }) =>
  fc.array(fc.constantFrom(...characters), lengths).map((list) => list.join(''))
const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
const nasty = fc.constantFrom(
  '"',
  "'",
  '\\',
  '`$' + '{process.exit(7)}`',
  '"; process.exit(7) //',
  '"\nraise SystemExit(7)\n"',
  '{exit(7)}',
  '%s',
  '\\x41\\u0041\\N{BULLET}',
  '</script><!--',
  '\u00ff',
)
const text = (characters: string) =>
  fc.array(fc.oneof(nasty, ofCharacters(characters, { maxLength: 8 })), { maxLength: 5 }).map((list) => list.join(''))
const value = text(bytes.slice(0x20)).map((content) =>
  content.replace(/[\u0000-\u001f\u007f]/g, '').replace(/^[\s\u0085]+|[\s\u0085]+$/g, ''),
)
const anyBody = fc.oneof(
  fc.constant(Buffer.alloc(0)),
  text(bytes).map((content) => Buffer.from(content, 'utf8')),
  fc.string({ unit: 'grapheme', minLength: 1 }).map((content) => Buffer.from(content.toWellFormed(), 'utf8')),
  fc.constant(Buffer.from('\ufeff\u2028\u202e\u0000')),
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((content) => Buffer.from(content)),
)
const ownField = fc.tuple(fc.stringMatching(/^X-[a-z0-9!#$%&'*+.^_`|~-]{1,9}$/), value)
/** fetch has no bodies of GET. */
const anyRequest = (language: Language): fc.Arbitrary<SentRequest> =>
  fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'QUERY', 'OPTIONS'),
      target: fc.stringMatching(/^\/[a-z0-9:@!$&()*+,;=_~-]{0,9}(?:\?[a-z0-9:@!$&()*+,;=_~/-]{1,9})?$/),
      headers: fc.uniqueArray(
        fc.oneof({ weight: 5, arbitrary: ownField }, fc.constant<[string, string]>(['Content-Type', 'application/json'])),
        {
          maxLength: 3,
          selector: ([name]) => name.toLowerCase(),
        },
      ),
      body: anyBody,
    })
    .map((request) => (request.method === 'GET' && language === 'javascript' ? { ...request, body: Buffer.alloc(0) } : request))

/** What a client adds of itself begins otherwise. Names are lower case to fetch, and in order to Go: fields of other names may come in any order. */
const ownFields = (headers: Headers): Headers =>
  headers
    .filter(([name]) => /^x-/i.test(name))
    .map(([name, content]): [string, string] => [name.toLowerCase(), content])
    .sort(([a], [b]) => (a < b ? -1 : 1))

describe.each(runtimes)('in $language', ({ language, program, words, file }) => {
  test.skipIf(program === null)('any request arrives byte for byte, and nothing else happens', async () => {
    const origin = await startExactOrigin(
      () => Buffer.from('HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n'),
      false,
    )
    await fc.assert(
      fc.asyncProperty(fc.array(anyRequest(language), { minLength: 60, maxLength: 60 }), async (requests) => {
        const exchanges = requests.map(({ method, target, headers, body }) =>
          exported({ request: { method, url: `${origin.url}${target}`, headers } }, { request: body }),
        )
        const { text: code, leftOut } = await exportText(snippet, exchanges, { language })
        expect(leftOut).toBe(0)
        const place = await temporaryHome()
        symlinkSync(modules, join(place, 'node_modules'))
        const folder = join(place, 'run')
        mkdirSync(folder)
        writeFileSync(join(folder, file), code)
        origin.requests.length = 0
        const environment = { PATH: process.env.PATH, HOME: folder, PYTHONDONTWRITEBYTECODE: '1', GOCACHE: goCache }
        await promisify(execFile)(program as string, [...words, file], { cwd: folder, env: environment, maxBuffer: 64 * 1024 * 1024 })
        expect(readdirSync(folder)).toEqual([file])
        const sent = origin.requests.map(({ head, body }) => ({
          method: head.slice(0, head.indexOf(' ')),
          target: targetOf(head),
          headers: ownFields(fieldsOf(head)),
          body,
        }))
        expect(sent).toEqual(requests.map((request) => ({ ...request, headers: ownFields(request.headers) })))
      }),
      { numRuns: 2, endOnFailure: true },
    )
  })
})

const codeOf = async (exchanges: ExportedExchange[], language?: Language) =>
  exportText(snippet, exchanges, { maxBodyBytes: 100, ...(language && { language }) })
const request = {
  method: 'POST',
  url: 'https://api.test/p?q=1',
  headers: [
    ['Host', 'api.test'],
    ['Content-Type', 'application/json'],
    ['X-A', '1'],
    ['x-a', '2'],
    ['Content-Length', '7'],
  ] as Headers,
}

test('a snippet reads as one would write it', async () => {
  const exchange = exported({ seq: 7, request }, { request: Buffer.from('{"a":1}') })
  expect((await codeOf([exchange])).text).toBe(`// 7 POST https://api.test/p 200
{
  const response = await fetch("https://api.test/p?q=1", {
    method: "POST",
    headers: [
      ["Content-Type", "application/json"],
      ["X-A", "1"],
      ["X-A", "2"],
    ],
    body: "{\\"a\\":1}",
    redirect: "manual",
  })
  console.log(response.status, await response.text())
}

`)
  const module = (await codeOf([exchange], 'axios')).text
  expect(module.slice(module.indexOf('// '))).toBe(`// 7 POST https://api.test/p 200
{
  const response = await client.request({
    method: "POST",
    url: "https://api.test/p?q=1",
    headers: {
      "Content-Type": "application/json",
      "X-A": ["1", "2"],
    },
    data: "{\\"a\\":1}",
  })
  console.log(response.status, response.data)
}

`)
  expect((await codeOf([exchange], 'python')).text).toBe(`import requests

# 7 POST https://api.test/p 200
response = requests.request(
    "POST",
    "https://api.test/p?q=1",
    headers={
        "Content-Type": "application/json",
        "X-A": "1, 2",
    },
    data="{\\"a\\":1}".encode(),
    allow_redirects=False,
)
print(response.status_code, response.text)

`)
  const program = (await codeOf([exchange], 'go')).text
  expect(program.slice(program.indexOf('func main'))).toBe(`func main() {
	// 7 POST https://api.test/p 200
	{
		request := newRequest("POST", "https://api.test/p?q=1", "{\\"a\\":1}")
		request.Header.Add("Content-Type", "application/json")
		request.Header.Add("X-A", "1")
		request.Header.Add("X-A", "2")
		send(request)
	}
}
`)
})

test('code holds no control character, whatever was captured', async () => {
  const dirty = Buffer.from(`${bytes}\u202e\u2028\ufeff`)
  const exchange = exported({ request: { ...request, url: `https://origin.test/${dirty}` } }, { request: dirty })
  for (const { language } of runtimes) {
    const { text: code } = await exportText(snippet, [exchange], { language })
    expect(code).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u202e\ufeff]/)
  }
})

test('what the language would not send as it was is left out and not counted', async () => {
  const others = [
    exported({ kind: 'tunnel' }),
    exported({ kind: 'websocket' }),
    exported({ request: { url: 'https://user:password@origin.test/' } }),
    exported({ request: { url: 'http://$(id)/' } }),
    exported({ request: { method: 'get' } }),
    exported({ request: { method: 'NO METHOD' } }),
    exported({ request: { method: 'POST', truncated: true } }, { request: Buffer.from('cut') }),
    exported({ request: { method: 'POST' } }, { request: Buffer.from('large'.repeat(100)) }),
  ]
  const ofFetch = [exported({}, { request: Buffer.from('body of GET') }), exported({ request: { method: 'TRACE' } })]
  expect(await codeOf([...others, ...ofFetch])).toMatchObject({ text: '', leftOut: 10 })
  const ofAxios = ['__proto__', 'constructor', 'Common', 'get'].map((name) => exported({ request: { headers: [[name, 'a']] } }))
  const connect = exported({ request: { method: 'CONNECT' } })
  expect(await codeOf([...others, ...ofAxios, connect], 'axios')).toMatchObject({ leftOut: 13 })
  expect(await codeOf([...others, exported({ request: { headers: [['X-A', '\u00a0a']] } })], 'python')).toMatchObject({ leftOut: 9 })
  expect(await codeOf(others, 'go')).toMatchObject({ leftOut: 7 })
})
