import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { openForReading } from '../../daemon/store/database.ts'
import { Reader } from '../../daemon/store/reader.ts'
import type { MessageRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import type { Message } from '../../sdk/model.ts'
import { temporaryHome } from '../support/home.ts'
import { newRecord } from '../support/records.ts'

const at = 1_750_000_000_000.5
const message = (change: Partial<MessageRecord>): MessageRecord => ({
  at,
  direction: 'sent',
  type: 'binary',
  text: null,
  data: null,
  size: change.data?.length ?? Buffer.byteLength(change.text ?? ''),
  event: null,
  id: null,
  ...change,
})

async function open() {
  const path = join(await temporaryHome(), 'a.weir')
  const file = SessionFile.open(path, { create: true })
  const record = newRecord(file.nextSeq(), { kind: 'websocket', state: 'open', endedAt: 0 })
  const add = (...messages: MessageRecord[]) => {
    record.messages = messages
    record.messageCount += messages.length
    file.commit([record], [])
  }
  const reader = new Reader(path)
  onTestFinished(() => {
    reader.close()
    file.close()
  })
  return { path, file, record, add, reader }
}

test('messages are read in order, by index, while their exchange is open', async () => {
  const { file, add, reader } = await open()
  add(message({ type: 'text', text: 'one' }), message({ data: Buffer.of(0, 255), direction: 'received' }))
  add(
    message({ type: 'event', text: 'a\nb', event: 'tick', id: '7' }),
    message({ type: 'close', data: Buffer.from('\x03\xe8bye', 'latin1') }),
  )
  const all: Message[] = [
    { index: 0, at, direction: 'sent', type: 'text', size: 3, text: 'one' },
    { index: 1, at, direction: 'received', type: 'binary', size: 2, data: 'AP8=' },
    { index: 2, at, direction: 'sent', type: 'event', size: 3, text: 'a\nb', event: 'tick', id: '7' },
    { index: 3, at, direction: 'sent', type: 'close', size: 5, data: 'A+hieWU=', code: 1000, reason: 'bye' },
  ]
  expect(reader.readMessages(1, 0, 100)).toEqual({ items: all, more: false })
  expect(reader.readMessages(1, 1, 2)).toEqual({ items: all.slice(1, 3), more: true })
  expect(reader.readMessages(1, 4, 2)).toEqual({ items: [], more: false })
  expect(file.counts.messages).toBe(4)
  expect(() => reader.readMessages(2, 0, 1)).toThrow('no exchange 2')
})

test('one whose content is longer than what was kept says so', async () => {
  const { add, reader } = await open()
  add(message({ data: Buffer.of(1), size: 5 }), message({ type: 'text', text: 'ä', size: 2 }), message({ type: 'grpc', size: 9 }))
  expect(reader.readMessages(1, 0, 9).items.map(({ truncated }) => truncated)).toEqual([true, undefined, true])
})

test('a commit that fails stores none of them, the next one each once', async () => {
  const { path, file, add, reader } = await open()
  add(message({ text: 'before' }))
  const broken = newRecord(file.nextSeq(), { path: Symbol('no value of SQLite') as never })
  const record = newRecord(file.nextSeq(), { messages: [message({ text: 'after' })], messageCount: 1 })
  expect(() => file.commit([record, broken], [])).toThrow()
  expect(record.messages).toHaveLength(1)
  file.commit([record], [])
  expect(reader.readMessages(record.seq, 0, 9).items).toHaveLength(1)
  expect(file.counts.messages).toBe(2)
  const db = openForReading(path, sessionKind)
  expect(db.prepare('SELECT seq, "index", at, direction, type, text, size FROM v1_message').raw().all()).toEqual([
    [1, 0, at, 'sent', 'binary', 'before', 6],
    [record.seq, 0, at, 'sent', 'binary', 'after', 5],
  ])
  db.close()
})

test('a page ends before it is too large for an answer, and control characters travel as bytes', async () => {
  const { add, reader } = await open()
  const large = Buffer.alloc(3 * 1024 * 1024)
  const bells = '\x07'.repeat(2 * 1024 * 1024)
  add(message({ data: large }), message({ data: large }), message({ type: 'text', text: bells }))
  const first = reader.readMessages(1, 0, 100)
  expect(first).toMatchObject({ more: true, items: [{ index: 0 }] })
  const { items } = reader.readMessages(1, 2, 100)
  expect(Buffer.from(items[0]?.data ?? '', 'base64').toString()).toBe(bells)
  expect(items[0]?.truncated).toBeUndefined()
})

test('any content comes out as it went in', async () => {
  const { add, reader } = await open()
  const content = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => ({ type: 'text' as const, text })),
    fc.uint8Array().map((bytes) => ({ type: 'binary' as const, data: Buffer.from(bytes) })),
  )
  let index = 0
  fc.assert(
    fc.property(content, (change) => {
      add(message(change))
      const [read] = reader.readMessages(1, index++, 1).items
      expect('text' in change ? read?.text : Buffer.from(read?.data ?? '', 'base64')).toEqual('text' in change ? change.text : change.data)
      expect(read?.truncated).toBeUndefined()
    }),
    { seed: 20_260_306, numRuns: 100 },
  )
})
