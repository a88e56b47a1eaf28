/** WebSocket connections (RFC 6455) in a closed loop: a text of fixed length goes, the same comes back. Frames by hand, so that the load is cheap. */
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { connectThrough, type Target } from './proxied-socket.ts'

/** Where the origin upgrades. */
export const socketPath = '/echo-socket'
const payloadBytes = 100
const sentFrame = 2 + 4 + payloadBytes
const echoedFrame = 2 + payloadBytes

/** A masked text frame; its mask is zero, so the payload stands as it is. */
function newFrame(): Buffer {
  const frame = Buffer.alloc(sentFrame, 'x')
  frame.set([0x81, 0x80 | payloadBytes, 0, 0, 0, 0])
  return frame
}

/** What the origin answers to an upgrade, and then to each frame. */
export function serveEchoSocket(socket: Socket, head: string): void {
  const key = /sec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
  const echo = Buffer.alloc(echoedFrame, 'x')
  echo.set([0x81, payloadBytes])
  let held = 0
  socket.removeAllListeners('data')
  socket.on('data', (chunk: Buffer) => {
    for (held += chunk.length; held >= sentFrame; held -= sentFrame) socket.write(echo)
  })
}

export interface EchoResult {
  /** Both ways. */
  messages: number
  elapsedMs: number
}

export class EchoSockets {
  #sockets: Socket[] = []
  #echoed: (socket: Socket) => void = () => undefined
  #lost: (error: Error) => void = () => undefined

  async open(target: Target, connections: number): Promise<void> {
    await Promise.all(Array.from({ length: connections }, () => this.#open(target)))
  }

  async #open(target: Target): Promise<void> {
    const socket = await connectThrough(target)
    const { host, port } = target.origin
    const fields = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
    socket.write([`GET ${socketPath} HTTP/1.1`, `Host: ${host}:${port}`, ...fields, '\r\n'].join('\r\n'))
    const head = await new Promise<string>((resolve) => socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))))
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(`no WebSocket: ${head.split('\r\n')[0]}`)
    let held = 0
    socket.on('data', (chunk: Buffer) => {
      for (held += chunk.length; held >= echoedFrame; held -= echoedFrame) this.#echoed(socket)
    })
    socket.on('error', (error) => this.#lost(error))
    socket.on('close', () => this.#lost(new Error('the proxy closed a WebSocket')))
    this.#sockets.push(socket)
  }

  async run(durationMs: number): Promise<EchoResult> {
    const frame = newFrame()
    const began = performance.now()
    let sent = 0
    let echoed = 0
    await new Promise<void>((resolve, reject) => {
      this.#lost = reject
      const send = (socket: Socket) => {
        sent++
        socket.write(frame)
      }
      this.#echoed = (socket) => {
        echoed++
        if (performance.now() - began < durationMs) send(socket)
        else if (echoed === sent) resolve()
      }
      for (const socket of this.#sockets) send(socket)
    })
    this.#lost = () => undefined
    return { messages: sent + echoed, elapsedMs: performance.now() - began }
  }

  close(): void {
    this.#lost = () => undefined
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets = []
  }
}
