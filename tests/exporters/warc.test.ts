/** Archives, read again by warcio, the library of ReplayWeb.page. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WARCParser, type WARCRecord } from 'warcio'
import warc from '../../plugins/exporters/warc.ts'
import type { Headers } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { exported, exportText } from '../support/exported.ts'

interface ReadRecord {
  type: string | null
  named(name: string): string | null
  status: string
  fields: [string, string][]
  block: Buffer
}

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function read(bytes: Buffer): Promise<ReadRecord[]> {
  const records: ReadRecord[] = []
  for await (const record of new WARCParser(bytesOf(bytes), { keepHeadersCase: true }) as AsyncIterable<WARCRecord>) {
    const block = Buffer.from(await record.readFully(false))
    records.push({
      type: record.warcType ?? null,
      named: (name) => record.warcHeader(name) ?? null,
      status: record.httpHeaders?.statusline ?? '',
      fields: [...(record.httpHeaders?.headers ?? [])] as [string, string][],
      block,
    })
  }
  return records
}

const archive = async (exchanges: ExportedExchange[]) => (await exportText(warc, exchanges, {})).bytes

test('an exchange is a request and a response', async () => {
  const exchange = exported(
    {
      request: { method: 'POST', url: 'https://origin.test/a b?q=1', httpVersion: '2', headers: [['Content-Type', 'text/plain']] },
      response: { status: 201, reason: '', httpVersion: '2', headers: [['Content-Encoding', 'gzip']] },
    },
    { request: Buffer.from('asked'), response: Buffer.from([0x1f, 0x8b, 0]) },
  )
  const [info, request, response, ...more] = await read(await archive([exchange]))
  expect(more).toEqual([])
  expect(info?.type).toBe('warcinfo')
  expect(info?.block.toString()).toContain('format: WARC File Format 1.1')
  expect(request?.type).toBe('request')
  expect(request?.named('WARC-Target-URI')).toBe('https://origin.test/a%20b?q=1')
  expect(request?.named('WARC-Protocol')).toBe('h2')
  expect(request?.status).toBe('POST /a b?q=1 HTTP/1.1')
  expect(request?.fields).toEqual([
    ['Host', 'origin.test'],
    ['Content-Type', 'text/plain'],
    ['Content-Length', '5'],
  ])
  expect(request?.block.toString()).toBe('asked')
  expect(response?.named('WARC-Concurrent-To')).toBe(request?.named('WARC-Record-ID'))
  expect(response?.named('WARC-IP-Address')).toBe('192.0.2.1')
  expect(response?.status).toBe('HTTP/1.1 201')
  expect(response?.block).toEqual(Buffer.from([0x1f, 0x8b, 0]))
})

test('bytes beyond ASCII stay bytes in heads and are escaped in the record’s URI', async () => {
  const bytes = await archive([exported({ request: { url: 'https://origin.test/\u00fc', headers: [['x', '\u00e9']] } })])
  expect(bytes.toString('latin1')).toContain('GET /\u00fc HTTP/1.1\r\nHost: origin.test\r\nx: \u00e9\r\n')
  expect(bytes.toString('latin1')).toContain('WARC-Target-URI: https://origin.test/%FC\r\n')
})

test('a chunked body is as long as it says', async () => {
  const headers: Headers = [['Transfer-Encoding', 'chunked']]
  const [, , response] = await read(await archive([exported({ response: { headers } }, { response: Buffer.from('0\r\n\r\n') })]))
  expect(response?.fields).toEqual([
    ['x-orig-transfer-encoding', 'chunked'],
    ['Content-Length', '5'],
  ])
  expect(response?.block.toString()).toBe('0\r\n\r\n')
})

test('what an answer without a body says of its length is left as it was', async () => {
  const length: Headers = [['Content-Length', '5000']]
  const head = exported({ request: { method: 'HEAD' }, response: { httpVersion: '1.0', headers: length } })
  const [, , response] = await read(await archive([head]))
  expect(response?.status).toBe('HTTP/1.0 200 OK')
  expect(response?.fields).toEqual(length)
})

test('what is not all there says so, and a request that was all sent is, whatever became of it; tunnels are left out', async () => {
  const half: Headers = [['Content-Length', '100']]
  const broken = exported({ state: 'aborted', request: { headers: half }, timings: {}, response: null }, { request: Buffer.from('half') })
  const failed = exported({ state: 'failed', response: null })
  const cut = exported({ seq: 2, response: { truncated: true } }, { response: Buffer.from('beg') })
  const tunnel = exported({ seq: 3, kind: 'tunnel' })
  const { bytes, leftOut } = await exportText(warc, [broken, failed, cut, tunnel], {})
  const records = await read(bytes)
  expect(records.map(({ type, named }) => [type, named('WARC-Truncated')])).toEqual([
    ['warcinfo', null],
    ['request', 'disconnect'],
    ['request', null],
    ['request', null],
    ['response', 'length'],
  ])
  expect(leftOut).toBe(1)
})

test('any bytes are read again as they were', async () => {
  const body = fc.uint8Array({ maxLength: 300 })
  const field = fc.tuple(fc.stringMatching(/^[A-Za-z-]{1,12}$/), fc.stringMatching(/^[!-~]{1,20}$/))
  // warcio joins fields of one name.
  const header = fc
    .uniqueArray(field, { maxLength: 5, selector: ([name]) => name.toLowerCase() })
    .map((fields) => fields.map(([name, value]): [string, string] => [`x-${name}`, value]))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(body, body, header), { maxLength: 4 }), async (list) => {
      const exchanges = list.map(([request, response, headers], index) =>
        exported({ seq: index + 1, response: { headers } }, { request, response, pieceBytes: 100 }),
      )
      const records = (await read(await archive(exchanges))).slice(1)
      expect(records.map(({ block }) => block.toString('hex'))).toEqual(
        list.flatMap((one) => one.slice(0, 2)).map((bytes) => Buffer.from(bytes as Uint8Array).toString('hex')),
      )
      const responses = records.filter(({ type }) => type === 'response')
      for (const [index, [, , headers]] of list.entries()) {
        expect(responses[index]?.fields.filter(([name]) => name !== 'Content-Length')).toEqual(headers)
      }
    }),
    { seed: 20_261_125, numRuns: 100 },
  )
})

test('only a real address is in the head of a record', async () => {
  const from = async (address: string) => {
    const [, request] = await read(await archive([exported({ server: { address, port: 80 } })]))
    expect(request?.type).toBe('request')
    return request?.named('WARC-IP-Address')
  }
  expect(await from('fe80::1%eth0')).toBe('fe80::1')
  expect(await from('origin.test')).toBeNull()
  expect(await from('1.2.3.4\r\nWARC-Type: metadata\r\n\r\nX')).toBeNull()
})
