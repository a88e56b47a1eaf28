/** The frame layer of HTTP/2 (RFC 9113 section 4): finds frames in bytes however they are split. */

import { GrowingBytes } from './growing-bytes.ts'

const headerLength = 9

export interface FrameSink {
  /** What to do with a frame's payload: hand it on as it comes, hold it until it is whole, or pass it over. */
  accepts(type: number, flags: number, stream: number, length: number): 'stream' | 'hold' | 'skip' | 'violation'
  isPadded(type: number, flags: number): boolean
  /** Payload without padding, as it comes. */
  piece(stream: number, bytes: Buffer, at: number): void
  /** The streamed frame is whole. */
  streamed(stream: number, at: number): void
  /** A whole payload without padding; false: it means nothing. The bytes may be a view. */
  held(type: number, flags: number, stream: number, payload: Buffer, at: number): boolean
  /** @param offset of the frame, from the start of the direction */
  violation(offset: number, at: number): void
}

type Treatment = 'preface' | 'header' | 'padLength' | 'stream' | 'hold' | 'skip' | 'broken'

export class FrameReader {
  readonly #sink: FrameSink
  readonly #preface: Buffer | null
  #state: Treatment = 'header'
  #header: Buffer = Buffer.alloc(headerLength)
  /** Of the header or the preface. */
  #filled = 0
  #payload: GrowingBytes | null = null
  #treatment: Exclude<Treatment, 'preface' | 'header' | 'padLength' | 'broken'> = 'skip'
  #type = 0
  #flags = 0
  #stream = 0
  /** Payload bytes to come, and those of padding after them. */
  #left = 0
  #padding = 0
  #read = 0
  #frameStart = 0

  /** @param preface what must come before the first frame */
  constructor(sink: FrameSink, preface: Buffer | null) {
    this.#sink = sink
    this.#preface = preface
    if (preface) this.#state = 'preface'
  }

  /** Bytes from the violation on. */
  get unread(): number {
    return this.#state === 'broken' ? this.#read - this.#frameStart : 0
  }

  push(bytes: Buffer, at: number): void {
    let position = 0
    while (position < bytes.length && this.#state !== 'broken') position = this.#step(bytes, position, at)
    this.#read += bytes.length
  }

  #step(bytes: Buffer, position: number, at: number): number {
    switch (this.#state) {
      case 'header':
        return this.#readHeader(bytes, position, at)
      case 'stream':
        return this.#passPiece(bytes, position, at)
      case 'hold':
        return this.#holdPiece(bytes, position, at)
      case 'skip':
        return this.#skipPiece(bytes, position)
      case 'padLength':
        this.#padLength(bytes[position] as number, at)
        return position + 1
      case 'preface':
        return this.#readPreface(bytes, position, at)
      case 'broken':
        return bytes.length
    }
  }

  #readPreface(bytes: Buffer, position: number, at: number): number {
    const preface = this.#preface as Buffer
    const length = Math.min(preface.length - this.#filled, bytes.length - position)
    if (preface.compare(bytes, position, position + length, this.#filled, this.#filled + length) !== 0) {
      this.#break(at)
      return position
    }
    this.#filled += length
    if (this.#filled === preface.length) this.#nextFrame()
    return position + length
  }

  #readHeader(bytes: Buffer, position: number, at: number): number {
    if (this.#filled === 0) {
      this.#frameStart = this.#read + position
      if (bytes.length - position >= headerLength) {
        this.#begin(bytes, position, at)
        return position + headerLength
      }
    }
    const length = Math.min(headerLength - this.#filled, bytes.length - position)
    bytes.copy(this.#header, this.#filled, position, position + length)
    this.#filled += length
    if (this.#filled === headerLength) this.#begin(this.#header, 0, at)
    return position + length
  }

  #begin(header: Buffer, start: number, at: number): void {
    this.#left = header.readUIntBE(start, 3)
    this.#type = header[start + 3] as number
    this.#flags = header[start + 4] as number
    this.#stream = header.readUInt32BE(start + 5) & 0x7fff_ffff
    this.#filled = 0
    this.#padding = 0
    const treatment = this.#sink.accepts(this.#type, this.#flags, this.#stream, this.#left)
    if (treatment === 'violation') {
      this.#break(at)
      return
    }
    this.#treatment = treatment
    if (treatment !== 'skip' && this.#sink.isPadded(this.#type, this.#flags)) {
      if (this.#left === 0) this.#break(at)
      else this.#state = 'padLength'
      return
    }
    this.#payloadBegins(at)
  }

  #padLength(padding: number, at: number): void {
    this.#left -= 1 + padding
    this.#padding = padding
    if (this.#left < 0) this.#break(at)
    else this.#payloadBegins(at)
  }

  #payloadBegins(at: number): void {
    this.#state = this.#treatment
    if (this.#left === 0) this.#payloadEnds(Buffer.alloc(0), at)
  }

  #passPiece(bytes: Buffer, position: number, at: number): number {
    const end = Math.min(bytes.length, position + this.#left)
    this.#left -= end - position
    this.#sink.piece(this.#stream, bytes.subarray(position, end), at)
    if (this.#left === 0) this.#payloadEnds(null, at)
    return end
  }

  #holdPiece(bytes: Buffer, position: number, at: number): number {
    const end = Math.min(bytes.length, position + this.#left)
    const whole = this.#payload === null && end - position === this.#left
    this.#left -= end - position
    if (whole) {
      this.#payloadEnds(bytes.subarray(position, end), at)
      return end
    }
    // Memory grows with what came, not with what a header promises.
    this.#payload ??= new GrowingBytes()
    this.#payload.add(bytes, position, end)
    if (this.#left === 0) this.#payloadEnds(this.#payload.whole, at)
    return end
  }

  #skipPiece(bytes: Buffer, position: number): number {
    const end = Math.min(bytes.length, position + this.#left)
    this.#left -= end - position
    if (this.#left === 0) this.#nextFrame()
    return end
  }

  #payloadEnds(payload: Buffer | null, at: number): void {
    if (this.#treatment === 'stream') this.#sink.streamed(this.#stream, at)
    else if (this.#treatment === 'hold' && !this.#sink.held(this.#type, this.#flags, this.#stream, payload as Buffer, at)) {
      this.#break(at)
      return
    }
    this.#payload = null
    if (this.#padding > 0) {
      this.#left = this.#padding
      this.#state = 'skip'
    } else this.#nextFrame()
  }

  #nextFrame(): void {
    this.#filled = 0
    this.#state = 'header'
  }

  #break(at: number): void {
    this.#state = 'broken'
    this.#payload = null
    this.#sink.violation(this.#frameStart, at)
  }
}
