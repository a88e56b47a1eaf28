/** Messages over a WebSocket (RFC 6455), each a text frame of its own. */
import type { WebSocket } from 'ws'
import { codes, WeirError, type WireError } from '../../../sdk/errors.ts'
import type { Message } from '../../../sdk/json-rpc.ts'
import { parseMessage } from '../message.ts'
import type { Wire, WireListener } from '../wire.ts'

/** RFC 6455 section 7.4.1. */
const goingAway = 1001
const unsupportedData = 1003

export class WebSocketWire implements Wire {
  readonly closed: Promise<void>
  readonly #socket: WebSocket
  #isRefused = false

  /** @param socket open; what it takes has been limited to frames of the size that is allowed */
  constructor(socket: WebSocket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    // What is no WebSocket, or too large, it answers with a close frame itself.
    socket.on('error', () => undefined)
  }

  get isOpen(): boolean {
    return !this.#isRefused && this.#socket.readyState === this.#socket.OPEN
  }

  get unreadBytes(): number {
    return this.#socket.bufferedAmount
  }

  /** Frames come whole. */
  get isReading(): boolean {
    return false
  }

  listen({ message, failed, ended }: WireListener): void {
    this.#socket.on('message', (data, isBinary) => {
      if (this.#isRefused) return
      const found = read(data as Buffer, isBinary)
      if (found instanceof Error) failed(found)
      else message(found)
    })
    this.#socket.once('close', ended)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  write(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()))
    })
  }

  refuse(error: WireError): void {
    this.#isRefused = true
    this.#socket.resume()
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id: null, error }), () => undefined)
    this.#socket.close(unsupportedData, error.data?.reason ?? '')
  }

  end(): void {
    this.#socket.close(goingAway)
  }

  destroy(): void {
    this.#socket.terminate()
  }
}

function read(data: Buffer, isBinary: boolean) {
  if (isBinary) return new WeirError(codes.parseError, 'notText', 'a message is one JSON text in a text frame, not a binary one')
  try {
    return parseMessage(data)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
