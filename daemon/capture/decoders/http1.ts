/**
 * HTTP/1 messages of one direction (RFC 9112): bytes in, events out, no I/O. It never throws and never copies a body.
 * Used by the recorder and, for message boundaries, by the forwarder.
 */
import type { Anomaly } from '../../../sdk/model.ts'
import type { HeaderBlock, HeaderBlocks } from './header-block.ts'
import { BodyFraming, MessageDecoder } from './message-decoder.ts'

/** A start line and its header block. `raw` are all bytes of the head, its empty line included; use it before the event returns. */
export interface RequestHead {
  raw: Buffer
  method: string
  /** Byte for byte; bytes above 127 as U+0080..00FF. */
  target: string
  /** '1.0', '1.1', or what stood there. */
  version: string
  block: HeaderBlock
}
export interface ResponseHead {
  raw: Buffer
  version: string
  status: number
  reason: string
  block: HeaderBlock
}

/**
 * Events of a message come in the order head, anomalies of the head, data, trailers, end. Instead of the end there may come one
 * violation or cut, after which nothing comes any more.
 */
export interface MessageHandler<Head> {
  /**
   * A head is whole. `decoder.position` is the offset in the pushed chunk just after it. For a 1xx other than 101, `onInformational`
   * is called instead. After a 101 or a 2xx to CONNECT the response decoder is opaque: no data and no end follow.
   */
  onHead(head: Head, at: number): void
  /** Body bytes without chunk framing; a view of the pushed chunk. */
  onData(bytes: Buffer, at: number): void
  /** Trailer fields of a chunked body, before onEnd. Its anomalies come as onAnomaly. */
  onTrailers(block: HeaderBlock): void
  /** The message ended as framed (or the direction ended, where that is the framing); `decoder.position` is the offset just after it. */
  onEnd(at: number): void
  /** The direction ended amid a head or a body. Nothing comes any more. */
  onCut(at: number): void
  /** Odd but readable; it belongs to the message whose onHead (or onInformational) came last. Those of a head are not in `block.anomalies` alone: all come here. */
  onAnomaly(anomaly: Anomaly): void
  /**
   * Unreadable from `offset` bytes into this direction on; `decoder.position` is the same place in the pushed chunk, or 0 when that lies in an
   * earlier one: `decoder.held` is what came before it. The decoder ignores all further bytes.
   */
  onViolation(anomaly: Anomaly, offset: number, at: number): void
}
export interface ResponseHandler extends MessageHandler<ResponseHead> {
  /** The method of the request that this response answers; null when none is waiting. */
  requestMethod(): string | null
  onInformational(head: ResponseHead, at: number): void
}

export interface DecoderOptions {
  /** Bytes of a head; longer ones are a violation (headTooLarge). 1 MiB by default. */
  maxHead?: number
  /** Shared by all decoders that shall see the same object for the same header bytes. */
  blocks?: HeaderBlocks
}

class DecodedRequestHead implements RequestHead {
  method: string
  target: string
  version: string
  block: HeaderBlock
  #decoder: MessageDecoder

  constructor(decoder: MessageDecoder, method: string, target: string, version: string, block: HeaderBlock) {
    this.method = method
    this.target = target
    this.version = version
    this.block = block
    this.#decoder = decoder
  }

  get raw(): Buffer {
    return this.#decoder.rawHead()
  }
}

class DecodedResponseHead implements ResponseHead {
  version: string
  status: number
  reason: string
  block: HeaderBlock
  #decoder: MessageDecoder

  constructor(decoder: MessageDecoder, version: string, status: number, reason: string, block: HeaderBlock) {
    this.version = version
    this.status = status
    this.reason = reason
    this.block = block
    this.#decoder = decoder
  }

  get raw(): Buffer {
    return this.#decoder.rawHead()
  }
}

const methodToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const exactTarget = /^[\x21-\x7e]+$/
const version1 = /^HTTP\/1\.[0-9]$/i
const aboveAscii = /[\x80-\xff]/
const oddTarget = /[^\x21-\x7e\x80-\xff]/
const exactRequestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^ ]+ HTTP\/1\.[0-9]\r$/
const exactStatusLine = /^HTTP\/1\.[0-9] [1-9][0-9][0-9](?: |\r?$)/
const oddReason = /[\0-\x08\x0a-\x1f\x7f]/

/** A byte that may stand in a method (RFC 9110 section 5.6.2). */
const tokenByte = new Uint8Array(256)
for (let byte = 33; byte < 127; byte++) tokenByte[byte] = methodToken.test(String.fromCharCode(byte)) ? 1 : 0

/** RFC 9112 section 3. Spaces inside a target are kept in it, with an anomaly. */
export class Http1RequestDecoder extends MessageDecoder {
  #handler: MessageHandler<RequestHead>
  #method = ''
  #target = ''
  #version = ''

