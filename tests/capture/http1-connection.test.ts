import { describe, expect, it } from 'vitest'
import { RecordedSession } from './kept-records.ts'
import { origin } from './wire-script.ts'

const recorded = () => {
  const session = new RecordedSession()
  return { session, script: session.script }
}
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: example.com\r\n\r\n`

describe('an exchange', () => {
  it('has its heads, bodies, times and both ends', () => {
    const { session, script } = recorded()
    const begun = script.at
    script.opened(1).client(1, 'POST /a?b HTTP/1.1\r\nhost: example.com:443\r\nContent-Length: 3\r\n\r\nab').client(1, 'c')
    script.origin(1, 'HTTP/1.1 201 Made it\r\nX: 1\r\nx: 2\r\nContent-Length: 2\r\n\r\nh').origin(1, 'i').closed(1)
    const [row, ...more] = session.rows
    expect(more).toEqual([])
    expect(row?.request.toString()).toBe('abc')
    expect(row?.response.toString()).toBe('hi')
    expect(row?.writes).toBe(1)
    expect(row?.record).toMatchObject({
      seq: 1,
      state: 'complete',
      kind: 'http',
      source: 'proxy',
      connection: { client: { address: '127.0.0.1', port: 50_001 } },
      origin: { server: origin.server, tls: origin.tls },
      startedAt: begun + 1,
      requestEndedAt: begun + 2,
      responseStartedAt: begun + 3,
      endedAt: begun + 4,
      dnsMs: 1,
      connectMs: 2,
      tlsMs: 3,
      method: 'POST',
      scheme: 'https',
      authority: 'example.com',
      path: '/a?b',
      requestVersion: '1.1',
      requestFields: {
        fields: [
          ['host', 'example.com:443'],
          ['Content-Length', '3'],
        ],
      },
      status: 201,
      reason: 'Made it',
      responseVersion: '1.1',
      responseFields: {
        fields: [
          ['X', '1'],
          ['x', '2'],
          ['Content-Length', '2'],
        ],
      },
      requestBody: { size: 3, ended: true, truncated: false },
      responseBody: { size: 2, ended: true, truncated: false },
      error: null,
      anomalies: null,
    })
  })

  it('is visible from its head on, and written again when it changes', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, get('/'))
    expect(session.summary).toEqual(['open | http | GET | https://example.com/ | 0 |  |  | '])
    script.origin(1, 'HTTP/1.1 200 OK\r\n\r\nab')
    expect(session.summary).toEqual(['open | http | GET | https://example.com/ | 200 | ab |  | '])
    script.origin(1, 'cd')
    expect(session.summary).toEqual(['open | http | GET | https://example.com/ | 200 | abcd |  | '])
    script.originEnd(1)
    expect(session.summary).toEqual(['complete | http | GET | https://example.com/ | 200 | abcd |  | '])
    expect(session.rows[0]?.writes).toBe(4)
    script.closed(1, { by: 'origin' })
    expect(session.rows[0]?.writes).toBe(4)
  })

  it('keeps 1xx apart and trailers too', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nQ: 1\r\n\r\n')
    script.origin(
      1,
      'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\nT: 2\r\n\r\n',
    )
    const record = session.rows[0]?.record
    expect(record?.informational).toEqual([{ status: 103, reason: 'Early Hints', headers: [['Link', 'x']] }])
    expect(record?.requestTrailers?.fields).toEqual([['Q', '1']])
    expect(record?.responseTrailers?.fields).toEqual([['T', '2']])
    expect(record?.state).toBe('complete')
  })

  it('may be answered before its request has ended', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, 'POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na').origin(1, ok('no'))
    expect(session.rows[0]?.record.state).toBe('open')
    script.client(1, 'bc')
    expect(session.rows[0]?.record).toMatchObject({ state: 'complete', requestEndedAt: script.at - 1, endedAt: script.at - 1 })
  })
})

describe('several on one connection', () => {
  it('are matched in order when they are pipelined', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, get('/1') + get('/2').replace('GET', 'HEAD') + get('/3'))
    script.origin(1, `${ok('one')}HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n${ok('three')}`).closed(1)
    expect(session.summary).toEqual([
      'complete | http | GET | https://example.com/1 | 200 | one |  | ',
      'complete | http | HEAD | https://example.com/2 | 200 |  |  | ',
      'complete | http | GET | https://example.com/3 | 200 | three |  | ',
    ])
    expect(session.rows.map(({ record }) => record.connectMs)).toEqual([2, -1, -1])
    expect(new Set(session.rows.map(({ record }) => record.connection)).size).toBe(1)
    expect(session.rows[2]?.record.requestFields).toBe(session.rows[0]?.record.requestFields)
  })

  it('may go to different origins', () => {
    const { session, script } = recorded()
    const other = { server: { address: '127.0.0.3', port: 80 }, connect: 9 }
    const first = { server: { address: '127.0.0.2', port: 80 }, connect: 7 }
    const { origin: _, ...none } = { origin: 0, scheme: 'http', authority: '' } as const
    script.opened(1, none).client(1, 'GET http://a.test/1 HTTP/1.1\r\nHost: a.test\r\n\r\n').facts(1, first)
    script.origin(1, 'HTTP/1.1 200 OK\r\n\r\nclose-delimited').originEnd(1)
    script.client(1, 'GET http://b.test:80/2 HTTP/1.1\r\nHost: b.test\r\n\r\n').facts(1, other).origin(1, ok('b'))
    script.client(1, 'GET http://a.test:81 HTTP/1.1\r\nHost: A.test:81\r\n\r\n').facts(1, first).origin(1, ok('a'))
    expect(session.summary).toEqual([
      'complete | http | GET | http://a.test/1 | 200 | close-delimited |  | ',
      'complete | http | GET | http://b.test/2 | 200 | b |  | ',
      'complete | http | GET | http://a.test:81 | 200 | a |  | ',
    ])
    expect(session.rows.map(({ record }) => [record.origin?.server.address, record.connectMs])).toEqual([
      ['127.0.0.2', 7],
      ['127.0.0.3', 9],
      ['127.0.0.2', -1],
    ])
  })
})

describe('its URL', () => {
  const table: [request: string, url: string, opened?: { scheme?: 'http' | 'https'; authority?: string }][] = [
    ['GET / HTTP/1.1\r\nHost: other.test:8443\r\n\r\n', 'https://other.test:8443/'],
    ['GET / HTTP/1.0\r\n\r\n', 'https://example.com/'],
    ["GET /a/../b?x='|\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n", "https://h/a/../b?x='|\xc3\xa4"],
    ['GET / HTTP/1.1\r\nHost: h:80\r\n\r\n', 'http://h/', { scheme: 'http', authority: '' }],
    ['GET / HTTP/1.1\r\nHost: h:443\r\n\r\n', 'http://h:443/', { scheme: 'http', authority: '' }],
    ['GET / HTTP/1.1\r\nHost: [::1]:443\r\n\r\n', 'https://[::1]/'],
    ['GET HTTP://u:p@H:80?q HTTP/1.1\r\nHost: x\r\n\r\n', 'http://H?q'],
    ['OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n', 'https://h*'],
    ['GET /1 HTTP/1.1\r\nHost: [::1]\r\n\r\n', 'https://[::1]/1', { authority: '[::1]:9' }],
    ['GET /1 HTTP/1.1\r\n\r\n', 'https://[::1]:9/1', { authority: '[::1]:9' }],
  ]
  it.each(table)('%j is %s', (request, url, opened = {}) => {
    const { session, script } = recorded()
    script.opened(1, opened).client(1, request)
    const { scheme, authority, path } = session.rows[0]?.record ?? {}
    expect(`${scheme}://${authority}${path}`).toBe(url)
  })

  it('follows each request', () => {
    const { session, script } = recorded()
    script
      .opened(1)
      .client(
        1,
        get('/1') +
          get('/2').replace('example.com', 'b') +
          'GET https://c/3 HTTP/1.1\r\nHost: b\r\n\r\n' +
          get('/4').replace('example.com', 'b'),
      )
    expect(session.rows.map(({ record }) => record.authority + record.path)).toEqual(['example.com/1', 'b/2', 'c/3', 'b/4'])
  })
})

