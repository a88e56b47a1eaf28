import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { openForReading } from '../../daemon/store/database.ts'
import { Reader } from '../../daemon/store/reader.ts'
import type { ExchangeRecord, GapRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { temporaryHome } from '../support/home.ts'
import { appendTo, newBodyOf, newConnection, newOrigin, newRecord } from '../support/records.ts'

async function newFile() {
  const path = join(await temporaryHome(), 's.weir')
  const file = SessionFile.open(path, { create: true })
  const add = (change: Partial<ExchangeRecord> = {}): ExchangeRecord => {
    const record = newRecord(file.nextSeq(), change)
    file.commit([record], [])
    return record
  }
  const count = (table: string): unknown => {
    const db = openForReading(path, sessionKind)
    const found = db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    db.close()
    return found
  }
  const counts = () =>
    Object.fromEntries(['exchange', 'head', 'body', 'chunk', 'connection', 'origin', 'message'].map((t) => [t, count(t)]))
  return { path, file, add, count, counts }
}

const untilTidy = (file: SessionFile) => {
  while (file.tidy());
}

describe('deleting exchanges', () => {
  it('takes with them what only they refer to, and the counts', async () => {
    const { file, add, counts } = await newFile()
    const shared = { fields: [['Shared', 'yes']] as [string, string][] }
    const body = () => newBodyOf([Buffer.from('the same')])
    add({ requestFields: shared, responseBody: body(), state: 'failed' })
    add({ requestFields: shared, responseBody: body() })
    add({
      responseBody: newBodyOf([Buffer.alloc(700_000, 'large')]),
      messages: [{ at: 1, direction: 'sent', type: 'text', text: 'hello', data: null, size: 5, event: null, id: null }],
      messageCount: 1,
    })
    expect(counts()).toEqual({ exchange: 3, head: 5, body: 2, chunk: 3, connection: 3, origin: 3, message: 1 })
    expect(file.delete([1, 3, 99])).toBe(2)
    untilTidy(file)
    expect(counts()).toEqual({ exchange: 1, head: 2, body: 1, chunk: 0, connection: 1, origin: 1, message: 0 })
    expect(file.counts).toEqual({ exchanges: 1, failed: 0, filtered: 0, messages: 0, bytesSent: 0, bytesReceived: 8, gaps: 0 })
    file.close()
  })

  it('leaves what is shared to the exchanges that come later', async () => {
    const { path, file, add } = await newFile()
    const change = () => ({ connection, origin, requestFields, responseBody: newBodyOf([Buffer.from('again')]) })
    const connection = newConnection()
    const origin = newOrigin()
    const requestFields = { fields: [['Again', 'yes']] as [string, string][] }
    add(change())
    file.delete([1])
    add(change())
    const reader = new Reader(path)
    expect(reader.get(2, 's')).toMatchObject({
      connectionId: '1',
      client: { port: 50_000 },
      server: { port: 443 },
      request: { url: 'https://a.test/items/2', headers: [['Again', 'yes']] },
    })
    expect(Buffer.from((await reader.readBody(2, 'response', 0, 100, false)).data).toString()).toBe('again')
    reader.close()
    file.close()
  })

  it('gives no id again that a deleted row had, also after a reopening', async () => {
    const { path, file, add } = await newFile()
    const ids = () => {
      const db = openForReading(path, sessionKind)
      const row = db.prepare('SELECT connection, origin, request_head, request_line FROM exchange').get()
      db.close()
      return row
    }
    add({ authority: 'first.test' })
    expect(ids()).toEqual({ connection: 1, origin: 1, request_head: 1, request_line: 1 })
    file.delete([1])
    file.close()
    const again = SessionFile.open(path)
    again.commit([newRecord(again.nextSeq(), { authority: 'second.test' })], [])
    expect(ids()).toEqual({ connection: 2, origin: 2, request_head: 3, request_line: 2 })
    again.close()
  })

  it('lets go what an exchange that was deleted while it was open still brings', async () => {
    const { file, add, counts } = await newFile()
    const record = add({ state: 'open', endedAt: 0, responseBody: newBodyOf([Buffer.from('first')], false) })
    file.delete([record.seq])
    appendTo(record.responseBody as never, Buffer.from(' and last'))
    Object.assign(record, { state: 'complete', endedAt: record.startedAt + 9 })
    const next = newRecord(file.nextSeq())
    file.commit([record, next], [])
    untilTidy(file)
    expect(record.responseBody?.pendingBytes).toBe(0)
    expect(file.counts).toMatchObject({ exchanges: 1, bytesReceived: 0 })
    expect(counts()).toMatchObject({ exchange: 1, body: 0, chunk: 0 })
    file.close()
  })

  it('is one transaction with its gap, which grows', async () => {
    const { file, add, count } = await newFile()
    for (let round = 0; round < 4; round++) add({ responseBody: newBodyOf([Buffer.from('x')]) })
    const gap: GapRecord = { from: Number.MAX_SAFE_INTEGER, to: 0, reason: 'retention', exchanges: 0, bytes: 0 }
    file.delete([1, 2], gap)
    file.delete([3], gap)
    expect(gap).toMatchObject({ exchanges: 3, bytes: 3, from: 1_750_000_000_001, to: 1_750_000_000_003 })
    expect([count('gap'), file.counts.gaps]).toEqual([1, 1])
    file.close()
  })

  it('leaves the gap as it was when it fails', async () => {
    const { path, file, add, count } = await newFile()
    for (let round = 0; round < 3; round++) add({ responseBody: newBodyOf([Buffer.from('x')]) })
    const gap: GapRecord = { from: Number.MAX_SAFE_INTEGER, to: 0, reason: 'retention', exchanges: 0, bytes: 0 }
    file.delete([1], gap)
    const trouble = new Database(path)
    trouble.exec("CREATE TRIGGER trouble BEFORE UPDATE ON progress BEGIN SELECT RAISE(ABORT, 'trouble'); END")
    for (let round = 0; round < 2; round++) expect(() => file.delete([2, 3], gap)).toThrow('trouble')
    expect(gap).toMatchObject({ exchanges: 1, bytes: 1 })
    trouble.exec('DROP TRIGGER trouble')
    trouble.close()
    file.delete([2, 3], gap)
    expect(gap).toMatchObject({ exchanges: 3, bytes: 3 })
    expect([count('gap'), file.counts.exchanges]).toEqual([1, 0])
    file.close()
  })

  it('tells readers by tombstones, the latest of which are kept', async () => {
    const { path, file } = await newFile()
    const total = 112_000
    for (let begun = 0; begun < total; begun += 8_000) {
      const records = Array.from({ length: 8_000 }, () =>
        newRecord(file.nextSeq(), { connection: sharedConnection, origin: null, requestFields: noFields, responseFields: null }),
      )
      file.commit(records, [])
    }
    const before = file.change
    for (let seq = 1; seq <= 111_000; seq += 1_000) file.delete(Array.from({ length: 1_000 }, (_, index) => seq + index))
    const reader = new Reader(path)
    const page = reader.changes({ since: file.change - 5, limit: 10 }, 's')
    expect(page.deleted).toEqual([110_996, 110_997, 110_998, 110_999, 111_000])
    expect(page.forgotten).toBeGreaterThan(before)
    expect(reader.changes({ since: page.forgotten, limit: 10 }, 's').deleted.length).toBeLessThanOrEqual(110_000)
    reader.close()
    file.close()
  }, 60_000)

  it('gives the room back to the disk', async () => {
    const { file, add } = await newFile()
    for (let round = 0; round < 20; round++) add({ responseBody: newBodyOf([Buffer.alloc(400_000, String(round))]) })
    const full = file.size
    expect(full).toBeGreaterThan(8_000_000)
    file.delete(Array.from({ length: 19 }, (_, index) => index + 1))
    untilTidy(file)
    expect(file.size).toBeLessThan(1_500_000)
    file.close()
  })
})

const sharedConnection = newConnection()
const noFields = { fields: [] }

describe('annotating an exchange', () => {
  it('is a change that later ones of the exchange itself keep', async () => {
    const { path, file, add } = await newFile()
    const record = add({ state: 'open', endedAt: 0 })
    const { change } = file
    expect(file.annotate(1, { tags: ['a', 'b'], note: 'look' })).toBe(true)
    expect(file.change).toBe(change + 1)
    Object.assign(record, { state: 'complete', endedAt: record.startedAt + 1 })
    file.commit([record], [])
    const reader = new Reader(path)
    expect(reader.get(1, 's')).toMatchObject({ state: 'complete', tags: ['a', 'b'], note: 'look' })
    file.annotate(1, { tags: [] })
    expect(reader.get(1, 's')).toMatchObject({ tags: [], note: 'look' })
    expect(file.annotate(2, { note: null })).toBe(false)
    reader.close()
    file.close()
  })
})
