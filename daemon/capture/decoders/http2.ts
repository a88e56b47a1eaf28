/**
 * One direction of an HTTP/2 connection (RFC 9113): bytes in, events out. It watches and does not take part: flow control,
 * priorities and settings that bind the peers alone are passed over, and stream states are the business of who joins both directions.
 */

import { type FieldList, HpackDecoder } from './hpack.ts'
import { FrameReader, type FrameSink } from './http2-frames.ts'

/** `at`: Unix ms of the bytes that completed the event. */
export interface Http2Handler {
  onFields(stream: number, list: FieldList, at: number): void
  /** Payload of DATA without padding, as it comes; the bytes are a view. */
  onData(stream: number, bytes: Buffer): void
  /** END_STREAM: this direction of the stream has ended. */
  onEnd(stream: number, at: number): void
  /** The origin announces a request that it answers unasked (section 8.4). */
  onPromise(stream: number, promised: number, list: FieldList, at: number): void
  onReset(stream: number, code: number, at: number): void
  /** Streams above `lastStream` were not processed and never will be. */
  onGoAway(lastStream: number, code: number, at: number): void
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

/** A field block whose END_HEADERS has not come. */
interface OpenBlock {
  stream: number
  /** null: of HEADERS. */
  promised: number | null
  endsStream: boolean
  pieces: Buffer[]
  bytes: number
}

export class Http2Decoder implements FrameSink {
  readonly #handler: Http2Handler
  readonly #frames: FrameReader
  readonly #hpack = new HpackDecoder()
  readonly #isClient: boolean
  #block: OpenBlock | null = null
  #begun = false
  #endsStream = false

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
        return 'stream'
      case Frame.headers:
        return stream === 0 || length > blockLimit ? 'violation' : 'hold'
      case Frame.continuation:
        return this.#block === null || this.#block.bytes + length > blockLimit ? 'violation' : 'hold'
      case Frame.promise:
        return stream === 0 || this.#isClient || length > blockLimit ? 'violation' : 'hold'
      case Frame.reset:
        return stream === 0 || length !== 4 ? 'violation' : 'hold'
      case Frame.goAway:
        return stream !== 0 || length < 8 || length > blockLimit ? 'violation' : 'hold'
      case Frame.settings:
        return stream !== 0 || length % 6 !== 0 ? 'violation' : 'skip'
      case Frame.ping:
        return stream !== 0 || length !== 8 ? 'violation' : 'skip'
      default:
        return 'skip'
    }
  }

  isPadded(type: number, flags: number): boolean {
    return (type === Frame.data || type === Frame.headers || type === Frame.promise) && (flags & padded) !== 0
  }

  piece(stream: number, bytes: Buffer): void {
    this.#handler.onData(stream, bytes)
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
    const block = { stream, promised: null, endsStream: (flags & endStream) !== 0, pieces: [], bytes: 0 }
    return this.#fragment(block, flags, payload.subarray(start), at)
  }

  #promise(flags: number, stream: number, payload: Buffer, at: number): boolean {
    if (payload.length < 4) return false
    const promised = payload.readUInt32BE(0) & 0x7fff_ffff
    return this.#fragment({ stream, promised, endsStream: false, pieces: [], bytes: 0 }, flags, payload.subarray(4), at)
  }

  #fragment(block: OpenBlock, flags: number, piece: Buffer, at: number): boolean {
    const isWhole = (flags & endHeaders) !== 0
    if (!isWhole) {
      // The bytes outlive the batch they came in.
      block.pieces.push(Buffer.from(piece))
      block.bytes += piece.length
      this.#block = block
      return true
    }
    this.#block = null
    const list = this.#hpack.decode(block.pieces.length === 0 ? piece : Buffer.concat([...block.pieces, piece]))
    if (list === null) return false
    if (block.promised !== null) this.#handler.onPromise(block.stream, block.promised, list, at)
    else this.#handler.onFields(block.stream, list, at)
    if (block.endsStream) this.#handler.onEnd(block.stream, at)
    return true
  }
}
