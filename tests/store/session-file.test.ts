import { statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openForReading, openForWriting } from '../../daemon/store/database.ts'
import { Reader } from '../../daemon/store/reader.ts'
import type { ExchangeRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { layOut, sessionKind } from '../../daemon/store/session-layout.ts'
import { temporaryHome } from '../support/home.ts'
import { anyRecord, expectedExchange, newBodyOf, newRecord } from '../support/records.ts'

const newFile = async () => {
  const path = join(await temporaryHome(), 's.weir')
  return { path, file: SessionFile.open(path, { create: true }) }
}
const everything = { order: 'asc', before: null, after: null, limit: 1000 } as const

describe('a session file', () => {
  it('gives back any record as it was, through the reader and through the view', async () => {
    const { path, file } = await newFile()
    const reader = new Reader(path)
    const views = openForReading(path, sessionKind)
    const row = views.prepare('SELECT * FROM v1_exchange WHERE seq = ?')
    fc.assert(
      fc.property(anyRecord, (record) => {
        record.seq = file.nextSeq()
        file.commit([record], [])
        const exchange = reader.get(record.seq, 's')
        expect(exchange).toEqual(expectedExchange(record, 's'))
        const json = (text: unknown) => (text === null ? null : JSON.parse(text as string))
        expect(row.get(record.seq)).toMatchObject({
          seq: record.seq,
          connection_id: Number(exchange.connectionId),
          source: exchange.source,
          state: exchange.state,
          kind: exchange.kind,
          started_at: exchange.startedAt,
          duration_ms: exchange.durationMs,
          dns_ms: exchange.timings.dns ?? null,
          connect_ms: exchange.timings.connect ?? null,
          tls_ms: exchange.timings.tls ?? null,
          send_ms: exchange.timings.send ?? null,
          wait_ms: exchange.timings.wait ?? null,
          receive_ms: exchange.timings.receive ?? null,
          client_address: exchange.client?.address ?? null,
          server_port: exchange.server?.port ?? null,
          method: exchange.request.method,
          url: exchange.request.url,
          request_body_size: exchange.request.bodySize,
          request_truncated: Number(exchange.request.truncated),
          status: exchange.response?.status ?? null,
          reason: exchange.response?.reason ?? null,
          error_reason: exchange.error?.reason ?? null,
          error_message: exchange.error?.message ?? null,
        })
        const viewed = row.get(record.seq) as Record<string, unknown>
        expect(json(viewed.request_headers)).toEqual(exchange.request.headers)
        if (exchange.response) expect(json(viewed.response_headers) ?? []).toEqual(exchange.response.headers)
        expect(json(viewed.tls)).toEqual(exchange.tls)
        expect(json(viewed.anomalies)).toEqual(exchange.anomalies ?? null)
      }),
      { seed: 1, numRuns: 300 },
    )
    reader.close()
    views.close()
    file.close()
  })

  it('shows an exchange while it runs, and once only when it has ended', async () => {
    const { path, file } = await newFile()
    const record = newRecord(file.nextSeq(), {
      state: 'open',
      status: 0,
      responseStartedAt: 0,
      endedAt: 0,
      responseFields: null,
      origin: null,
    })
    file.commit([record], [])
    const reader = new Reader(path)
    expect(reader.get(1, 's')).toMatchObject({ state: 'open', durationMs: null, response: null, server: null })
    const before = reader.changes({ since: 0, limit: 10 }, 's')
    Object.assign(record, newRecord(1), { stored: record.stored, responseBody: newBodyOf([Buffer.from('hello')]) })
    file.commit([record], [])
    expect(reader.list(everything, 's').items).toEqual([expectedExchange(record, 's')])
    expect(reader.changes({ since: before.change, limit: 10 }, 's').items).toHaveLength(1)
    expect(file.counts).toMatchObject({ exchanges: 1, failed: 0, bytesReceived: 5 })
    reader.close()
    file.close()
  })

  it('counts what it holds, and knows it again after reopening', async () => {
    const { path, file } = await newFile()
    const records = [
      newRecord(file.nextSeq(), { requestBody: newBodyOf([Buffer.alloc(7)]), receivedUnkept: 11 }),
      newRecord(file.nextSeq(), { state: 'failed', status: 0, error: { reason: 'connectionRefused', message: 'no' } }),
    ]
    const gap = { from: 1, to: 2, reason: 'overload', exchanges: 3, bytes: null } as const
    file.commit(records, [gap])
    const counts = { exchanges: 2, failed: 1, filtered: 0, messages: 0, bytesSent: 7, bytesReceived: 11, gaps: 1 }
    expect(file.counts).toEqual(counts)
    const { change } = file
    file.close()
    const again = SessionFile.open(path)
    expect(again.counts).toEqual(counts)
    expect(again.change).toBe(change)
    again.close()
  })

  it('gives every seq once, also after reopening', async () => {
    const { path, file } = await newFile()
    const first = file.nextSeq()
    const second = file.nextSeq()
    file.commit([newRecord(first)], [])
    file.close()
    const again = SessionFile.open(path)
    expect([first, second]).toEqual([1, 2])
    expect(again.nextSeq()).toBe(3)
    again.close()
  })

  it('writes shared heads, connections and origins once', async () => {
    const { path, file } = await newFile()
    const shared = newRecord(0)
    for (let round = 0; round < 3; round++) {
      const { connection, origin, requestFields, responseFields } = shared
      const records = [1, 2, 3].map(() => newRecord(file.nextSeq(), { connection, origin, requestFields, responseFields }))
      file.commit(records, [])
    }
    file.close()
    const db = openForReading(path, sessionKind)
    const count = (table: string) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
    expect(['exchange', 'head', 'connection', 'origin', 'request_line', 'status_line'].map(count)).toEqual([9, 2, 1, 1, 1, 1])
    db.close()
  })

  it('is one private file once it is closed', async () => {
    const { path, file } = await newFile()
    file.commit([newRecord(file.nextSeq())], [])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600)
    file.close()
    for (const suffix of ['-wal', '-shm', '-journal']) expect(statSync(path + suffix, { throwIfNoEntry: false })).toBeUndefined()
  })
})