describe('what does not end as framed', () => {
  it('is aborted when the client goes first', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, get('/')).origin(1, 'HTTP/1.1 200 OK\r\n\r\ndata: 1').closed(1, { by: 'client' })
    script.opened(2).client(2, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab').closed(2, { by: 'client', reset: true })
    expect(session.summary).toEqual([
      'aborted | http | GET | https://example.com/ | 200 | data: 1 | clientAborted | ',
      'aborted | http | POST | https://a/ | 0 |  | clientAborted | ',
    ])
  })

  it('is aborted when the client ends amid its request, even with a response', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab').clientEnd(1).origin(1, ok('what?'))
    expect(session.summary).toEqual(['aborted | http | POST | https://a/ | 200 | what? | clientAborted | '])
  })

  it('fails when the origin resets, closes or ends amid its response', () => {
    const { session, script } = recorded()
    script
      .opened(1)
      .client(1, get('/1'))
      .origin(1, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab')
      .closed(1, { by: 'origin', reset: true })
    script.opened(2).client(2, get('/2')).closed(2, { by: 'origin' })
    script.opened(3).client(3, get('/3')).origin(3, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab').originEnd(3)
    expect(session.summary).toEqual([
      'failed | http | GET | https://example.com/1 | 200 | ab | upstreamReset | ',
      'failed | http | GET | https://example.com/2 | 0 |  | upstreamClosed | ',
      'failed | http | GET | https://example.com/3 | 200 | ab | upstreamClosed | ',
    ])
  })

  it('is aborted when the client ended its direction before the origin broke off', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, get('/1')).clientEnd(1).origin(1, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab').originEnd(1)
    script.opened(2).client(2, get('/2')).clientEnd(2).closed(2, { by: 'origin' })
    expect(session.summary).toEqual([
      'aborted | http | GET | https://example.com/1 | 200 | ab | clientAborted | ',
      'aborted | http | GET | https://example.com/2 | 0 |  | clientAborted | ',
    ])
  })

  it('fails with the reason that weir gives, once, and the connection goes on', () => {
    const { session, script } = recorded()
    const refused = { reason: 'connectionRefused', message: 'nobody listens there' } as const
    script.opened(1).client(1, get('/1')).failed(1, refused).client(1, get('/2')).origin(1, ok('2')).closed(1, { by: 'weir' })
    script.opened(2).client(2, get('/3')).closed(2, { by: 'weir', failure: refused })
    expect(session.summary).toEqual([
      'failed | http | GET | https://example.com/1 | 0 |  | connectionRefused | ',
      'complete | http | GET | https://example.com/2 | 200 | 2 |  | ',
      'failed | http | GET | https://example.com/3 | 0 |  | connectionRefused | ',
    ])
    expect(session.rows[0]?.record.error).toEqual(refused)
  })

  it('fails as a tunnel when no request came', () => {
    const { session, script } = recorded()
    script.opened(1).closed(1, { failure: { reason: 'clientRejectedCa', message: 'trust the CA' } })
    script.opened(2).client(2, 'GET / HT').failed(2, { reason: 'tlsUntrusted', message: 'expired' }).closed(2, { by: 'weir' })
    script.opened(3).closed(3)
    expect(session.summary).toEqual([
      'failed | tunnel | CONNECT | https://example.com | 0 |  | clientRejectedCa | ',
      'failed | tunnel | CONNECT | https://example.com | 0 |  | tlsUntrusted | ',
    ])
    expect(session.rows[1]?.record.sentUnkept).toBe(8)
  })

  it('is on record even when only a part of a head came', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, 'GET / HTTP/1.1\r\nHo').closed(1, { by: 'client', reset: true })
    expect(session.summary).toEqual(['aborted | tunnel | CONNECT | https://example.com | 0 |  | clientAborted | undecoded'])
    expect(session.rows[0]?.record.sentUnkept).toBe(18)
  })

  it('ends with the session when the session stops', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, get('/')).listenerClosed().closed(1, { by: 'weir', reset: true })
    expect(session.rows[0]?.record.state).toBe('open')
    session.session.endLeft({ reason: 'daemonStopped', message: '' }, script.at)
    expect(session.summary).toEqual(['aborted | http | GET | https://example.com/ | 0 |  | daemonStopped | '])
    expect(session.session.open).toBe(0)
  })
})

