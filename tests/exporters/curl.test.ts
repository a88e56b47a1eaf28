/** The script, run by real shells and curl against an origin that keeps every byte. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import curl from '../../plugins/exporters/curl.ts'
import type { Headers } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { type ExactOrigin, fieldsOf, startExactOrigin, targetOf } from '../support/exact-origin.ts'
import { exported, exportText, type OptionsOf } from '../support/exported.ts'
import { temporaryHome } from '../support/home.ts'
import { runsOf, tokens } from '../support/powershell.ts'
import { toolPath } from '../support/tool.ts'

const run = promisify(execFile)
const shells = [
  { name: 'bash', path: toolPath('bash', 'bash') },
  { name: 'dash', path: toolPath('dash', 'dash') },
  { name: 'zsh', path: toolPath('zsh', 'zsh') },
]

const scriptOf = async (exchanges: ExportedExchange[], options: OptionsOf<typeof curl> = {}) =>
  (await exportText(curl, exchanges, options)).text

interface SentRequest {
  method: string
  target: string
  headers: Headers
  body: Buffer
}

const startEcho = () =>
  startExactOrigin(({ head }) => Buffer.from(`HTTP/1.1 ${head.startsWith('HEAD') ? 200 : 204} OK\r\nConnection: close\r\n\r\n`), false)

/** By one run of a script for all of them. */
type RunScript = (file: string, folder: string, environment: NodeJS.ProcessEnv) => Promise<unknown>

const byShell =
  (shell: string): RunScript =>
  (file, folder, env) =>
    run(shell, [file], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 })

/** What a PowerShell that keeps to its documentation would run. */
const asPowershell: RunScript = async (file, folder, env) => {
  for (const { argv, files } of runsOf(readFileSync(file, 'utf8'))) {
    for (const [name, content] of files) writeFileSync(join(folder, name.slice(1)), content)
    const words = argv.map((word) => (/^@?\$\w+$/.test(word) ? word.replace('$', `${folder}/`) : word))
    await run('curl', words, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 })
    for (const name of files.keys()) rmSync(join(folder, name.slice(1)))
  }
}

/** What the origin received, as they were meant. */
async function sentBy(
  runScript: RunScript,
  origin: ExactOrigin,
  requests: SentRequest[],
  options: OptionsOf<typeof curl> = {},
): Promise<SentRequest[]> {
  const exchanges = requests.map(({ method, target, headers, body }, index) => {
    const length: Headers = body.length > 0 ? [['Content-Length', String(body.length)]] : []
    const url = `${origin.url}${target}`
    const all: Headers = [['Host', `localhost:${origin.port}`], ...headers, ...length]
    return exported({ seq: index + 1, request: { method, url, headers: all } }, { request: body })
  })
  const folder = await temporaryHome()
  const file = join(folder, 'requests.sh')
  writeFileSync(file, await scriptOf(exchanges, options))
  origin.requests.length = 0
  const environment = { PATH: process.env.PATH, HOME: folder, LC_ALL: 'C.UTF-8' }
  await runScript(file, folder, environment)
  expect(readdirSync(folder)).toEqual(['requests.sh'])
  return origin.requests.map(({ head, body }) => ({
    method: head.slice(0, head.indexOf(' ')),
    target: targetOf(head),
    headers: fieldsOf(head).filter(([name]) => !/^(?:host|content-length)$/i.test(name)),
    body,
  }))
}

const ofCharacters = (characters: string, lengths: { minLength?: number; maxLength: number }) =>
  fc.array(fc.constantFrom(...characters), lengths).map((list) => list.join(''))
const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
const visible = bytes.slice(0x21, 0x7f)
const nasty = fc.constantFrom(
  "'",
  "'\\''",
  '"',
  '$(touch owned)',
  '`touch owned`',
  '\\',
  '%s%n',
  '{{$guid}}',
  '@/etc/hostname',
  '!!',
  '-',
  '*',
  ';',
  '\u00ff\u00fe',
  'Ã©',
)
const text = (characters: string) =>
  fc.array(fc.oneof(nasty, ofCharacters(characters, { maxLength: 8 })), { maxLength: 6 }).map((list) => list.join(''))

