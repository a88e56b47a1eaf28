import { randomBytes } from 'node:crypto'
import { constants, deflateRawSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { agreedDeflate, WebSocketDecoder, type WebSocketOptions } from '../../daemon/capture/decoders/websocket.ts'
import { webSocketFrame as frame, Opcode } from '../support/websocket-frame.ts'
import { type WebSocketTalk, webSocketTalk } from '../support/websocket-wire.ts'

type Said = [type: string, payload: string, size: number] | [anomaly: string]

function said(pieces: readonly Buffer[], options: Partial<WebSocketOptions> = {}): Said[] {
  const events: Said[] = []
  const decoder = new WebSocketDecoder(
    {
      onMessage: (type, payload, size) => events.push([type, payload.toString('latin1'), size]),
      onAnomaly: (anomaly) => options.masked !== undefined && events.push([anomaly]),
      onViolation: () => events.push(['violation']),
    },
    { deflate: null, masked: false, ...options },
  )
  for (const piece of pieces) decoder.push(piece, 0)
  return events
}

const deflated = (text: string) => deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
const { continued, text, binary, close, ping } = Opcode

describe('WebSocket frames', () => {
  it('are messages, masked or not, with control frames between fragments', () => {
    const frames = [
      frame(text, 'hel', { final: false, mask: Buffer.of(1, 2, 3, 4) }),
      frame(ping, 'still there?'),
      frame(continued, 'lo', { mask: Buffer.of(9, 8, 7, 6) }),
      frame(binary, '\x00\xff'),
      frame(close, '\x03\xe8bye'),
    ]
    expect(said(frames)).toEqual([
      ['ping', 'still there?', 12],
      ['text', 'hello', 5],
      ['binary', '\x00\xff', 2],
      ['close', '\x03\xe8bye', 5],
    ])
  })

  it('of any length and split anyhow are the same messages', () => {
    const messages = fc.array(
      fc.record({
        opcode: fc.constantFrom(text, binary),
        length: fc.oneof(fc.nat(300), fc.constantFrom(125, 126, 65_535, 65_536)),
        cuts: fc.nat(3),
        mask: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    )
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 70_000 }), (list, step) => {
        const expected: Said[] = []
        const bytes = Buffer.concat(
          list.map(({ opcode, length, cuts, mask }) => {
            const payload = randomBytes(length)
            expected.push([opcode === text ? 'text' : 'binary', payload.toString('latin1'), length])
            const size = Math.ceil((length + 1) / (cuts + 1))
            const pieces = Array.from({ length: cuts + 1 }, (_, n) => payload.subarray(n * size, (n + 1) * size))
            const frames = pieces.map((piece, n) =>
              frame(n === 0 ? opcode : continued, piece, { final: n === cuts, ...(mask ? { mask: randomBytes(4) } : {}) }),
            )
            return Buffer.concat(frames)
          }),
        )
        const pieces = Array.from({ length: Math.ceil(bytes.length / step) }, (_, n) => bytes.subarray(n * step, (n + 1) * step))
        expect(said(pieces)).toEqual(expected)
      }),
      { seed: 20_260_304, numRuns: 60 },
    )
  })

  it.each([
    ['a reserved bit', Buffer.of(0xa1, 0)],
    ['an unknown opcode', frame(3, '')],
    ['a continuation of nothing', frame(continued, 'x')],
    ['a message amid another', Buffer.concat([frame(text, 'a', { final: false }), frame(text, 'b')])],
    ['a control frame in fragments', frame(ping, '', { final: false })],
    ['a long control frame', frame(ping, 'x'.repeat(126))],
    ['compression that was not agreed', frame(text, deflated('x'), { compressed: true })],
  ])('end the decoding: %s', (_, bytes) => {
    expect(said([bytes, frame(text, 'never read')])).toEqual([['violation']])
  })

  it('beyond the limit are cut, and their size is told', () => {
    expect(said([frame(binary, 'x'.repeat(100)), frame(text, 'y')], { deflate: null, limit: 10 })).toEqual([
      ['binary', 'x'.repeat(10), 100],
      ['text', 'y', 1],
    ])
  })

  it('are read when they are wrongly masked or not, and that is told', () => {
    const masked = frame(text, 'x', { mask: Buffer.of(1, 2, 3, 4) })
    expect(said([masked], { masked: false })).toEqual([['invalidMask'], ['text', 'x', 1]])
    expect(said([frame(text, 'x')], { masked: true })).toEqual([['invalidMask'], ['text', 'x', 1]])
    expect(said([masked], { masked: true })).toEqual([['text', 'x', 1]])
  })

  it('that are long when inflated are cut, and what refers to them is read', async () => {
    const messages = ['a'.repeat(3_000), 'a'.repeat(100)]
    const { client, extensions } = await webSocketTalk(messages, {})
    const found = said([client], { deflate: agreedDeflate(extensions).client, limit: 1_000 })
    expect(found.slice(0, 2)).toEqual([
      ['text', 'a'.repeat(1_000), 3_000],
      ['text', 'a'.repeat(100), 100],
    ])
  })

  it('that blow up when inflated are told without their content', () => {
    const bomb = frame(text, deflated('0'.repeat(1_000_000)), { compressed: true })
    const after = frame(text, deflated('fine'), { compressed: true })
    expect(said([bomb, after], { deflate: { contextTakeover: false }, limit: 1_000 })).toEqual([
      ['text', '', 4_001],
      ['text', 'fine', 4],
    ])
    expect(said([bomb, after], { deflate: { contextTakeover: true }, limit: 1_000 }).at(-1)).toEqual(['violation'])
  })
})