describe('another protocol', () => {
  it('that weir does not read is counted until the connection closes', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n')
    script.origin(1, 'HTTP/1.1 101 Switching\r\nUpgrade: other\r\n\r\n12').client(1, 'abc').origin(1, '3')
    expect(session.summary).toEqual(['open | http | GET | https://h/ws | 101 |  |  | undecoded'])
    script.gap(1, { since: 1, sent: 10, received: 20 }).closed(1, { by: 'origin' })
    expect(session.summary).toEqual(['complete | http | GET | https://h/ws | 101 |  |  | undecoded'])
    expect(session.rows[0]?.record).toMatchObject({ sentUnkept: 13, receivedUnkept: 23 })
    expect(session.writer.gaps).toEqual([])
  })

  it('after CONNECT is a tunnel', () => {
    const { session, script } = recorded()
    script
      .opened(1, { scheme: 'http', authority: '' })
      .client(1, 'CONNECT h:99 HTTP/1.1\r\nHost: h:99\r\n\r\n')
      .origin(1, 'HTTP/1.1 200 OK\r\n\r\n')
    script.client(1, '\x16\x03').closed(1)
    expect(session.summary).toEqual(['complete | tunnel | CONNECT | http://h:99 | 200 |  |  | undecoded'])
    expect(session.rows[0]?.record.sentUnkept).toBe(2)
  })

  it('instead of HTTP is counted as a tunnel, whoever speaks first', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, '\x10\x0c').client(1, 'MQTT').origin(1, '\x20\x02').closed(1)
    script.opened(2).origin(2, '* OK IMAP\r\n').client(2, 'a LOGIN\r\n').closed(2, { by: 'origin', reset: true })
    expect(session.summary).toEqual([
      'complete | tunnel | CONNECT | https://example.com | 0 |  |  | invalidRequestLine,undecoded',
      'failed | tunnel | CONNECT | https://example.com | 0 |  | upstreamReset | invalidStatusLine,undecoded',
    ])
    expect(session.rows.map(({ record }) => [record.sentUnkept, record.receivedUnkept])).toEqual([
      [6, 2],
      [9, 11],
    ])
  })
})

