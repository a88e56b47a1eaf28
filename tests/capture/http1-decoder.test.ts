import { describe, expect, it } from 'vitest'
import { HeaderBlocks } from '../../daemon/capture/decoders/header-block.ts'
import { Http1RequestDecoder, Http1ResponseDecoder, type RequestHead } from '../../daemon/capture/decoders/http1.ts'
import { type Event, requestEvents, responseEvents } from './recorded-events.ts'

const end: Event = { end: true }
const head = (line: string, ...fields: [string, string][]): Event => ({ head: line, fields })

describe('requests', () => {
  const table: [what: string, bytes: string, events: Event[]][] = [
    ['a request without a body', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', [head('GET|/|1.1', ['Host', 'a']), end]],
    ['no fields at all', 'GET / HTTP/1.0\r\n\r\n', [head('GET|/|1.0'), end]],
    [
      'field case, order and duplicates, outer white space trimmed',
      'GET / HTTP/1.1\r\nx-B: \t1 2 \t\r\nX-a:\r\nX-B:3\r\n\r\n',
      [head('GET|/|1.1', ['x-B', '1 2'], ['X-a', ''], ['X-B', '3']), end],
    ],
    [
      'a body by Content-Length, and the next request in the same piece',
      'POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n',
      [head('POST|/a|1.1', ['Content-Length', '3']), { data: 'abc' }, end, head('GET|/b|1.1'), end],
    ],
    [
      'chunks with extensions and trailers',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n00A ; x="y"\r\n0123456789\r\n0\r\nT: 1\r\nU: 2\r\n\r\n',
      [
        head('POST|/|1.1', ['Transfer-Encoding', 'chunked']),
        { anomaly: 'chunkExtension' },
        { data: 'abc0123456789' },
        {
          trailers: [
            ['T', '1'],
            ['U', '2'],
          ],
        },
        end,
      ],
    ],
    ['a path exactly as sent', "GET /a/../b?x='| HTTP/1.1\r\n\r\n", [head("GET|/a/../b?x='||1.1"), end]],
    ['bytes above 127 in a target', 'GET /\xc3\xa4 HTTP/1.1\r\n\r\n', [head('GET|/\xc3\xa4|1.1'), { anomaly: 'nonAsciiTarget' }, end]],
    ['a space in a target', 'GET /a b HTTP/1.1\r\n\r\n', [head('GET|/a b|1.1'), { anomaly: 'invalidRequestLine' }, end]],
    [
      'lower-case and odd methods',
      'get / HTTP/1.1\r\n\r\nM-SEARCH * HTTP/1.1\r\n\r\n',
      [head('get|/|1.1'), end, head('M-SEARCH|*|1.1'), end],
    ],
    ['empty lines in front', '\r\n\n\r\nGET / HTTP/1.1\r\n\r\n', [head('GET|/|1.1'), end]],
    [
      'bare line feeds',
      'GET / HTTP/1.1\nA: b\n\nGET /2 HTTP/1.1\r\n\r\n',
      [head('GET|/|1.1', ['A', 'b']), { anomaly: 'bareLineFeed' }, end, head('GET|/2|1.1'), end],
    ],
    [
      'a bare empty line before a proper one ends the head',
      'GET / HTTP/1.1\r\nA: b\n\nGET /2 HTTP/1.1\r\n\r\n',
      [head('GET|/|1.1', ['A', 'b']), { anomaly: 'bareLineFeed' }, end, head('GET|/2|1.1'), end],
    ],
    [
      'folded lines',
      'GET / HTTP/1.1\r\nA: b\r\n  c \r\n\td\r\n\r\n',
      [head('GET|/|1.1', ['A', 'b c d']), { anomaly: 'obsoleteFold' }, end],
    ],
    [
      'a space before the colon',
      'POST / HTTP/1.1\r\nContent-Length : 1\r\n\r\nx',
      [head('POST|/|1.1', ['Content-Length', '1']), { anomaly: 'whitespaceBeforeColon' }, { data: 'x' }, end],
    ],
    [
      'a line without a colon',
      'GET / HTTP/1.1\r\nrubbish\r\nA: b\r\n\r\n',
      [head('GET|/|1.1', ['rubbish', ''], ['A', 'b']), { anomaly: 'invalidHeaderLine' }, end],
    ],
    [
      'Content-Length beside Transfer-Encoding: the latter wins',
      'POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
      [
        head('POST|/|1.1', ['Content-Length', '9'], ['Transfer-Encoding', 'chunked']),
        { anomaly: 'contentLengthWithTransferEncoding' },
        { data: 'x' },
        end,
      ],
    ],
    [
      'equal Content-Lengths',
      'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx',
      [head('POST|/|1.1', ['Content-Length', '1'], ['Content-Length', '1']), { anomaly: 'invalidContentLength' }, { data: 'x' }, end],
    ],
    [
      'different Content-Lengths: nobody can tell where it ends',
      'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxGET / HTTP/1.1\r\n\r\n',
      [
        head('POST|/|1.1', ['Content-Length', '1'], ['Content-Length', '2']),
        { anomaly: 'conflictingContentLength' },
        { violation: 'conflictingContentLength', offset: 57 },
      ],
    ],
    [
      'a Content-Length that is no number',
      'POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx',
      [
        head('POST|/|1.1', ['Content-Length', '+1']),
        { anomaly: 'invalidContentLength' },
        { violation: 'invalidContentLength', offset: 39 },
      ],
    ],
    [
      'a request whose last transfer coding is not chunked',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n1\r\nx',
      [
        head('POST|/|1.1', ['Transfer-Encoding', 'chunked, gzip']),
        { anomaly: 'invalidTransferEncoding' },
        { violation: 'invalidTransferEncoding', offset: 53 },
      ],
    ],
    [
      'a chunk size that is none',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0x2\r\n',
      [head('POST|/|1.1', ['Transfer-Encoding', 'chunked']), { data: 'x' }, { violation: 'invalidChunk', offset: 53 }],
    ],
    [
      'a chunk longer than it says',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n',
      [head('POST|/|1.1', ['Transfer-Encoding', 'chunked']), { data: 'x' }, { violation: 'invalidChunk', offset: 51 }],
    ],
    [
      'data after Connection: close',
      'GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\n\r\n',
      [head('GET|/|1.1', ['Connection', 'close']), end, head('GET|/2|1.1'), { anomaly: 'dataAfterClose' }, end],
    ],
    [
      'HTTP/1.0 closes unless it is kept alive',
      'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\nGET /3 HTTP/1.0\r\n\r\n',
      [
        head('GET|/|1.0', ['Connection', 'Keep-Alive']),
        end,
        head('GET|/2|1.0'),
        end,
        head('GET|/3|1.0'),
        { anomaly: 'dataAfterClose' },
        end,
      ],
    ],
    ['no HTTP at all', '\x16\x03\x01\x02\x00', [{ violation: 'invalidRequestLine', offset: 0 }]],
    [
      'garbage after a request',
      'GET / HTTP/1.1\r\n\r\n{"a":1}\r\n',
      [head('GET|/|1.1'), end, { violation: 'invalidRequestLine', offset: 18 }],
    ],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [{ violation: 'invalidRequestLine', offset: 0 }]],
    ['HTTP/0.9', 'GET /\r\n', [{ violation: 'invalidRequestLine', offset: 0 }]],
  ]
  it.each(table)('%s', (_, bytes, events) => {
    expect(requestEvents([bytes])).toEqual(events)
    expect(requestEvents([...bytes])).toEqual(events)
  })

  it('ends amid a message with a cut', () => {
    expect(requestEvents(['POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab'], 'end').at(-1)).toEqual({ cut: true })
    expect(requestEvents(['POST / HT'], 'end')).toEqual([{ cut: true }])
    expect(requestEvents(['GET / HTTP/1.1\r\n\r\n'], 'end').at(-1)).toEqual(end)
  })

  it('refuses heads over the limit, whole or in pieces', () => {
    const long = `GET / HTTP/1.1\r\nA: ${'x'.repeat(200)}\r\n\r\n`
    const refused = [{ violation: 'headTooLarge', offset: 0 }]
    expect(requestEvents([long], 'open', { maxHead: 100 })).toEqual(refused)
    expect(requestEvents([...long], 'open', { maxHead: 100 })).toEqual(refused)
    expect(requestEvents([long], 'open', { maxHead: 300 })).toHaveLength(2)
  })
})

