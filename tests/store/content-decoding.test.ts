import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentCodings, decodeContent } from '../../daemon/store/content-decoding.ts'
import { Reader } from '../../daemon/store/reader.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import type { Headers } from '../../sdk/model.ts'
import { temporaryHome } from '../support/home.ts'
import { newBodyOf, newRecord } from '../support/records.ts'

const { compress } = createRequire(import.meta.url)('brotli-wasm') as { compress(bytes: Uint8Array): Uint8Array }
const encoders: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => gzipSync(bytes),
  'x-gzip': (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => compress(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
}
const words = Object.keys(encoders)
const encode = (bytes: Uint8Array, codings: readonly string[]) =>
  codings.reduce((encoded, coding) => encoders[coding]?.(encoded) ?? encoded, bytes)
/** Time does not pass: a loaded machine takes long. */
const decode = async (bytes: Uint8Array, ...codings: string[]) =>
  Buffer.from(await decodeContent(bytes, codings, { cut: false, now: () => 0 }))
const limit = expect.objectContaining({ code: 1004, reason: 'decodeLimit' })
const undecodable = expect.objectContaining({ code: 1005, reason: 'undecodable' })

describe('content decoding', () => {
  it('undoes every chain of codings', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.array(fc.constantFrom(...words), { maxLength: 4 }),
        async (bytes, codings) => {
          expect((await decode(encode(bytes, codings), ...codings)).equals(bytes)).toBe(true)
        },
      ),
      { seed: 3, numRuns: 200 },
    )
  })

  it('reads deflate without its zlib wrapper, too', async () => {
    expect((await decode(deflateRawSync('hello'), 'deflate')).toString()).toBe('hello')
  })

  it('reads a gzip body of several members', async () => {
    expect((await decode(Buffer.concat([gzipSync('hello '), gzipSync('world')]), 'gzip')).toString()).toBe('hello world')
  })

  it('reads a zstd body of several frames', async () => {
    expect((await decode(Buffer.concat([zstdCompressSync('hello '), zstdCompressSync('world')]), 'zstd')).toString()).toBe('hello world')
  })

  it.each([...words, 'deflate, raw'])('refuses what lies behind %s when all has to be decoded', async (name) => {
    const coding = name.split(',')[0] as string
    const all = (bytes: Uint8Array) => decodeContent(bytes, [coding], { cut: false, whole: true, now: () => 0 })
    for (const content of [Buffer.from('hello'), randomBytes(200_000)]) {
      const encoded = name === 'deflate, raw' ? deflateRawSync(content) : encode(content, [coding])
      expect(content.equals(await all(encoded))).toBe(true)
      for (const rest of ['x', '{"password":"hunter2"}', '\0'.repeat(70_000)]) {
        const more = Buffer.concat([encoded, Buffer.from(rest)])
        await expect(all(more)).rejects.toThrow(undecodable)
      }
    }
  })

  it.each(words)('stops a %s bomb', async (coding) => {
    const bomb = encode(Buffer.alloc(coding === 'br' ? 4_000_000 : 20_000_000), [coding])
    await expect(decode(bomb, coding)).rejects.toThrow(limit)
    await expect(decode(gzipSync(bomb), coding, 'gzip')).rejects.toThrow(limit)
  })

  it('stops at 64 MiB whatever the ratio', async () => {
    await expect(decode(gzipSync(Buffer.alloc(68_000_000), { level: 1 }), 'gzip')).rejects.toThrow(limit)
    expect(await decode(gzipSync(Buffer.alloc(67_000_000), { level: 1 }), 'gzip')).toHaveLength(67_000_000)
  })

  it('lets a large body through that is no bomb', async () => {
    const bytes = Buffer.alloc(1_000_000)
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 8, at)
    for (const coding of words)
      expect((await decode(encode(bytes.subarray(0, coding === 'br' ? 20_000 : undefined), [coding]), coding)).length).toBeGreaterThan(0)
  })

  it.each(words)('stops a %s body that takes longer than 2 s, between any two slices of it', async (coding) => {
    const encoded = encode(randomBytes(300_000), [coding])
    let at = 0
    const reads = () => (at += 100)
    expect((await decodeContent(encoded, [coding], { cut: false, now: reads })).length).toBe(300_000)
    expect(at).toBeGreaterThan(400)
    await expect(decodeContent(encoded, [coding], { cut: false, now: () => (at += 500) })).rejects.toThrow(limit)
  })

  it('reads large bodies in many slices as it reads small ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 60_000, max: 400_000 }), fc.constantFrom(...words), fc.nat(), async (length, coding, cutAt) => {
        const bytes = randomBytes(length)
        const encoded = encode(bytes, [coding])
        expect((await decode(encoded, coding)).equals(bytes)).toBe(true)
        const part = encoded.subarray(0, cutAt % encoded.length)
        const decoded = Buffer.from(await decodeContent(part, [coding], { cut: true }))
        expect(bytes.subarray(0, decoded.length).equals(decoded)).toBe(true)
        if (part.length > 0) await expect(decode(part, coding)).rejects.toThrow(undecodable)
      }),
      { seed: 5, numRuns: 40 },
    )
  })

  it('undoes no more than four codings', async () => {
    await expect(decode(Buffer.from('x'), 'gzip', 'gzip', 'gzip', 'gzip', 'gzip')).rejects.toThrow(limit)
  })

  it('says so when a coding is unknown or the bytes are damaged', async () => {
    await expect(decode(Buffer.from('x'), 'compress')).rejects.toThrow(undecodable)
    await expect(decode(Buffer.from('x'), '__proto__')).rejects.toThrow(undecodable)
    for (const coding of words) await expect(decode(Buffer.from('this is not compressed'), coding)).rejects.toThrow(undecodable)
  })

  it('survives any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(...words),
        fc.nat(),
        fc.boolean(),
        async (bytes, coding, at, cut) => {
          const damaged = Buffer.from(encode(bytes, [coding]))
          damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ (1 + (at % 255))
          try {
            await decodeContent(damaged, [coding], { cut })
          } catch (error) {
            expect([1004, 1005]).toContain((error as { code: number }).code)
          }
        },
      ),
      { seed: 4, numRuns: 1000 },
    )
  })

  it.each(words)('decodes a cut %s body as far as it goes, and refuses one that should be whole', async (coding) => {
    const text = Array.from({ length: 20_000 }, (_, index) => `line ${(index * 2_654_435_761) % 4_294_967_296}`).join('\n')
    const encoded = encode(Buffer.from(text), [coding])
    const half = encoded.subarray(0, Math.floor(encoded.length / 2))
    await expect(decode(half, coding)).rejects.toThrow(undecodable)
    const decoded = Buffer.from(await decodeContent(half, [coding], { cut: true })).toString()
    expect(decoded.length).toBeGreaterThan(0)
    expect(text.startsWith(decoded)).toBe(true)
  })

  it('knows the codings of a message from all its field lines', async () => {
    const headers: Headers = [
      ['Content-Encoding', 'GZIP , identity'],
      ['Other', 'br'],
      ['content-encoding', 'br,'],
    ]
    expect(contentCodings(headers)).toEqual(['gzip', 'br'])
  })
})

