/**
 * The origin behind every proxy under test: raw sockets, TLS and clear text, on 127.0.0.1; HTTP/2 on a TLS port of its own.
 *   GET /v1/items/NNNNNNNNN?...  1 KB of JSON that carries the number     GET /download/BYTES   a large body
 *   GET /v1/visits/NNNNNNNNN?... the same, and a cookie that carries it
 *   GET /echo-socket             a WebSocket that echoes
 *   POST /upload                 reads the body, answers how long it was         GET /v1/orders/NNNNNNNNN?...  JSON like that of real traffic
 */

import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import type { KeyAndChain } from '../certificates.ts'
import { serveEchoSocket, socketPath } from './echo-sockets.ts'
import { serveHttp2 } from './http2-origin.ts'
import { itemBody, itemPath, visitPath } from './item.ts'
import { writeLargeBody } from './large-body.ts'
import { contentLength, MessageReader } from './message-reader.ts'
import { orderAnswer, ordersPath } from './orders.ts'
import type { Scheme } from './proxied-socket.ts'
import { blankSerial, serialLength } from './serial.ts'

export type OriginPorts = Record<Scheme, number>

function itemTemplate(more: readonly string[] = []): { bytes: Buffer; serialsAt: readonly number[] } {
  const head = [
    'HTTP/1.1 200 OK',
    'Date: Mon, 05 Jan 2026 10:00:00 GMT',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${itemBody.length}`,
    'Cache-Control: no-store',
    'Vary: Accept-Encoding',
    ...more,
  ].join('\r\n')
  const text = `${head}\r\n\r\n${itemBody}`
  const serialsAt = [...text.matchAll(new RegExp(blankSerial, 'g'))].map(({ index }) => index)
  return { bytes: Buffer.from(text, 'latin1'), serialsAt }
}

const templates = [
  { path: itemPath, ...itemTemplate() },
  { path: visitPath, ...itemTemplate([`Set-Cookie: visit=${blankSerial}; Path=/; Max-Age=3600; HttpOnly`]) },
]

/** Serves one connection for as long as it lives. */
function serve(socket: net.Socket): void {
  // Each connection has one answer in flight, so its bytes can be reused.
  const items = templates.map((template) => ({ ...template, bytes: Buffer.from(template.bytes) }))
  const itemOf = (of: string) => items.find((item) => of.startsWith(item.path))
  let order: Buffer | null = null
  let path = ''
  let received = 0
  let upgrade = ''
  const answer = (status: string, body: string) =>
    socket.write(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  const reader = new MessageReader({
    head(bytes, start, end) {
      const head = bytes.toString('latin1', start, end)
      path = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/'))
      received = 0
      upgrade = path === socketPath ? head : ''
      if (path.startsWith(ordersPath)) order = orderAnswer(bytes, bytes.indexOf(ordersPath, start, 'latin1') + ordersPath.length)
      const item = itemOf(path)
      if (item === undefined) return contentLength(head)
      const serialAt = bytes.indexOf(item.path, start, 'latin1') + item.path.length
      for (const at of item.serialsAt) bytes.copy(item.bytes, at, serialAt, serialAt + serialLength)
      return 0
    },
    body(_bytes, start, end) {
      received += end - start
    },
    end() {
      const item = itemOf(path)
      if (upgrade) {
        serveEchoSocket(socket, upgrade)
      } else if (item !== undefined) {
        socket.write(item.bytes)
      } else if (order) {
        socket.write(order)
        order = null
      } else if (path.startsWith('/download/')) {
        const total = Number(path.slice('/download/'.length))
        socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${total}\r\n\r\n`)
        writeLargeBody(socket, total)
      } else if (path === '/upload') {
        answer('200 OK', JSON.stringify({ received }))
      } else {
        answer('404 Not Found', '{}')
      }
    },
  })
  socket.on('data', (chunk: Buffer) => reader.push(chunk))
  socket.on('error', () => socket.destroy())
}

async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}

export async function startOrigin(certificate: KeyAndChain): Promise<OriginPorts> {
  const secure = (protocol: string, serve: (socket: net.Socket) => void) =>
    tls
      .createServer({ ...certificate, noDelay: true, ALPNProtocols: [protocol] }, serve)
      .on('tlsClientError', (_error, socket) => socket.destroy())
  return {
    https: await listen(secure('http/1.1', serve)),
    h2: await listen(secure('h2', serveHttp2)),
    http: await listen(net.createServer({ noDelay: true }, serve)),
  }
}
