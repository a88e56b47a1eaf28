import { describe, expect, it } from 'vitest'
import { block, Flag, Frame, frame, preface, word } from '../support/http2-wire.ts'
import { RecordedSession } from './kept-records.ts'

const settings = frame(Frame.settings, 0, 0)
const request = (path: string, more: [string, string][] = []) =>
  block([[':method', 'GET'], [':scheme', 'https'], [':authority', 'example.com:443'], [':path', path], ...more])
const head = (stream: number, path: string, flags: number = Flag.endStream) =>
  frame(Frame.headers, Flag.endHeaders | flags, stream, request(path))
const fields = (stream: number, list: [string, string][], flags = 0) => frame(Frame.headers, Flag.endHeaders | flags, stream, block(list))
const data = (stream: number, text: string, flags = 0) => frame(Frame.data, flags, stream, text)

const recorded = () => {
  const session = new RecordedSession()
  const { script } = session
  script
    .opened(1, { protocol: 'http2' })
    .client(1, Buffer.concat([preface, settings]))
    .origin(1, settings)
  return { session, script }
}

describe('the streams of an HTTP/2 connection', () => {
  it('are exchanges, however they are interleaved', () => {
    const { session, script } = recorded()
    script.client(1, head(1, '/a?b')).client(1, head(3, '/c', 0))
    script
      .origin(
        1,
        fields(1, [
          [':status', '200'],
          ['x-one', '1'],
        ]),
      )
      .client(1, data(3, 'que'))
      .origin(1, data(1, 'an'))
    script
      .client(1, data(3, 'stion', Flag.endStream))
      .origin(1, fields(3, [[':status', '404']], Flag.endStream))
      .origin(1, data(1, 'swer', Flag.endStream))
    expect(session.summary).toEqual([
      'complete | http | GET | https://example.com/a?b | 200 | answer |  | ',
      'complete | http | GET | https://example.com/c | 404 |  |  | ',
    ])
    const [first, second] = session.rows
    expect(first?.record).toMatchObject({
      stream: 1,
      requestVersion: '2',
      responseVersion: '2',
      responseFields: { fields: [['x-one', '1']] },
      connectMs: 2,
    })
    expect(first?.record.requestFields.fields).toEqual([])
    expect(second?.record).toMatchObject({ stream: 3, connectMs: -1, requestBody: { size: 8, ended: true } })
    expect(second?.request.toString()).toBe('question')
    expect(second?.record.connection).toBe(first?.record.connection)
  })

  it('are visible while they are open, with informational responses and trailers', () => {
    const { session, script } = recorded()
    script
      .client(1, head(1, '/'))
      .origin(
        1,
        fields(1, [
          [':status', '103'],
          ['link', '<a>'],
        ]),
      )
      .origin(1, fields(1, [[':status', '200']]))
      .origin(1, data(1, 'so far'))
    expect(session.summary).toEqual(['open | http | GET | https://example.com/ | 200 | so far |  | '])
    script.origin(1, fields(1, [['grpc-status', '0']], Flag.endStream))
    expect(session.summary).toEqual(['complete | http | GET | https://example.com/ | 200 | so far |  | '])
    expect(session.rows[0]?.record).toMatchObject({
      informational: [{ status: 103, reason: '', headers: [['link', '<a>']] }],
      responseTrailers: { fields: [['grpc-status', '0']] },
    })
  })

  it('keep the order and number of fields, and share equal ones', () => {
    const { session, script } = recorded()
    const list: [string, string][] = [
      ['cookie', 'a=1'],
      ['x', '2'],
      ['cookie', 'b=3'],
    ]
    for (const stream of [1, 3])
      script.client(1, frame(Frame.headers, Flag.endHeaders | Flag.endStream, stream, request(`/${stream}`, list)))
    const [first, second] = session.rows
    expect(first?.record.requestFields.fields).toEqual(list)
    expect(second?.record.requestFields).toBe(first?.record.requestFields)
  })

  it('end as who reset them says', () => {
    const { session, script } = recorded()
    for (const stream of [1, 3, 5, 7]) script.client(1, head(stream, `/${stream}`, stream === 5 ? 0 : Flag.endStream))
    script.client(1, frame(Frame.reset, 0, 1, word(8))).origin(1, frame(Frame.reset, 0, 3, word(7)))
    script.origin(1, fields(5, [[':status', '413']], Flag.endStream)).origin(1, frame(Frame.reset, 0, 5, word(0)))
    script.origin(1, frame(Frame.goAway, 0, 0, Buffer.concat([word(5), word(11)])))
    expect(session.summary).toEqual([
      'aborted | http | GET | https://example.com/1 | 0 |  | clientAborted | ',
      'failed | http | GET | https://example.com/3 | 0 |  | upstreamReset | ',
      'complete | http | GET | https://example.com/5 | 413 |  |  | ',
      'failed | http | GET | https://example.com/7 | 0 |  | upstreamClosed | ',
    ])
    expect(session.rows[1]?.record.error?.message).toContain('REFUSED_STREAM')
    expect(session.rows[3]?.record.error?.message).toContain('ENHANCE_YOUR_CALM')
  })

  it('end with their connection', () => {
    const { session, script } = recorded()
    script.client(1, head(1, '/')).closed(1, { by: 'origin', reset: true })
    expect(session.summary).toEqual(['failed | http | GET | https://example.com/ | 0 |  | upstreamReset | '])
  })

  it('are there when the origin pushes', () => {
    const { session, script } = recorded()
    script.client(1, head(1, '/')).origin(1, frame(Frame.promise, Flag.endHeaders, 1, Buffer.concat([word(2), request('/style.css')])))
    script.origin(1, fields(2, [[':status', '200']])).origin(1, data(2, 'p {}', Flag.endStream))
    expect(session.summary[1]).toBe('complete | http | GET | https://example.com/style.css | 200 | p {} |  | ')
  })

  it('become tunnels and WebSockets by CONNECT', () => {
    const { session, script } = recorded()
    const connect = (stream: number, more: [string, string][]) => fields(stream, [[':method', 'CONNECT'], ...more])
    script.client(1, connect(1, [[':authority', 'db:5432']]))
    script.client(
      1,
      connect(3, [
        [':protocol', 'websocket'],
        [':scheme', 'https'],
        [':path', '/chat'],
        [':authority', 'example.com'],
      ]),
    )
    for (const stream of [1, 3]) script.origin(1, fields(stream, [[':status', '200']])).origin(1, data(stream, 'four'))
    expect(session.summary).toEqual([
      'open | tunnel | CONNECT | https://db:5432 | 200 |  |  | undecoded',
      'open | websocket | CONNECT | https://example.com/chat | 200 |  |  | invalidFrame,undecoded',
    ])
    expect(session.rows.map(({ record }) => record.receivedUnkept)).toEqual([4, 4])
  })
})

