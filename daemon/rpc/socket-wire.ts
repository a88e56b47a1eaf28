/** Messages over a socket, framed as in the Language Server Protocol. */
import type { Socket } from 'node:net'
import type { WireError } from '../../sdk/errors.ts'
import { type Message, StreamMessageReader, StreamMessageWriter } from '../../sdk/json-rpc.ts'
import { FrameMeter } from './frame-meter.ts'
import { type IncomingMessage, parseMessage } from './message.ts'
import type { Wire, WireListener } from './wire.ts'

export class SocketWire implements Wire {
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #meter = new FrameMeter()
  readonly #reader: StreamMessageReader
  readonly #writer: StreamMessageWriter

  /** @param socket half-open is allowed, so that what was asked is still answered */
  constructor(socket: Socket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#reader.dispose())
    this.#reader = new StreamMessageReader(this.#meter, {
      charset: 'utf-8',
      contentTypeDecoder: { name: 'application/json', decode: async (bytes) => parseMessage(bytes as Buffer) },
    })
    this.#writer = new StreamMessageWriter(socket)
  }

  get isOpen(): boolean {
    return !this.#socket.writableEnded && !this.#socket.destroyed
  }

  get unreadBytes(): number {
    return this.#socket.writableLength
  }

  get isReading(): boolean {
    return this.#meter.readableLength > 0
  }

  listen({ message, failed, ended }: WireListener): void {
    this.#meter.on('error', failed)
    this.#reader.onError(failed)
    this.#reader.listen((found) => message(found as IncomingMessage))
    this.#socket.once('end', ended)
    // The end of what a client says is not the end of what it is told.
    this.#socket.pipe(this.#meter, { end: false })
  }

  pause(): void {
    this.#meter.pause()
  }

  resume(): void {
    this.#meter.resume()
  }

  write(message: Message): Promise<void> {
    return this.#writer.write(message)
  }

  refuse(error: WireError): void {
    const text = JSON.stringify({ jsonrpc: '2.0', id: null, error })
    this.#socket.unpipe(this.#meter)
    this.#socket.resume()
    this.#socket.end(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
    this.#socket.destroySoon()
  }

  end(): void {
    this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
