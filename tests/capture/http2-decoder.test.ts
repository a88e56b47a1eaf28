import { text } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { Http2Decoder } from '../../daemon/capture/decoders/http2.ts'
import { block, type Conversation, conversation, Flag, Frame, frame, padding, preface, word } from '../support/http2-wire.ts'

type Said = (string | number | [string, string][])[]

/** What a direction says, bytes of one stream that follow each other joined. */
function said(sender: 'client' | 'origin', pieces: Buffer[]): Said[] {
  const events: Said[] = []
  const decoder = new Http2Decoder(sender, {
    onFields: (stream, { fields }) => events.push(['fields', stream, fields]),
    onData: (stream, bytes) => {
      const last = events.at(-1)
      if (last?.[0] === 'data' && last[1] === stream) last[2] += bytes.toString('latin1')
      else if (bytes.length > 0) events.push(['data', stream, bytes.toString('latin1')])
    },
    onEnd: (stream) => events.push(['end', stream]),
    onPromise: (stream, promised, { fields }) => events.push(['promise', stream, promised, fields]),
    onReset: (stream, code) => events.push(['reset', stream, code]),
    onGoAway: (last, code) => events.push(['goAway', last, code]),
    onFlood: () => events.push(['flood']),
    onViolation: (offset) => events.push(['violation', offset]),
  })
  for (const piece of pieces) decoder.push(piece, 0)
  return events
}

const settings = frame(Frame.settings, 0, 0)
/** What an origin says after the frame that must come first. */
const saidByOrigin = (frames: Buffer[]) => said('origin', [settings, ...frames])
const saidByClient = (frames: Buffer[]) => said('client', [preface, settings, ...frames])

const get = block([
  [':method', 'GET'],
  [':path', '/'],
])
const ok = block([[':status', '200']])
const tidings = block([['x-end', '1']])

describe('HTTP/2 frames', () => {
  it('give fields, data, trailers and the end of a stream', () => {
    const origin = [
      frame(Frame.headers, Flag.endHeaders, 1, ok),
      frame(Frame.data, 0, 1, 'hello '),
      frame(Frame.data, 0, 1, 'world'),
      frame(Frame.headers, Flag.endHeaders | Flag.endStream, 1, tidings),
    ]
    expect(saidByOrigin(origin)).toEqual([
      ['fields', 1, [[':status', '200']]],
      ['data', 1, 'hello world'],
      ['fields', 1, [['x-end', '1']]],
      ['end', 1],
    ])
  })

  it('lose padding and priority', () => {
    const client = [
      frame(Frame.headers, Flag.endHeaders | Flag.padded | Flag.priority, 1, padding(Buffer.concat([word(0), Buffer.of(15), get]), 7)),
      frame(Frame.data, Flag.padded | Flag.endStream, 1, padding('body', 255)),
      frame(Frame.data, Flag.padded | Flag.endStream, 3, padding('', 0)),
    ]
    expect(saidByClient(client).slice(1)).toEqual([
      ['data', 1, 'body'],
      ['end', 1],
      ['end', 3],
    ])
  })

  it('join a block that CONTINUATION frames carry on', () => {
    const pieces = Array.from(ok, (byte, at) => frame(Frame.continuation, at === ok.length - 1 ? Flag.endHeaders : 0, 1, Buffer.of(byte)))
    expect(saidByOrigin([frame(Frame.headers, Flag.endStream, 1), ...pieces])).toEqual([
      ['fields', 1, [[':status', '200']]],
      ['end', 1],
    ])
  })

  it('announce pushes, resets and the end of the connection', () => {
    const origin = [
      frame(Frame.promise, Flag.endHeaders | Flag.padded, 1, padding(Buffer.concat([word(2), get]), 3)),
      frame(Frame.reset, 0, 1, word(8)),
      frame(Frame.goAway, 0, 0, Buffer.concat([word(5), word(2), Buffer.from('debug')])),
    ]
    expect(saidByOrigin(origin).map((event) => event.slice(0, 3))).toEqual([
      ['promise', 1, 2],
      ['reset', 1, 8],
      ['goAway', 5, 2],
    ])
  })

  it('pass over what binds the peers alone, and what is unknown', () => {
    const origin = [
      frame(Frame.windowUpdate, 0, 0, word(1)),
      frame(Frame.priority, 0, 3, Buffer.alloc(5)),
      frame(Frame.ping, 1, 0, Buffer.alloc(8)),
      frame(0xa, 0, 0, 'alternative services'),
      frame(Frame.data, Flag.endStream, 1, 'x'),
    ]
    expect(saidByOrigin(origin)).toEqual([
      ['data', 1, 'x'],
      ['end', 1],
    ])
  })

  it.each([
    ['DATA without a stream', [frame(Frame.data, 0, 0, 'x')], 0],
    ['a frame amid a field block', [frame(Frame.headers, 0, 1, ok), frame(Frame.data, 0, 1, 'x')], 9 + ok.length],
    ['CONTINUATION of nothing', [frame(Frame.continuation, 0, 1, ok)], 0],
    ['more padding than payload', [frame(Frame.data, Flag.padded, 1, Buffer.of(2, 0))], 0],
    ['padding without its length', [frame(Frame.data, Flag.padded, 1)], 0],
    ['settings of seven bytes', [frame(Frame.settings, 0, 0, Buffer.alloc(7))], 0],
    ['fields that are no HPACK', [frame(Frame.ping, 0, 0, Buffer.alloc(8)), frame(Frame.headers, Flag.endHeaders, 1, Buffer.of(0x80))], 17],
    [
      'a flood of CONTINUATION',
      [frame(Frame.headers, 0, 1), ...Array(5).fill(frame(Frame.continuation, 0, 1, Buffer.alloc(1024 * 1024)))],
      9 + 4 * (9 + 1024 * 1024),
    ],
  ] as const)('end the decoding at the frame that means nothing: %s', (_, frames, offset) => {
    expect(saidByOrigin([...frames, frame(Frame.data, Flag.endStream, 1, 'never read')])).toEqual([['violation', settings.length + offset]])
  })

  it('end the decoding of who does not begin as he must', () => {
    expect(said('client', [Buffer.from('GET / HTTP/1.1\r\n\r\n')])).toEqual([['violation', 0]])
    expect(said('origin', [frame(Frame.data, 0, 1, 'from the middle')])).toEqual([['violation', 0]])
    const push = frame(Frame.promise, Flag.endHeaders, 1, Buffer.concat([word(2), get]))
    expect(saidByClient([push])).toEqual([['violation', preface.length + settings.length]])
  })
})

