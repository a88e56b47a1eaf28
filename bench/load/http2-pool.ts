/** HTTP/2 connections in a closed loop: a stream that has its answer is followed by a new one, so many at a time on each. */
import type { Socket } from 'node:net'
import {
  connectionAnswer,
  FrameReader,
  flags,
  frame,
  frameHeadBytes,
  frameTypes,
  indexedField,
  keptField,
  opening,
  passingField,
  preface,
  streamAt,
} from './http2-frames.ts'
import { idPrefix, itemPath } from './item.ts'
import type { Pool, RunLimits, RunResult } from './pool.ts'
import { connectThrough, type Target } from './proxied-socket.ts'
import { blankSerial, nextSerial, serialLength, writeSerial } from './serial.ts'

/** :method GET and :scheme https. */
const methodAndScheme = Buffer.concat([indexedField(2), indexedField(7)])
const path = passingField(4, `${itemPath}${blankSerial}?fields=all`)
/** Named by their places in the static table: user-agent, accept, accept-encoding, authorization, cookie. */
const ordinaryFields = Buffer.concat([
  keptField(58, 'weir-bench/1'),
  keptField(19, 'application/json'),
  keptField(16, 'gzip, deflate'),
  keptField(23, 'Bearer 0123456789abcdef0123456789abcdef'),
  keptField(32, 'session=0123456789abcdef; theme=dark'),
])
/** What follows the first request of a connection: all but the path comes out of the dynamic table, where the newest is 62. */
const authorityAgain = indexedField(67)
const ordinaryAgain = Buffer.concat([66, 65, 64, 63, 62].map(indexedField))

const requestOf = (...fields: Buffer[]) => frame(frameTypes.headers, flags.endStream | flags.endHeaders, 0, Buffer.concat(fields))
const laterRequest = requestOf(methodAndScheme, authorityAgain, path, ordinaryAgain)
const maxStream = 2 ** 31 - 1

/** One connection; `done` hears of each whole answer, `lost` of its end. */
export class Http2Requester {
  readonly socket: Socket
  onDone: () => void = () => undefined
  onLost: (error: Error) => void = () => undefined
  #template: Buffer
  #stream = 1
  readonly #asked = new Map<number, Buffer>()
  #requests: Buffer[] = []

  constructor(socket: Socket, target: Target) {
    this.socket = socket
    this.#template = requestOf(methodAndScheme, keptField(1, `${target.origin.host}:${target.origin.port}`), path, ordinaryFields)
    const reader = new FrameReader({
      frame: (type, flag, stream, bytes, start, end) => {
        if (type === frameTypes.data) this.#answered(flag, stream, bytes, start)
        else if (type === frameTypes.headers) this.#checkStatus(bytes, start)
        else this.#obey(connectionAnswer(type, flag, bytes.subarray(start, end)))
      },
    })
    socket.write(Buffer.concat([preface, opening()]))
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk)
        this.flush()
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
    socket.on('error', (error) => this.onLost(error))
    socket.on('close', () => this.onLost(new Error('the proxy closed a connection in use')))
  }

  get isUsable(): boolean {
    return !this.socket.destroyed && this.socket.writable
  }

  /** Sent with `flush`: the requests that the answers of one chunk make room for leave as one write. */
  ask(): void {
    if (this.#stream > maxStream) throw new Error('the connection has no more streams')
    const request = Buffer.from(this.#template)
    const serialAt = request.indexOf(itemPath, frameHeadBytes, 'latin1') + itemPath.length
    request.writeUInt32BE(this.#stream, streamAt)
    writeSerial(request, serialAt, nextSerial())
    this.#asked.set(this.#stream, request.subarray(serialAt, serialAt + serialLength))
    this.#requests.push(request)
    this.#stream += 2
    this.#template = laterRequest
  }

  flush(): void {
    if (this.#requests.length > 0) this.socket.write(Buffer.concat(this.#requests))
    this.#requests = []
  }

  /** One exchange. */
  once(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onDone = resolve
      this.onLost = reject
      this.ask()
      this.flush()
    })
  }

  /** The body is one frame, and its first bytes name the exchange: an answer to another question ends the run. */
  #answered(flag: number, stream: number, bytes: Buffer, start: number): void {
    const serial = this.#asked.get(stream)
    const at = start + idPrefix.length
    if (!serial || (flag & flags.endStream) === 0 || serial.compare(bytes, at, at + serialLength) !== 0) {
      throw new Error('an answer is in pieces or belongs to another request')
    }
    this.#asked.delete(stream)
    this.onDone()
  }

  /** 0x88: `:status: 200` of the static table. */
  #checkStatus(bytes: Buffer, start: number): void {
    if (bytes[start] !== 0x88) throw new Error('an answer is not 200')
  }

  #obey(answer: Buffer | null): void {
    if (answer) this.socket.write(answer)
  }
}

export class Http2Pool implements Pool {
  readonly #target: Target
  readonly #size: number
  readonly #streams: number
  #requesters: Http2Requester[] = []

  constructor(target: Target, connections: number, streams: number) {
    this.#target = target
    this.#size = connections
    this.#streams = streams
  }

  /** Connections that were lost between runs are replaced, outside of the measured time. */
  async #fill(): Promise<number> {
    this.#requesters = this.#requesters.filter(({ isUsable }) => isUsable)
    const missing = this.#size - this.#requesters.length
    const open = async () => new Http2Requester(await connectThrough(this.#target), this.#target)
    this.#requesters.push(...(await Promise.all(Array.from({ length: missing }, open))))
    return missing
  }

  async run(limits: RunLimits): Promise<RunResult> {
    const reconnected = await this.#fill()
    const budget = limits.exchanges ?? Number.POSITIVE_INFINITY
    const began = performance.now()
    const deadline = began + (limits.durationMs ?? Number.POSITIVE_INFINITY)
    let sent = 0
    let exchanges = 0
    await new Promise<void>((resolve, reject) => {
      for (const requester of this.#requesters) {
        const ask = () => {
          sent++
          requester.ask()
        }
        requester.onLost = reject
        requester.onDone = () => {
          exchanges++
          if (sent < budget && performance.now() < deadline) ask()
          else if (exchanges === sent) resolve()
        }
        for (let stream = 0; stream < this.#streams && sent < budget; stream++) ask()
        requester.flush()
      }
    })
    const elapsedMs = performance.now() - began
    for (const requester of this.#requesters) requester.onLost = () => undefined
    return { exchanges, elapsedMs, latenciesMs: [], ends: [], reconnected }
  }

  close(): void {
    for (const { socket } of this.#requesters) socket.destroy()
    this.#requesters = []
  }
}