  constructor(handler: MessageHandler<RequestHead>, options: DecoderOptions = {}) {
    super(handler, 'invalidRequestLine', options)
    this.#handler = handler
  }

  protected override mayStart(bytes: Buffer, start: number, end: number): boolean {
    const last = Math.min(end, start + 32)
    for (let at = start; at < last; at++) {
      const byte = bytes[at] as number
      if (tokenByte[byte] !== 1) return byte === 32 && at > start
    }
    return true
  }

  protected override readsAsStart(line: string): boolean {
    return exactRequestLine.test(line)
  }

  protected override startLine(line: string): boolean {
    const first = line.indexOf(' ')
    const last = line.lastIndexOf(' ')
    if (first <= 0 || last === first) return false
    const version = line.slice(last + 1)
    const exact = version === 'HTTP/1.1' || version === 'HTTP/1.0'
    if (!exact && !version1.test(version)) return false
    const method = line.slice(0, first)
    if (!methodToken.test(method)) return false
    let target = line.slice(first + 1, last)
    if (!exactTarget.test(target)) {
      if (target.charCodeAt(0) === 32 || target.charCodeAt(target.length - 1) === 32) {
        target = target.trim()
        if (target === '') return false
        this.note('invalidRequestLine')
      }
      if (aboveAscii.test(target)) this.note('nonAsciiTarget')
      if (oddTarget.test(target)) this.note('invalidRequestLine')
    }
    if (!exact) this.note(version.startsWith('HTTP/') ? 'unknownVersion' : 'invalidRequestLine')
    this.#method = method
    this.#target = target
    this.#version = version.slice(5)
    return true
  }

  protected override head(block: HeaderBlock, at: number): BodyFraming {
    const { framing } = block
    if (framing.chunked && this.#version === '1.0') this.note('invalidTransferEncoding')
    this.closing = framing.close || (this.#version === '1.0' && !framing.keepAlive)
    this.#handler.onHead(new DecodedRequestHead(this, this.#method, this.#target, this.#version, block), at)
    if (framing.chunked) return BodyFraming.chunked
    if (framing.transferEncoded) return this.unframed('invalidTransferEncoding')
    if (framing.unusableLength) return this.unframed(framing.unusableLength)
    return framing.contentLength ? this.sized(framing.contentLength) : BodyFraming.none
  }
}

/** RFC 9112 sections 4 and 6.3. */
export class Http1ResponseDecoder extends MessageDecoder {
  #handler: ResponseHandler
  #version = ''
  #status = 0
  #reason = ''

  constructor(handler: ResponseHandler, options: DecoderOptions = {}) {
    super(handler, 'invalidStatusLine', options)
    this.#handler = handler
  }

  protected override mayStart(bytes: Buffer, start: number, end: number): boolean {
    const beginning = 'HTTP/1.'
    const last = Math.min(end - start, beginning.length)
    for (let at = 0; at < last; at++) if (bytes[start + at] !== beginning.charCodeAt(at)) return false
    return true
  }

  protected override readsAsStart(line: string): boolean {
    return exactStatusLine.test(line)
  }

  protected override startLine(line: string): boolean {
    if (!exactStatusLine.test(line)) return false
    this.#version = line.slice(5, 8)
    this.#status = Number(line.slice(9, 12))
    this.#reason = line.slice(13)
    if (line.length === 12 || oddReason.test(this.#reason)) this.note('invalidStatusLine')
    return true
  }

  protected override head(block: HeaderBlock, at: number): BodyFraming {
    const { framing } = block
    const status = this.#status
    const head = new DecodedResponseHead(this, this.#version, status, this.#reason, block)
    if ((status < 200 || status === 204) && (framing.contentLength !== null || framing.transferEncoded)) this.note('unexpectedFraming')
    if (status < 200 && status !== 101) {
      this.closing = false
      this.#handler.onInformational(head, at)
      return BodyFraming.interim
    }
    const method = this.#handler.requestMethod()
    if (method === null) this.note('responseWithoutRequest')
    if (framing.chunked && this.#version === '1.0') this.note('invalidTransferEncoding')
    this.closing = framing.close || (this.#version === '1.0' && !framing.keepAlive)
    this.#handler.onHead(head, at)
    if (status === 101 || (method === 'CONNECT' && status < 300)) return BodyFraming.switched
    if (method === 'HEAD' || status === 204 || status === 304) return BodyFraming.none
    if (framing.chunked) return BodyFraming.chunked
    if (framing.transferEncoded) return BodyFraming.untilClose
    if (framing.unusableLength) return this.unframed(framing.unusableLength)
    if (framing.contentLength === null) return BodyFraming.untilClose
    return framing.contentLength > 0 ? this.sized(framing.contentLength) : BodyFraming.none
  }
}
