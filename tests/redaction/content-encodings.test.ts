/** Bodies whose Content-Encoding says what they are: no coding carries a secret past redaction, whoever writes the export. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ExporterRunner } from '../../daemon/plugin/exporter-runner.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import type { Session } from '../../sdk/model.ts'
import { compileCache } from '../support/compile-cache.ts'
import { temporaryHome } from '../support/home.ts'
import { recorded, recordedBody } from '../support/recorded.ts'

const { compress } = createRequire(import.meta.url)('brotli-wasm') as { compress(bytes: Uint8Array): Uint8Array }
const brotli = (bytes: Buffer) => Buffer.from(compress(bytes))

const password = 'Canary-Zq7$x-of-a-password'
const known = 'Canary-of-a-token-0123456789'

const codings: readonly [encoding: string, encode: (bytes: Buffer) => Buffer][] = [
  ['br', brotli],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['br, gzip', (bytes) => gzipSync(brotli(bytes))],
  ['deflate, br', (bytes) => brotli(deflateSync(bytes))],
]
const damaged: readonly [encoding: string, body: Buffer][] = [
  ['br', Buffer.concat([brotli(Buffer.from(`{"password":"${password}"}`)).subarray(0, 20), Buffer.from(password)])],
  ['deflate', Buffer.concat([deflateSync(Buffer.from('{}')), Buffer.from(`{"password":"${password}"}`)])],
  ['x-unknown', brotli(Buffer.from(`{"password":"${password}"}`))],
]

/** A session whose first exchange makes `known` known, with one of each coding that holds secrets, and one that holds none. */
async function session(home: string): Promise<Session> {
  mkdirSync(join(home, 'sessions'))
  const path = join(home, 'sessions', 's.weir')
  const file = SessionFile.open(path, { create: true })
  const put = (encoding: string, body: Buffer, requestFields: [string, string][] = []) =>
    file.commit(
      [
        recorded(file.nextSeq(), {
          requestFields: { fields: requestFields },
          responseFields: {
            fields: [
              ['Content-Type', 'application/json'],
              ['Content-Encoding', encoding],
            ],
          },
          responseBody: recordedBody(body),
        }),
      ],
      [],
    )
  for (const [encoding, encode] of codings) {
    put(encoding, encode(Buffer.from(JSON.stringify({ password, note: `${known} again` }))), [['Authorization', `Bearer ${known}`]])
    put(encoding, encode(Buffer.from(JSON.stringify({ harmless: 'text' }))))
  }
  for (const [encoding, body] of damaged) put(encoding, body)
  const { counts } = file
  file.close()
  return { id: 's', name: 's', state: 'stopped', startedAt: 1, proxy: null, file: path, counts }
}

describe.each(['jsonl', 'har', 'sqlite', 'warc', 'mitmproxy'])('in %s', (exporter) => {
  it('nothing of them is left, and what holds no secret goes out as it came', async () => {
    const home = await temporaryHome()
    const out = join(home, 'out')
    const runner = new ExporterRunner({ compileCache, home, log: () => undefined })
    await runner.run({ session: await session(home), exporter, out, redact: 'standard' })
    const written = readFileSync(out)
    for (const secret of [password, known]) {
      expect(written.includes(secret)).toBe(false)
      expect(written.includes(Buffer.from(secret).toString('base64').slice(0, -4))).toBe(false)
    }
    // What is left of coded bodies is of those that hold none.
    for (const [, encode] of codings) {
      const secret = encode(Buffer.from(JSON.stringify({ password, note: `${known} again` })))
      expect(written.includes(secret)).toBe(false)
      expect(written.includes(secret.toString('base64'))).toBe(false)
    }
    for (const [, body] of damaged) {
      expect(written.includes(body)).toBe(false)
      expect(written.includes(body.toString('base64'))).toBe(false)
    }
    if (exporter !== 'jsonl') return
    const lines = written
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    for (const [index, [encoding, encode]] of codings.entries()) {
      const [hidden, plain] = [lines[2 * index], lines[2 * index + 1]]
      expect(JSON.parse(hidden.bodies.response.text)).toMatchObject({ password: expect.stringMatching(/^redacted-/) })
      expect(hidden.response.headers.some(([name]: [string]) => name === 'Content-Encoding')).toBe(false)
      expect(plain.response.headers).toContainEqual(['Content-Encoding', encoding])
      const { base64, text } = plain.bodies.response
      const bytes = base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64')
      expect(bytes.equals(encode(Buffer.from('{"harmless":"text"}')))).toBe(true)
    }
  })
})