describe('reading a decoded body', () => {
  it('gives ranges of the decoded bytes with its decoded size', async () => {
    const path = join(await temporaryHome(), 's.weir')
    const file = SessionFile.open(path, { create: true })
    const text = 'abcdefghij'.repeat(1000)
    const fields: Headers = [['Content-Encoding', 'deflate, br']]
    const encoded = Buffer.from(encode(Buffer.from(text), ['deflate', 'br']))
    const cut = newBodyOf([encoded.subarray(0, -1)])
    const bomb = newBodyOf([gzipSync(Buffer.alloc(20_000_000))])
    file.commit(
      [
        newRecord(file.nextSeq(), { responseFields: { fields }, responseBody: newBodyOf([encoded]) }),
        newRecord(file.nextSeq(), { responseFields: { fields }, responseBody: cut, state: 'failed' }),
        newRecord(file.nextSeq(), { requestFields: { fields: [['content-encoding', 'gzip']] }, requestBody: bomb }),
      ],
      [],
    )
    const reader = new Reader(path)
    const range = await reader.readBody(1, 'response', 9_995, 100, true)
    expect(range).toMatchObject({ size: 10_000, eof: true, truncated: false })
    expect(Buffer.from(range.data).toString()).toBe('fghij')
    expect(await reader.readBody(1, 'response', 0, 5, true)).toMatchObject({ size: 10_000, eof: false })
    expect(Buffer.from((await reader.readBody(1, 'response', 0, 1e6, false)).data).equals(encoded)).toBe(true)
    await reader.readBody(2, 'response', 0, 5, true)
    await expect(reader.readBody(3, 'request', 0, 5, true)).rejects.toThrow(limit)
    reader.close()
    file.close()
  })
})