describe('responses', () => {
  const table: [what: string, bytes: string, methods: string[], events: Event[]][] = [
    [
      'a body by Content-Length',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
      ['GET'],
      [head('200|OK|1.1', ['Content-Length', '2']), { data: 'hi' }, end],
    ],
    ['no body after HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', ['HEAD'], [head('200|OK|1.1', ['Content-Length', '2']), end]],
    [
      'no body with 204 and 304',
      'HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nHTTP/1.1 304 Not\r\nTransfer-Encoding: chunked\r\n\r\n',
      ['GET', 'GET'],
      [
        head('204|No|1.1', ['Content-Length', '2']),
        { anomaly: 'unexpectedFraming' },
        end,
        head('304|Not|1.1', ['Transfer-Encoding', 'chunked']),
        end,
      ],
    ],
    [
      '1xx before the response',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      ['GET'],
      [{ informational: 100 }, { informational: 103 }, head('200|OK|1.1', ['Content-Length', '0']), end],
    ],
    [
      '101 and then another protocol',
      'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n\x81\x05hello',
      ['GET'],
      [head('101|Switching|1.1', ['Upgrade', 'x'])],
    ],
    ['2xx to CONNECT and then another protocol', 'HTTP/1.1 200 OK\r\n\r\n\x16\x03', ['CONNECT'], [head('200|OK|1.1')]],
    [
      'a refused CONNECT is an ordinary response',
      'HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx',
      ['CONNECT'],
      [head('403|No|1.1', ['Content-Length', '1']), { data: 'x' }, end],
    ],
    ['no reason phrase', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', ['GET'], [head('200||1.1', ['Content-Length', '0']), end]],
    [
      'no space after the status',
      'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n',
      ['GET'],
      [head('200||1.1', ['Content-Length', '0']), { anomaly: 'invalidStatusLine' }, end],
    ],
    [
      'nobody asked',
      'HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n',
      [],
      [head('408|Timeout|1.1', ['Content-Length', '0']), { anomaly: 'responseWithoutRequest' }, end],
    ],
    ['no status line', 'ICY 200 OK\r\n\r\n', ['GET'], [{ violation: 'invalidStatusLine', offset: 0 }]],
    [
      'a transfer coding that is not chunked runs until the end',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc',
      ['GET'],
      [head('200|OK|1.1', ['Transfer-Encoding', 'gzip']), { anomaly: 'invalidTransferEncoding' }, { data: 'abc' }],
    ],
  ]
  it.each(table)('%s', (_, bytes, methods, events) => {
    expect(responseEvents([bytes], methods)).toEqual(events)
    expect(responseEvents([...bytes], methods)).toEqual(events)
  })

  it('delimited by the end of the connection', () => {
    const bytes = 'HTTP/1.1 200 OK\r\n\r\nabc'
    expect(responseEvents([bytes], ['GET'])).toEqual([head('200|OK|1.1'), { data: 'abc' }])
    expect(responseEvents([bytes], ['GET'], 'end').at(-1)).toEqual(end)
    expect(responseEvents(['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'], ['GET'], 'end').at(-1)).toEqual({ cut: true })
  })
})

describe('positions', () => {
  it('lie just after the head and just after the message, whatever was pushed before', () => {
    const positions: [string, number, string][] = []
    const decoder: Http1RequestDecoder = new Http1RequestDecoder({
      onHead: (head: RequestHead) => void positions.push(['head', decoder.position, head.raw.toString('latin1')]),
      onData: () => undefined,
      onTrailers: () => undefined,
      onEnd: () => void positions.push(['end', decoder.position, '']),
      onCut: () => undefined,
      onAnomaly: () => undefined,
      onViolation: () => undefined,
    })
    decoder.push(Buffer.from('POST / HTT'), 1)
    decoder.push(Buffer.from('P/1.1\r\nContent-Length: 4\r\n\r\nab'), 1)
    decoder.push(Buffer.from('cdGET / HTTP/1.1\r\n\r\n'), 1)
    expect(positions).toEqual([
      ['head', 28, 'POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n'],
      ['end', 2, ''],
      ['head', 20, 'GET / HTTP/1.1\r\n\r\n'],
      ['end', 20, ''],
    ])
    expect(decoder.idle).toBe(true)
  })
})

describe('after a hole in the bytes', () => {
  const collect = () => {
    const events: Event[] = []
    const handler = {
      requestMethod: () => 'GET',
      onHead: (head: { status?: number; target?: string }) => void events.push({ head: String(head.status ?? head.target), fields: [] }),
      onInformational: () => undefined,
      onData: () => undefined,
      onTrailers: () => undefined,
      onEnd: () => void events.push(end),
      onCut: () => undefined,
      onAnomaly: (anomaly: 'resynchronised') => void events.push({ anomaly }),
      onViolation: () => void events.push({ cut: true }),
    }
    return { events, handler }
  }

  it('requests go on where a piece begins with a request line', () => {
    const { events, handler } = collect()
    const decoder = new Http1RequestDecoder(handler as never)
    decoder.push(Buffer.from('POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc'), 1)
    decoder.resynchronise()
    for (const piece of ['rest of the body', 'x GET / HTTP/1.1\r\n\r\n', 'GET /found HTTP/1.1\r\n', 'A: b\r\n\r\n'])
      decoder.push(Buffer.from(piece), 1)
    expect(events).toEqual([{ head: '/', fields: [] }, { head: '/found', fields: [] }, { anomaly: 'resynchronised' }, end])
  })

  it('responses go on where a piece begins with a status line', () => {
    const { events, handler } = collect()
    const decoder = new Http1ResponseDecoder(handler as never)
    decoder.resynchronise()
    for (const piece of ['HTTP/1.1 20', '0 OK\r\n\r\n', 'HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n']) decoder.push(Buffer.from(piece), 1)
    expect(events).toEqual([{ head: '201', fields: [] }, { anomaly: 'resynchronised' }, end])
  })
})

describe('header blocks', () => {
  it('are the same object for the same bytes', () => {
    const blocks = new HeaderBlocks()
    const first = blocks.get('A: b\r\n\r\n')
    expect(blocks.get('A: b\r\n\r\n')).toBe(first)
    expect(blocks.get('A: c\r\n\r\n')).not.toBe(first)
  })

  it('are forgotten beyond the bounds, the latest last', () => {
    const blocks = new HeaderBlocks(8, 1_000_000)
    const first = blocks.get('A: 0\r\n\r\n')
    for (let n = 1; n < 20; n++) blocks.get(`A: ${n}\r\n\r\n`)
    const latest = blocks.get('A: 19\r\n\r\n')
    expect(blocks.get('A: 19\r\n\r\n')).toBe(latest)
    expect(blocks.get('A: 0\r\n\r\n')).not.toBe(first)
    expect(blocks.get('A: 0\r\n\r\n')).toEqual(first)
  })
})
