/** The parts of the extension that need no browser. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventQueue } from '../../plugins/interceptor/extension/event-queue.ts'
import { isWanted, readFilters } from '../../plugins/interceptor/extension/filters.ts'
import { failureOf } from '../../plugins/interceptor/extension/net-failure.ts'
import { fromBase64, pieces, readBody } from '../../plugins/interceptor/extension/request-body.ts'
import { endEvent, requestEvent, responseEvent } from '../../plugins/interceptor/extension/told-request.ts'
import { failureReasons } from '../../sdk/model.ts'

const details = { requestId: '7', url: 'https://a.test/x', method: 'GET', tabId: 1, frameId: 0, type: 'xmlhttprequest', timeStamp: 1000 }

describe('the queue of events', () => {
  it('hands each on exactly once and in order, whatever is lost on the way and however often its worker dies', () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ send: fc.constantFrom('arrives', 'lost', 'answerLost') }),
      fc.constant({ dies: true }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let queue = new EventQueue()
        let added = 0
        /** The daemon, as source/feed does it. */
        const taken: number[] = []
        const feed = (from: number, events: readonly string[]) => {
          expect(from).toBeLessThanOrEqual(taken.length + 1)
          taken.push(...events.slice(taken.length + 1 - from).map((event) => (JSON.parse(event) as { n: number }).n))
          return taken.length
        }
        const send = (how: string) => {
          const batch = queue.next()
          if (!batch || how === 'lost') return
          const acknowledged = feed(batch.from, batch.events)
          if (how === 'arrives') queue.acknowledge(acknowledged)
        }
        for (const one of steps) {
          if ('add' in one) for (let n = 0; n < one.add; n++) expect(queue.add({ n: ++added })).toBe(true)
          else if ('send' in one) send(one.send)
          else queue = new EventQueue(structuredClone(queue.state))
        }
        while (queue.length > 0) send('arrives')
        expect(taken).toEqual(Array.from({ length: added }, (_, index) => index + 1))
      }),
      { seed: 20261128 },
    )
  })

  it('counts requests that find no room, and says so as soon as there is some', () => {
    const queue = new EventQueue()
    const big = { text: 'x'.repeat(1_000_000) }
    let at = 0
    while (queue.begins(++at)) expect(queue.add(big)).toBe(true)
    expect(queue.begins(++at)).toBe(false)
    expect(queue.lostRequests).toBe(2)
    expect(queue.next()?.events).toHaveLength(1)
    queue.acknowledge(queue.length)
    expect(queue.begins(++at)).toBe(true)
    expect(queue.next()?.events.map((event) => JSON.parse(event) as unknown)).toEqual([
      { kind: 'lost', from: at - 2, to: at - 1, requests: 2 },
    ])
    expect(queue.lostRequests).toBe(0)
  })

  it('cuts bodies that find no room, and nothing else of what has begun', () => {
    const queue = new EventQueue()
    const piece = { kind: 'body', data: 'x'.repeat(1_000_000) }
    let pieces = 0
    while (queue.add(piece)) pieces++
    expect(pieces).toBe(8)
    const rest = ['request', 'response', 'end', 'lost'].map((kind) => ({ kind }))
    for (const event of rest) expect(queue.add(event)).toBe(true)
    queue.acknowledge(pieces)
    expect(queue.next()?.events).toEqual(rest.map((event) => JSON.stringify(event)))
  })

  it('leaves out messages that find no room, and says from when until when', () => {
    const queue = new EventQueue()
    const message = (at: number) => ({ kind: 'message', id: 'a', message: { at, text: 'x'.repeat(2_000_000) } })
    expect([1, 2, 3, 4, 5].map((at) => queue.add(message(at)))).toEqual([true, true, false, false, false])
    queue.add({ kind: 'end', id: 'a' })
    queue.acknowledge(2)
    const events = queue.next()?.events.map((event) => JSON.parse(event) as object)
    expect(events).toEqual([{ kind: 'end', id: 'a' }])
    queue.acknowledge(3)
    expect(queue.next()?.events.map((event) => JSON.parse(event) as object)).toEqual([{ kind: 'lost', from: 3, to: 5, requests: 0 }])
  })

  it('says what was lost once it is empty, though no other request begins', () => {
    const queue = new EventQueue()
    while (queue.begins(1)) queue.add({ text: 'x'.repeat(1_000_000) })
    queue.acknowledge(queue.length)
    expect(queue.next()?.events).toEqual(['{"kind":"lost","from":1,"to":1,"requests":1}'])
  })

  it('tells another source of what is open first, but not of what it is about to tell anyway', () => {
    const queue = new EventQueue()
    const [told, waiting] = [
      { kind: 'request', id: 'a' },
      { kind: 'request', id: 'b' },
    ]
    queue.add(told)
    queue.acknowledge(1)
    queue.add(waiting)
    queue.renumber([told, waiting])
    expect(queue.next()).toEqual({ from: 1, events: [JSON.stringify(told), JSON.stringify(waiting)] })
  })

  it('gives up an event that the daemon does not take, in its place', () => {
    const queue = new EventQueue()
    queue.add({ odd: true })
    queue.add({ good: true })
    queue.giveUp(0, 5)
    expect(queue.next()?.events).toEqual(['{"kind":"lost","from":5,"to":5,"requests":1}', '{"good":true}'])
  })
})

