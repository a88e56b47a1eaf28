/**
 * One direction of a WebSocket connection (RFC 6455 section 5), with permessage-deflate (RFC 7692): bytes in, messages out.
 * Fragments are joined, masks undone, control frames come between the fragments where they stood.
 */
import { constants, inflateRawSync } from 'node:zlib'
import type { Anomaly } from '../../../sdk/model.ts'
import { GrowingBytes } from './growing-bytes.ts'

export type WebSocketMessageType = 'text' | 'binary' | 'ping' | 'pong' | 'close'

export interface WebSocketHandler {
  /**
   * @param payload uncompressed, memory of its own
   * @param size of the whole payload (of one that is too long to be inflated: at least); more than `payload` holds when the message is beyond the limit
   */
  onMessage(type: WebSocketMessageType, payload: Buffer, size: number, at: number): void
  /** Odd but readable. */
  onAnomaly(anomaly: Anomaly): void
  /** Nothing that follows means anything. */
  onViolation(at: number): void
}

export interface WebSocketOptions {
  /** Of this direction, as the handshake agreed; null: not compressed. */
  deflate: { contextTakeover: boolean } | null
  /** Its frames have to be masked (a client's), or must not be (RFC 6455 section 5.1). */
  masked: boolean
  /** Payload bytes kept of one message. */
  limit?: number
}

const opcodes: Record<number, WebSocketMessageType> = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' }
const continuation = 0
const firstControl = 8
const usualLimit = 4 * 1024 * 1024
/** Inflated beyond the limit, so that what refers to a long message can still be read; to the limit. */
const inflatedTimes = 4
const windowBytes = 32 * 1024
/** RFC 7692 section 7.2.2. */
const deflateTail = Buffer.of(0, 0, 0xff, 0xff)
const noBytes: Buffer = Buffer.alloc(0)

/** A message whose last frame has not come. */
interface Assembly {
  type: WebSocketMessageType
  compressed: boolean
  kept: GrowingBytes
  size: number
}

interface Frame {
  into: Assembly
  final: boolean
  /** Payload bytes to come, and those that came. */
  left: number
  offset: number
  mask: Buffer | null
}

export class WebSocketDecoder {
  readonly #handler: WebSocketHandler
  readonly #deflate: WebSocketOptions['deflate']
  readonly #masked: boolean
  readonly #limit: number
  #header: Buffer = Buffer.alloc(14)
  #filled = 0
  #message: Assembly | null = null
  #control: Assembly | null = null
  /** null between two. */
  #frame: Frame | null = null
  /** What the next compressed message may refer to; null: it is lost. */
  #window: Buffer | null = noBytes
  #broken = false

  constructor(handler: WebSocketHandler, options: WebSocketOptions) {
    this.#handler = handler
    this.#deflate = options.deflate
    this.#masked = options.masked
    this.#limit = options.limit ?? usualLimit
  }

  /** A message has begun and not ended. */
  get isAmid(): boolean {
    return this.#message !== null || this.#frame !== null || this.#filled > 0
  }

  /** Never throws; what it holds is bounded by the limit. */
  push(bytes: Buffer, at: number): void {
    for (let position = 0; position < bytes.length && !this.#broken; ) {
      position = this.#frame === null ? this.#readHeader(bytes, position, at) : this.#readPayload(this.#frame, bytes, position, at)
    }
  }

