/** Keep-alive connections in a closed loop: each sends its next request when the last answer is whole. */

import type { Socket } from 'node:net'
import { idPrefix, itemPath, visitPath } from './item.ts'
import { contentLength, MessageReader } from './message-reader.ts'
import { clientFields, ordersPath } from './orders.ts'
import type { End, Pool, RunLimits, RunResult, Traffic } from './pool.ts'
import { connectThrough, requestPrefix, type Target } from './proxied-socket.ts'
import { blankSerial, nextSerial, serialLength, writeSerial } from './serial.ts'

const itemFields = [
  'User-Agent: weir-bench/1',
  'Accept: application/json',
  'Accept-Encoding: gzip, deflate',
  'Authorization: Bearer 0123456789abcdef0123456789abcdef',
  'Cookie: session=0123456789abcdef; theme=dark',
]

const paths: { readonly [T in Traffic]: string } = { items: itemPath, visits: visitPath, orders: ordersPath }

/** One connection's request and answer; `done` is called once a whole answer is there. */
class Requester {
  readonly socket: Socket
  #request: Buffer
  #serialAt: number
  #serial = 0
  #reader: MessageReader
  #checked = false

  constructor(socket: Socket, target: Target, traffic: Traffic, client: number, done: () => void) {
    this.socket = socket
    const authority = `${target.origin.host}:${target.origin.port}`
    const text = [
      `GET ${requestPrefix(target)}${paths[traffic]}${blankSerial}?fields=all HTTP/1.1`,
      `Host: ${authority}`,
      ...(traffic === 'orders' ? clientFields(client) : itemFields),
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
    const at = start + idPrefix.length
    if (end < at + serialLength) throw new Error('the body came in crumbs, its number cannot be checked')
    if (this.#request.compare(bytes, at, at + serialLength, this.#serialAt, this.#serialAt + serialLength) !== 0) {
      throw new Error('an answer belongs to another request')
    }
  }

  /** Of the last request. */
  get serial(): number {
    return this.#serial
  }

  send(): void {
    this.#checked = false
    this.#serial = nextSerial()
    writeSerial(this.#request, this.#serialAt, this.#serial)
    this.socket.write(this.#request)
  }
}

export class KeepAlivePool implements Pool {
  #target: Target
  #size: number
  #traffic: Traffic
  #requesters: Requester[] = []
  #opened = 0
  #onDone: (requester: Requester) => void = () => undefined
  #onLost: (error: Error) => void = () => undefined

  constructor(target: Target, size: number, traffic: Traffic) {
    this.#target = target
    this.#size = size
    this.#traffic = traffic
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
    const requester: Requester = new Requester(socket, this.#target, this.#traffic, this.#opened++, () => this.#onDone(requester))
    this.#requesters.push(requester)
    socket.on('error', (error) => this.#onLost(error))
    socket.on('close', () => this.#onLost(new Error('the proxy closed a connection in use')))
  }

  async run(limits: RunLimits): Promise<RunResult> {
    const reconnected = await this.#fill()
    const latenciesMs: number[] = []
    const ends: End[] = []
    const sentAt = new Map<Requester, number>()
    const budget = limits.exchanges ?? Number.POSITIVE_INFINITY
    const distanceMs = limits.perSecond === undefined ? 0 : 1000 / limits.perSecond
    const began = performance.now()
    const deadline = began + (limits.durationMs ?? Number.POSITIVE_INFINITY)
    const waiting: Requester[] = []
    let sent = 0
    let exchanges = 0
    // Asking the clock at every exchange is cheap beside a TLS record, and ends the run on time.
    const isOver = () => sent >= budget || performance.now() >= deadline
    const isDue = () => began + sent * distanceMs <= performance.now()
    const sendOrWait = (requester: Requester) => {
      if (!isDue()) {
        waiting.push(requester)
        return
      }
      sent++
      if (limits.latencies) sentAt.set(requester, performance.now())
      requester.send()
    }
    let pace: NodeJS.Timeout | undefined
    await new Promise<void>((resolve, reject) => {
      this.#onLost = reject
      const sendWaiting = () => {
        while (!isOver() && isDue() && waiting.length > 0) sendOrWait(waiting.shift() as Requester)
        if (isOver() && exchanges === sent) resolve()
      }
      if (distanceMs > 0) pace = setInterval(sendWaiting, 1)
      this.#onDone = (requester) => {
        exchanges++
        if (limits.latencies) latenciesMs.push(performance.now() - (sentAt.get(requester) ?? Number.NaN))
        if (limits.ends) ends.push({ serial: requester.serial, at: Date.now() })
        if (!isOver()) sendOrWait(requester)
        else if (exchanges === sent) resolve()
      }
      for (const requester of this.#requesters) if (!isOver()) sendOrWait(requester)
    }).finally(() => clearInterval(pace))
    const elapsedMs = performance.now() - began
    this.#onLost = () => undefined
    return { exchanges, elapsedMs, latenciesMs, ends, reconnected }
  }

  close(): void {
    this.#onLost = () => undefined
    for (const { socket } of this.#requesters) socket.destroy()
    this.#requesters = []
  }
}
