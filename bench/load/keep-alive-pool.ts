/** Keep-alive connections in a closed loop: each sends its next request when the last answer is whole. */

import type { Socket } from 'node:net'
import { contentLength, MessageReader } from './message-reader.ts'
import { connectThrough, requestPrefix, type Target } from './proxied-socket.ts'
import { blankSerial, serialLength, writeSerial } from './serial.ts'

export interface RunLimits {
  /** Ends after this time, or after `exchanges`, whichever is first; answers on the way are awaited and counted. */
  durationMs?: number
  exchanges?: number
  /** Keeps the time of every exchange: for few connections, it costs memory. */
  latencies?: boolean
}

export interface RunResult {
  exchanges: number
  elapsedMs: number
  latenciesMs: number[]
  /** Connections that had to be made anew before the run. */
  reconnected: number
}

let serial = 0

const idToken = '"id":"'

/** One connection's request and answer; `done` is called once a whole answer is there. */
class Requester {
  readonly socket: Socket
  #request: Buffer
  #serialAt: number
  #reader: MessageReader
  #checked = false

  constructor(socket: Socket, target: Target, done: () => void) {
    this.socket = socket
    const authority = `${target.origin.host}:${target.origin.port}`
    const text = [
      `GET ${requestPrefix(target)}/v1/items/${blankSerial}?fields=all HTTP/1.1`,
      `Host: ${authority}`,
      'User-Agent: weir-bench/1',
      'Accept: application/json',
      'Accept-Encoding: gzip, deflate',
      'Authorization: Bearer 0123456789abcdef0123456789abcdef',
      'Cookie: session=0123456789abcdef; theme=dark',
      '\r\n',
    ].join('\r\n')
    this.#request = Buffer.from(text, 'latin1')
    this.#serialAt = text.indexOf(blankSerial)
    this.#reader = new MessageReader({
      head: (bytes, start, end) => {
        const head = bytes.toString('latin1', start, end)
        if (!head.startsWith('HTTP/1.1 200')) throw new Error(`unexpected answer: ${head.split('\r\n')[0]}`)
        return contentLength(head)
      },
      body: (bytes, start, end) => this.#check(bytes, start, end),
      end: done,
    })
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#reader.push(chunk)
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
  }

  /** The first bytes of each body name the exchange: an answer to somebody else's question ends the run. */
  #check(bytes: Buffer, start: number, end: number): void {
    if (this.#checked) return
    this.#checked = true
    const at = start + 1 + idToken.length
    if (end < at + serialLength) throw new Error('the body came in crumbs, its number cannot be checked')
    if (this.#request.compare(bytes, at, at + serialLength, this.#serialAt, this.#serialAt + serialLength) !== 0) {
      throw new Error('an answer belongs to another request')
    }
  }

  send(): void {
    this.#checked = false
    writeSerial(this.#request, this.#serialAt, serial++)
    this.socket.write(this.#request)
  }
}

export class KeepAlivePool {
  #target: Target
  #size: number
  #requesters: Requester[] = []
  #onDone: (requester: Requester) => void = () => undefined
  #onLost: (error: Error) => void = () => undefined

  constructor(target: Target, size: number) {
    this.#target = target
    this.#size = size
  }

  /** Some proxies close idle connections between runs: those are replaced, outside of the measured time. */
  async #fill(): Promise<number> {
    this.#requesters = this.#requesters.filter(({ socket }) => !socket.destroyed && socket.writable)
    const missing = this.#size - this.#requesters.length
    await Promise.all(Array.from({ length: missing }, () => this.#open()))
    return missing
  }

  async #open(): Promise<void> {
    const socket = await connectThrough(this.#target)
    const requester: Requester = new Requester(socket, this.#target, () => this.#onDone(requester))
    this.#requesters.push(requester)
    socket.on('error', (error) => this.#onLost(error))
    socket.on('close', () => this.#onLost(new Error('the proxy closed a connection in use')))
  }

  async run(limits: RunLimits): Promise<RunResult> {
    const reconnected = await this.#fill()
    const latenciesMs: number[] = []
    const sentAt = new Map<Requester, number>()
    const budget = limits.exchanges ?? Number.POSITIVE_INFINITY
    const began = performance.now()
    const deadline = began + (limits.durationMs ?? Number.POSITIVE_INFINITY)
    let sent = 0
    let exchanges = 0
    const send = (requester: Requester) => {
      sent++
      if (limits.latencies) sentAt.set(requester, performance.now())
      requester.send()
    }
    await new Promise<void>((resolve, reject) => {
      this.#onLost = reject
      this.#onDone = (requester) => {
        exchanges++
        if (limits.latencies) latenciesMs.push(performance.now() - (sentAt.get(requester) ?? Number.NaN))
        // Asking the clock at every exchange is cheap beside a TLS record, and ends the run on time.
        if (sent < budget && performance.now() < deadline) send(requester)
        else if (exchanges === sent) resolve()
      }
      for (const requester of this.#requesters) if (sent < budget) send(requester)
    })
    const elapsedMs = performance.now() - began
    this.#onLost = () => undefined
    return { exchanges, elapsedMs, latenciesMs, reconnected }
  }

  close(): void {
    this.#onLost = () => undefined
    for (const { socket } of this.#requesters) socket.destroy()
    this.#requesters = []
  }
}
