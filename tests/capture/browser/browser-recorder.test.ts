/** What a browser tells beside what passes the proxy, on record. */
import { describe, expect, it } from 'vitest'
import { compilePredicate } from '../../../sdk/query/predicate.ts'
import { parseQuery } from '../../../sdk/query.ts'
import { BrowsedSession } from './browsed-session.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: example.com\r\n\r\n`
const upgrade = 'GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
const switched = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
const ok = (body = 'body') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

describe('a request that both saw', () => {
  it('is one exchange: bytes of the proxy, the view of the browser', () => {
    const session = new BrowsedSession()
    session.script.opened(1)
    session.asks('r1', 'https://example.com/a?x=1#top', {
      view: {
        sourceId: 'forged',
        requestId: 'r1',
        resource: 'script',
        initiator: { type: 'parser', url: 'https://example.com/', line: 3 },
        page: 'https://example.com/',
      },
    })
    session.script.client(1, get('/a?x=1')).origin(1, ok())
    session
      .answered('r1', { connection: 7 })
      .tell({ kind: 'more', id: 'r1', view: { priority: 'High' } })
      .ended('r1')
    session.later(100)
    expect(session.rows).toHaveLength(1)
    expect(session.rows[0]).toMatchObject({ response: Buffer.from('body'), record: { source: 'proxy', state: 'complete', path: '/a?x=1' } })
    expect(session.views).toEqual([
      {
        sourceId: 'chromium',
        requestId: 'r1',
        resource: 'script',
        initiator: { type: 'parser', url: 'https://example.com/', line: 3 },
        page: 'https://example.com/',
        priority: 'High',
      },
    ])
  })

  it('is found after its row was written, and takes what the browser says later', () => {
    const session = new BrowsedSession()
    session.script.opened(1)
    session.asks('r1', 'https://example.com/')
    session.script.client(1, get('/')).origin(1, ok())
    session.commit()
    expect(session.views).toEqual([null])
    session.answered('r1').later(100)
    expect(session.views).toMatchObject([{ requestId: 'r1' }])
    session.ended('r1', { view: { failure: 'net::ERR_ABORTED' } })
    expect(session.views).toMatchObject([{ requestId: 'r1', failure: 'net::ERR_ABORTED' }])
  })

  it('is one exchange where a 103 came first, and where weir itself answered 502', () => {
    const session = new BrowsedSession()
    session.script.opened(1).opened(2)
    session.asks('hints', 'https://example.com/hints').asks('down', 'https://example.com/down')
    session.script.client(1, get('/hints')).origin(1, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
    const first = session.script.at
    session.later(200)
    session.script.origin(1, ok())
    session.answered('hints', { at: first }).ended('hints')
    session.script.client(2, get('/down')).failed(2, { reason: 'connectionRefused', message: 'refused' }).closed(2, { by: 'weir' })
    session.answered('down', { status: 502 }).ended('down')
    session.later(100)
    expect(session.links).toEqual(['1 proxy /hints is hints', '2 proxy /down is down'])
  })

  it('is one exchange where it opens a WebSocket, whatever scheme its URL has', () => {
    const session = new BrowsedSession()
    session.script.opened(1)
    session.asks('ws', 'wss://example.com/chat', { exchange: 'websocket' })
    session.script.client(1, 'GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    session.script.origin(1, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    session.answered('ws', { status: 101 }).later(100)
    expect(session.links).toEqual(['1 proxy /chat is ws'])
  })

  it('does not appear at all where the session does not record it', () => {
    const session = new BrowsedSession()
    session.session.entrance.keepOnly(compilePredicate(parseQuery('path:/kept')))
    session.script.opened(1)
    session.asks('r1', 'https://example.com/other')
    session.script.client(1, get('/other')).origin(1, ok())
    session.answered('r1').ended('r1').later(10_000)
    expect(session.links).toEqual([])
    expect(session.writer.counts.filtered).toBe(1)
  })

  it('does not appear either where it began in a pause', () => {
    const session = new BrowsedSession()
    session.session.pause(session.script.at - 10)
    session.script.opened(1)
    session.asks('r1', 'https://example.com/')
    session.script.client(1, get('/')).origin(1, ok())
    session.answered('r1').ended('r1').later(10_000)
    expect(session.links).toEqual([])
  })
})

describe('identical requests', () => {
  it('are told apart by the ports of their connections', () => {
    const session = new BrowsedSession()
    session.script.opened(1).opened(2)
    session.asks('first', 'https://example.com/').asks('second', 'https://example.com/')
    session.script.client(2, get('/')).client(1, get('/')).origin(1, ok()).origin(2, ok())
    session.answered('second', { connection: 20 }).answered('first', { connection: 10 })
    session.tell({ kind: 'connection', connection: 10, port: 50_001 }, { kind: 'connection', connection: 20, port: 50_002 })
    session.later(100)
    expect(session.links).toEqual(['1 proxy / is second', '2 proxy / is first'])
  })

  it('are told apart by what is known of their connections from other requests', () => {
    const session = new BrowsedSession()
    session.script.opened(1).opened(2)
    session.asks('one', 'https://example.com/one').asks('first', 'https://example.com/').asks('second', 'https://example.com/')
    session.script.client(1, get('/one')).origin(1, ok())
    session.answered('one', { connection: 10 })
    session.script.client(2, get('/')).client(1, get('/')).origin(1, ok()).origin(2, ok())
    session.answered('second', { connection: 20 }).answered('first', { connection: 10 })
    session.later(100)
    expect(session.links).toEqual(['1 proxy /one is one', '2 proxy / is second', '3 proxy / is first'])
  })

  it('stay apart where nobody can tell, linked both ways', () => {
    const session = new BrowsedSession()
    session.script.opened(1).opened(2)
    session.asks('first', 'https://example.com/').asks('second', 'https://example.com/', { view: { sourceId: '', resource: 'image' } })
    session.script.client(1, get('/')).client(2, get('/')).origin(1, ok()).origin(2, ok())
    session.answered('first').answered('second').ended('first').ended('second')
    session.later(1_000)
    expect(session.links).toEqual(['1 proxy /', '2 proxy /'])
    session.later(5_000)
    expect(session.links).toEqual(['1 proxy / or 3,4', '2 proxy / or 3,4', '3 browser / is first or 1,2', '4 browser / or 1,2'])
    // What both have in common is known of either.
    expect(session.views[0]).toEqual({ sourceId: 'chromium', ambiguous: [3, 4] })
    expect(session.rows[2]?.record).toMatchObject({ status: 200, responseBody: { truncated: true }, browser: { responseBody: 'notRead' } })
  })
})

describe('a request that the browser sent again', () => {
  it('that nobody can tell apart have no messages of their own, for those of the proxy have them', () => {
    const session = new BrowsedSession()
    const socket = { exchange: 'websocket' } as const
    const tell = (id: string, index: number) => {
      const message = { index, at: 1, direction: 'sent' as const, type: 'text' as const, text: 'hello', size: 5 }
      session.tell({ kind: 'message', id, message })
    }
    session.script.opened(1).opened(2)
    session.asks('first', 'wss://example.com/', socket).asks('second', 'wss://example.com/', socket)
    session.script.client(1, upgrade).client(2, upgrade).origin(1, switched).origin(2, switched)
    session.answered('first', { status: 101 }).answered('second', { status: 101 })
    tell('first', 0)
    session.later(5_000)
    tell('first', 1)
    session.ended('first').ended('second')
    expect(session.links).toEqual(['1 proxy / or 3,4', '2 proxy / or 3,4', '3 browser / is first or 1,2', '4 browser / is second or 1,2'])
    expect(session.rows.map(({ messages }) => messages.length)).toEqual([0, 0, 0, 0])
  })

  it('is one exchange, and the attempts before it say so', () => {
    const session = new BrowsedSession()
    session.script.opened(1).opened(2)
    session.tell({ kind: 'connection', connection: 10, port: 50_001 }, { kind: 'connection', connection: 20, port: 50_002 })
    session.asks('r1', 'https://example.com/')
    session.script.client(1, get('/')).closed(1, { by: 'origin', reset: true })
    session.script.client(2, get('/')).origin(2, ok())
    session.answered('r1', { connection: 20 }).ended('r1')
    session.later(100)
    expect(session.links).toEqual(['1 proxy /', '2 proxy / is r1'])
    session.later(3_000)
    expect(session.links).toEqual(['1 proxy / is r1 resent 2', '2 proxy / is r1 resends 1'])
  })

  it('is not found in what another client sent in vain', () => {
    const session = new BrowsedSession()
    session.script.opened(1).opened(2)
    session.tell({ kind: 'connection', connection: 20, port: 50_002 })
    session.asks('r1', 'https://example.com/')
    session.script.client(1, get('/')).closed(1, { by: 'origin', reset: true })
    session.script.client(2, get('/')).origin(2, ok())
    session.answered('r1', { connection: 20 }).ended('r1')
    session.later(10_000)
    expect(session.links).toEqual(['1 proxy /', '2 proxy / is r1'])
  })
})

describe('a request that no proxy saw', () => {
  const cached = {
    proxied: false,
    headers: [
      ['content-type', 'text/html'],
      ['content-encoding', 'br'],
    ] as [string, string][],
  }

  it('is an exchange of the browser, visible while it is open, with its bodies as the browser has them', () => {
    const session = new BrowsedSession()
    session.asks('r1', 'https://example.com/page', { view: { sourceId: '', requestId: 'r1', resource: 'document' } })
    expect(session.rows).toEqual([])
    session.answered('r1', cached)
    expect(session.rows).toMatchObject([{ record: { state: 'open', source: 'browser', status: 200 } }])
    session.tell({ kind: 'body', id: 'r1', part: 'response', data: Buffer.from('<html>') })
    session.tell({ kind: 'body', id: 'r1', part: 'response', data: Buffer.from('</html>').toString('base64') })
    session.ended('r1', { view: { servedFrom: 'diskCache', responseBody: 'decoded' } })
    const [row] = session.rows
    expect(row?.response.toString()).toBe('<html></html>')
    expect(row?.record).toMatchObject({
      state: 'complete',
      authority: 'example.com',
      path: '/page',
      responseBody: { size: 13, truncated: false, ended: true },
      // What is decoded has no coding.
      responseFields: { fields: [['content-type', 'text/html']] },
      browser: { servedFrom: 'diskCache', responseBody: 'decoded' },
    })
  })

  it('says what of its bodies is not there', () => {
    const session = new BrowsedSession()
    session
      .asks('r1', 'https://example.com/')
      .answered('r1', cached)
      .ended('r1', { view: { responseBody: 'discarded' } })
    expect(session.rows[0]?.record).toMatchObject({ responseBody: { size: 0, truncated: true }, browser: { responseBody: 'discarded' } })
    expect(session.rows[0]?.record.responseFields?.fields).toContainEqual(['content-encoding', 'br'])
  })

  it('keeps what came before it was known to be its own', () => {
    const session = new BrowsedSession()
    session.asks('r1', 'https://example.com/', { method: 'POST' })
    session.tell({ kind: 'body', id: 'r1', part: 'request', data: Buffer.from('a=1') })
    session.answered('r1', cached).ended('r1')
    expect(session.rows[0]?.request.toString()).toBe('a=1')
  })

  it('has the messages that the browser told', () => {
    const session = new BrowsedSession()
    session.asks('ws', 'wss://example.com/chat', { exchange: 'websocket' }).answered('ws', { ...cached, status: 101 })
    const message = { index: 0, at: session.script.at, direction: 'sent' as const, type: 'text' as const, text: 'hello', size: 5 }
    session.tell({ kind: 'message', id: 'ws', message }).ended('ws')
    expect(session.rows[0]).toMatchObject({ record: { kind: 'websocket', scheme: 'https' }, messages: [{ text: 'hello' }] })
  })

  it('fails with the reason that the browser gives, answered or not', () => {
    const session = new BrowsedSession()
    const failure = { reason: 'dnsNotFound', message: 'net::ERR_NAME_NOT_RESOLVED' } as const
    session.asks('r1', 'https://nowhere.test/').ended('r1', { failure, proxied: false })
    expect(session.summary).toEqual(['failed | http | GET | https://nowhere.test/ | 0 |  | dnsNotFound | '])
  })

  it('has the messages that came before it was known whether a proxy has them, if none has', () => {
    const session = new BrowsedSession()
    const message = { index: 0, at: 1, direction: 'sent' as const, type: 'text' as const, text: 'hello', size: 5 }
    session.asks('r1', 'wss://example.com/', { exchange: 'websocket' }).answered('r1', { status: 101 })
    session.tell({ kind: 'message', id: 'r1', message }).later(5_000).ended('r1')
    expect(session.rows).toMatchObject([{ record: { kind: 'websocket', source: 'browser' }, messages: [{ text: 'hello' }] }])
  })

  it('beyond what is followed, or with the id of another one that goes on, is counted in a gap', () => {
    const session = new BrowsedSession({ open: { requests: 3, bytes: 4_000 } })
    session.asks('r1', 'https://example.com/1').asks('r1', 'https://example.com/other')
    session
      .asks('r2', `https://example.com/${'x'.repeat(4_000)}`)
      .asks('r3', 'https://example.com/3')
      .asks('r4', 'https://example.com/4')
    session.asks('r5', 'https://example.com/5').ended('r5')
    const failure = { reason: 'clientAborted', message: 'gone' } as const
    for (const id of ['r1', 'r3', 'r4']) session.ended(id, { failure, proxied: false })
    // There is room again.
    session.asks('r6', 'https://example.com/6').ended('r6', { failure, proxied: false })
    session.later(1_000)
    expect(session.rows.map(({ record }) => record.path)).toEqual(['/1', '/3', '/4', '/6'])
    session.commit()
    expect(session.writer.gaps.map(({ reason, exchanges }) => [reason, exchanges])).toEqual(Array(3).fill(['sourceLost', 1]))
  })

  it('is one with what was cut on a connection of the browser, if both can be nothing else', () => {
    const session = new BrowsedSession()
    const failure = { reason: 'clientAborted', message: 'net::ERR_ABORTED' } as const
    session.script.opened(1).opened(2)
    session.tell({ kind: 'connection', connection: 10, port: 50_001 })
    session.asks('r1', 'https://example.com/1').asks('r2', 'https://example.com/2').asks('r3', 'https://example.com/3')
    session.script.client(1, get('/1')).client(2, get('/2')).closed(1).closed(2)
    session.ended('r1', { failure }).ended('r2', { failure }).ended('r3', { failure })
    session.later(5_000)
    // The second connection may be anybody's.
    expect(session.links).toEqual(['1 proxy /1 is r1', '2 proxy /2 or 3', '3 browser /2 is r2 or 2', '4 browser /3 is r3'])
  })

  it('is one with the response to its credentials, and the question for them is an attempt before', () => {
    const session = new BrowsedSession()
    session.script.opened(1)
    session.tell({ kind: 'connection', connection: 10, port: 50_001 })
    session.asks('r1', 'https://example.com/')
    session.script.client(1, get('/')).origin(1, 'HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n')
    session.read()
    session.script.client(1, get('/')).origin(1, 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    session.answered('r1', { connection: 10 }).ended('r1').later(6_000)
    expect(session.links).toEqual(['1 proxy / is r1 resent 2', '2 proxy / is r1 resends 1'])
  })

  it('is one with all attempts of it that were cut, one after the other', () => {
    const session = new BrowsedSession()
    const failure = { reason: 'upstreamClosed', message: 'net::ERR_EMPTY_RESPONSE' } as const
    session.script.opened(1).opened(2)
    session.tell({ kind: 'connection', connection: 10, port: 50_001 }, { kind: 'connection', connection: 11, port: 50_002 })
    session.asks('r1', 'https://example.com/')
    session.script.client(1, get('/')).closed(1)
    session.read()
    session.script.client(2, get('/')).closed(2)
    session.ended('r1', { failure }).later(6_000)
    expect(session.links).toEqual(['1 proxy / is r1 resent 2', '2 proxy / is r1 resends 1'])
  })

  it('appears a while after it was given up, where it may have gone through the proxy', () => {
    const session = new BrowsedSession()
    const failure = { reason: 'clientAborted', message: 'net::ERR_ABORTED' } as const
    session.asks('r1', 'https://example.com/').ended('r1', { failure })
    session.later(500)
    expect(session.rows).toEqual([])
    session.later(5_000)
    expect(session.summary).toEqual(['aborted | http | GET | https://example.com/ | 0 |  | clientAborted | '])
  })

  it('is subject to what the session records', () => {
    const session = new BrowsedSession()
    session.session.entrance.keepOnly(compilePredicate(parseQuery('resource:script')))
    session.asks('r1', 'https://example.com/').answered('r1', cached).ended('r1')
    session
      .asks('r2', 'https://example.com/x.js', { view: { sourceId: '', resource: 'script' } })
      .answered('r2', cached)
      .ended('r2')
    expect(session.rows.map(({ record }) => record.path)).toEqual(['/x.js'])
  })

  it('is none of HTTP: it is not recorded', () => {
    const session = new BrowsedSession()
    session.asks('r1', 'data:text/plain,x').answered('r1', cached).ended('r1').later(10_000)
    expect(session.rows).toEqual([])
  })
})

describe('what waits', () => {
  it('is bounded: bodies beyond it are marked', () => {
    const session = new BrowsedSession({ heldBytes: 10 })
    session.asks('r1', 'https://example.com/', { method: 'POST' })
    session.tell({ kind: 'body', id: 'r1', part: 'request', data: Buffer.from('12345678') })
    session.tell({ kind: 'body', id: 'r1', part: 'request', data: Buffer.from('90123') })
    session.answered('r1', { proxied: false }).ended('r1')
    expect(session.rows[0]).toMatchObject({
      request: Buffer.from('12345678'),
      record: { requestBody: { truncated: true }, browser: { requestBody: 'partial' } },
    })
  })

  it('is bounded: the oldest requests are given up, and say so', () => {
    const session = new BrowsedSession({ limits: { sightings: 1, wires: 10 } })
    session.asks('r1', 'https://example.com/1').asks('r2', 'https://example.com/2').later(100)
    expect(session.summary).toEqual(['open | http | GET | https://example.com/1 | 0 |  |  | matchGivenUp'])
  })

  it('is settled when the source ends, and when the session does', () => {
    const session = new BrowsedSession()
    session.script.opened(1)
    session.asks('both', 'https://example.com/both').asks('open', 'https://example.com/open').asks('own', 'https://example.com/own')
    session.script.client(1, get('/both')).origin(1, ok())
    session.answered('both').answered('own', { proxied: false })
    session.read().browsers.end('chromium')
    session.browsers.close({ reason: 'sessionStopped', message: 'stopped' })
    expect(session.summary).toEqual([
      'complete | http | GET | https://example.com/both | 200 | body |  | ',
      'aborted | http | GET | https://example.com/own | 200 |  | clientAborted | ',
      'aborted | http | GET | https://example.com/open | 0 |  | clientAborted | ',
    ])
    expect(session.links[0]).toBe('1 proxy /both is both')
    expect(session.browsers.isPending).toBe(false)
  })

  it('is found in what the proxy tells after the source has ended', () => {
    const session = new BrowsedSession()
    session.script.opened(1)
    session.asks('r1', 'https://example.com/')
    session.read().script.client(1, get('/')).origin(1, ok())
    session.browsers.take('chromium', [
      { kind: 'response', id: 'r1', at: session.script.at, status: 200, reason: '', httpVersion: '1.1', headers: [], proxied: true },
    ])
    session.browsers.end('chromium')
    session.later(200)
    expect(session.links).toEqual(['1 proxy / is r1'])
  })

  it('the where of a session may ask what the browser says of an exchange of the proxy', () => {
    const session = new BrowsedSession()
    session.session.entrance.keepOnly(compilePredicate(parseQuery('resource:script')))
    session.script.opened(1)
    session.asks('r1', 'https://example.com/a.js', { view: { sourceId: '', resource: 'script' } }).asks('r2', 'https://example.com/b.png')
    session.script.client(1, get('/a.js')).origin(1, ok()).client(1, get('/b.png')).origin(1, ok()).client(1, get('/c')).origin(1, ok())
    session.answered('r1').answered('r2').ended('r1').ended('r2').later(10_000)
    expect(session.rows.map(({ record }) => record.path)).toEqual(['/a.js'])
  })

  it('what a source lost sight of is a gap', () => {
    const session = new BrowsedSession()
    session.tell({ kind: 'lost', from: 5, to: 9, requests: 3 })
    session.commit()
    expect(session.writer.gaps).toEqual([{ from: 5, to: 9, reason: 'sourceLost', exchanges: 3, bytes: null }])
  })
})
