/** A small file of each format that can be imported, and the way of a file from its bytes to records. */
import { recognise } from '../../daemon/import/formats.ts'
import { BrokenFile } from '../../daemon/import/imported-exchange.ts'
import { ExchangeRecords, Unstorable } from '../../daemon/store/exchange-records.ts'
import { testExchange } from '../../sdk/testing.ts'
import { dictionary, print } from './tnetstring.ts'

const header = { name: 'content-type', value: 'text/html; charset=shift_jis', key: 'Content-Encoding' }
export const harEntry = {
  startedDateTime: '2024-05-01T10:00:00Z',
  time: 12,
  connection: '1',
  serverIPAddress: '10.0.0.1',
  _serverPort: 1,
  _securityDetails: { protocol: 'TLS 1.3', subjectName: 'a', issuer: 'b', validFrom: 1, validTo: 2 },
  _tags: ['a'],
  _anomalies: ['bareLineFeed'],
  _state: 'failed',
  _error: 'net::ERR_ABORTED',
  _webSocketMessages: [{ type: 'send', time: 1, opcode: 2, data: 'AA==', _size: 9 }],
  comment: 'x',
  request: {
    method: 'POST',
    url: 'wss://a.test/',
    httpVersion: 'h2',
    headers: [header],
    bodySize: 3,
    postData: { text: 'x', params: [header] },
    _trailers: [header],
  },
  response: {
    status: 200,
    statusText: 'OK',
    httpVersion: 'h3',
    headers: [header],
    content: { size: 1, text: 'abc', encoding: 'base64' },
    bodySize: 1,
    _informational: [{ status: 103, headers: [header] }],
  },
  timings: { dns: 1, connect: 2, ssl: 1, send: 1, wait: 1, receive: 1 },
}
export const jsonlLine = {
  weir: 1,
  ...testExchange({
    seq: 1,
    streamId: 3,
    tls: { version: 'a', cipher: 'b', alpn: null, sni: null },
    error: { reason: 'notRecorded', message: '' },
  }),
  bodies: { request: { text: 'a' }, response: { base64: 'AA==' } },
  messages: [{ index: 0, at: 1, direction: 'sent', type: 'close', data: 'AA==', size: 1 }],
}
export const postmanItem = {
  name: 'x',
  request: {
    method: 'POST',
    url: { raw: 'https://a.test/:id', variable: [{ key: 'id', value: '1' }] },
    header: [header],
    auth: { type: 'basic', basic: [header] },
    body: { mode: 'formdata', formdata: [{ key: 'a', value: '1', type: 'file', src: 'x' }] },
  },
  response: [{ name: 'y', code: 200, status: 'OK', header: [header], body: 'abc', responseTime: 5 }],
}

export const harFile = (entries: readonly object[]): string => JSON.stringify({ log: { entries } })
export const jsonlFile = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('')
export const postmanFile = (items: readonly object[]): string => JSON.stringify({ info: {}, item: items })

const message = {
  headers: [[Buffer.from('A'), Buffer.from('1')]],
  content: Buffer.from('hi'),
  http_version: Buffer.from('HTTP/1.1'),
  timestamp_start: 1.5,
  timestamp_end: 1.75,
}
const flow = print(
  dictionary({
    version: 17,
    type: 'http',
    request: dictionary({
      ...message,
      method: Buffer.from('POST'),
      scheme: Buffer.from('https'),
      host: 'a.test',
      port: 443,
      path: Buffer.from('/x'),
    }),
    response: dictionary({ ...message, status_code: 200, reason: Buffer.from('OK') }),
    websocket: dictionary({ messages: [[1, true, Buffer.from('x'), 1.6]] }),
    client_conn: dictionary({ id: 'c', address: ['127.0.0.1', 1] }),
    server_conn: dictionary({
      id: 's',
      ip_address: ['127.0.0.1', 2],
      tls_version: 'TLSv1.3',
      timestamp_start: 1,
      timestamp_tcp_setup: 1.1,
    }),
    comment: 'x',
  }),
)
const script = Buffer.from(
  `curl -X POST "https://a.test/é" -H 'A: 1' -F 'a=@x;type=b' --next $'\\x41' -d "$(printf '\\101')" | curl -d @- 'b.test' # x\n`,
)

export const importFiles: readonly Buffer[] = [
  Buffer.from(harFile([harEntry])),
  Buffer.from(jsonlFile([jsonlLine])),
  Buffer.from(postmanFile([postmanItem])),
  flow,
  script,
]

const records = new ExchangeRecords('the file')

/** How many of its entries can be imported; null: nobody knows what it is, or it breaks off. Throws what is a fault of weir's. */
export async function importable(bytes: Buffer): Promise<number | null> {
  async function* pieces() {
    yield bytes
  }
  let found = 0
  try {
    const format = recognise(bytes)
    if (format === undefined || 'copy' in format) return null
    for await (const entry of format.read(pieces(), 1)) {
      if (!('exchange' in entry)) continue
      records.record(entry.exchange, 'import')
      found++
    }
    return found
  } catch (error) {
    if (error instanceof BrokenFile || error instanceof Unstorable) return null
    throw error
  }
}
