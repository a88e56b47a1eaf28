import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HpackDecoder } from '../../daemon/capture/decoders/hpack.ts'
import { Http2AuthorityRewriter } from '../../daemon/proxy/http2-authority.ts'
import { block, Flag, Frame, frame, padding, preface, word } from '../support/http2-wire.ts'

interface Seen {
  type: number
  flags: number
  stream: number
  payload: Buffer
}

function framesOf(bytes: Buffer): Seen[] {
  expect(bytes.subarray(0, preface.length)).toEqual(preface)
  const frames: Seen[] = []
  for (let at = preface.length; at < bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    frames.push({
      type: bytes[at + 3] as number,
      flags: bytes[at + 4] as number,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    })
    at = end
  }
  return frames
}

function rewritten(bytes: Buffer, cuts: number[] = []): Buffer {
  const rewriter = new Http2AuthorityRewriter('https', 'api.example')
  const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
  return Buffer.concat(places.slice(1).map((end, n) => rewriter.rewrite(bytes.subarray(places[n], end))))
}

const request = (...more: [string, string][]): [string, string][] => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'localhost:9347'],
  [':path', '/x'],
  ...more,
]
const named = (fields: [string, string][]) =>
  fields.map(([name, value]) => [name, { ':authority': 'api.example', host: 'api.example', ':scheme': 'https' }[name] ?? value])

describe('requests', () => {
  test('get the authority and the scheme of the origin; all other frames pass as they came', () => {
    const others = [
      frame(Frame.settings, 0, 0, Buffer.concat([Buffer.of(0, 4), word(65_535)])),
      frame(Frame.windowUpdate, 0, 0, word(1000)),
    ]
    const data = frame(Frame.data, Flag.endStream | Flag.padded, 1, padding('localhost:9347', 3))
    const fields = request(['host', 'localhost:9347'], ['cookie', 'a=1'], ['cookie', 'b=2'], ['x', 'localhost:9347'])
    const bytes = Buffer.concat([preface, ...others, frame(Frame.headers, Flag.endHeaders, 1, block(fields)), data])
    const out = rewritten(bytes)
    const seen = framesOf(out)
    expect(seen.map(({ type, flags, stream }) => [type, flags, stream])).toEqual([
      [Frame.settings, 0, 0],
      [Frame.windowUpdate, 0, 0],
      [Frame.headers, Flag.endHeaders, 1],
      [Frame.data, Flag.endStream | Flag.padded, 1],
    ])
    expect(new HpackDecoder().decode(seen[2]?.payload as Buffer)?.fields).toEqual(named(fields))
    expect(out.subarray(out.length - data.length)).toEqual(data)
    for (let cut = 0; cut <= bytes.length; cut++) expect(rewritten(bytes, [cut])).toEqual(out)
  })

  test('padding goes, a priority stays, blocks of many frames stay whole, and what refers to a table is written out', () => {
    const fields = request(...['a', 'b', 'c'].map((name): [string, string] => [name, name.repeat(16_000)]))
    const whole = block(fields)
    const first = Buffer.concat([word(3), Buffer.of(7), whole.subarray(0, 100)])
    // Indexed for later (RFC 7541 section 6.2.1), then taken from the table.
    const indexing = Buffer.concat([Buffer.of(0x40, 1), Buffer.from('n'), Buffer.of(1), Buffer.from('v')])
    const sizeUpdate = Buffer.of(0x20, 0x3f, 0xe1, 0x1f)
    const bytes = Buffer.concat([
      preface,
      frame(Frame.headers, Flag.padded | Flag.priority, 1, padding(first, 9)),
      frame(Frame.continuation, 0, 1, whole.subarray(100, 32_000)),
      frame(Frame.continuation, Flag.endHeaders, 1, whole.subarray(32_000)),
      frame(Frame.headers, Flag.endHeaders | Flag.endStream, 3, Buffer.concat([sizeUpdate, block(request()), indexing])),
      frame(Frame.headers, Flag.endHeaders, 5, Buffer.concat([block(request()), Buffer.of(0xbe)])),
    ])
    const seen = framesOf(rewritten(bytes))
    expect(seen.every(({ payload }) => payload.length <= 16_384)).toBe(true)
    expect(seen.map(({ type, flags, stream }) => [type, flags, stream])).toEqual([
      [Frame.headers, Flag.priority, 1],
      [Frame.continuation, 0, 1],
      [Frame.continuation, Flag.endHeaders, 1],
      [Frame.headers, Flag.endHeaders | Flag.endStream, 3],
      [Frame.headers, Flag.endHeaders, 5],
    ])
    const [one, two, three, second, third] = seen.map(({ payload }) => payload) as [Buffer, Buffer, Buffer, Buffer, Buffer]
    expect(one.subarray(0, 5)).toEqual(Buffer.concat([word(3), Buffer.of(7)]))
    expect(second.subarray(0, 4)).toEqual(sizeUpdate)
    const decoder = new HpackDecoder()
    expect(decoder.decode(Buffer.concat([one.subarray(5), two, three]))?.fields).toEqual(named(fields))
    expect(decoder.decode(second)?.fields).toEqual([...named(request()), ['n', 'v']])
    expect(decoder.decode(third)?.fields).toEqual([...named(request()), ['n', 'v']])
  })

  test('any fields arrive in order, with every byte, however the bytes are cut', () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 200 })
    const field = fc.tuple(
      text.map((name) => `x${name}`),
      text,
    ) as fc.Arbitrary<[string, string]>
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), fc.array(fc.nat(2000), { maxLength: 5 }), (more, cuts) => {
        const fields = request(...more)
        const bytes = Buffer.concat([preface, frame(Frame.headers, Flag.endHeaders, 1, block(fields)), frame(Frame.data, 0, 1, 'body')])
        const [headers, data] = framesOf(rewritten(bytes, cuts))
        expect(new HpackDecoder().decode(headers?.payload as Buffer)?.fields).toEqual(named(fields))
        expect(data?.payload.toString()).toBe('body')
      }),
      { numRuns: 300, seed: 5 },
    )
  })
})