const anyHeaders = fc
  .uniqueArray(
    fc.tuple(ofCharacters("abcXYZ019-_!#$%&'*+.^`|~", { minLength: 1, maxLength: 12 }), text(bytes.slice(0x20).replace('\u007f', ''))),
    {
      maxLength: 4,
    },
  )
  .map((list) =>
    list.map(([name, value]): [string, string] => [`X-${name}`, value.trim().replace(/^[\u00a0\ufeff]+|[\u00a0\ufeff]+$/g, '')]),
  )

const anyRequest: fc.Arbitrary<SentRequest> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'QUERY', "O'DD"),
  target: fc.oneof(
    fc.constantFrom('/a/../b/./c', '/[1-3]/{a,b}', '/?a[]=1', '/%2e%2E/%zz'),
    text(visible).map((rest) => `/${rest.replaceAll('\u00ff\u00fe', '')}`),
  ),
  headers: anyHeaders,
  body: fc.oneof(
    fc.constant(Buffer.alloc(0)),
    text(bytes).map((content) => Buffer.from(content, 'latin1')),
    fc.string({ unit: 'grapheme', minLength: 1 }).map((content) => Buffer.from(content, 'utf8')),
    fc.uint8Array({ minLength: 1, maxLength: 300 }).map((content) => Buffer.from(content)),
  ),
})

for (const { name, path } of shells) {
  test.skipIf(path === null)(`any request arrives byte for byte when ${name} runs its command, and nothing else happens`, async () => {
    const origin = await startEcho()
    await fc.assert(
      fc.asyncProperty(fc.array(anyRequest, { minLength: 20, maxLength: 20 }), async (requests) => {
        expect(await sentBy(byShell(path as string), origin, requests)).toEqual(requests)
      }),
      { numRuns: 2 },
    )
  })
}

test('a command is as short as it can be', async () => {
  const headers: Headers = [
    ['Host', 'api.test'],
    ['User-Agent', 'me'],
    ['Accept', '*/*'],
    ['X-Empty', ''],
    ['Content-Type', 'text/plain'],
    ['Content-Length', '4'],
  ]
  const request = { method: 'POST', url: 'https://api.test/p?q=it%27s', headers }
  expect(await scriptOf([exported({ seq: 7, request }, { request: Buffer.from("it's") })])).toBe(`#!/bin/sh

# 7 POST https://api.test/p 200
curl --path-as-is -g 'https://api.test/p?q=it%27s' \\
  --http1.1 \\
  -H 'User-Agent: me' \\
  -H 'Accept: */*' \\
  -H 'X-Empty;' \\
  -H 'Content-Type: text/plain' \\
  --data-raw 'it'\\''s'
`)
})

test('HEAD, an empty POST, a large body and what curl adds of itself arrive as they were', async () => {
  const origin = await startEcho()
  const requests: SentRequest[] = [
    { method: 'HEAD', target: '/', headers: [], body: Buffer.alloc(0) },
    { method: 'POST', target: '/large', headers: [], body: Buffer.alloc(1024 * 1024 + 7, 'large ') },
    {
      method: 'GET',
      target: '/agent',
      headers: [
        ['user-agent', 'me'],
        ['Cookie', 'a=1'],
        ['cookie', 'b=2'],
      ],
      body: Buffer.alloc(0),
    },
  ]
  expect(await sentBy(byShell('sh'), origin, requests)).toEqual(requests)
  const empty = exported({ request: { method: 'POST', headers: [['Content-Length', '0']] } })
  expect(await scriptOf([empty])).toContain("--data-raw ''")
})

test('a script holds no control character, whatever was captured', async () => {
  const dirty = `${bytes}\u202e\ud800`
  const request = {
    method: 'PUT',
    url: `https://origin.test/${dirty}`,
    headers: [
      ['X-Dirty', dirty],
      ['@/etc/passwd', 'no field'],
    ] as Headers,
  }
  const script = await scriptOf([exported({ request }, { request: Buffer.from(dirty) })])
  expect(script).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\ufffd]/)
  expect(script).not.toContain('@/etc')
})

test('a comment is inert in a shell that knows none', async () => {
  const request = { method: 'GET', url: 'https://origin.test/$(touch owned);`id`\n/' }
  const [, , comment] = (await scriptOf([exported({ request })])).split('\n')
  expect(comment).toBe('# 1 GET https://origin.test/__touch_owned___id__/ 200')
})

