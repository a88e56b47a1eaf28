import { createRequire } from 'node:module'
import { constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type * as Brotli from 'brotli-wasm'
import { createParser } from 'eventsource-parser'
import * as fc from 'fast-check'
import { ZstdCompress } from 'minizlib'
import { describe, expect, it } from 'vitest'
import { EventStreamDecoder, type ServerSentEvent } from '../../daemon/capture/decoders/event-stream.ts'
import { streamedContent } from '../../daemon/store/streamed-content.ts'
import { RecordedSession } from './kept-records.ts'

const brotli = createRequire(import.meta.url)('brotli-wasm') as typeof Brotli

function eventsOf(pieces: readonly Uint8Array[], limit?: number): ServerSentEvent[] {
  const events: ServerSentEvent[] = []
  const decoder = new EventStreamDecoder((event) => events.push(event), limit)
  for (const piece of pieces) decoder.push(piece, 0)
  return events
}
const cut = (bytes: Uint8Array, step: number) =>
  Array.from({ length: Math.ceil(bytes.length / step) }, (_, n) => bytes.subarray(n * step, (n + 1) * step))
const plain = (data: string, event: string | null = null, id: string | null = null): ServerSentEvent => ({
  data,
  size: Buffer.byteLength(data),
  event,
  id,
})

describe('server-sent events', () => {
  it('have data of one or more lines, a name and an id; comments and other fields are none', () => {
    const text =
      '\ufeff: hello\n\ndata: one\n\nevent: tick\nid: 7\ndata:a\ndata:  b\nretry: 5\n\r\ndata\r\n\rid: x\0\ndata: ☂\n\nevent: lost\n\ndata: amid'
    const bytes = Buffer.from(text)
    const expected = [plain('one'), plain('a\n b', 'tick', '7'), plain(''), plain('☂')]
    for (const step of [1, 2, 3, 5, bytes.length]) expect(eventsOf(cut(bytes, step))).toEqual(expected)
  })

  it('are what eventsource-parser reads', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'data: x',
        'data:',
        'data',
        'event: e',
        'event:',
        'id: 1',
        'id',
        ': comment',
        'retry: 1',
        '',
        '',
        'other: x',
        'data: ü☂',
      ),
      fc.string({ unit: fc.constantFrom('data', ':', ' ', 'e', 'id', '\ufeff'), maxLength: 4 }),
    )
    const stream = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 20 }).map((lines) => lines.flat().join(''))
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 7 }), (text, step) => {
        const theirs: { data: string; event: string | null }[] = []
        const parser = createParser({ onEvent: ({ data, event }) => theirs.push({ data, event: event || null }) })
        parser.feed(`${text}\n`)
        const ours = eventsOf(cut(Buffer.from(`${text}\n`), step)).map(({ data, event }) => ({ data, event }))
        expect(ours).toEqual(theirs)
      }),
      { seed: 20_260_307, numRuns: 300 },
    )
  })

  it('are cut beyond the limit, and their size is told', () => {
    const bytes = Buffer.from(`data: ${'x'.repeat(100)}\ndata: yy\n\ndata: z\n\n`)
    expect(eventsOf(cut(bytes, 9), 10)).toEqual([{ ...plain('x'.repeat(10)), size: 103 }, plain('z')])
  })

  it('of any bytes never throw, and hold no more than the limit', () => {
    const limit = 50
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .constantFrom('data:', 'data: ', 'event:', 'id: 1', '\n', '\r', '\r\n', '\n\n', '\ufeff', 'x'.repeat(300))
        .map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const told = eventsOf(pieces, limit)
        const whole = eventsOf([Buffer.concat(pieces)], limit)
        expect(told).toEqual(whole)
        for (const { data, size, event, id } of told) {
          expect(data.length).toBeLessThanOrEqual(limit)
          expect(size).toBeGreaterThanOrEqual(Buffer.byteLength(data))
          for (const name of [event, id]) expect(name?.length ?? 0).toBeLessThanOrEqual(limit + 'event: '.length)
        }
      }),
      { seed: 20_261_125, numRuns: 1_000 },
    )
  })
})

