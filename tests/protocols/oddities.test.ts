/** What is malformed, ambiguous or hostile passes as it was sent, both ways, over TLS and in clear text, and each exchange names what was odd. */
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import { testCa } from '../support/certificates.ts'
import { startDaemon } from '../support/daemon.ts'
import { block, Flag, Frame, frame, padding, preface, word } from '../support/http2-wire.ts'
import { startRawOrigin } from '../support/origin.ts'
import { openTunnel, readAll, secure } from '../support/wire.ts'

interface Oddity {
  name: string
  sent: Buffer
  answered: Buffer
  /** Of each exchange in order: its state and anomalies. */
  shown: string[]
  /** The client ends its direction amid the request. */
  cut?: true
}

/** A daemon between raw sockets; gives what each connection left on record. */
async function between(protocol: 'http/1.1' | 'h2', transport: 'tls' | 'clear') {
  let oddity: Oddity | null = null
  let got: Buffer = Buffer.alloc(0)
  const origin = await startRawOrigin(
    (socket: Socket) => {
      const { sent, answered, cut } = oddity as Oddity
      const pieces: Buffer[] = []
      let length = 0
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        pieces.push(chunk)
        length += chunk.length
        if (length < sent.length) return
        got = Buffer.concat(pieces)
        if (!cut) socket.end(answered)
      })
      socket.on('end', () => (cut ? socket.end(answered) : socket.end()))
    },
    transport === 'tls' ? { tlsOptions: { ALPNProtocols: [protocol] } } : { tls: false },
  )
  const { client, home } = await startDaemon()
  const session = await client.call('session/start', { tls: { ca: (await testCa()).certificate } })
  const ca = await readFile(home.caCertificate)
  let last = 0

  return async (next: Oddity): Promise<{ got: Buffer; back: Buffer; shown: string[] }> => {
    oddity = next
    got = Buffer.alloc(0)
    const tunnel = await openTunnel(session.proxy?.port as number, `localhost:${origin.port}`)
    const socket = transport === 'tls' ? await secure(tunnel, { servername: 'localhost', ca, ALPNProtocols: [protocol] }) : tunnel
    if (next.cut) socket.end(next.sent)
    else socket.write(next.sent)
    const back = await readAll(socket)
    socket.destroy()
    const items = await vi.waitFor(
      async () => {
        const page = await client.call('exchange/list', { sessionId: session.id, order: 'asc', after: last, limit: 1000 })
        expect(page.items.map(({ state }) => state)).not.toContain('open')
        expect(page.items.length).toBeGreaterThanOrEqual(next.shown.length)
        return page.items
      },
      { timeout: 10_000, interval: 20 },
    )
    last = items.at(-1)?.seq ?? last
    return { got, back, shown: items.map(shownOf) }
  }
}

const shownOf = ({ state, anomalies = [] }: Exchange): string => [state, ...anomalies].join(' ')

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const http1 = (name: string, sent: string, shown: string | string[], answered = ok): Oddity => ({
  name,
  sent: Buffer.from(sent, 'latin1'),
  answered: Buffer.from(answered, 'latin1'),
  shown: [shown].flat(),
})
const get = 'GET / HTTP/1.1\r\nHost: a\r\n'
const post = 'POST / HTTP/1.1\r\nHost: a\r\n'

