/**
 * One direction of an HTTP/2 connection (RFC 9113): bytes in, events out. It watches and does not take part: flow control,
 * priorities and settings that bind the peers alone are passed over, and stream states are the business of who joins both directions.
 */

import type { Anomaly } from '../../../sdk/model.ts'
import { GrowingBytes } from './growing-bytes.ts'
import { type Field, HpackDecoder } from './hpack.ts'
import { FrameReader, type FrameSink } from './http2-frames.ts'

/** A field block, decoded. */
export interface FieldsRead {
  /** In order; pairs may be shared with other lists. */
  fields: Field[]
  /** What is odd about how they were sent. */
  anomalies: Anomaly[]
  /** END_STREAM came with them; `onEnd` follows. */
  endsStream: boolean
}

/** `at`: Unix ms of the bytes that completed the event. */
export interface Http2Handler {
  onFields(stream: number, read: FieldsRead, at: number): void
  /** Payload of DATA without padding, as it comes; the bytes are a view. */
  onData(stream: number, bytes: Buffer, at: number): void
  /** END_STREAM: this direction of the stream has ended. */
  onEnd(stream: number, at: number): void
  /** The origin announces a request that it answers unasked (section 8.4). */
  onPromise(stream: number, promised: number, read: FieldsRead, at: number): void
  onReset(stream: number, code: number, at: number): void
  /** Streams above `lastStream` were not processed and never will be. */
  onGoAway(lastStream: number, code: number, at: number): void
  /** More frames that carry nothing came within a second than any use has for them (section 10.5). */
  onFlood(at: number): void
  /** From this offset of the direction on nothing can be told; no further event comes. */
  onViolation(offset: number, at: number): void
}

const Frame = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  promise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const
const endStream = 0x1
const endHeaders = 0x4
const padded = 0x8
const hasPriority = 0x20

/** RFC 9113 section 3.4; what a client sends first. */
const clientPreface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** Of a field block in all its frames; more is a flood. */
const blockLimit = 4 * 1024 * 1024
/** A block of this many frames is on record as a flood; with frames of the smallest size that peers must take they hold 1 MiB. */
const manyContinuations = 64
/** A list of 64 KiB that is so many times its block is on record as a bomb. */
const bombFactor = 64
const bombSize = 64 * 1024
/** SETTINGS, PING, PRIORITY, unknown frames and DATA without content, within a second. */
const manyEmptyFrames = 2_000

/** A field block whose END_HEADERS has not come. */
interface OpenBlock {
  stream: number
  /** null: of HEADERS. */
  promised: number | null
  endsStream: boolean
  bytes: GrowingBytes
  frames: number
}

export class Http2Decoder implements FrameSink {
  readonly #handler: Http2Handler
  readonly #frames: FrameReader
  readonly #hpack = new HpackDecoder()
  readonly #isClient: boolean
  #block: OpenBlock | null = null
  #begun = false
  #endsStream = false
  #emptyFrames = 0
  #emptySince = 0
  #now = 0

  constructor(sender: 'client' | 'origin', handler: Http2Handler) {
    this.#handler = handler
    this.#isClient = sender === 'client'
    this.#frames = new FrameReader(this, this.#isClient ? clientPreface : null)
  }

  /** Bytes from the violation to the end of what was pushed; 0: there was none. */
  get unread(): number {
    return this.#frames.unread
  }

  /** Never throws; what it holds is bounded by a frame's header and one field block. */
  push(bytes: Buffer, at: number): void {
    this.#now = at
    this.#frames.push(bytes, at)
  }

  violation(offset: number, at: number): void {
    this.#block = null
    this.#handler.onViolation(offset, at)
  }