test('what curl cannot send as it was is left out and not counted', async () => {
  const exchanges = [
    exported({ kind: 'tunnel' }),
    exported({ kind: 'websocket' }),
    exported({ request: { url: "http://$(id)/'" } }),
    exported({ request: { url: 'http://user:password@origin.test/' } }),
    exported({ request: { method: '-X y' } }),
    exported({ request: { method: 'POST', truncated: true } }, { request: Buffer.from('cut') }),
    exported({ request: { method: 'POST' } }, { request: Buffer.from('too large') }),
  ]
  expect(await exportText(curl, exchanges, { maxBodyBytes: 8 })).toMatchObject({ text: '#!/bin/sh\n', leftOut: 7 })
})

describe('for PowerShell, by its documented rules', () => {
  const shell = { shell: 'powershell' } as const

  test('any request arrives byte for byte', async () => {
    const origin = await startEcho()
    await fc.assert(
      fc.asyncProperty(fc.array(anyRequest, { minLength: 10, maxLength: 10 }), async (requests) => {
        expect(await sentBy(asPowershell, origin, requests, shell)).toEqual(requests)
      }),
      { numRuns: 2 },
    )
  })

  test('an empty POST and a large body arrive as they were', async () => {
    const origin = await startEcho()
    const large: SentRequest = { method: 'POST', target: '/large', headers: [], body: Buffer.alloc(1024 * 1024 + 7, 'large ') }
    expect(await sentBy(asPowershell, origin, [large], shell)).toEqual([large])
    const empty = { method: 'POST', url: `${origin.url}/`, headers: [['Content-Length', '0']] as Headers }
    const [only] = runsOf(await scriptOf([exported({ request: empty })], shell))
    expect(only?.argv).toContain('@$body')
    expect(only?.files.get('$body')?.length).toBe(0)
  })

  test('a command is to be read, and what PowerShell would change is in files', async () => {
    const headers: Headers = [
      ['User-Agent', "it's me"],
      ['Content-Type', 'application/json'],
      ['Accept', '"quoted"'],
    ]
    const request = { method: 'POST', url: 'http://api.test/p?q=1', headers }
    expect(await scriptOf([exported({ seq: 7, request }, { request: Buffer.from('{"a":1}') })], shell)).toBe(`# 7 POST http://api.test/p 200
$config = [IO.Path]::GetTempFileName()
[IO.File]::WriteAllBytes($config, [Convert]::FromBase64String('aGVhZGVyID0gIkFjY2VwdDogXCJxdW90ZWRcIiIK'))
$body = [IO.Path]::GetTempFileName()
[IO.File]::WriteAllText($body, '{"a":1}')
curl.exe \`
  --path-as-is \`
  -g \`
  'http://api.test/p?q=1' \`
  -H 'User-Agent: it''s me' \`
  -H 'Content-Type: application/json' \`
  -K $config \`
  --data-binary "@$body"
Remove-Item $config
Remove-Item $body

`)
  })

  test('whatever was captured, a script is ASCII, and does nothing else', async () => {
    const dirty = `${bytes}\u202e\ud800\u2019; Remove-Item x; $(id) \``
    const request = { method: 'PUT', url: `https://origin.test/${dirty}`, headers: [['X-Dirty', dirty]] as Headers }
    const script = await scriptOf(
      [exported({ request }, { request: Buffer.from(dirty) }), exported({ request }, { request: Buffer.from("'; id #") })],
      shell,
    )
    expect(script).toMatch(/^[\n -~]*$/)
    expect(runsOf(script)).toHaveLength(2)
  })

  test('the reader of the test knows what would go wrong', () => {
    expect(tokens("'a''b' 'c\u2019\u2019d'").flatMap((token) => (token.kind === 'word' ? [token.text] : []))).toEqual(["a'b", 'c\u2019d'])
    for (const wrong of [
      "curl.exe 'a\"b'",
      "curl.exe ''",
      "curl.exe 'a b\\'",
      "curl.exe 'é'",
      'curl.exe --http1.1',
      "curl.exe 'a' | id",
      'id',
      "curl.exe 'a",
    ])
      expect(() => runsOf(wrong)).toThrow()
  })
})
