/** The packets, as tshark reads them. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressPair } from '../../plugins/exporters/pcapng/address.ts'
import { fileHead, packetBlock } from '../../plugins/exporters/pcapng/block.ts'
import { Conversation, firstSequence } from '../../plugins/exporters/pcapng/conversation.ts'
import pcapng from '../../plugins/exporters/pcapng.ts'
import type { Headers, Message } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { exported, exportText, type OptionsOf } from '../support/exported.ts'
import { importFolder } from '../support/imported.ts'
import { toolPath } from '../support/tool.ts'

const tshark = toolPath('tshark', 'tshark')

async function capture(exchanges: ExportedExchange[], options: OptionsOf<typeof pcapng> = {}): Promise<string> {
  const file = join(importFolder(), 'session.pcapng')
  writeFileSync(file, (await exportText(pcapng, exchanges, options)).bytes)
  return file
}

const run = (file: string, words: string[]): string =>
  execFileSync(
    tshark as string,
    ['-n', '-r', file, '-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE', ...words],
    // Its settings are the test's own.
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: importFolder(), LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    },
  )

/** A row for each packet that the filter selects. */
const rows = (file: string, filter: string, fields: string[]): string[][] =>
  run(file, ['-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])])
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))

/** What both sides sent. */
function followed(file: string, stream: number): { client: Buffer; server: Buffer } {
  const lines = run(file, ['-q', '-z', `follow,tcp,raw,${stream}`])
    .split('\n')
    .filter((line) => /^\t?(?:[\da-f]{2})+$/.test(line))
  const side = (isServer: boolean) =>
    Buffer.from(
      lines
        .filter((line) => line.startsWith('\t') === isServer)
        .join('')
        .replaceAll('\t', ''),
      'hex',
    )
  return { client: side(false), server: side(true) }
}

const json: Headers = [['Content-Type', 'application/json']]
const large = Buffer.alloc(150_001, 'large body ')
const everyKind: ExportedExchange[] = [
  exported(
    {
      seq: 5,
      request: { method: 'POST', url: 'http://origin.test/a?q=1', headers: [['Host', 'origin.test'], ...json, ['Content-Length', '7']] },
      response: { status: 201, reason: 'Created', headers: [...json, ['Content-Length', '2']] },
    },
    { request: Buffer.from('{"a":1}'), response: Buffer.from('{}') },
  ),
  exported(
    {
      seq: 6,
      streamId: 3,
      request: { method: 'PUT', httpVersion: '2', headers: [] },
      response: { httpVersion: '2', reason: '', headers: [] },
    },
    { request: Buffer.from('asked'), response: large },
  ),
  exported(
    { seq: 7, response: { headers: [['Transfer-Encoding', 'chunked']], trailers: [['X-End', '1']] } },
    { response: large, pieceBytes: 40_000 },
  ),
  exported({ seq: 8, state: 'failed', response: null, error: { reason: 'upstreamReset', message: 'reset' } }),
  exported(
    { seq: 9, state: 'aborted', response: { truncated: true, headers: [['Content-Length', '5000']] } },
    { response: Buffer.from('beg') },
  ),
  exported({ seq: 10, request: { method: 'HEAD' }, response: { headers: [['Content-Length', '5000']] } }),
  exported({ seq: 11, response: { headers: [] } }, { response: Buffer.from('until its end') }),
  exported({ seq: 12, kind: 'tunnel' }),
  exported({
    seq: 13,
    client: { address: '::1', port: 5 },
    server: { address: '2001:db8::1%eth0', port: 8443 },
    response: { status: 204, informational: [{ status: 103, reason: 'Early Hints', headers: [['Link', '<a>']] }] },
  }),
  exported({ seq: 14, server: { address: '2001:db8::7', port: 80 } }),
  exported({ seq: 15, client: null, server: null }),
]

