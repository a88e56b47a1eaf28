/** Malformed and hostile HTTP/2 (RFC 9113 sections 5.1, 8 and 10.5): on record with the name of what is odd. */
import { describe, expect, it } from 'vitest'
import { block, Flag, Frame, frame, preface, word } from '../support/http2-wire.ts'
import { RecordedSession } from './kept-records.ts'

type Fields = [string, string][]

const settings = frame(Frame.settings, 0, 0)
const pseudo: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'example.com'],
  [':path', '/'],
]
const headers = (stream: number, list: Fields, flags: number = Flag.endStream) =>
  frame(Frame.headers, Flag.endHeaders | flags, stream, block(list))
const get = (stream: number, more: Fields = [], flags: number = Flag.endStream) => headers(stream, [...pseudo, ...more], flags)
const data = (stream: number, text: string, flags = 0) => frame(Frame.data, flags, stream, text)
const ok = (stream: number, more: Fields = [], flags: number = Flag.endStream) => headers(stream, [[':status', '200'], ...more], flags)

function anomaliesOf(client: Buffer[], origin: Buffer[] = []): string[] {
  const session = new RecordedSession()
  const { script } = session
  script
    .opened(1, { protocol: 'http2' })
    .client(1, Buffer.concat([preface, settings]))
    .origin(1, settings)
  for (const bytes of client) script.client(1, bytes)
  for (const bytes of origin) script.origin(1, bytes)
  script.closed(1)
  return session.rows.map(({ record }) => record.anomalies?.join() ?? '')
}

describe('a request', () => {
  it.each<[string, Buffer[], string]>([
    ['as it should be', [get(1, [['te', 'trailers']])], ''],
    ['an uppercase name', [get(1, [['X-Upper', '1']])], 'uppercaseFieldName'],
    ['a name that is no token', [get(1, [['x y', '1']])], 'invalidFieldName'],
    ['NUL in a name', [get(1, [['x\0', '1']])], 'invalidFieldName'],
    ['a line end in a value', [get(1, [['x', 'a\r\nb: c']])], 'invalidFieldValue'],
    ['white space around a value', [get(1, [['x', ' a']])], 'invalidFieldValue'],
    ['a field of the connection', [get(1, [['connection', 'close']])], 'connectionSpecificField'],
    ['transfer-encoding', [get(1, [['transfer-encoding', 'chunked']])], 'connectionSpecificField'],
    ['te beyond trailers', [get(1, [['te', 'gzip']])], 'connectionSpecificField'],
    ['no path', [headers(1, pseudo.slice(0, 3))], 'missingPseudoField'],
    ['no method', [headers(1, pseudo.slice(1))], 'missingPseudoField'],
    ['two paths', [headers(1, [...pseudo, [':path', '/2']])], 'duplicatePseudoField'],
    ['a pseudo-header field of responses', [headers(1, [...pseudo, [':status', '200']])], 'unexpectedPseudoField'],
    ['an unknown pseudo-header field', [headers(1, [...pseudo, [':odd', '1']])], 'unexpectedPseudoField'],
    ['a pseudo-header field after the others', [headers(1, [...pseudo.slice(0, 3), ['x', '1'], [':path', '/']])], 'misplacedPseudoField'],
    ['another Host', [get(1, [['host', 'other']])], 'hostMismatch'],
    ['more than its length', [get(1, [['content-length', '1']], 0), data(1, 'ab', Flag.endStream)], 'contentLengthMismatch'],
    ['less than its length', [get(1, [['content-length', '3']], 0), data(1, 'ab', Flag.endStream)], 'contentLengthMismatch'],
    ['a length without a body', [get(1, [['content-length', '3']])], 'contentLengthMismatch'],
    [
      'two lengths',
      [
        get(
          1,
          [
            ['content-length', '1'],
            ['content-length', '2'],
          ],
          0,
        ),
      ],
      'conflictingContentLength',
    ],
    ['a length that is none', [get(1, [['content-length', '+1']], 0)], 'invalidContentLength'],
    ['trailers that do not end it', [get(1, [], 0), headers(1, [['x', '1']], 0)], 'invalidTrailers'],
    ['a pseudo-header field in trailers', [get(1, [], 0), headers(1, [[':path', '/']])], 'unexpectedPseudoField'],
    ['DATA after END_STREAM', [get(1), data(1, 'late')], 'frameAfterEnd'],
    ['fields after END_STREAM', [get(1), headers(1, [['x', '1']])], 'frameAfterEnd'],
    ['DATA after its own reset', [get(1), frame(Frame.reset, 0, 1, word(8)), data(1, 'late')], 'frameAfterEnd'],
    ['a stream of the other side', [get(2)], 'unexpectedStream'],
  ])('with %s', (_, client, anomalies) => {
    expect(anomaliesOf(client)).toEqual([anomalies])
  })

  it('on a stream that has ended is an exchange of its own', () => {
    expect(anomaliesOf([get(1), frame(Frame.reset, 0, 1, word(8)), get(1)])).toEqual(['', 'unexpectedStream'])
    expect(anomaliesOf([get(5), get(3)])).toEqual(['', 'unexpectedStream'])
  })

  it('that crosses with the origin’s reset is as it should be', () => {
    const session = new RecordedSession()
    session.script
      .opened(1, { protocol: 'http2' })
      .client(1, Buffer.concat([preface, settings, get(1, [], 0)]))
      .origin(1, Buffer.concat([settings, frame(Frame.reset, 0, 1, word(7))]))
      .client(1, data(1, 'on its way', Flag.endStream))
    expect(session.summary).toEqual(['failed | http | GET | https://example.com/ | 0 |  | upstreamReset | '])
  })
})