describe('filters', () => {
  it('are methods and patterns of URLs, some of which leave out', () => {
    const filters = readFilters(' get, post ', '*://api.test/*\n\n-/health\n')
    expect(filters).toEqual({ methods: ['GET', 'POST'], urls: ['*://api.test/*', '-/health'] })
    expect(isWanted(filters, 'GET', 'https://api.test/v1')).toBe(true)
    expect(isWanted(filters, 'PUT', 'https://api.test/v1')).toBe(false)
    expect(isWanted(filters, 'GET', 'https://api.test/health')).toBe(false)
    expect(isWanted(filters, 'GET', 'https://other.test/')).toBe(false)
    expect(isWanted(readFilters('', ''), 'GET', 'https://other.test/')).toBe(true)
    expect(isWanted(readFilters('', 'api'), 'GET', 'https://an.api.test/')).toBe(true)
  })

  it('mean the same as a regular expression with .* for each star', () => {
    const short = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 6 })
    fc.assert(
      fc.property(fc.array(short, { minLength: 2, maxLength: 4 }), short, (parts, url) => {
        const isMatch = new RegExp(`^${parts.join('.*')}$`).test(url)
        expect(isWanted({ methods: [], urls: [parts.join('*')] }, 'GET', url)).toBe(isMatch)
      }),
      { seed: 20261128 },
    )
  })
})

describe('what webRequest tells', () => {
  it('of a request becomes a source event', () => {
    const told = {
      ...details,
      initiator: 'https://a.test',
      requestHeaders: [
        { name: 'X-A', value: '1' },
        { name: 'X-B', binaryValue: [228] },
      ],
    }
    expect(requestEvent('r.7.0', told, 'https://a.test/page')).toEqual({
      kind: 'request',
      id: 'r.7.0',
      at: 1000,
      exchange: 'http',
      method: 'GET',
      url: 'https://a.test/x',
      headers: [
        ['X-A', '1'],
        ['X-B', 'ä'],
      ],
      view: { resource: 'xhr', initiator: { type: 'other', url: 'https://a.test' }, page: 'https://a.test/page', frame: { id: '0' } },
    })
    expect(requestEvent('i', { ...details, type: 'websocket', url: 'wss://a.test/chat#x' }, undefined)).toMatchObject({
      exchange: 'websocket',
      url: 'https://a.test/chat',
      view: { resource: 'webSocket' },
    })
  })

  it('of a response says whether the proxy can have seen it', () => {
    const told = { ...details, statusLine: 'HTTP/1.1 404 Not Found', statusCode: 404, responseHeaders: [{ name: 'a', value: 'b' }] }
    const proxied = (more: object, viaProxy = true) => responseEvent('i', { ...told, ...more }, viaProxy).proxied
    expect(responseEvent('i', { ...told, ip: '192.0.2.1' }, false)).toEqual({
      kind: 'response',
      id: 'i',
      at: 1000,
      status: 404,
      reason: 'Not Found',
      httpVersion: '1.1',
      headers: [['a', 'b']],
      proxied: false,
      server: { address: '192.0.2.1', port: 443 },
    })
    expect([
      proxied({}),
      proxied({ ip: '127.0.0.1' }),
      proxied({ ip: '192.0.2.1' }),
      proxied({ fromCache: true }),
      proxied({}, false),
    ]).toEqual([true, true, false, false, false])
  })

  it('of an end names its failure with a word of the protocol', () => {
    expect(endEvent('i', { ...details, error: 'net::ERR_NAME_NOT_RESOLVED' }, false, {})).toMatchObject({
      failure: { reason: 'dnsNotFound', message: 'net::ERR_NAME_NOT_RESOLVED' },
      view: { failure: 'net::ERR_NAME_NOT_RESOLVED' },
    })
    for (const error of ['net::ERR_CERT_DATE_INVALID', 'net::ERR_ABORTED', 'NS_ERROR_NET_RESET', 'net::ERR_SOMETHING_NEW'])
      expect(failureReasons).toContain(failureOf(error).reason)
  })

  it('of a body is told from what it leaves out', () => {
    const bytes = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer
    const text = (read: ReturnType<typeof readBody>) => read && { text: new TextDecoder().decode(read.bytes), state: read.state }
    expect(readBody(null)).toBeNull()
    expect(text(readBody({ raw: [{ bytes: bytes('one ') }, { bytes: bytes('two') }] }))).toEqual({ text: 'one two', state: undefined })
    expect(text(readBody({ raw: [{ bytes: bytes('head') }, { file: '/tmp/a' }] }))).toEqual({ text: 'head', state: 'partial' })
    expect(text(readBody({ raw: [{ file: '/tmp/a' }] }))).toEqual({ text: '', state: 'notRead' })
    expect(text(readBody({ error: 'Unknown error.' }))).toEqual({ text: '', state: 'notRead' })
    expect(text(readBody({ formData: { a: ['1', '2'], 'b c': ['ü'] } }))).toEqual({ text: 'a=1&a=2&b+c=%C3%BC', state: 'partial' })
  })

  it('of large bodies goes in pieces that are whole again', () => {
    const whole = Uint8Array.from({ length: 2_000_001 }, (_, index) => index % 251)
    const parts = [...pieces(whole)]
    expect(parts.length).toBe(3)
    expect(Buffer.concat(parts.map(fromBase64)).equals(Buffer.from(whole))).toBe(true)
  })
})