describe('a commit that fails', () => {
  /** A file that cannot grow by more than `pages`. */
  const smallFile = async (pages: number) => {
    const { path, file } = await newFile()
    file.close()
    const db = openForWriting(path, sessionKind, layOut)
    db.pragma('journal_mode = WAL')
    const size = db.pragma('page_count', { simple: true }) as number
    db.pragma(`max_page_count = ${size + pages}`)
    return { path, file: new SessionFile(path, db), grow: () => db.pragma('max_page_count = 100000') }
  }
  const records = (file: SessionFile): ExchangeRecord[] => [
    newRecord(file.nextSeq(), { responseBody: newBodyOf([Buffer.from('small')]) }),
    newRecord(file.nextSeq(), { responseBody: newBodyOf([Buffer.alloc(300_000, 1), Buffer.alloc(300_000, 2)]) }),
    newRecord(file.nextSeq(), { state: 'open', requestBody: newBodyOf([Buffer.alloc(1000, 3)], false) }),
  ]

  it('leaves nothing half done, and can be tried again', async () => {
    const { path, file, grow } = await smallFile(10)
    const batch = records(file)
    const before = structuredClone(batch)
    const gap = { from: 1, to: 2, reason: 'diskFull', exchanges: 1, bytes: null } as const
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(() => file.commit(batch, [gap])).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }))
      expect(structuredClone(batch)).toEqual(before)
      expect(file.change).toBe(0)
      expect(file.counts).toMatchObject({ exchanges: 0, gaps: 0, bytesReceived: 0 })
    }
    const reader = new Reader(path)
    expect(reader.list(everything, 's')).toMatchObject({ items: [], change: 0, more: false })

    grow()
    file.commit(batch, [gap])
    expect(reader.list(everything, 's').items).toEqual(batch.map((record) => expectedExchange(record, 's')))
    expect((await reader.readBody(2, 'response', 299_999, 2, false)).data).toEqual(Buffer.from([1, 2]))
    expect(file.counts).toMatchObject({ exchanges: 3, gaps: 1, bytesReceived: 600_005 })
    reader.close()
    file.close()
  })

  it('does not disturb what was stored before, and small commits still fit', async () => {
    const { path, file } = await smallFile(12)
    const first = newRecord(file.nextSeq(), { responseBody: newBodyOf([Buffer.from('small')]) })
    file.commit([first], [])
    const large = newRecord(file.nextSeq(), { connection: first.connection, responseBody: newBodyOf([Buffer.alloc(600_000)]) })
    expect(() => file.commit([large], [])).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }))
    const repeat = newRecord(file.nextSeq(), { connection: first.connection, responseBody: newBodyOf([Buffer.from('small')]) })
    file.commit([repeat], [])
    file.close()
    const reader = new Reader(path)
    expect(reader.list(everything, 's').items.map(({ seq }) => seq)).toEqual([1, 3])
    expect(Buffer.from((await reader.readBody(3, 'response', 0, 100, false)).data).toString()).toBe('small')
    reader.close()
  })
})
