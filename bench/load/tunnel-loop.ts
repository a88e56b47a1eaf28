/** New tunnels in a closed loop: CONNECT, both handshakes, one small exchange (it makes the tunnel countable), close. */

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { itemPath } from './item.ts'
import { contentLength, MessageReader } from './message-reader.ts'
import { connectThrough, requestPrefix, type Target } from './proxied-socket.ts'
import { nextSerial, serialLength } from './serial.ts'

export interface TunnelResult {
  tunnels: number
  elapsedMs: number
}

/** One GET; resolves with the body once it is whole. */
async function getOnce(socket: Socket, authority: string, path: string): Promise<string> {
  let body = ''
  let status = ''
  await new Promise<void>((resolve, reject) => {
    const reader = new MessageReader({
      head(bytes, start, end) {
        status = bytes.toString('latin1', start, end)
        return contentLength(status)
      },
      body(bytes, start, end) {
        body += bytes.toString('latin1', start, end)
      },
      end: resolve,
    })
    socket.on('data', (chunk: Buffer) => reader.push(chunk))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed before the answer')))
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: weir-bench/1\r\n\r\n`)
  })
  if (!status.startsWith('HTTP/1.1 200')) throw new Error(`unexpected answer: ${status.split('\r\n')[0]} ${body.slice(0, 200)}`)
  return body
}

export async function getItem(socket: Socket, target: Target): Promise<void> {
  const path = `${requestPrefix(target)}${itemPath}${String(nextSerial()).padStart(serialLength, '0')}`
  await getOnce(socket, `${target.origin.host}:${target.origin.port}`, path)
}

async function oneTunnel(target: Target): Promise<void> {
  const socket = await connectThrough(target)
  await getItem(socket, target)
  socket.end()
  await once(socket, 'close')
}

export async function runTunnels(target: Target, concurrency: number, durationMs: number): Promise<TunnelResult> {
  const began = performance.now()
  let tunnels = 0
  const worker = async () => {
    while (performance.now() - began < durationMs) {
      await oneTunnel(target)
      tunnels++
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return { tunnels, elapsedMs: performance.now() - began }
}