describe.skipIf(tshark === null)('tshark', () => {
  it('shows every request and response, with sound checksums', async () => {
    const file = await capture(everyKind)
    expect(rows(file, 'http.request', ['http.request.method', 'http.host', 'http.request.uri', 'frame.comment'])).toEqual([
      ['POST', 'origin.test', '/a?q=1', 'weir 5 POST http://origin.test/a 201'],
      ['PUT', 'origin.test', '/', 'weir 6 PUT https://origin.test/ 200'],
      ...[7, 8, 9, 10, 11, 13, 14, 15].map((seq) => [
        seq === 10 ? 'HEAD' : 'GET',
        'origin.test',
        '/',
        `weir ${seq} ${seq === 10 ? 'HEAD' : 'GET'} https://origin.test/${seq === 8 ? '' : seq === 13 ? ' 204' : ' 200'}`,
      ]),
    ])
    expect(rows(file, 'http.response and http.response.code >= 200', ['http.response.code', 'tcp.stream'])).toEqual(
      // An interim response lies in the packet of its final one.
      ['201', '200', '200', null, '200', '200', '200', '103,204', '200', '200'].flatMap((status, stream) =>
        status === null ? [] : [[status, `${stream}`]],
      ),
    )
    expect(rows(file, 'http.response.code == 103', ['http.response.phrase'])).toEqual([['Early Hints,OK']])
    expect(
      rows(file, 'tcp.checksum.status != 1 or ip.checksum.status != 1 or _ws.malformed or tcp.analysis.flags', ['frame.number']),
    ).toEqual([])
  })

  it('puts the bodies together again', async () => {
    const file = await capture(everyKind)
    expect(rows(file, 'http.file_data', ['tcp.stream']).map(([stream]) => stream)).toEqual(['0', '0', '1', '1', '2', '4', '6'])
    const { client, server } = followed(file, 1)
    expect(client.toString()).toBe('PUT / HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 5\r\n\r\nasked')
    expect(server.subarray(server.indexOf('\r\n\r\n') + 4).equals(large)).toBe(true)
    expect(followed(file, 2).server.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n0\r\nX-End: 1\r\n\r\n$/s)
    expect(followed(file, 4).server.toString()).toBe('HTTP/1.1 200 OK\r\nx-orig-content-length: 5000\r\nContent-Length: 3\r\n\r\nbeg')
  })

  it('sees when it was, and who with whom', async () => {
    const [first] = everyKind
    const file = await capture([
      { ...(first as ExportedExchange), startedAt: 1_700_000_000_123.456, timings: { send: 1, wait: 2, receive: 3 }, durationMs: 6 },
    ])
    expect(rows(file, 'http', ['frame.time_epoch', 'ip.src', 'tcp.srcport', 'ip.dst', 'tcp.dstport'])).toEqual([
      ['1700000000.123456000', '127.0.0.1', '49152', '192.0.2.1', '80'],
      ['1700000000.126456000', '192.0.2.1', '80', '127.0.0.1', '49152'],
    ])
    expect(rows(await capture(everyKind, { ports: 'real' }), 'tcp.flags.syn == 1 and tcp.flags.ack == 0', ['tcp.dstport'])).toEqual(
      ['443', '443', '443', '443', '443', '443', '443', '8443', '80', '443'].map((port) => [port]),
    )
  })

  it('tells addresses of both families', async () => {
    const file = await capture(everyKind)
    expect(rows(file, 'ipv6 and http.request', ['ipv6.src', 'ipv6.dst'])).toEqual([
      ['::1', '2001:db8::1'],
      ['::ffff:127.0.0.1', '2001:db8::7'],
    ])
    expect(rows(file, 'ip.dst == 192.0.2.1 and ip.src == 192.0.2.2 and http.request', ['frame.comment'])).toHaveLength(1)
  })

  it('reads the messages of WebSockets, of HTTP/2 as well', async () => {
    const at = 1_700_000_000_010
    const messages: Message[] = [
      { index: 0, at, direction: 'sent', type: 'text', text: 'hello é', size: 8 },
      { index: 1, at, direction: 'received', type: 'binary', data: large.toString('base64'), size: large.length },
      { index: 2, at, direction: 'sent', type: 'ping', data: '', size: 0 },
      { index: 3, at, direction: 'received', type: 'text', text: 'x'.repeat(300), size: 300 },
      { index: 4, at, direction: 'received', type: 'close', data: 'A+hieWU=', size: 5, code: 1000, reason: 'bye' },
    ]
    const upgrade: Headers = [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
    ]
    const plain = exported(
      {
        kind: 'websocket',
        request: { headers: [['Host', 'origin.test'], ...upgrade] },
        response: { status: 101, reason: 'Switching Protocols', headers: upgrade },
      },
      { messages },
    )
    const extended = exported(
      {
        seq: 2,
        kind: 'websocket',
        request: { method: 'CONNECT', httpVersion: '2', headers: [] },
        response: { httpVersion: '2', headers: [] },
      },
      { messages },
    )
    const file = await capture([plain, extended])
    const seen = rows(file, 'websocket', [
      'tcp.stream',
      'websocket.opcode',
      'websocket.payload_length_ext_16',
      'websocket.payload_length_ext_64',
    ])
    const opcodes = ['1', '2', '9', '1', '8']
    expect(seen.map(([stream, opcode]) => [stream, opcode])).toEqual(
      ['0', '1'].flatMap((stream) => opcodes.map((opcode) => [stream, opcode])),
    )
    expect(seen[1]?.[3]).toBe(`${large.length}`)
    expect(rows(file, 'websocket.payload.text contains "hello"', ['tcp.stream', 'frame.comment'])).toEqual([
      ['0', 'weir 1 message 0'],
      ['1', 'weir 2 message 0'],
    ])
  })

  it('keeps conversations apart whose ports come again', () => {
    const blocks = [fileHead()]
    for (const number of [0, 16_384]) {
      const ports = { client: 49_152, server: 80 }
      const conversation = new Conversation(addressPair('127.0.0.1', undefined), ports, firstSequence(number), (packet, at, comment) =>
        blocks.push(packetBlock(packet, at, comment)),
      )
      conversation.open(1)
      conversation.send('client', Buffer.from(`GET /${number} HTTP/1.1\r\n\r\n`), 2, null)
    }
    const file = join(importFolder(), 'session.pcapng')
    writeFileSync(file, Buffer.concat(blocks))
    expect(rows(file, 'http.request', ['tcp.srcport', 'tcp.stream', 'http.request.uri'])).toEqual([
      ['49152', '0', '/0'],
      ['49152', '1', '/16384'],
    ])
  })

  it('follows any bytes as they were, and no field becomes another', async () => {
    const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 0x1ff }).map((code) => String.fromCharCode(code)), maxLength: 20 })
    const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    const one = fc.record({ value: latin1, body, response: body })
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 3 }), async (list) => {
        const file = await capture(
          list.map(({ value, body, response }, index) =>
            exported(
              {
                seq: index + 1,
                request: {
                  method: 'POST',
                  headers: [
                    ['Host', 'a'],
                    ['X-Any', value],
                  ],
                },
                response: { headers: [['X-Any', value]] },
              },
              { request: body, response, pieceBytes: 70 },
            ),
          ),
        )
        for (const [stream, { body, response }] of list.entries()) {
          const { client, server } = followed(file, stream)
          for (const [sent, content] of [
            [client, body],
            [server, response],
          ] as const) {
            const end = sent.indexOf('\r\n\r\n') + 4
            expect(sent.subarray(end).equals(content)).toBe(true)
            const lines = sent.toString('latin1', 0, end - 4).split('\r\n')
            expect(lines.filter((line) => !/^(?:POST|HTTP|Host|X-Any|Content-Length)/.test(line))).toEqual([])
          }
        }
      }),
      { seed: 20_261_128, numRuns: 2 },
    )
  })
})

it('a method of any length is a packet; its comment has the beginning', async () => {
  const method = 'M'.repeat(66_000)
  const { bytes } = await exportText(pcapng, [exported({ request: { method, url: 'http://origin.test/' } })], {})
  expect(bytes.toString('latin1')).toMatch(/weir 1 M{40} http:\/\/origin\.test\/ 200/)
})

it('tunnels are left out', async () => {
  expect((await exportText(pcapng, everyKind, {})).leftOut).toBe(1)
})