describe('an HTTP/2 connection that cannot be decoded', () => {
  it('is cut on record where it stopped meaning anything, and counted from there', () => {
    const { session, script } = recorded()
    script
      .client(1, head(1, '/'))
      .origin(1, fields(1, [[':status', '200']]))
      .origin(1, data(0, 'no stream'))
      .origin(1, 'more')
      .client(1, 'and more')
    expect(session.summary).toEqual([
      'failed | http | GET | https://example.com/ | 200 |  | notRecorded | ',
      'open | tunnel | CONNECT | https://example.com | 0 |  |  | invalidFrame,undecoded',
    ])
    expect(session.rows[0]?.record.responseBody?.truncated).toBe(true)
    expect(session.rows[1]?.record).toMatchObject({ sentUnkept: 8, receivedUnkept: 9 + 9 + 4 })
    script.closed(1)
    expect(session.summary[1]).toMatch(/^complete/)
  })

  it('stays so after a gap, for the tables of HPACK are lost', () => {
    const { session, script } = recorded()
    script.client(1, head(1, '/')).gap(1, { since: script.at, sent: 10, received: 20 }).client(1, head(3, '/never')).closed(1)
    expect(session.summary).toEqual([
      'failed | http | GET | https://example.com/ | 0 |  | notRecorded | ',
      'complete | tunnel | CONNECT | https://example.com | 0 |  |  | undecoded',
    ])
    expect(session.writer.gaps).toMatchObject([{ reason: 'overload', bytes: 30 }])
  })

  it('is one tunnel when it failed before its first stream', () => {
    const { session, script } = recorded()
    script.closed(1, { by: 'client', failure: { reason: 'clientRejectedCa', message: 'no' } })
    expect(session.summary).toEqual(['failed | tunnel | CONNECT | https://example.com | 0 |  | clientRejectedCa | '])
  })
})
