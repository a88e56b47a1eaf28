import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openExchangeScan } from '../../daemon/store/exchange-scan.ts'
import { Reader } from '../../daemon/store/reader.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { temporaryHome } from '../support/home.ts'
import { newBodyOf, newRecord } from '../support/records.ts'

const newFile = async () => {
  const path = join(await temporaryHome(), 's.weir')
  const file = SessionFile.open(path, { create: true })
  onTestFinished(() => file.close())
  return { path, file }
}

describe('a scan', () => {
  it('yields every exchange by seq with its bodies: small, repeated, large, none', async () => {
    const { path, file } = await newFile()
    const bodyOf = (seq: number): Buffer | null => {
      if (seq % 7 === 0) return null
      if (seq % 100 === 0) return Buffer.alloc(300_000, seq)
      return Buffer.alloc(1 + (seq % 5 === 0 ? 10 : seq), seq % 5 === 0 ? 'r' : 'u')
    }
    const shared = newRecord(0)
    for (let commit = 0; commit < 10; commit++) {
      const batch = Array.from({ length: 150 }, () => {
        const seq = file.nextSeq()
        const body = bodyOf(seq)
        const { connection, origin } = shared
        const part = seq % 2 === 0 ? 'requestBody' : 'responseBody'
        return newRecord(seq, { connection, origin, [part]: body && newBodyOf([body]) })
      })
      file.commit(batch, [])
    }
    const reader = new Reader(path)
    let expected = 1
    for await (const exchange of openExchangeScan(path, 's')) {
      const { readBody, streamBody, messages, ...plain } = exchange
      expect(plain).toEqual(reader.get(expected, 's'))
      const part = expected % 2 === 0 ? 'request' : 'response'
      const other = part === 'request' ? 'response' : 'request'
      const body = bodyOf(expected) ?? Buffer.alloc(0)
      expect(body.equals(await readBody(part))).toBe(true)
      expect(await readBody(other)).toHaveLength(0)
      expected++
    }
    expect(expected).toBe(1501)
    reader.close()
  })

  it('begins after a seq and ends with what was there when it began', async () => {
    const { path, file } = await newFile()
    file.commit(
      Array.from({ length: 5 }, () => newRecord(file.nextSeq())),
      [],
    )
    const seen: number[] = []
    for await (const { seq } of openExchangeScan(path, 's', { after: 2 })) {
      seen.push(seq)
      file.commit([newRecord(file.nextSeq())], [])
    }
    expect(seen).toEqual([3, 4, 5])
  })

  it('gives the fields that exchanges share as one frozen list', async () => {
    const { path, file } = await newFile()
    const requestFields = { fields: [['Accept', '*/*'] as [string, string]] }
    file.commit([newRecord(file.nextSeq(), { requestFields }), newRecord(file.nextSeq(), { requestFields })], [])
    const lists: object[] = []
    for await (const { request } of openExchangeScan(path, 's')) lists.push(request.headers, request.headers[0] ?? [])
    expect(lists[2]).toBe(lists[0])
    expect(lists.every((list) => Object.isFrozen(list))).toBe(true)
  })

  it('asks for its turn between pages', async () => {
    const { path, file } = await newFile()
    file.commit(
      Array.from({ length: 300 }, () => newRecord(file.nextSeq())),
      [],
    )
    let turns = 0
    const turn = async () => void turns++
    for await (const { seq } of openExchangeScan(path, 's', { turn })) expect(seq > 256 ? turns : 1).toBeGreaterThan(0)
  })

  it('ends when it is aborted', async () => {
    const { path, file } = await newFile()
    file.commit([newRecord(file.nextSeq()), newRecord(file.nextSeq())], [])
    const abort = new AbortController()
    const seen: number[] = []
    for await (const { seq } of openExchangeScan(path, 's', { signal: abort.signal })) {
      seen.push(seq)
      abort.abort()
    }
    expect(seen).toEqual([1])
  })

  it('decodes bodies, and says which it cannot', async () => {
    const { path, file } = await newFile()
    const requestFields = { fields: [['Content-Encoding', 'gzip'] as [string, string]] }
    const add = (body: Buffer, change = {}) => newRecord(file.nextSeq(), { requestFields, requestBody: newBodyOf([body]), ...change })
    const half = gzipSync('hello').subarray(0, 12)
    file.commit(
      [add(gzipSync('hello')), add(Buffer.from('not gzip')), add(gzipSync(Buffer.alloc(20_000_000))), add(half, { state: 'failed' })],
      [],
    )
    const outcomes: unknown[] = []
    for await (const exchange of openExchangeScan(path, 's')) {
      const body = exchange.readBody('request', { decode: true })
      outcomes.push(
        await body.then(
          (bytes) => Buffer.from(bytes).toString(),
          (error) => error.reason,
        ),
      )
    }
    expect(outcomes.slice(0, 3)).toEqual(['hello', 'undecodable', 'decodeLimit'])
    expect('hello'.startsWith(outcomes[3] as string)).toBe(true)
  })
})