describe('what cannot be read passes as it came, and all that follows', () => {
  const headers = (payload: Buffer | string, flags: number = Flag.endHeaders, stream = 1) => frame(Frame.headers, flags, stream, payload)
  test.each<[string, Buffer]>([
    ['a block that is no HPACK', headers(Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))],
    ['more padding than frame', headers(Buffer.of(200, 1), Flag.endHeaders | Flag.padded)],
    ['a continuation of nothing', frame(Frame.continuation, Flag.endHeaders, 1, 'x')],
    ['a continuation of another stream', Buffer.concat([headers('', 0), frame(Frame.continuation, Flag.endHeaders, 3, 'x')])],
    ['another frame within a block', Buffer.concat([headers('', 0), frame(Frame.ping, 0, 0, '12345678')])],
    [
      'a block without end',
      Buffer.concat([headers('', 0), ...Array.from({ length: 80 }, () => frame(Frame.continuation, 0, 1, Buffer.alloc(16_000)))]),
    ],
    ['a frame longer than any block', frame(Frame.headers, Flag.endHeaders, 1, Buffer.alloc(1_100_000))],
  ])('%s', (_name, odd) => {
    const bytes = Buffer.concat([preface, odd, headers(block(request()), Flag.endHeaders, 7)])
    expect(rewritten(bytes).equals(bytes)).toBe(true)
    expect(rewritten(bytes, [preface.length + 5, preface.length + 12, preface.length + 30]).equals(bytes)).toBe(true)
  })

  test('any bytes: nothing is thrown, and nothing but header blocks changes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(400), { maxLength: 4 }), (more, cuts) => {
        const bytes = Buffer.concat([preface, more])
        expect(rewritten(bytes, cuts)).toEqual(rewritten(bytes))
      }),
      { numRuns: 1000, seed: 6 },
    )
  })
})