describe('permessage-deflate', () => {
  it.each([
    ['', null, null],
    ['x-other', null, null],
    ['permessage-deflate', true, true],
    ['permessage-deflate; server_no_context_takeover', true, false],
    ['x-other, permessage-deflate;client_no_context_takeover ; server_max_window_bits=10', false, true],
  ])('is agreed by %j', (header, client, origin) => {
    const takeover = (agreed: boolean | null) => (agreed === null ? null : { contextTakeover: agreed })
    expect(agreedDeflate(header === '' ? [] : [header])).toEqual({ client: takeover(client), origin: takeover(origin) })
  })
})

describe.each([
  ['without compression', false],
  ['with context takeover', {}],
  ['without context takeover', { clientNoContextTakeover: true, serverNoContextTakeover: true }],
])('a real conversation %s', (_, perMessageDeflate) => {
  const messages = [
    'first',
    'x'.repeat(70_000),
    Buffer.from([0, 255, 1]),
    JSON.stringify(Array(500).fill({ same: 'thing' })),
    JSON.stringify(Array(500).fill({ same: 'thing' })),
    '',
  ]
  const told = (talk: WebSocketTalk, sender: 'client' | 'origin', pieces?: Buffer[]) =>
    said(pieces ?? [talk[sender]], { deflate: agreedDeflate(talk.extensions)[sender] })
  const expected = [
    ...messages.map((message): Said => [typeof message === 'string' ? 'text' : 'binary', message.toString('latin1'), message.length]),
    ['close', '\x03\xe8done', 6],
  ]

  it('is read to the byte, however it is split', async () => {
    const talk = await webSocketTalk(messages, perMessageDeflate)
    for (const sender of ['client', 'origin'] as const) {
      expect(told(talk, sender)).toEqual(expected)
      expect(
        told(
          talk,
          sender,
          Array.from(talk[sender], (byte) => Buffer.of(byte)),
        ),
      ).toEqual(expected)
    }
  })

  it('never makes it throw, mutated anyhow', async () => {
    const talk = await webSocketTalk(messages, perMessageDeflate)
    fc.assert(
      fc.property(
        fc.constantFrom('client' as const, 'origin' as const),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (sender, changes) => {
          const bytes = Buffer.from(talk[sender])
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte
          const events = told(talk, sender, [bytes])
          const violation = events.findIndex(([type]) => type === 'violation')
          expect(violation === -1 || violation === events.length - 1).toBe(true)
        },
      ),
      { seed: 20_260_305, numRuns: 100 },
    )
  })
})