describe('ambiguity', () => {
  it('ends decoding of the request, and the response is still read', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab')
    script.origin(1, `HTTP/1.1 400 Bad\r\nContent-Length: 1\r\n\r\nx${ok('smuggled')}`).closed(1, { by: 'origin' })
    expect(session.summary).toEqual(['complete | http | POST | https://a/ | 400 | x |  | conflictingContentLength,undecoded'])
    expect(session.rows[0]?.record).toMatchObject({ sentUnkept: 2, receivedUnkept: ok('smuggled').length })
  })

  it('of a response ends decoding of the connection', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, get('/')).origin(1, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nax').origin(1, 'yz')
    script.client(1, get('/2')).closed(1)
    expect(session.summary).toEqual(['complete | http | GET | https://example.com/ | 200 | a |  | invalidChunk,undecoded'])
    expect(session.rows[0]?.record).toMatchObject({ sentUnkept: get('/2').length, receivedUnkept: 3 })
  })

  it.each([
    ['GET / HTTP/1.1\r\n\r\n', 'missingHost'],
    ['GET / HTTP/1.0\r\n\r\n', ''],
    ['GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n', 'duplicateHost'],
    ['GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n', 'hostMismatch'],
    ['GET http://u:p@A:80/ HTTP/1.1\r\nHost: a\r\n\r\n', ''],
    ['GET / HTTP/1.2\r\nHost: a\r\n\r\n', 'unknownVersion'],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x="y"\r\na\r\n0\r\n\r\n', 'chunkExtension'],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n', 'chunkExtension'],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n', 'forbiddenTrailer'],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n', 'invalidTransferEncoding,undecoded'],
    ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \x0b5\r\n\r\n', 'invalidContentLength,undecoded'],
  ])('of a request is named: %j', (request, anomalies) => {
    const { session, script } = recorded()
    script.opened(1).client(1, request)
    expect(session.rows[0]?.record.anomalies?.join() ?? '').toBe(anomalies)
  })

  it('in both directions leaves nothing open behind the connection', () => {
    const { session, script } = recorded()
    script
      .opened(1)
      .client(1, `${get('/')}:rubbish / HTTP/1.1\r\n\r\n`)
      .origin(1, 'rubbish too')
      .closed(1, { by: 'origin' })
    expect(session.rows.map(({ record }) => [record.kind, record.state, record.anomalies?.join()])).toEqual([
      ['http', 'failed', 'invalidStatusLine,undecoded'],
      ['tunnel', 'complete', 'invalidRequestLine,undecoded'],
    ])
    expect(session.session.open).toBe(0)
  })

  it('is listed when it can be read', () => {
    const { session, script } = recorded()
    script
      .opened(1)
      .client(1, 'POST / HTTP/1.1\nContent-Length : 1\nTransfer-Encoding: chunked\r\n\r\n0\n\n')
      .origin(1, 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n')
    expect(session.rows[0]?.record.anomalies?.toSorted()).toEqual([
      'bareLineFeed',
      'contentLengthWithTransferEncoding',
      'invalidStatusLine',
      'missingHost',
      'whitespaceBeforeColon',
    ])
    expect(session.rows[0]?.record.state).toBe('complete')
  })

  it('of a response that nobody asked for is an exchange of its own', () => {
    const { session, script } = recorded()
    script.opened(1).origin(1, 'HTTP/1.1 408 Timeout\r\nContent-Length: 3\r\n\r\nbye').closed(1, { by: 'origin' })
    expect(session.summary).toEqual(['complete | tunnel | CONNECT | https://example.com | 408 | bye |  | responseWithoutRequest'])
  })
})