  #readHeader(bytes: Buffer, position: number, at: number): number {
    const header = this.#header
    header[this.#filled++] = bytes[position] as number
    if (this.#filled < 2) return position + 1
    const second = header[1] as number
    const short = second & 0x7f
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
    const whole = 2 + lengthBytes + ((second & 0x80) === 0 ? 0 : 4)
    if (this.#filled < whole) return position + 1
    this.#filled = 0
    let length = short
    if (lengthBytes === 2) length = header.readUInt16BE(2)
    else if (lengthBytes === 8) length = header.readUInt32BE(2) * 2 ** 32 + header.readUInt32BE(6)
    const mask = (second & 0x80) === 0 ? null : Buffer.from(header.subarray(whole - 4, whole))
    this.#begin(header[0] as number, length, mask, at)
    return position + 1
  }

  #begin(first: number, length: number, mask: Buffer | null, at: number): void {
    const opcode = first & 0x0f
    const final = (first & 0x80) !== 0
    const compressed = (first & 0x40) !== 0
    const isControl = opcode >= firstControl
    const type = opcodes[opcode]
    const isKnown =
      (first & 0x30) === 0 &&
      (opcode === continuation ? this.#message !== null && !compressed : type !== undefined) &&
      (!compressed || (this.#deflate !== null && !isControl)) &&
      (!isControl || (final && length < 126)) &&
      (isControl || opcode === continuation || this.#message === null)
    if (!isKnown) {
      this.#break(at)
      return
    }
    if ((mask !== null) !== this.#masked) this.#handler.onAnomaly('invalidMask')
    let into = this.#message
    if (type !== undefined) {
      into = { type, compressed, kept: new GrowingBytes(), size: 0 }
      if (isControl) this.#control = into
      else this.#message = into
    }
    const frame: Frame = { into: into as Assembly, final, left: length, offset: 0, mask }
    if (length === 0) this.#frameEnds(frame, at)
    else this.#frame = frame
  }

  #readPayload(frame: Frame, bytes: Buffer, position: number, at: number): number {
    const end = Math.min(bytes.length, position + frame.left)
    const { into, mask, offset } = frame
    frame.left -= end - position
    frame.offset += end - position
    into.size += end - position
    const keep = Math.min(end - position, this.#limit - into.kept.length)
    if (keep > 0) {
      into.kept.add(bytes, position, position + keep)
      if (mask !== null) unmask(into.kept.whole.subarray(-keep), mask, offset)
    }
    if (frame.left === 0) this.#frameEnds(frame, at)
    return end
  }

  #frameEnds({ into, final }: Frame, at: number): void {
    this.#frame = null
    if (!final) return
    if (into === this.#control) this.#control = null
    else this.#message = null
    const payload = into.kept.whole
    if (into.compressed) this.#inflate(into, payload, at)
    else this.#handler.onMessage(into.type, payload, into.size, at)
  }

  #inflate(message: Assembly, payload: Buffer, at: number): void {
    const takesOver = this.#deflate?.contextTakeover === true
    const window = this.#window
    if (window === null) {
      this.#break(at)
      return
    }
    const most = this.#limit * inflatedTimes
    let inflated: Buffer | null = null
    if (message.size === payload.length) {
      try {
        inflated = inflateRawSync(Buffer.concat([payload, deflateTail]), {
          finishFlush: constants.Z_SYNC_FLUSH,
          maxOutputLength: most,
          ...(window.length > 0 ? { dictionary: window } : {}),
        })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') {
          this.#break(at)
          return
        }
      }
    }
    // Beyond the limit: that it came is told, and what refers to it cannot be undone.
    if (inflated === null) this.#handler.onMessage(message.type, noBytes, Math.max(message.size, most + 1), at)
    else this.#handler.onMessage(message.type, atMost(inflated, this.#limit), inflated.length, at)
    if (takesOver) this.#window = inflated === null ? null : Buffer.from(Buffer.concat([window, inflated]).subarray(-windowBytes))
  }

  #break(at: number): void {
    this.#broken = true
    this.#message = null
    this.#control = null
    this.#frame = null
    this.#filled = 0
    this.#window = null
    this.#handler.onViolation(at)
  }
}

const atMost = (bytes: Buffer, limit: number): Buffer => (bytes.length > limit ? Buffer.from(bytes.subarray(0, limit)) : bytes)

function unmask(piece: Buffer, mask: Buffer, offset: number): void {
  for (let at = 0; at < piece.length; at++) piece[at] = (piece[at] as number) ^ (mask[(offset + at) & 3] as number)
}

/** What a response's Sec-WebSocket-Extensions agreed on, for each direction (RFC 7692 section 7.1); null: no compression. */
export function agreedDeflate(extensions: readonly string[]): { client: WebSocketOptions['deflate']; origin: WebSocketOptions['deflate'] } {
  const offer = extensions
    .flatMap((line) => line.split(','))
    .map((one) => one.split(';').map((part) => part.trim().toLowerCase()))
    .find(([name]) => name === 'permessage-deflate')
  if (offer === undefined) return { client: null, origin: null }
  const has = (name: string) => offer.some((part) => part === name || part.startsWith(`${name}=`))
  return {
    client: { contextTakeover: !has('client_no_context_takeover') },
    origin: { contextTakeover: !has('server_no_context_takeover') },
  }
}
