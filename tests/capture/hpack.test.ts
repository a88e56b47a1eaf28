import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FieldList, HpackDecoder } from '../../daemon/capture/decoders/hpack.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
const lines = (list: FieldList | null) => list?.fields.map(([name, value]) => `${name}: ${value}`)

/** RFC 7541 appendix C: blocks of one connection with what they say. C.5 and C.6 are made with a table of 256 bytes. */
const vectors: Record<string, { table?: number; blocks: [block: string, fields: string[]][] }> = {
  'C.2.1 literal with indexing': {
    blocks: [['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', ['custom-key: custom-header']]],
  },
  'C.2.2 literal without indexing': { blocks: [['040c 2f73 616d 706c 652f 7061 7468', [':path: /sample/path']]] },
  'C.2.3 literal never indexed': { blocks: [['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password: secret']]] },
  'C.2.4 indexed': { blocks: [['82', [':method: GET']]] },
  'C.3 requests': {
    blocks: [
      ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']],
      [
        '8286 84be 5808 6e6f 2d63 6163 6865',
        [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
      ],
      [
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
        [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
      ],
    ],
  },
  'C.4 requests with Huffman': {
    blocks: [
      ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']],
      [
        '8286 84be 5886 a8eb 1064 9cbf',
        [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
      ],
      [
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
        [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
      ],
    ],
  },
  'C.5 responses with evictions': {
    table: 256,
    blocks: [
      [
        '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        [':status: 302', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT', 'location: https://www.example.com'],
      ],
      [
        '4803 3330 37c1 c0bf',
        [':status: 307', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT', 'location: https://www.example.com'],
      ],
      [
        '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
        [
          ':status: 200',
          'cache-control: private',
          'date: Mon, 21 Oct 2013 20:13:22 GMT',
          'location: https://www.example.com',
          'content-encoding: gzip',
          'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
        ],
      ],
    ],
  },
  'C.6 responses with Huffman and evictions': {
    table: 256,
    blocks: [
      [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        [':status: 302', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT', 'location: https://www.example.com'],
      ],
      [
        '4883 640e ffc1 c0bf',
        [':status: 307', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT', 'location: https://www.example.com'],
      ],
      [
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
        [
          ':status: 200',
          'cache-control: private',
          'date: Mon, 21 Oct 2013 20:13:22 GMT',
          'location: https://www.example.com',
          'content-encoding: gzip',
          'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
        ],
      ],
    ],
  },
}

/** RFC 7541 section 5.1. */
function integer(value: number, prefixBits: number, pattern: number): Buffer {
  const most = 2 ** prefixBits - 1
  if (value < most) return Buffer.of(pattern | value)
  const bytes = [pattern | most]
  let left = value - most
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80)
  return Buffer.from([...bytes, left])
}
const resize = (size: number) => integer(size, 5, 0x20)
const string = (text: string) => Buffer.concat([integer(text.length, 7, 0), Buffer.from(text, 'latin1')])
const indexing = (name: string, value: string) => Buffer.concat([Buffer.of(0x40), string(name), string(value)])

describe('HPACK', () => {
  for (const [name, { table, blocks }] of Object.entries(vectors)) {
    it(`decodes RFC 7541 ${name}`, () => {
      const decoder = new HpackDecoder()
      if (table !== undefined) decoder.decode(resize(table))
      for (const [block, fields] of blocks) expect(lines(decoder.decode(hex(block)))).toEqual(fields)
    })
  }

  it('follows the table through resizes and evictions, as a model of it does', () => {
    const step = fc.oneof(
      fc.record({
        add: fc.tuple(fc.string({ maxLength: 40, unit: 'grapheme-ascii' }), fc.string({ maxLength: 80, unit: 'grapheme-ascii' })),
      }),
      fc.record({ get: fc.nat(150) }),
      fc.record({ size: fc.nat(8192) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const decoder = new HpackDecoder()
        let model: [string, string][] = []
        let limit = 4096
        const evict = () => {
          for (let size = 0, at = 0; at < model.length; at++) {
            const [name, value] = model[at] as [string, string]
            size += name.length + value.length + 32
            if (size > limit) model = model.slice(0, at)
          }
        }
        for (const one of steps) {
          if ('size' in one) {
            limit = one.size
            evict()
            expect(lines(decoder.decode(resize(limit)))).toEqual([])
          } else if ('add' in one) {
            const [name, value] = one.add
            model.unshift([name, value])
            evict()
            expect(lines(decoder.decode(indexing(name, value)))).toEqual([`${name}: ${value}`])
          } else if (one.get < model.length) {
            const [name, value] = model[one.get] as [string, string]
            expect(lines(decoder.decode(integer(one.get + 62, 7, 0x80)))).toEqual([`${name}: ${value}`])
          }
        }
        expect(decoder.decode(integer(62 + model.length, 7, 0x80))).toBeNull()
      }),
      { seed: 20_260_301 },
    )
  })

  it.each([
    ['index 0', '80'],
    ['an index beyond the table', 'ff80 01'],
    ['an integer without end', 'ffff ffff ffff ffff ffff'],
    ['a string longer than its block', '400a 6375'],
    ['a name without a value', '4001 61'],
    ['Huffman padding of a whole byte', '4082 1fff 0161'],
    ['Huffman padding that is not all ones', '4081 18 0161'],
    ['the end-of-string symbol', '4084 ffff ffff 0161'],
  ])('says that %s is none, and decodes nothing after it', (_, block) => {
    const decoder = new HpackDecoder()
    expect(decoder.decode(hex(block))).toBeNull()
    expect(decoder.decode(hex('82'))).toBeNull()
  })

  it('bounds what a small block can blow up to, and keeps its table', () => {
    const decoder = new HpackDecoder(1024 * 1024)
    decoder.decode(indexing('bomb', 'x'.repeat(4000)))
    const list = decoder.decode(Buffer.alloc(16_384, 0xbe))
    expect(list?.truncated).toBe(true)
    expect(list?.fields.length).toBeLessThan(300)
    expect(lines(decoder.decode(Buffer.of(0xbe)))).toHaveLength(1)
  })

  it('never throws and never loops, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (blocks) => {
        const decoder = new HpackDecoder()
        for (const block of blocks) decoder.decode(Buffer.from(block))
      }),
      { seed: 20_260_302, numRuns: 2_000 },
    )
  })
})