describe('bytes that passed uncopied', () => {
  it('fail what is in hand and leave one gap; then whole messages are recorded again', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, get('/1')).origin(1, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
    script.opened(2)
    const since = script.at
    script.gap(1, { since, sent: 5, received: 70 }).gap(2, { since: since + 1, sent: 7, received: 8 })
    script.origin(1, 'rest of a body').origin(1, ok('nobody knows whose')).client(1, 'rest of a head\r\n\r\n')
    script.client(1, get('/2')).origin(1, ok('two')).client(2, get('/3')).origin(2, ok('three'))
    expect(session.summary).toEqual([
      'failed | http | GET | https://example.com/1 | 200 | abc | notRecorded | ',
      'complete | http | GET | https://example.com/2 | 200 | two |  | resynchronised',
      'complete | http | GET | https://example.com/3 | 200 | three |  | resynchronised',
    ])
    expect(session.rows[0]?.record.responseBody).toMatchObject({ truncated: true, ended: true, size: 3 })
    expect(session.writer.gaps).toEqual([{ from: since, to: since + 1, reason: 'overload', exchanges: null, bytes: 90 }])
  })

  it('of a whole connection leave a gap and no exchange', () => {
    const { session, script } = recorded()
    script.opened(1).gap(1, { since: script.at, sent: 100, received: 200 }).closed(1)
    expect(session.rows).toEqual([])
    expect(session.writer.gaps).toMatchObject([{ reason: 'overload', bytes: 300 }])
  })

  it('are nothing when none passed', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, get('/1')).gap(1, { since: script.at, sent: 0, received: 0 }).origin(1, ok('1'))
    expect(session.summary).toEqual(['complete | http | GET | https://example.com/1 | 200 | 1 |  | '])
    expect(session.writer.gaps).toEqual([])
  })
})

describe('opaque connections', () => {
  it('are one exchange each, open while they live', () => {
    const { session, script } = recorded()
    script.opened(1, { protocol: 'opaque', opaque: 'bypassed' }).opened(2, { protocol: 'opaque', opaque: 'undecoded', authority: 'h:8443' })
    expect(session.summary).toEqual([
      'open | tunnel | CONNECT | https://example.com | 0 |  |  | ',
      'open | tunnel | CONNECT | https://h:8443 | 0 |  |  | undecoded',
    ])
    script.closed(1, { sent: 10, received: 20 }).closed(2, { by: 'origin', reset: true, sent: 1, received: 2 })
    expect(session.rows.map(({ record }) => [record.state, record.error?.reason, record.sentUnkept, record.receivedUnkept])).toEqual([
      ['complete', undefined, 10, 20],
      ['failed', 'upstreamReset', 1, 2],
    ])
  })

  it('that failed say why', () => {
    const { session, script } = recorded()
    script
      .opened(1, { protocol: 'opaque', opaque: 'bypassed' })
      .closed(1, { by: 'weir', failure: { reason: 'dnsNotFound', message: 'no such host' } })
    expect(session.summary).toEqual(['failed | tunnel | CONNECT | https://example.com | 0 |  | dnsNotFound | '])
  })
})

describe('a Host field that is no authority', () => {
  it('ends in the URL where an authority would', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, 'GET /x HTTP/1.1\r\nHost: a.example/b?c\r\n\r\n').origin(1, ok('1'))
    expect(session.summary).toEqual(['complete | http | GET | https://a.example/x | 200 | 1 |  | '])
  })
})

describe('connections nobody knows', () => {
  it('are passed over', () => {
    const { session, script } = recorded()
    script.opened(1, { session: 7 }).client(1, get('/')).closed(1).client(9, get('/')).closed(9)
    expect(session.rows).toEqual([])
    expect(session.faults).toEqual([])
  })

  it('and a record that cannot be read ends one connection, with a gap', () => {
    const { session, script } = recorded()
    script.opened(1).client(1, get('/1')).record(1, 7, Buffer.from('not JSON')).origin(1, ok('1'))
    script.opened(2).client(2, get('/2')).origin(2, ok('2'))
    expect(session.summary).toEqual([
      'failed | http | GET | https://example.com/1 | 0 |  | notRecorded | ',
      'complete | http | GET | https://example.com/2 | 200 | 2 |  | ',
    ])
    expect(session.faults).toHaveLength(1)
    script.client(1, get('/3')).origin(1, ok('3')).closed(1)
    // What it still carried lies in the gap.
    expect(session.summary).toHaveLength(2)
    const { gaps } = session.writer
    expect(new Set(gaps.map(({ reason }) => reason))).toEqual(new Set(['notRecorded']))
    expect(gaps.at(-1)?.to).toBe(script.at - 1)
  })
})