describe('a conversation of Node’s own HTTP/2', () => {
  let real: Conversation
  const long = 'v'.repeat(20_000)
  beforeAll(async () => {
    real = await conversation(
      (stream, headers) => {
        stream.additionalHeaders({ ':status': 103, link: '</style.css>' })
        stream.respond(
          { ':status': 200, 'x-path': String(headers[':path']), 'set-cookie': ['a=1', 'b=2'], 'x-long': long },
          { waitForTrailers: true },
        )
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': 'last' }))
        stream.end(`answer to ${headers[':path']}`)
      },
      async (client) => {
        const one = async (path: string) => {
          const stream = client.request({ ':method': 'POST', ':path': path, cookie: 'c=3', 'x-weird': '\xe4' })
          stream.end(`question ${path}`)
          expect(await text(stream)).toBe(`answer to ${path}`)
        }
        await Promise.all(['/a', '/b?c=d', '/../e'].map(one))
        await one('/again')
      },
    )
  })

  it('is read to the byte', () => {
    const client = said('client', [real.client])
    const paths = client
      .filter(([kind]) => kind === 'fields')
      .map((event) => (event[2] as [string, string][]).find(([name]) => name === ':path')?.[1])
    expect(paths).toEqual(['/a', '/b?c=d', '/../e', '/again'])
    expect(client.filter(([kind]) => kind === 'data').map((event) => event[2])).toEqual([
      'question /a',
      'question /b?c=d',
      'question /../e',
      'question /again',
    ])
    const origin = said('origin', [real.origin]).filter(([, stream]) => stream === 7)
    expect(origin.map(([kind]) => kind)).toEqual(['fields', 'fields', 'data', 'fields', 'end'])
    expect(origin[0]?.[2]).toEqual(
      expect.arrayContaining([
        [':status', '103'],
        ['link', '</style.css>'],
      ]),
    )
    expect(origin[1]?.[2]).toEqual(
      expect.arrayContaining([
        ['x-path', '/again'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-long', long],
      ]),
    )
    expect(origin[3]?.[2]).toEqual([['x-trailer', 'last']])
  })

  it('is the same however it is split', () => {
    for (const sender of ['client', 'origin'] as const) {
      const bytes = real[sender]
      const whole = said(sender, [bytes])
      expect(
        said(
          sender,
          Array.from(bytes, (byte) => Buffer.of(byte)),
        ),
      ).toEqual(whole)
      for (let at = 0; at < Math.min(bytes.length, 3_000); at++)
        expect(said(sender, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole)
    }
  })

  it('never makes it throw or speak after a violation, mutated anyhow', () => {
    const mutation = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      byte: fc.nat(255),
      kind: fc.constantFrom('set', 'drop', 'cut'),
    })
    fc.assert(
      fc.property(fc.constantFrom('client', 'origin'), fc.array(mutation, { minLength: 1, maxLength: 5 }), (sender, mutations) => {
        let bytes = Buffer.from(real[sender as 'client'])
        for (const { at, byte, kind } of mutations) {
          const where = Math.floor(at * bytes.length)
          if (kind === 'set') bytes[where] = byte
          else if (kind === 'drop') bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + 1)])
          else bytes = bytes.subarray(0, where)
        }
        const events = said(sender as 'client', [bytes])
        const violation = events.findIndex(([kind]) => kind === 'violation')
        expect(violation === -1 || violation === events.length - 1).toBe(true)
      }),
      { seed: 20_260_303, numRuns: 1_000 },
    )
  })
})
