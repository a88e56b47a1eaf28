import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Event, requestEvents, responseEvents } from './recorded-events.ts'

const seeded = { seed: 20_260_101 }

const tokenChars = '!#$%&*+-.^_`|~abcXYZ019'
const tokens = fc.string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 8 })
const values = fc
  .string({ unit: fc.constantFrom(...'ab 0;,="/:?\t\xe4\xff'), maxLength: 20 })
  .map((value) => value.replace(/^[ \t]+|[ \t]+$/g, ''))
/** Names that say nothing about framing. */
const fields = fc.array(
  fc.tuple(
    tokens.map((name) => `X-${name}`),
    values,
  ),
  { maxLength: 5 },
)
const bodies = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const lines = (list: [string, string][]) => list.map(([name, value]) => `${name}: ${value}\r\n`).join('')

interface Message {
  bytes: string
  events: Event[]
}

const chunked = fc
  .tuple(fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 4 }), fields, fc.constantFrom('', ';a', ' ; b="c\td"'))
  .map(([chunks, trailers, extension]) => {
    const pieces = chunks.map((chunk) => Buffer.from(chunk).toString('latin1'))
    const framed = pieces.map((piece) => `${piece.length.toString(16).toUpperCase()}${extension}\r\n${piece}\r\n`).join('')
    return {
      data: pieces.join(''),
      trailers,
      extended: extension !== '' && pieces.length > 0,
      bytes: `${framed}0\r\n${lines(trailers)}\r\n`,
    }
  })
const sized = bodies.map((data) => ({ data, length: data.length }))

function message(
  start: string,
  line: string,
  list: [string, string][],
  body: { data: string; trailers?: [string, string][]; bytes?: string; length?: number; extended?: boolean } | null,
): Message {
  const framing: [string, string][] =
    body === null ? [] : body.bytes === undefined ? [['Content-Length', String(body.length)]] : [['transfer-Encoding', 'Chunked']]
  const all = [...list, ...framing]
  const events: Event[] = [{ head: line, fields: all }]
  if (body?.extended) events.push({ anomaly: 'chunkExtension' })
  if (body?.data) events.push({ data: body.data })
  if (body?.trailers?.length) events.push({ trailers: body.trailers })
  events.push({ end: true })
  return { bytes: `${start}\r\n${lines(all)}\r\n${body?.bytes ?? body?.data ?? ''}`, events }
}

const requests = fc
  .tuple(
    tokens,
    fc.string({ unit: fc.constantFrom(...'/a?b=%\'|~"{}'), maxLength: 12 }),
    fields,
    fc.oneof(fc.constant(null), sized, chunked),
  )
  .map(([method, path, list, body]) => message(`${method} /${path} HTTP/1.1`, `${method}|/${path}|1.1`, list, body))

const responses = fc
  .tuple(fc.integer({ min: 205, max: 303 }), fc.constantFrom('OK', '', 'No \xe4'), fields, fc.oneof(sized, chunked))
  .map(([status, reason, list, body]) => message(`HTTP/1.1 ${status} ${reason}`, `${status}|${reason}|1.1`, list, body))

/** Cut at these places (any order, any number). */
function split(bytes: string, cuts: number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  const pieces: string[] = []
  let from = 0
  for (const place of [...places, bytes.length]) {
    pieces.push(bytes.slice(from, place))
    from = place
  }
  return pieces
}

describe('a connection of generated messages', () => {
  it('requests are read as they were written, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(requests, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(), { maxLength: 12 }), (list, cuts) => {
        const bytes = list.map((one) => one.bytes).join('')
        expect(requestEvents(split(bytes, cuts))).toEqual(list.flatMap((one) => one.events))
      }),
      { ...seeded, numRuns: 500 },
    )
  })

  it('responses are read as they were written, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(responses, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(), { maxLength: 12 }), (list, cuts) => {
        const bytes = list.map((one) => one.bytes).join('')
        expect(
          responseEvents(
            split(bytes, cuts),
            list.map(() => 'GET'),
          ),
        ).toEqual(list.flatMap((one) => one.events))
      }),
      { ...seeded, numRuns: 500 },
    )
  })

  it('gives the same events at each single cut', () => {
    fc.assert(
      fc.property(requests, responses, (request, response) => {
        for (let cut = 0; cut <= request.bytes.length; cut++) expect(requestEvents(split(request.bytes, [cut]))).toEqual(request.events)
        for (let cut = 0; cut <= response.bytes.length; cut++) {
          expect(responseEvents(split(response.bytes, [cut]), ['GET'])).toEqual(response.events)
        }
      }),
      { ...seeded, numRuns: 30 },
    )
  })
})

/** So that what follows is not always in a head. */
const beginnings = [
  '',
  'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
  'POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\n',
  'HTTP/1.1 200 OK\r\n',
  'GET / HTTP/1.1\r\n',
]
const pieces = [
  'GET / HTTP/1.1\r\n',
  'POST /x HTTP/1.0\r\n',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 101 S\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 5, 5\n',
  'content-length:\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip\r\n',
  'Connection: close\r\n',
  ' folded\r\n',
  'A : b\r\n',
  '\r\n',
  '\n',
  '\r',
  '5\r\nhello\r\n',
  'fFfFfFfFfFfFfFfF\r\n',
  '0\r\n\r\n',
  'hello',
  '\0\xff ',
  ':',
]

describe('mutated bytes', () => {
  const inputs = fc.tuple(
    fc
      .tuple(
        fc.constantFrom(...beginnings),
        fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary-ascii', maxLength: 6 })), { maxLength: 14 }),
      )
      .map(([first, list]) => first + list.join('')),
    fc.array(fc.nat(), { maxLength: 10 }),
    fc.constantFrom<'open' | 'end'>('open', 'end'),
  )

  it('never throw, mean the same however they are cut, and tell every offset truly', () => {
    fc.assert(
      fc.property(inputs, fc.constantFrom(40, 1_048_576), ([bytes, cuts, ending], maxHead) => {
        const options = { maxHead }
        const whole = requestEvents([bytes], ending, options)
        expect(requestEvents(split(bytes, cuts), ending, options)).toEqual(whole)
        expect(requestEvents([...bytes], ending, options)).toEqual(whole)
        const methods = ['GET', 'HEAD', 'CONNECT', 'POST']
        const answers = responseEvents([bytes], methods, ending, options)
        expect(responseEvents(split(bytes, cuts), methods, ending, options)).toEqual(answers)
        expect(responseEvents([...bytes], methods, ending, options)).toEqual(answers)
        for (const event of [...whole, ...answers]) {
          if ('violation' in event) expect(event.offset).toBeLessThanOrEqual(bytes.length)
        }
      }),
      { ...seeded, numRuns: 20_000 },
    )
  })

  it('say nothing after a violation or a cut', () => {
    fc.assert(
      fc.property(inputs, ([bytes, cuts, ending]) => {
        const events = requestEvents(split(bytes, cuts), ending)
        const last = events.findIndex((event) => 'violation' in event || 'cut' in event)
        if (last >= 0) expect(events.length).toBe(last + 1)
      }),
      { ...seeded, numRuns: 2_000 },
    )
  })
})

describe('a head that comes byte by byte', () => {
  it('is read in time that grows with its length alone', () => {
    const bytes = Buffer.from(`GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(30_000)}\r\n`)
    const pieces = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1))
    const begun = process.cpuUsage()
    expect(requestEvents(pieces)).toHaveLength(2)
    // Of its own work, µs: a busy machine takes longer for it.
    expect(process.cpuUsage(begun).user).toBeLessThan(5_000_000)
  })
})