const http1Oddities: Oddity[] = [
  http1('bare line feeds', 'GET / HTTP/1.1\nHost: a\n\n', 'complete bareLineFeed', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
  http1('a folded line', `${get}X: a\r\n b\r\n\r\n`, 'complete obsoleteFold'),
  http1('NUL in a name', `${get}X\0Y: a\r\n\r\n`, 'complete invalidHeaderLine'),
  http1('white space before a colon', `${get}X : a\r\n\r\n`, 'complete whitespaceBeforeColon'),
  http1('a line of nearly 1 MiB', `${get}X: ${'x'.repeat(1_000_000)}\r\n\r\n`, 'complete'),
  http1('a line of more than 1 MiB', `${get}X: ${'x'.repeat(1_200_000)}\r\n\r\n`, 'complete headTooLarge undecoded'),
  http1('a flood of fields', `${get}${'X: a\r\n'.repeat(20_000)}\r\n`, 'complete'),
  http1('a flood of fields beyond 1 MiB', `${get}${'X: a\r\n'.repeat(200_000)}\r\n`, 'complete headTooLarge undecoded'),
  http1(
    'Content-Length with chunks',
    `${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'complete contentLengthWithTransferEncoding',
  ),
  http1('two lengths', `${post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 'complete conflictingContentLength undecoded'),
  http1(
    'a coding that is not the last',
    `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    'complete invalidTransferEncoding undecoded',
  ),
  http1(
    'a chunk that is longer than it says',
    `${post}Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n`,
    'complete invalidChunk undecoded',
  ),
  http1('a body that is longer than it says', `${post}Content-Length: 3\r\n\r\nabc:def`, [
    'complete',
    'complete invalidRequestLine undecoded',
  ]),
  { ...http1('a body that is shorter than it says', `${post}Content-Length: 30\r\n\r\nabc`, 'aborted'), cut: true },
  http1('a head that stops', `${get}X: `, 'complete responseWithoutRequest'),
  http1('a response that is shorter than it says', `${get}\r\n`, 'failed', 'HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nabc'),
  http1(
    'a response that is longer than it says',
    `${get}\r\n`,
    ['complete', 'complete invalidStatusLine undecoded'],
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore',
  ),
  http1(
    'a response with two lengths',
    `${get}\r\n`,
    'complete conflictingContentLength undecoded',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
  ),
  http1(
    'a response with both framings',
    `${get}\r\n`,
    'complete contentLengthWithTransferEncoding',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  http1('chunks that stop', `${get}\r\n`, 'failed', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc'),
  http1('a second response', `${get}\r\n`, ['complete', 'complete responseWithoutRequest'], `${ok}${ok}`),
]

type Fields = [string, string][]
const settings = frame(Frame.settings, 0, 0)
const pseudo: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'localhost'],
  [':path', '/'],
]
const headers = (stream: number, list: Fields, flags: number = Flag.endStream) =>
  frame(Frame.headers, Flag.endHeaders | flags, stream, block(list))
const request = (stream: number, more: Fields = [], flags: number = Flag.endStream) => headers(stream, [...pseudo, ...more], flags)
const data = (stream: number, text: string, flags = 0) => frame(Frame.data, flags, stream, text)
const many = (count: number, make: (n: number) => Buffer) => Buffer.concat(Array.from({ length: count }, (_, n) => make(n)))
const http2 = (name: string, sent: Buffer[], shown: string | string[], answered = [headers(1, [[':status', '200']])]): Oddity => ({
  name,
  sent: Buffer.concat([preface, settings, ...sent]),
  answered: Buffer.concat([settings, ...answered]),
  shown: [shown].flat(),
})
/** A literal with incremental indexing (RFC 7541 section 6.2.1). */
const indexed = (name: string, value: string) => Buffer.concat([Buffer.of(0x40), block([[name, value]]).subarray(1)])

const http2Oddities: Oddity[] = [
  http2('an uppercase name', [request(1, [['X-Upper', '1']])], 'complete uppercaseFieldName'),
  http2('a field of the connection', [request(1, [['connection', 'close']])], 'complete connectionSpecificField'),
  http2('no path', [headers(1, pseudo.slice(0, 3))], 'complete missingPseudoField'),
  http2('two paths', [request(1, [[':path', '/2']])], 'complete duplicatePseudoField'),
  http2('another length', [request(1, [['content-length', '3']], 0), data(1, 'ab', Flag.endStream)], 'complete contentLengthMismatch'),
  http2('DATA after END_STREAM', [request(1), data(1, 'late')], 'complete frameAfterEnd'),
  http2(
    'a request on a stream that has ended',
    [request(5), request(3)],
    ['complete', 'complete unexpectedStream'],
    [headers(5, [[':status', '200']]), headers(3, [[':status', '200']])],
  ),
  http2('huge padding', [request(1, [], 0), frame(Frame.data, Flag.padded | Flag.endStream, 1, padding('a', 255))], 'complete'),
  http2('unknown frames', [frame(0xbe, 0xff, 0, 'x'), request(1), frame(0xee, 0, 1, 'y')], 'complete'),
  http2(
    'a flood of unknown frames',
    [request(1, [], 0), many(3_000, () => frame(0xbe, 0, 0, 'x')), data(1, 'a', Flag.endStream)],
    'complete frameFlood',
  ),
  http2('a flood of SETTINGS', [request(1, [], 0), many(3_000, () => settings), data(1, 'a', Flag.endStream)], 'complete frameFlood'),
  http2(
    'a flood of CONTINUATION',
    [
      frame(Frame.headers, Flag.endStream, 1, block(pseudo)),
      many(10_000, () => frame(Frame.continuation, 0, 1)),
      frame(Frame.continuation, Flag.endHeaders, 1),
    ],
    'complete continuationFlood',
  ),
  http2(
    'an HPACK bomb',
    [
      frame(
        Frame.headers,
        Flag.endHeaders | Flag.endStream,
        1,
        Buffer.concat([block(pseudo), indexed('x', 'v'.repeat(3_000)), Buffer.alloc(2_000, 0x80 | 62)]),
      ),
    ],
    'complete headTooLarge compressionBomb',
  ),
  http2(
    'rapid reset',
    [many(300, (n) => Buffer.concat([request(2 * n + 1), frame(Frame.reset, 0, 2 * n + 1, word(8))]))],
    Array.from({ length: 300 }, (_, n) => (n < 100 ? 'aborted' : 'aborted rapidReset')),
    [],
  ),
  http2('a stream that is cut', [request(1, [], 0), data(1, 'ab')], 'failed', [headers(1, [[':status', '200']], 0), data(1, 'a')]),
  http2('a frame that is cut', [request(1, [], 0), frame(Frame.data, 0, 1, 'abcdef').subarray(0, 11)], 'failed'),
]

test.each([
  ['http/1.1', 'tls', http1Oddities],
  ['http/1.1', 'clear', http1Oddities],
  ['h2', 'tls', http2Oddities],
  ['h2', 'clear', http2Oddities],
] as const)('%s, %s', { timeout: 120_000 }, async (protocol, transport, oddities) => {
  const pass = await between(protocol, transport)
  for (const oddity of oddities) {
    const { got, back, shown } = await pass(oddity)
    expect.soft([got.equals(oddity.sent), back.equals(oddity.answered), shown], oddity.name).toEqual([true, true, oddity.shown])
  }
})
