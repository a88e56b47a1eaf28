import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openForReading } from '../../daemon/store/database.ts'
import { Reader } from '../../daemon/store/reader.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { temporaryHome } from '../support/home.ts'
import { appendTo, newBodyOf, newRecord } from '../support/records.ts'

const newFile = async () => {
  const path = join(await temporaryHome(), 's.weir')
  return { path, file: SessionFile.open(path, { create: true }) }
}
const noise = (length: number, seed = 1) => {
  const bytes = Buffer.alloc(length)
  for (let at = 0, value = seed; at < length; at++) {
    value = (value * 1_103_515_245 + 12_345) >>> 0
    bytes[at] = value >>> 16
  }
  return bytes
}
const whole = async (reader: Reader, seq: number, part: 'request' | 'response' = 'response') =>
  Buffer.from((await reader.readBody(seq, part, 0, Number.MAX_SAFE_INTEGER, false)).data)

function rows(path: string, sql: string): unknown[] {
  const db = openForReading(path, sessionKind)
  try {
    return db.prepare(sql).raw().all()
  } finally {
    db.close()
  }
}

describe('a body', () => {
  it('of any size, in any pieces, over any commits comes back byte for byte, in any range', async () => {
    const { path, file } = await newFile()
    const reader = new Reader(path)
    const size = fc.oneof(fc.nat(100), fc.integer({ min: 262_100, max: 262_200 }), fc.nat(1_500_000))
    await fc.assert(
      fc.asyncProperty(
        size,
        fc.array(fc.nat(1000), { maxLength: 8 }),
        fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        async (length, cuts, commits, seed, from, count) => {
          const bytes = noise(length, seed)
          const places = [0, ...cuts.map((cut) => Math.floor((cut / 1000) * length)).sort((a, b) => a - b), length]
          const body = newBodyOf([], false)
          const record = newRecord(file.nextSeq(), { state: 'open', responseBody: body })
          for (const [index, place] of places.slice(1).entries()) {
            appendTo(body, bytes.subarray(places[index], place))
            if (!commits[index]) continue
            file.commit([record], [])
            expect((await whole(reader, record.seq)).equals(bytes.subarray(0, place))).toBe(true)
            expect(await reader.readBody(record.seq, 'response', 0, 10, false)).toMatchObject({ size: place, eof: false })
          }
          body.ended = true
          record.state = 'complete'
          file.commit([record], [])
          expect((await whole(reader, record.seq)).equals(bytes)).toBe(true)
          const offset = length === 0 ? 0 : from % length
          const range = await reader.readBody(record.seq, 'response', offset, count % 600_000, false)
          expect(Buffer.from(range.data).equals(bytes.subarray(offset, offset + (count % 600_000)))).toBe(true)
          expect(range).toMatchObject({ size: length, eof: offset + range.data.length >= length, truncated: false })
        },
      ),
      { seed: 2, numRuns: 60 },
    )
    reader.close()
    file.close()
  })

  it('that comes again is stored once, with other bodies of its size told apart', async () => {
    const { path, file } = await newFile()
    const bodies = [noise(1000, 1), noise(1000, 2), noise(1000, 1), noise(1000, 1), noise(999, 1), noise(1000, 2)]
    const records = bodies.map((bytes) => newRecord(file.nextSeq(), { responseBody: newBodyOf([bytes]) }))
    file.commit(records.slice(0, 3), [])
    file.commit(records.slice(3), [])
    file.close()
    expect(rows(path, 'SELECT count(*) FROM v1_body')).toEqual([[3]])
    const reader = new Reader(path)
    for (const [index, bytes] of bodies.entries()) expect((await whole(reader, index + 1)).equals(bytes)).toBe(true)
    reader.close()
  })

  it('that is large and comes again is stored once, with those that only begin alike told apart', async () => {
    const { path, file } = await newFile()
    const bytes = noise(9_000_000)
    const other = Buffer.from(bytes)
    other.writeUInt8(bytes.readUInt8(8_999_999) ^ 1, 8_999_999)
    const bodies = [bytes, other, bytes, other, bytes]
    bodies.forEach((body, index) => {
      const pieces = index % 2 === 0 ? [body] : [body.subarray(0, 1_234_567), body.subarray(1_234_567)]
      const record = newRecord(file.nextSeq(), { requestBody: newBodyOf(pieces) })
      file.commit([record], [])
    })
    for (let commit = 0; commit < 60; commit++) file.commit([newRecord(file.nextSeq())], [])
    file.close()
    expect(rows(path, 'SELECT size FROM v1_body')).toEqual([[9_000_000], [9_000_000]])
    expect(rows(path, 'SELECT sum(size) FROM v1_chunk')).toEqual([[18_000_000]])
    expect(rows(path, 'PRAGMA integrity_check')).toEqual([['ok']])
    expect(statSync(path).size).toBeLessThan(20_000_000)
    const reader = new Reader(path)
    for (const [index, body] of bodies.entries()) expect((await whole(reader, index + 1, 'request')).equals(body)).toBe(true)
    reader.close()
  })

  it('that is large stays readable while its repeat is compared and removed', async () => {
    const { path, file } = await newFile()
    const bytes = noise(12_000_000)
    const reader = new Reader(path)
    const digest = createHash('sha256').update(bytes).digest('hex')
    for (let round = 0; round < 2; round++) {
      const record = newRecord(file.nextSeq(), { responseBody: newBodyOf([bytes]) })
      file.commit([record], [])
      for (let commit = 0; commit < 12; commit++) {
        expect(
          createHash('sha256')
            .update(await whole(reader, record.seq))
            .digest('hex'),
        ).toBe(digest)
        file.commit([newRecord(file.nextSeq())], [])
      }
    }
    expect(rows(path, 'SELECT count(*) FROM v1_body')).toEqual([[1]])
    reader.close()
    file.close()
  })

  it('is put together from its chunks by plain SQL', async () => {
    const { path, file } = await newFile()
    const bytes = noise(700_000)
    file.commit([newRecord(file.nextSeq(), { responseBody: newBodyOf([bytes]) })], [])
    file.close()
    const chunks = rows(
      path,
      'SELECT k.start, k.data FROM v1_exchange e JOIN v1_chunk k ON k.body_id = e.response_body_id ORDER BY k.start',
    )
    expect(chunks.map((chunk) => (chunk as [number, Buffer])[0])).toEqual([0, 262_144, 524_288])
    expect(Buffer.concat(chunks.map((chunk) => (chunk as [number, Buffer])[1])).equals(bytes)).toBe(true)
  })

  it('that was cut is truncated, and one that nobody sent is empty', async () => {
    const { path, file } = await newFile()
    const body = newBodyOf([Buffer.from('half')])
    Object.assign(body, { truncated: true, size: 1000 })
    file.commit([newRecord(file.nextSeq(), { responseBody: body })], [])
    const reader = new Reader(path)
    expect(reader.get(1, 's').response).toMatchObject({ bodySize: 1000, truncated: true })
    expect(await reader.readBody(1, 'response', 0, 100, false)).toMatchObject({ size: 4, eof: true, truncated: true })
    expect(await reader.readBody(1, 'request', 0, 100, false)).toEqual({ data: Buffer.alloc(0), size: 0, eof: true, truncated: false })
    expect(await reader.readBody(1, 'response', 50, 100, false)).toMatchObject({ data: Buffer.alloc(0), size: 4, eof: true })
    reader.close()
    file.close()
  })
})
