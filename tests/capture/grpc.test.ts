import { deflateSync, gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Base64Pieces, GrpcDecoder } from '../../daemon/capture/decoders/grpc.ts'
import { block, Flag, Frame, frame, preface } from '../support/http2-wire.ts'
import { RecordedSession } from './kept-records.ts'

function message(payload: Buffer | string, flags = 0): Buffer {
  const bytes = Buffer.from(payload as string)
  const head = Buffer.alloc(5)
  head[0] = flags
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

type Said = [text: string, size: number, compressed: boolean] | [trailers: string] | ['violation', null]

function said(pieces: readonly Buffer[], options: { web: boolean; limit?: number } = { web: false }): Said[] {
  const events: Said[] = []
  const decoder = new GrpcDecoder(
    {
      onMessage: (payload, size, compressed) => events.push([payload.toString('latin1'), size, compressed]),
      onTrailers: (payload) => events.push([payload.toString()]),
      onViolation: () => events.push(['violation', null]),
    },
    options,
  )
  for (const piece of pieces) decoder.push(piece, 0)
  return events
}

describe('length-prefixed messages', () => {
  it('are the same, however they are split', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (list, step) => {
        const bytes = Buffer.concat(list.map((one) => message(Buffer.from(one))))
        const pieces = Array.from({ length: Math.ceil(bytes.length / step) }, (_, n) => bytes.subarray(n * step, (n + 1) * step))
        expect(said(pieces)).toEqual(list.map((one) => [Buffer.from(one).toString('latin1'), one.length, false]))
      }),
      { seed: 20_260_308 },
    )
  })

  it('of any bytes never make it throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }), fc.boolean(), (pieces, web) => {
        const events = said(
          pieces.map((piece) => Buffer.from(piece)),
          { web, limit: 20 },
        )
        const violation = events.findIndex(([what, size]) => what === 'violation' && size === null)
        expect(violation === -1 || violation === events.length - 1).toBe(true)
      }),
      { seed: 20_260_309 },
    )
  })

  it('beyond the limit are cut; unknown flags end the decoding', () => {
    expect(said([message('x'.repeat(30)), message('y'), message('z', 2), message('never read')], { web: false, limit: 10 })).toEqual([
      ['x'.repeat(10), 30, false],
      ['y', 1, false],
      ['violation', null],
    ])
  })

  it('end with trailers in gRPC-web only', () => {
    expect(said([message('grpc-status:0\r\n', 0x80)], { web: true })).toEqual([['grpc-status:0\r\n']])
    expect(said([message('grpc-status:0\r\n', 0x80)])).toEqual([['violation', null]])
  })

  it('in base64 are decoded in any pieces, with padding between them', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (list, step) => {
        const text = Buffer.from(list.map((one) => Buffer.from(one).toString('base64')).join(''))
        const base64 = new Base64Pieces()
        const out: Buffer[] = []
        for (let at = 0; at < text.length; at += step) out.push(base64.push(text.subarray(at, at + step)))
        expect(Buffer.concat(out)).toEqual(Buffer.concat(list))
      }),
      { seed: 20_260_310 },
    )
  })
})

describe('a gRPC call on record', () => {
  const contents = (session: RecordedSession) =>
    session.rows[0]?.messages.map(({ direction, type, data }) => [direction, type, data?.toString()])

  it('has its messages in both directions while it is open, decompressed', () => {
    const session = new RecordedSession()
    const { script } = session
    const settings = frame(Frame.settings, 0, 0)
    const head = (list: [string, string][]) => frame(Frame.headers, Flag.endHeaders, 1, block(list))
    script
      .opened(1, { protocol: 'http2' })
      .client(1, Buffer.concat([preface, settings]))
      .origin(1, settings)
    script
      .client(
        1,
        head([
          [':method', 'POST'],
          [':scheme', 'https'],
          [':path', '/pkg.Service/Call'],
          [':authority', 'h'],
          ['content-type', 'application/grpc+proto'],
          ['grpc-encoding', 'gzip'],
        ]),
      )
      .client(1, frame(Frame.data, 0, 1, message(gzipSync('asked'), 1).subarray(0, 9)))
      .client(1, frame(Frame.data, 0, 1, message(gzipSync('asked'), 1).subarray(9)))
    expect(contents(session)).toEqual([['sent', 'grpc', 'asked']])
    script
      .origin(
        1,
        head([
          [':status', '200'],
          ['content-type', 'application/grpc'],
          ['grpc-encoding', 'deflate'],
        ]),
      )
      .origin(1, frame(Frame.data, 0, 1, Buffer.concat([message('one'), message(deflateSync('two'), 1)])))
    expect(contents(session)?.slice(1)).toEqual([
      ['received', 'grpc', 'one'],
      ['received', 'grpc', 'two'],
    ])
    expect(session.rows[0]?.record.anomalies).toBeNull()
  })

  const web = (type: string, body: Buffer) => {
    const session = new RecordedSession()
    session.script
      .opened(1)
      .client(1, `POST /pkg.Service/Call HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc-web\r\nContent-Length: 8\r\n\r\n`)
      .client(1, message('ask'))
      .origin(1, `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`)
      .origin(1, body)
    return session
  }
  const answer = Buffer.concat([message('answer'), message('grpc-status: 5\r\ngrpc-message: none such\r\n', 0x80)])

  it.each([
    ['application/grpc-web+proto', answer],
    ['application/grpc-web-text', Buffer.from(answer.toString('base64'))],
  ])('of gRPC-web has its trailers out of the last frame: %s', (type, body) => {
    const session = web(type, body)
    expect(contents(session)).toEqual([
      ['sent', 'grpc', 'ask'],
      ['received', 'grpc', 'answer'],
    ])
    expect(session.rows[0]?.record).toMatchObject({
      state: 'complete',
      anomalies: null,
      responseTrailers: {
        fields: [
          ['grpc-status', '5'],
          ['grpc-message', 'none such'],
        ],
      },
    })
  })

  it('that is answered by something else, cut, or compressed in an unknown way says so', () => {
    expect(web('text/html', Buffer.from('<h1>no</h1>')).rows[0]).toMatchObject({
      messages: [{ direction: 'sent' }],
      record: { anomalies: null },
    })
    expect(web('application/grpc-web', answer.subarray(0, 8)).rows[0]?.record.anomalies).toEqual(['messageCut'])
    const unknown = web('application/grpc-web', message('??', 1)).rows[0]
    expect(unknown).toMatchObject({ messages: [{}, { data: null, size: 2 }], record: { anomalies: ['undecoded'] } })
  })
})
