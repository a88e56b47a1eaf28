/**
 * One direction of a gRPC call: length-prefixed messages (gRPC over HTTP/2, "Length-Prefixed-Message"), and the frame of trailers
 * that ends a response of gRPC-web (PROTOCOL-WEB.md).
 */

export interface GrpcHandler {
  /**
   * @param payload still compressed where it is; memory of its own
   * @param size of the whole payload; more than `payload` holds when the message is beyond the limit
   */
  onMessage(payload: Buffer, size: number, compressed: boolean, at: number): void
  /** Of gRPC-web. */
  onTrailers(payload: Buffer): void
  /** Nothing that follows means anything. */
  onViolation(): void
}

const headBytes = 5
const compressedFlag = 1
const trailersFlag = 0x80
const usualLimit = 4 * 1024 * 1024

export class GrpcDecoder {
  readonly #handler: GrpcHandler
  readonly #web: boolean
  readonly #limit: number
  readonly #head = Buffer.alloc(headBytes)
  #filled = 0
  /** Payload bytes to come; -1: the head is not whole. */
  #left = -1
  #pieces: Buffer[] = []
  #kept = 0
  #broken = false

  constructor(handler: GrpcHandler, { web, limit = usualLimit }: { web: boolean; limit?: number }) {
    this.#handler = handler
    this.#web = web
    this.#limit = limit
  }

  /** A message has begun and not ended. */
  get isAmid(): boolean {
    return this.#filled > 0
  }

  /** Never throws; what it holds is bounded by the limit. */
  push(bytes: Buffer, at: number): void {
    for (let position = 0; position < bytes.length && !this.#broken; ) {
      if (this.#left < 0) {
        this.#head[this.#filled++] = bytes[position++] as number
        if (this.#filled === headBytes) this.#begins(at)
        continue
      }
      const end = Math.min(bytes.length, position + this.#left)
      const keep = Math.min(end - position, this.#limit - this.#kept)
      if (keep > 0) this.#pieces.push(Buffer.from(bytes.subarray(position, position + keep)))
      this.#kept += Math.max(0, keep)
      this.#left -= end - position
      position = end
      if (this.#left === 0) this.#ends(at)
    }
  }

  #begins(at: number): void {
    const flags = this.#head[0] as number
    const known = flags & ~(this.#web ? compressedFlag | trailersFlag : compressedFlag)
    if (known !== 0) {
      this.#broken = true
      this.#filled = 0
      this.#handler.onViolation()
      return
    }
    this.#left = this.#head.readUInt32BE(1)
    if (this.#left === 0) this.#ends(at)
  }

  #ends(at: number): void {
    const payload = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces)
    const flags = this.#head[0] as number
    this.#pieces = []
    this.#kept = 0
    this.#filled = 0
    this.#left = -1
    if ((flags & trailersFlag) !== 0) this.#handler.onTrailers(payload)
    else this.#handler.onMessage(payload, this.#head.readUInt32BE(1), (flags & compressedFlag) !== 0, at)
  }
}

/** Base64 in pieces (gRPC-web-text): whole groups of four come out, padding may stand between them. */
export class Base64Pieces {
  #rest = ''

  push(bytes: Buffer): Buffer {
    const text = this.#rest + bytes.toString('latin1').replace(/[^A-Za-z0-9+/=]/g, '')
    const whole = text.length - (text.length % 4)
    this.#rest = text.slice(whole)
    const groups = text.slice(0, whole).match(/[^=]+=*/g) ?? []
    return Buffer.concat(groups.map((group) => Buffer.from(group, 'base64')))
  }
}
