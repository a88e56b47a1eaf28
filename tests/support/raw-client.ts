/** A client of the daemon's socket that may send anything. */
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Answer {
  id: string | number | null
  result?: { [name: string]: unknown }
  error?: { code: number; message: string; data: { reason: string; errors?: { path: string; message: string }[] } }
}

export const frame = (text: string): string => `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`

export class RawClient {
  readonly socket: Socket
  readonly received: Answer[] = []
  /** Resolves when the daemon has ended the connection. */
  readonly ended: Promise<void>
  #bytes = Buffer.alloc(0)
  #arrivals = new Set<() => void>()

  constructor(socket: Socket) {
    this.socket = socket
    this.ended = new Promise((resolve) => socket.once('close', resolve))
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', () => socket.destroy())
  }

  send(message: object): void {
    this.socket.write(frame(JSON.stringify({ jsonrpc: '2.0', ...message })))
  }

  /** The first message, also an earlier one, that satisfies. */
  async next(satisfies: (answer: Answer) => boolean): Promise<Answer> {
    for (;;) {
      const found = this.received.find(satisfies)
      if (found) return found
      await new Promise<void>((resolve) => this.#arrivals.add(resolve))
    }
  }

  async call(id: number | string, method: string, params?: unknown): Promise<Answer> {
    this.send({ id, method, ...(params !== undefined && { params }) })
    return this.next((answer) => answer.id === id)
  }

  async initialize(): Promise<Answer> {
    return this.call('hello', 'initialize', { client: { name: 'test', version: '1' } })
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    for (;;) {
      const head = this.#bytes.indexOf('\r\n\r\n')
      const length = Number(/Content-Length: (\d+)/.exec(this.#bytes.toString('latin1', 0, Math.max(0, head)))?.[1] ?? Number.NaN)
      if (!(this.#bytes.length >= head + 4 + length)) break
      this.received.push(JSON.parse(this.#bytes.toString('utf8', head + 4, head + 4 + length)) as Answer)
      this.#bytes = this.#bytes.subarray(head + 4 + length)
    }
    for (const arrived of this.#arrivals) arrived()
    this.#arrivals.clear()
  }
}

/** Destroyed when the test has finished. */
export async function rawClient(path: string): Promise<RawClient> {
  const socket = createConnection({ path })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return new RawClient(socket)
}
