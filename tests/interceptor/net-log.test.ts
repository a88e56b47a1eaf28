import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openFifo } from '../../plugins/interceptor/net-log/fifo.ts'
import { NetLog } from '../../plugins/interceptor/net-log/net-log.ts'
import { OwnRequests } from '../../plugins/interceptor/net-log/own-requests.ts'
import type { SourceEvent } from '../../sdk/source.ts'
import { temporaryHome } from '../support/home.ts'

const proxyPort = 8080

const connected = (id: number, port: number, remote = `127.0.0.1:${proxyPort}`) =>
  `{"params":{"local_address":"127.0.0.1:${port}","remote_address":"${remote}"},"phase":2,"source":{"id":${id},"start_time":"1","type":9},"time":"2","type":30},\n`

/** As it comes from a browser that was closed in order. */
const log = [
  `{"constants":{"logEventTypes":{"TCP_CONNECT":30},"text":"${'x'.repeat(100_000)}"},\n"events": [\n`,
  connected(7, 40_001),
  '{"params":{"url":"https://a.example/?q=\\"local_address\\""},"phase":1,"source":{"id":8,"type":1},"time":"2","type":100},\n',
  connected(9, 40_002, '127.0.0.1:9090'),
  connected(11, 40_003, `[::1]:${proxyPort}`).replace('127.0.0.1:40003', '[::1]:40003'),
  '{"params":{"local_address":12},"source":{"id":"x"}},\n',
  'not JSON, but "local_address",\n',
  connected(13, 40_004).replace(',\n', '],\n'),
  '"polledData": {}}\n',
].join('')

const read = (chunks: readonly Buffer[]) => {
  const found: [number, number][] = []
  const own = new OwnRequests({ sourceId: 's', clock: { now: () => 0, at: () => 0 }, tell: () => undefined })
  const netLog = new NetLog({ proxyPort, own, connected: (connection, port) => found.push([connection, port]) })
  for (const chunk of chunks) netLog.push(chunk)
  return found
}

it('tells the ports of connections to the proxy, of no others', () => {
  expect(read([Buffer.from(log)])).toEqual([
    [7, 40_001],
    [11, 40_003],
    [13, 40_004],
  ])
})

it('tells the same, wherever it is cut', () => {
  const bytes = Buffer.from(log)
  const whole = read([bytes])
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
      expect(read(chunks)).toEqual(whole)
    }),
  )
})

it('leaves out a line that has no end, and goes on after it', () => {
  const endless = Buffer.alloc(1024 * 1024, 'x')
  const chunks = [...Array.from({ length: 6 }, () => endless), Buffer.from(`\n${connected(5, 40_005)}`)]
  expect(read(chunks)).toEqual([[5, 40_005]])
})

it('is read from a pipe to its last byte', async () => {
  const found: Buffer[] = []
  const fifo = await openFifo(join(await temporaryHome(), 'log'), (chunk) => found.push(Buffer.from(chunk)))
  await writeFile(fifo.path, log)
  await fifo.close()
  expect(read(found)).toEqual(read([Buffer.from(log)]))
})

it('tells what a browser asked by itself, once it was answered, and nothing that is old by then', () => {
  const told: SourceEvent[] = []
  const clock = { now: () => 20_000, at: (seconds: number) => seconds * 1000 }
  const netLog = new NetLog({
    proxyPort,
    connected: () => undefined,
    own: new OwnRequests({ sourceId: 's', clock, tell: (event) => told.push(event) }),
  })
  const started = (id: number, initiator: string, type: string) =>
    `{"params":{"initiator":"${initiator}","load_flags":82,"method":"GET","request_type":"${type}","url":"https://maker.example/${id}"},"phase":1,"source":{"id":${id},"type":1},"time":"19000","type":4},\n`
  const answered = (id: number, time: number) =>
    `{"params":{"headers":["HTTP/1.1 204 No Content"]},"phase":0,"source":{"id":${id},"type":1},"time":"${time}","type":5},\n`
  const lines = [
    started(1, 'not an origin', 'other'),
    started(2, 'https://a.example', 'other'),
    started(3, 'not an origin', 'main frame'),
    started(4, 'not an origin', 'other'),
    started(5, 'not an origin', 'other'),
    ...[1, 2, 3].map((id) => answered(id, 19_500)),
    answered(1, 19_600),
    answered(4, 16_000),
  ]
  netLog.push(Buffer.from(lines.join('')))
  const id = 'net-log:1:0'
  expect(told).toMatchObject([
    { kind: 'request', id, at: 19_000, method: 'GET', url: 'https://maker.example/1', view: { own: true } },
    { kind: 'response', id, at: 19_500, status: 204, reason: 'No Content', proxied: true },
    { kind: 'end', id },
  ])
})
