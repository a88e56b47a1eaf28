/**
 * The origin behind every proxy under test: raw sockets, TLS and clear text, on 127.0.0.1.
 *   GET /v1/items/NNNNNNNNN?...  1 KB of JSON that carries the number     GET /download/BYTES   a large body
 *   POST /upload                 reads the body, answers how long it was
 */

import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import type { KeyAndChain } from '../certificates.ts'
import { writeLargeBody } from './large-body.ts'
import { contentLength, MessageReader } from './message-reader.ts'
import { blankSerial, serialLength } from './serial.ts'

export interface OriginPorts {
  https: number
  http: number
}

const itemBytes = 1024
const itemPath = '/v1/items/'

function itemTemplate(): { bytes: Buffer; serialAt: number } {
  const item = { id: blankSerial, kind: 'item', price: 1299, currency: 'EUR', tags: ['new', 'fragile', 'export'], note: '' }
  item.note = 'The quick brown fox jumps over the lazy dog. '.repeat(40).slice(0, itemBytes - JSON.stringify(item).length)
  const body = JSON.stringify(item)
  const head = [
    'HTTP/1.1 200 OK',
    'Date: Mon, 05 Jan 2026 10:00:00 GMT',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
    'Vary: Accept-Encoding',
  ].join('\r\n')
  const text = `${head}\r\n\r\n${body}`
  return { bytes: Buffer.from(text, 'latin1'), serialAt: text.indexOf(blankSerial) }
}

const template = itemTemplate()

/** Serves one connection for as long as it lives. */
function serve(socket: net.Socket): void {
  // Each connection has one answer in flight, so its bytes can be reused.
  const item = Buffer.from(template.bytes)
  let path = ''
  let received = 0
  const answer = (status: string, body: string) =>
    socket.write(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  const reader = new MessageReader({
    head(bytes, start, end) {
      const head = bytes.toString('latin1', start, end)
      path = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/'))
      received = 0
      if (!path.startsWith(itemPath)) return contentLength(head)
      const serialAt = bytes.indexOf(itemPath, start, 'latin1') + itemPath.length
      bytes.copy(item, template.serialAt, serialAt, serialAt + serialLength)
      return 0
    },
    body(_bytes, start, end) {
      received += end - start
    },
    end() {
      if (path.startsWith(itemPath)) {
        socket.write(item)
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
  const options: tls.TlsOptions = { ...certificate, noDelay: true, ALPNProtocols: ['http/1.1'] }
  return {
    https: await listen(tls.createServer(options, serve).on('tlsClientError', (_error, socket) => socket.destroy())),
    http: await listen(net.createServer({ noDelay: true }, serve)),
  }
}
