/** What weir exports it imports again: JSON Lines whole, HAR as far as a HAR goes. */
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ExchangeRecord, MessageRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import har from '../../plugins/exporters/har.ts'
import jsonl from '../../plugins/exporters/jsonl.ts'
import type { BrowserView } from '../../sdk/browser-view.ts'
import { runExporter, testExchange } from '../../sdk/testing.ts'
import { exportFile, importContent, importFolder, readAll } from '../support/imported.ts'
import { anyRecord } from '../support/records.ts'

fc.configureGlobal({ seed: 20260403 })

const message: fc.Arbitrary<MessageRecord> = fc
  .record({
    at: fc.integer({ min: 1_000_000_000_000_000, max: 2_000_000_000_000_000 }).map((us) => us / 1000),
    direction: fc.constantFrom('sent' as const, 'received' as const),
    content: fc.oneof(
      fc.tuple(fc.constantFrom('text' as const, 'event' as const), fc.string({ unit: 'grapheme' })),
      fc.tuple(fc.constantFrom('binary' as const, 'ping' as const, 'close' as const, 'grpc' as const), fc.uint8Array()),
    ),
    missing: fc.constantFrom(0, 0, 7),
    event: fc.option(fc.string()),
    id: fc.option(fc.string()),
  })
  .map(({ content: [type, content], missing, ...rest }) => {
    const [text, data] = typeof content === 'string' ? [content, null] : [null, Buffer.from(content)]
    return { ...rest, type, text, data, size: (data?.length ?? Buffer.byteLength(text ?? '')) + missing }
  })

const records = fc.array(
  fc.tuple(anyRecord, fc.array(message, { maxLength: 3 }), fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 2 })),
  {
    minLength: 30,
    maxLength: 40,
    size: 'max',
  },
)
type Recorded = [ExchangeRecord, MessageRecord[], string[]]

/** A session file of them. */
function written(folder: string, all: readonly Recorded[]): string {
  const path = join(folder, `${Math.random()}.weir`)
  const file = SessionFile.open(path, { create: true })
  for (const [record, messages, tags] of all) {
    record.seq = file.nextSeq()
    record.messages = messages
    record.messageCount = messages.length
    file.commit([record], [])
    if (tags.length > 0) file.annotate(record.seq, { tags, note: tags[0] ?? null })
  }
  file.close()
  return path
}

it('of JSON Lines nothing is lost but where an exchange came from', async () => {
  const folder = importFolder()
  await fc.assert(
    fc.asyncProperty(records, async (all) => {
      const text = await exportFile(jsonl, written(folder, all))
      const { file } = await importContent(text, folder)
      expect(await exportFile(jsonl, file)).toBe(text.replaceAll(/"source":"(?:proxy|browser|send)"/g, '"source":"import"'))
    }),
    { numRuns: 5, endOnFailure: true },
  )
})

/** No URL is empty, and only what is one was asked for as a WebSocket. */
function realisticView({ page, initiator, resource, ...view }: BrowserView): BrowserView {
  return {
    ...view,
    ...(page && { page }),
    ...(initiator?.url && { initiator }),
    ...(resource && { resource: resource === 'webSocket' ? 'fetch' : resource }),
  }
}

const realistic = ([record, messages, tags]: Recorded): Recorded => [
  {
    ...record,
    kind: record.kind === 'websocket' ? 'websocket' : 'http',
    state: record.status === 0 && record.state === 'complete' ? 'failed' : record.state,
    error: record.state === 'complete' ? null : record.error,
    startedAt: Math.floor(record.startedAt),
    method: 'PUT',
    authority: 'a.test',
    path: record.path === '*' || record.path === '' ? '/' : record.path,
    origin: record.origin && { ...record.origin, tls: record.origin.tls && { version: 'TLSv1.3', cipher: 'c', alpn: null, sni: null } },
    sentUnkept: 0,
    receivedUnkept: 0,
    browser: record.browser && realisticView(record.browser),
  },
  record.kind === 'websocket' ? messages.filter(({ type }) => type === 'text' || type === 'binary') : [],
  tags,
]
it('a HAR that was imported is exported as it was', async () => {
  const folder = importFolder()
  await fc.assert(
    fc.asyncProperty(
      records.map((all) => all.map(realistic)),
      async (all) => {
        const text = await exportFile(har, written(folder, all))
        const { file } = await importContent(text, folder)
        expect(JSON.parse(await exportFile(har, file))).toEqual(JSON.parse(text))
      },
    ),
    { numRuns: 5, endOnFailure: true },
  )
})

it('what a browser told names other exchanges only where they keep their numbers', async () => {
  const browser: BrowserView = { sourceId: 's', requestId: 'r', ambiguous: [7], resends: [8], resent: 9 }
  const { text } = await runExporter(jsonl, [testExchange({ browser }), testExchange({ seq: 3, browser })])
  const { file } = await importContent(text, importFolder())
  expect((await readAll(file)).map(({ exchange }) => exchange.browser)).toEqual([browser, { sourceId: 's', requestId: 'r' }])
})

it('a note that is too long says that it was cut', async () => {
  const { text } = await runExporter(jsonl, [testExchange({ note: 'x'.repeat(10_000) }), testExchange({ note: 'x'.repeat(10_001) })])
  const { file } = await importContent(text, importFolder())
  const [whole, cut] = (await readAll(file)).map(({ exchange }) => exchange.note)
  expect(whole).toBe('x'.repeat(10_000))
  const end = ' [cut: 10001 characters]'
  expect(cut).toBe('x'.repeat(10_000 - end.length) + end)
})
