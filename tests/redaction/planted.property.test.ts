/** Random exchanges in which secrets stand in all the ways that things are written, through every exporter. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkConfig } from '../../daemon/plugin/loader.ts'
import { Redaction } from '../../daemon/plugin/redacted-exchanges.ts'
import { contentCodings, decodeContent } from '../../daemon/store/content-decoding.ts'
import type { Headers, Message, Part } from '../../sdk/model.ts'
import type { ExportedExchange, ExporterManifest } from '../../sdk/plugin.ts'
import { pseudonyms } from '../../sdk/redaction/pseudonyms.ts'
import { SecretFinder } from '../../sdk/redaction/secret-finder.ts'
import { type Bodies, exported, exportText } from '../support/exported.ts'
import { unfolded } from '../support/unfolded.ts'

const folder = join(import.meta.dirname, '../../plugins/exporters')
const exporters = await Promise.all(
  readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => ((await import(join(folder, file))) as { default: ExporterManifest }).default),
)

/** Secrets that header fields can hold, long enough to be looked for, and not to be met by chance. */
const secrets = fc
  .string({ unit: fc.constantFrom(...'abcXYZ0189-_.~!*()\'"\\ /+=&%$<>{}'), minLength: 5, maxLength: 30 })
  .map((some) => `K7${some}q9Zx`)

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const query = (secret: string) => new URLSearchParams({ a: '1', token: secret }).toString()
type Sent = { url?: string; headers?: Headers; body?: Buffer; messages?: string[] }

/** Where one shows that it is a secret. */
const reveals: ((secret: string) => Sent)[] = [
  (secret) => ({ headers: [['Authorization', `Bearer ${secret}`]] }),
  (secret) => ({ headers: [['X-Api-Key', secret]] }),
  (secret) => ({ url: `https://origin.test/?${query(secret)}` }),
  (secret) => ({ headers: [['Content-Type', 'application/json']], body: json({ user: { password: secret } }) }),
  (secret) => ({ headers: [['Content-Type', 'application/x-www-form-urlencoded']], body: Buffer.from(query(secret)) }),
  (secret) => ({ headers: [['Content-Type', 'application/gzip']], body: gzipSync(json([{ client_secret: secret }])) }),
  (secret) => ({
    headers: [['Content-Type', 'text/plain']],
    body: Buffer.from(`see ${gzipSync(json({ token: secret })).toString('base64')}`),
  }),
  (secret) => ({ messages: [JSON.stringify({ access_token: secret })] }),
]

/** How a text is written in others. */
const writings: ((bytes: Buffer) => Buffer)[] = [
  (bytes) => bytes,
  (bytes) => Buffer.from(encodeURIComponent(bytes.toString())),
  (bytes) => Buffer.from(JSON.stringify(bytes.toString())),
  (bytes) => Buffer.from(bytes.toString('base64')),
  (bytes) => Buffer.from(bytes.toString('base64url')),
]
/** What is unreadable without unpacking. */
const packings: ((bytes: Buffer) => Buffer)[] = [
  (bytes) => bytes,
  (bytes) => gzipSync(bytes),
  (bytes) => zstdCompressSync(bytes),
  (bytes) => Buffer.from(gzipSync(bytes).toString('base64')),
  (bytes) => json({ payload: zstdCompressSync(bytes).toString('base64url') }),
  (bytes) => gzipSync(gzipSync(bytes)),
]
const codings: [coding: string, code: (bytes: Buffer) => Buffer][] = [
  ['identity', (bytes) => bytes],
  ['gzip', (bytes) => gzipSync(bytes)],
  ['deflate', (bytes) => deflateSync(bytes)],
  ['zstd', (bytes) => zstdCompressSync(bytes)],
]
const bodyTypes = [
  'text/plain',
  'text/html',
  'application/octet-stream',
  'application/grpc',
  'image/png',
  'application/xml',
  'multipart/mixed; boundary=x',
]