  accepts(type: number, flags: number, stream: number, length: number): 'stream' | 'hold' | 'skip' | 'violation' {
    // Section 3.4: so a connection that is joined in its middle is not taken for what it is not.
    if (!this.#begun && type !== Frame.settings) return 'violation'
    this.#begun = true
    if (this.#block !== null && (type !== Frame.continuation || stream !== this.#block.stream)) return 'violation'
    switch (type) {
      case Frame.data:
        if (stream === 0) return 'violation'
        this.#endsStream = (flags & endStream) !== 0
        if (length <= 1 && !this.#endsStream) this.#empty()
        return 'stream'
      case Frame.headers:
        return stream === 0 || length > blockLimit ? 'violation' : 'hold'
      case Frame.continuation:
        return this.#block === null || this.#block.bytes.length + length > blockLimit ? 'violation' : 'hold'
      case Frame.promise:
        return stream === 0 || this.#isClient || length > blockLimit ? 'violation' : 'hold'
      case Frame.reset:
        return stream === 0 || length !== 4 ? 'violation' : 'hold'
      case Frame.goAway:
        return stream !== 0 || length < 8 || length > blockLimit ? 'violation' : 'hold'
      case Frame.settings:
        this.#empty()
        return stream !== 0 || length % 6 !== 0 ? 'violation' : 'skip'
      case Frame.ping:
        this.#empty()
        return stream !== 0 || length !== 8 ? 'violation' : 'skip'
      case Frame.windowUpdate:
        return 'skip'
      default:
        this.#empty()
        return 'skip'
    }
  }

  #empty(): void {
    if (this.#now - this.#emptySince > 1000) {
      this.#emptySince = this.#now
      this.#emptyFrames = 0
    }
    this.#emptyFrames++
    if (this.#emptyFrames === manyEmptyFrames) this.#handler.onFlood(this.#now)
  }

  isPadded(type: number, flags: number): boolean {
    return (type === Frame.data || type === Frame.headers || type === Frame.promise) && (flags & padded) !== 0
  }

  piece(stream: number, bytes: Buffer, at: number): void {
    this.#handler.onData(stream, bytes, at)
  }

  streamed(stream: number, at: number): void {
    if (this.#endsStream) this.#handler.onEnd(stream, at)
  }

  held(type: number, flags: number, stream: number, payload: Buffer, at: number): boolean {
    switch (type) {
      case Frame.headers:
        return this.#headers(flags, stream, payload, at)
      case Frame.promise:
        return this.#promise(flags, stream, payload, at)
      case Frame.continuation:
        return this.#fragment(this.#block as OpenBlock, flags, payload, at)
      case Frame.reset:
        this.#handler.onReset(stream, payload.readUInt32BE(0), at)
        return true
      default:
        this.#handler.onGoAway(payload.readUInt32BE(0) & 0x7fff_ffff, payload.readUInt32BE(4), at)
        return true
    }
  }

  #headers(flags: number, stream: number, payload: Buffer, at: number): boolean {
    const start = (flags & hasPriority) !== 0 ? 5 : 0
    if (payload.length < start) return false
    const block = { stream, promised: null, endsStream: (flags & endStream) !== 0, bytes: new GrowingBytes(), frames: 0 }
    return this.#fragment(block, flags, payload.subarray(start), at)
  }

  #promise(flags: number, stream: number, payload: Buffer, at: number): boolean {
    if (payload.length < 4) return false
    const promised = payload.readUInt32BE(0) & 0x7fff_ffff
    return this.#fragment({ stream, promised, endsStream: false, bytes: new GrowingBytes(), frames: 0 }, flags, payload.subarray(4), at)
  }

  #fragment(block: OpenBlock, flags: number, piece: Buffer, at: number): boolean {
    const isWhole = (flags & endHeaders) !== 0
    if (!isWhole) {
      // The bytes outlive the batch they came in.
      block.bytes.add(piece)
      block.frames++
      this.#block = block
      return true
    }
    this.#block = null
    if (block.frames > 0) block.bytes.add(piece)
    const bytes = block.frames > 0 ? block.bytes.whole : piece
    const list = this.#hpack.decode(bytes)
    if (list === null) return false
    const anomalies: Anomaly[] = list.truncated ? ['headTooLarge'] : []
    if (list.size > bombSize && list.size > bytes.length * bombFactor) anomalies.push('compressionBomb')
    if (block.frames > manyContinuations) anomalies.push('continuationFlood')
    const read = { fields: list.fields, anomalies, endsStream: block.endsStream }
    if (block.promised !== null) this.#handler.onPromise(block.stream, block.promised, read, at)
    else this.#handler.onFields(block.stream, read, at)
    if (block.endsStream) this.#handler.onEnd(block.stream, at)
    return true
  }
}
