/** One large body down or up through a proxy, streamed at both ends. */

import { writeLargeBody } from './large-body.ts'
import { contentLength, MessageReader } from './message-reader.ts'
import { connectThrough, requestPrefix, type Target } from './proxied-socket.ts'

export interface TransferResult {
  bytes: number
  elapsedMs: number
}

/** Rejects unless every byte arrived: the client counts a download, the origin an upload. */
export async function transfer(target: Target, way: 'download' | 'upload', bytes: number): Promise<TransferResult> {
  const socket = await connectThrough(target)
  const authority = `${target.origin.host}:${target.origin.port}`
  const began = performance.now()
  let received = 0
  let answer = ''
  await new Promise<void>((resolve, reject) => {
    const reader = new MessageReader({
      head: (head, start, end) => contentLength(head.toString('latin1', start, end)),
      body(chunk, start, end) {
        received += end - start
        if (way === 'upload') answer += chunk.toString('latin1', start, end)
      },
      end: resolve,
    })
    socket.on('data', (chunk: Buffer) => reader.push(chunk))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`closed after ${received} bytes`)))
    if (way === 'download') {
      socket.write(`GET ${requestPrefix(target)}/download/${bytes} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
    } else {
      const length = `Content-Type: application/octet-stream\r\nContent-Length: ${bytes}`
      socket.write(`POST ${requestPrefix(target)}/upload HTTP/1.1\r\nHost: ${authority}\r\n${length}\r\n\r\n`)
      writeLargeBody(socket, bytes)
    }
  })
  const elapsedMs = performance.now() - began
  socket.destroy()
  if (way === 'upload') received = (JSON.parse(answer) as { received: number }).received
  if (received !== bytes) throw new Error(`${way}: ${received} of ${bytes} bytes arrived`)
  return { bytes, elapsedMs }
}