/** Where one stands that nobody takes for a secret there. */
const plants: fc.Arbitrary<(secret: string) => Sent> = fc.oneof(
  fc.constant((secret: string) => ({ url: `https://origin.test/reset/${encodeURIComponent(secret)}` })),
  fc.constantFrom(...writings).map(
    (write) =>
      (secret: string): Sent => ({ headers: [['X-Note', `a ${write(Buffer.from(secret))}`]] }),
  ),
  fc.constantFrom(...writings).map(
    (write) =>
      (secret: string): Sent => ({ messages: [`a ${write(Buffer.from(secret))} b`] }),
  ),
  fc
    .tuple(
      fc.constantFrom(...writings),
      fc.constantFrom(...packings),
      fc.constantFrom(...codings),
      fc.constantFrom(...bodyTypes),
      fc.string(),
    )
    .map(([write, pack, [coding, code], type, around]) => (secret: string): Sent => {
      const text = Buffer.concat([Buffer.from(around), write(Buffer.from(secret)), Buffer.from(around)])
      const body = code(Buffer.concat([Buffer.from('\u0001\u0002 '), pack(text), Buffer.from(' ')]))
      const headers: Headers = [['Content-Type', type]]
      if (coding !== 'identity') headers.push(['Content-Encoding', coding])
      return { headers, body }
    }),
)

const sessions = fc
  .tuple(
    secrets,
    fc.array(plants, { minLength: 1, maxLength: 5 }),
    fc.constantFrom(...reveals),
    fc.array(plants, { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([secret, before, reveal, after, areAnswers]) => ({
    secret,
    exchanges: [...before, reveal, ...after].map((make, index) => exchangeOf(index + 1, make(secret), areAnswers)),
  }))

function exchangeOf(
  seq: number,
  { url = 'https://origin.test/', headers = [], body, messages }: Sent,
  isAnswer: boolean,
): ExportedExchange {
  const part: Part = isAnswer ? 'response' : 'request'
  const bodies: Bodies = {
    ...(body && { [part]: body }),
    ...(messages && {
      messages: messages.map((text, index): Message => ({ index, at: 1, direction: 'sent', type: 'text', text, size: text.length })),
    }),
  }
  const kind = messages ? 'websocket' : 'http'
  const exchange = exported(
    { seq, kind, request: { method: 'POST', url, ...(!isAnswer && { headers }) }, ...(isAnswer && { response: { headers } }) },
    bodies,
  )
  exchange.readBody = async (of, { decode = false } = {}) => {
    const bytes = bodies[of] ?? Buffer.alloc(0)
    return decode ? decodeContent(bytes, contentCodings(exchange[of]?.headers ?? []), { cut: false }) : bytes
  }
  return exchange
}

async function redacted(exchanges: ExportedExchange[]): Promise<ExportedExchange[]> {
  const redaction = new Redaction('standard', pseudonyms(Buffer.alloc(32, 1)), new SecretFinder())
  const out: ExportedExchange[] = []
  for await (const exchange of redaction.exchanges(async function* () {
    yield* exchanges
  }))
    out.push(exchange)
  return out
}

async function write(exporter: ExporterManifest, exchanges: ExportedExchange[]): Promise<Buffer> {
  const options: Record<string, unknown> = {}
  expect(await checkConfig(exporter, options)).toEqual([])
  return (await exportText(exporter, exchanges, options)).bytes
}

const holds = (bytes: Buffer, secret: string) => unfolded(bytes).some((view) => view.includes(secret))

describe.each(exporters.map((exporter) => [exporter.name, exporter] as const))('%s', (_, exporter) => {
  it('holds no secret, however it was written', async () => {
    await fc.assert(
      fc.asyncProperty(sessions, async ({ secret, exchanges }) => {
        expect(holds(await write(exporter, await redacted(exchanges)), secret)).toBe(false)
      }),
      { numRuns: 40 },
    )
  })
})

it('without redaction they are there: the check can fail', async () => {
  const jsonl = exporters.find(({ name }) => name === 'jsonl') as ExporterManifest
  await fc.assert(
    fc.asyncProperty(sessions, async ({ secret, exchanges }) => {
      expect(holds(await write(jsonl, exchanges), secret)).toBe(true)
    }),
    { numRuns: 40 },
  )
})