describe('a response', () => {
  it.each<[string, Buffer[], string]>([
    ['as it should be', [ok(1, [['content-length', '2']], 0), data(1, 'ab', Flag.endStream)], ''],
    ['no status', [headers(1, [['x', '1']])], 'missingPseudoField,invalidStatusLine'],
    ['another length', [ok(1, [['content-length', '1']], 0), data(1, 'ab', Flag.endStream)], 'contentLengthMismatch'],
    ['two statuses', [ok(1, [], 0), ok(1)], 'unexpectedPseudoField'],
    ['DATA after END_STREAM', [ok(1), data(1, 'late')], 'frameAfterEnd'],
  ])('with %s', (_, origin, anomalies) => {
    expect(anomaliesOf([get(1)], origin)).toEqual([anomalies])
  })

  it('to HEAD, and 304, may name the length of what it leaves out', () => {
    const head = headers(1, [[':method', 'HEAD'], ...pseudo.slice(1)])
    expect(anomaliesOf([head], [ok(1, [['content-length', '9']])])).toEqual([''])
  })
})

describe('a flood', () => {
  const many = (count: number, make: (n: number) => Buffer) => Buffer.concat(Array.from({ length: count }, (_, n) => make(n)))

  it('of CONTINUATION, whatever it holds', () => {
    const frames = many(10_000, () => frame(Frame.continuation, 0, 1))
    const whole = [frame(Frame.headers, Flag.endStream, 1, block(pseudo)), frames, frame(Frame.continuation, Flag.endHeaders, 1)]
    expect(anomaliesOf(whole)).toEqual(['continuationFlood'])
  })

  it.each([
    ['SETTINGS', () => settings],
    ['PING', () => frame(Frame.ping, 0, 0, Buffer.alloc(8))],
    ['unknown frames', () => frame(0xbe, 0, 0, 'x')],
    ['empty DATA', () => data(1, '')],
  ])('of %s', (_, make) => {
    expect(anomaliesOf([get(1, [], 0), many(3_000, make)])).toEqual(['frameFlood'])
  })

  it('before the first stream is on the first, or on the connection', () => {
    expect(anomaliesOf([many(3_000, () => settings), get(1)])).toEqual(['frameFlood'])
    expect(anomaliesOf([many(3_000, () => settings)])).toEqual(['frameFlood'])
  })

  it('of requests that are taken back at once', () => {
    const found = anomaliesOf([many(300, (n) => Buffer.concat([get(2 * n + 1), frame(Frame.reset, 0, 2 * n + 1, word(8))]))])
    expect(found.filter((anomalies) => anomalies === 'rapidReset')).toHaveLength(200)
    expect(found.slice(0, 100).join('')).toBe('')
  })

  it('of window updates is what a large download looks like', () => {
    expect(anomaliesOf([get(1), many(5_000, () => frame(Frame.windowUpdate, 0, 0, word(1)))])).toEqual([''])
  })
})

describe('HPACK', () => {
  /** A literal with incremental indexing, then one byte for each repeat of it (RFC 7541 sections 6.1 and 6.2.1). */
  const indexed = (name: string, value: string) => Buffer.concat([Buffer.of(0x40), block([[name, value]]).subarray(1)])

  it('that makes much of little is a bomb, and its list is cut', () => {
    const bomb = Buffer.concat([block(pseudo), indexed('x', 'v'.repeat(3_000)), Buffer.alloc(2_000, 0x80 | 62)])
    expect(anomaliesOf([frame(Frame.headers, Flag.endHeaders | Flag.endStream, 1, bomb)])).toEqual(['headTooLarge,compressionBomb'])
  })

  it('tables that never forget are not followed beyond 1 MiB', () => {
    const unlimited = Buffer.of(0x3f, 0xe1, 0xff, 0xff, 0xff, 0x0f)
    const name = indexed('n'.repeat(4_000), '')
    // Its name again with an empty value: two bytes an entry.
    const repeats = Buffer.alloc(2 * 400, Buffer.of(0x40 | 62, 0))
    const client = [frame(Frame.headers, Flag.endHeaders, 1, Buffer.concat([block(pseudo), unlimited, name, repeats]))]
    expect(anomaliesOf(client)).toEqual(['invalidFrame,undecoded'])
  })
})