describe('content that is decoded while it passes', () => {
  const text = 'data: some text that repeats, repeats, repeats\n\n'.repeat(400)
  it.each([
    ['gzip', [gzipSync(text)]],
    ['gzip in two members', [gzipSync(text.slice(0, 99)), gzipSync(text.slice(99))]],
    ['deflate', [deflateSync(text)]],
    ['raw deflate', [deflateRawSync(text)]],
    ['br', [brotli.compress(Buffer.from(text))]],
    ['zstd', [zstdCompressSync(text)]],
    ['zstd in two frames', [zstdCompressSync(text.slice(0, 99)), zstdCompressSync(text.slice(99))]],
  ])('comes out whole, however it is split: %s', (coding, parts) => {
    const bytes = Buffer.concat(parts)
    for (const step of [1, 7, 1_000, bytes.length]) {
      const out: Uint8Array[] = []
      const content = streamedContent([coding.split(' ')[coding.startsWith('raw') ? 1 : 0] as string], (piece) => out.push(piece))
      for (const piece of cut(bytes, step)) content?.push(piece)
      content?.close()
      expect(Buffer.concat(out).toString()).toBe(text)
    }
  })

  it('ends where it grows beyond all measure', () => {
    let size = 0
    const content = streamedContent(['gzip', 'gzip'], (piece) => {
      size += piece.length
    })
    const bomb = gzipSync(gzipSync(Buffer.alloc(64 * 1024 * 1024)))
    expect(() => content?.push(bomb)).toThrow('beyond all measure')
    expect(size).toBeLessThan(8 * 1024 * 1024)
  })

  it('of an unknown coding, or of too many, is not', () => {
    expect(streamedContent(['snappy'], () => undefined)).toBeNull()
    expect(streamedContent(Array(5).fill('gzip'), () => undefined)).toBeNull()
  })
})

describe('a stream of events on record', () => {
  const head = (more = '') => `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n${more}\r\n`
  const asked = () => {
    const session = new RecordedSession()
    session.script.opened(1).client(1, 'GET /events HTTP/1.1\r\nHost: h\r\n\r\n')
    return session
  }
  const told = (session: RecordedSession) =>
    session.rows[0]?.messages.map(({ direction, type, text, event, id }) => [direction, type, text, event, id])

  it('is split into events while it is open; its body stays as it came', () => {
    const session = asked()
    session.script.origin(1, head()).origin(1, 'data: to').origin(1, 'ken\n\n')
    expect(told(session)).toEqual([['received', 'event', 'token', null, null]])
    session.script.origin(1, 'event: end\nid: 2\ndata: [DONE]\n\n')
    expect(told(session)?.at(-1)).toEqual(['received', 'event', '[DONE]', 'end', '2'])
    expect(session.rows[0]?.response.toString()).toBe('data: token\n\nevent: end\nid: 2\ndata: [DONE]\n\n')
    expect(session.rows[0]?.record.state).toBe('open')
  })

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('that is content-encoded is decoded for that: %s', (coding, compress) => {
    const session = asked()
    session.script.origin(1, head(`Content-Encoding: ${coding}\r\n`)).origin(1, compress('data: packed\n\n'))
    expect(told(session)).toEqual([['received', 'event', 'packed', null, null]])
  })

  it('whose zstd asks for a window larger than any browser allows is not', () => {
    const session = asked()
    const params = { [constants.ZSTD_c_windowLog]: 25, [constants.ZSTD_c_contentSizeFlag]: 0 }
    const stream = new ZstdCompress({ params, flush: constants.ZSTD_e_flush } as object)
    session.script.origin(1, head('Content-Encoding: zstd\r\n'))
    stream.on('data', (bytes) => session.script.origin(1, bytes))
    stream.write('data: packed\n\n')
    expect(told(session)).toEqual([])
    expect(session.rows[0]?.record.anomalies).toEqual(['undecoded'])
  })

  it('that cannot be decoded says so', () => {
    const session = asked()
    session.script.origin(1, head('Content-Encoding: gzip\r\n')).origin(1, 'no gzip at all, and long enough to know it')
    expect(session.rows[0]?.record.anomalies).toEqual(['undecoded'])
  })

  it('whose last event is cut says so', () => {
    const session = asked()
    session.script.origin(1, head()).origin(1, 'data: x\n').originEnd(1)
    expect(session.rows[0]?.record).toMatchObject({ state: 'complete', anomalies: ['messageCut'] })
  })
})
