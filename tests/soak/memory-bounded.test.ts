/** Promise 7 with the whole daemon: many exchanges, a subscriber that does not read, a body of gigabytes, and bodies that would inflate without end. */
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { residentBytes } from '../../daemon/thread/resident-bytes.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin, startRawOrigin } from '../support/origin.ts'
import { peakOf } from '../support/peak-memory.ts'
import { getThrough } from '../support/through-proxy.ts'
import { connectTo, readHead } from '../support/wire.ts'
import { isSoak, keepOutcome, sizeOf, timeoutOf } from './size.ts'

const mebibyte = 2 ** 20
/**
 * What the promise allows while exchanges pass, bytes an exchange and bytes; and what may be resident at any time: two readers inflate up to 64 MiB
 * each, and V8 collects late what is read or copied fast.
 */
const most = { slope: 8, capturing: 256 * mebibyte, ever: 512 * mebibyte }
/** With fewer exchanges what Node takes for itself is more than any slope. */
const enoughForSlope = 500_000
const connections = 16
const samples = 50
/** Each another body, all of one size, so that nobody has to parse them. */
const answerTo = (request: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n${request.slice(0, 100).padEnd(1_000, 'x')}`
const answerLength = answerTo('').length
const whole = (bytes: number) => `${Math.round(bytes / mebibyte)} MiB`

function expectPeak(peak: number, limit: number): void {
  if (isSoak) expect(peak).toBeLessThanOrEqual(limit)
}

/** Bytes an exchange, by least squares. */
function slopeOf(points: readonly { x: number; y: number }[]): number {
  const mean = (of: (point: { x: number; y: number }) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)]
  return mean((point) => (point.x - x) * (point.y - y)) / mean((point) => (point.x - x) ** 2)
}

const equalAnswers = () =>
  startRawOrigin(
    (socket) => {
      let seen = ''
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        seen += chunk.toString('latin1')
        for (let end = seen.indexOf('\r\n\r\n'); end >= 0; end = seen.indexOf('\r\n\r\n')) {
          socket.write(answerTo(seen.slice(0, end)))
          seen = seen.slice(end + 4)
        }
      })
      socket.on('end', () => socket.end())
    },
    { tls: false },
  )

/** Asks again and again on one connection for what `next` says, until that is null. */
function ask(socket: Socket, next: () => string | null): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = 0
    const send = () => {
      const request = next()
      if (request === null) {
        socket.destroy()
        return resolve()
      }
      missing += answerLength
      socket.write(request)
    }
    socket.on('data', (chunk) => {
      missing -= chunk.length
      if (missing === 0) send()
    })
    socket.on('close', () => reject(new Error('the proxy closed a connection')))
    socket.resume()
    send()
  })
}

test('many exchanges beside a subscriber that does not read', { timeout: timeoutOf(60_000) }, async () => {
  const { client, pid, connect } = await startDaemon()
  const origin = await equalAnswers()
  const { id: sessionId, proxy } = await client.call('session/start', {})
  const frozen = await connect()
  const heard = new Set<number>()
  const count = sizeOf(2_000, 1_000_000)
  const heardAll = new Promise<void>((resolve) =>
    frozen.on('exchange/didChange', ({ items }) => {
      for (const { seq, state } of items) if (state === 'complete') heard.add(seq)
      if (heard.size === count) resolve()
    }),
  )
  await frozen.call('exchange/subscribe', { sessionId })
  frozen.pause()

  peakOf(pid)
  let asked = 0
  const resident: Promise<number>[] = []
  const next = () => {
    if (asked === count) return null
    asked++
    if (asked % (count / samples) === 0) resident.push(residentBytes(pid))
    return `GET ${origin.url}/items/${asked} HTTP/1.1\r\nHost: localhost:${origin.port}\r\n\r\n`
  }
  const sockets = await Promise.all(Array.from({ length: connections }, () => connectTo(proxy?.port ?? 0)))
  await Promise.all(sockets.map((socket) => ask(socket, next)))
  const points = (await Promise.all(resident)).map((y, index) => ({ x: (index + 1) * (count / samples), y }))
  const peak = peakOf(pid)
  expectPeak(peak, most.capturing)
  const slope = slopeOf(points.slice(samples / 5))
  if (isSoak && count >= enoughForSlope) expect(slope).toBeLessThanOrEqual(most.slope)

  expect(heard.size).toBeLessThan(count)
  frozen.resume()
  await heardAll
  const caughtUp = peakOf(pid)
  expectPeak(caughtUp, most.ever)
  const { counts } = await client.call('session/stop', { sessionId })
  expect(counts).toMatchObject({ exchanges: count, failed: 0, gaps: 0 })
  const slopeText = count < enoughForSlope ? 'too few exchanges for a slope' : `${slope.toFixed(1)} bytes an exchange`
  keepOutcome({
    promise: 7,
    check: 'exchanges',
    ran: `${count} exchanges on ${connections} connections, beside a subscriber that read nothing meanwhile`,
    result: `RSS at most ${whole(peak)}, ${slopeText}; the subscriber then got each exchange, as fast as it could: RSS at most ${whole(caughtUp)}`,
  })
})

test('a large body', { timeout: timeoutOf(60_000) }, async () => {
  const { client, pid } = await startDaemon()
  const piece = Buffer.alloc(mebibyte / 16, 'piece ')
  const size = sizeOf(16 * mebibyte, 4096 * mebibyte)
  const origin = await startOrigin(
    (_request, response) => {
      let left = size
      response.writeHead(200, { 'content-length': size })
      const fill = () => {
        while (left > 0) {
          const bytes = piece.subarray(0, left)
          left -= bytes.length
          if (!response.write(bytes)) return response.once('drain', fill)
        }
        return response.end()
      }
      fill()
    },
    { tls: false },
  )
  const { id: sessionId, proxy } = await client.call('session/start', {})
  const socket = await connectTo(proxy?.port ?? 0)
  peakOf(pid)
  socket.write(`GET ${origin.url}/ HTTP/1.1\r\nHost: localhost:${origin.port}\r\n\r\n`)
  await readHead(socket)
  let received = 0
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      received += chunk.length
      if (received >= size) resolve()
    })
    socket.resume()
  })
  await vi.waitFor(async () => expect((await client.call('exchange/get', { sessionId, seq: 1 })).state).toBe('complete'))
  const peak = peakOf(pid)
  expectPeak(peak, most.ever)
  const { response } = await client.call('exchange/get', { sessionId, seq: 1 })
  const last = await client.call('exchange/readBody', { sessionId, seq: 1, part: 'response', offset: size - 6, length: 6 })
  expect([received, response?.bodySize, last.size]).toEqual([size, size, size])
  keepOutcome({
    promise: 7,
    check: 'largeBody',
    ran: `a body of ${whole(size)}`,
    result: `RSS at most ${whole(peak)}; all of it passed and is on record`,
  })
})

test('bodies that would inflate without end', { timeout: timeoutOf(60_000) }, async () => {
  const { compress } = createRequire(import.meta.url)('brotli-wasm') as { compress(bytes: Uint8Array): Uint8Array }
  const zeros = Buffer.alloc(80_000_000)
  const gzipped = gzipSync(zeros)
  const bombs: { [name: string]: { coding: string; bytes: Uint8Array } } = {
    gzip: { coding: 'gzip', bytes: gzipped },
    'gzip twice': { coding: 'gzip, gzip', bytes: gzipSync(gzipped) },
    deflate: { coding: 'deflate', bytes: deflateSync(zeros) },
    br: { coding: 'br', bytes: compress(zeros.subarray(0, 4_000_000)) },
    zstd: { coding: 'zstd', bytes: zstdCompressSync(zeros) },
  }
  const names = Object.keys(bombs)
  const origin = await startOrigin(
    (request, response) => {
      const { coding, bytes } = bombs[decodeURIComponent(request.url?.slice(1) ?? '')] as (typeof bombs)[string]
      response.writeHead(200, { 'content-encoding': coding, 'content-type': 'text/plain' }).end(bytes)
    },
    { tls: false },
  )
  const { client, pid } = await startDaemon()
  const { id: sessionId, proxy } = await client.call('session/start', {})
  for (const name of names) await getThrough(proxy?.port ?? 0, `${origin.url}/${encodeURIComponent(name)}`)
  await client.call('session/stop', { sessionId })
  peakOf(pid)
  const rounds = sizeOf(1, 100)
  for (let round = 0; round < rounds; round++) {
    const reads = names.map((_, index) =>
      client.call('exchange/readBody', { sessionId, seq: index + 1, part: 'response', decode: true }).then(
        () => 'inflated',
        ({ reason }: { reason: string }) => reason,
      ),
    )
    expect(await Promise.all(reads)).toEqual(names.map(() => 'decodeLimit'))
  }
  const peak = peakOf(pid)
  expectPeak(peak, most.ever)
  keepOutcome({
    promise: 7,
    check: 'bombs',
    ran: `${rounds * names.length} reads of bodies that would inflate to ${whole(zeros.length)} (${names.join(', ')}), ${names.length} at a time`,
    result: `RSS at most ${whole(peak)}; each was refused (decodeLimit)`,
  })
})
