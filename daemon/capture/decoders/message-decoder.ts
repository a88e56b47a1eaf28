/** Where messages of one direction of an HTTP/1 connection begin and end (RFC 9112 sections 2.2, 6 and 7); start lines are its heirs' business. */
import type { Anomaly } from '../../../sdk/model.ts'
import { hasExtension, maxChunkLine, readChunkSize, unreadableSize } from './chunk-size.ts'
import { type HeaderBlock, HeaderBlocks } from './header-block.ts'
import { HeldBytes, headEnd } from './held-bytes.ts'
import type { DecoderOptions, MessageHandler } from './http1.ts'

const State = {
  head: 0,
  sized: 1,
  chunkSize: 2,
  chunkData: 3,
  chunkEnd: 4,
  trailers: 5,
  untilClose: 6,
  opaque: 7,
  violated: 8,
  lost: 9,
  ended: 10,
} as const
type State = (typeof State)[keyof typeof State]

/** How the body after a head ends. */
export const BodyFraming = { none: 0, sized: 1, chunked: 2, untilClose: 3, switched: 4, interim: 5, unknown: 6 } as const
export type BodyFraming = (typeof BodyFraming)[keyof typeof BodyFraming]

const lineFeed = 10
const carriageReturn = 13
/** How much of a chunk is first looked at as text when a head is expected. */
const usualHead = 4_096

export abstract class MessageDecoder {
  /** Offset in the pushed chunk: see the handler's events. After `push` all before it has been read. */
  position = 0
  /** The last message announced the end of the connection. */
  protected closing = false
  #events: MessageHandler<never>
  #invalidLine: Anomaly
  #maxHead: number
  #blocks: HeaderBlocks
  #state: State = State.head
  #needed = 0
  /** Bytes of this direction before the pushed chunk. */
  #before = 0
  #afterClose = false
  #held = new HeldBytes()
  #resynchronised = false
  #noted: Anomaly[] = []
  #unframed: Anomaly = 'invalidContentLength'
  /** Of the message in hand: a chunk with an extension has been told of. */
  #extended = false
  #source: Buffer | null = null
  #rawStart = 0
  #rawEnd = 0

  constructor(events: MessageHandler<never>, invalidLine: Anomaly, options: DecoderOptions) {
    this.#events = events
    this.#invalidLine = invalidLine
    this.#maxHead = options.maxHead ?? 1024 * 1024
    this.#blocks = options.blocks ?? new HeaderBlocks()
  }

  /** Whether these first bytes may become a start line. Must not refuse what `startLine` takes. */
  protected abstract mayStart(bytes: Buffer, start: number, end: number): boolean
  /** Whether the line is a start line beyond doubt. */
  protected abstract readsAsStart(line: string): boolean
  /** Reads the line (without its line end) and remembers it; false when it is none. */
  protected abstract startLine(line: string): boolean
  /** Tells the handler of the head. */
  protected abstract head(block: HeaderBlock, at: number): BodyFraming

  /** No message is in hand and no byte of one is held. */
  get idle(): boolean {
    return this.#state === State.head && this.#held.length === 0
  }
  /** Bytes of this direction before the chunk that is being pushed. */
  get offset(): number {
    return this.#before
  }
  /** Bytes of an unfinished head (or line of the framing). */
  get heldBytes(): number {
    return this.#held.length
  }
  /** What `heldBytes` counts; in onViolation, what earlier chunks brought of the unreadable. A view, to be used at once. */
  get held(): Buffer {
    return this.#held.whole
  }
  /** All further bytes are ignored: after `becomeOpaque`, a switch of protocols or a violation. */
  get opaque(): boolean {
    return this.#state === State.opaque || this.#state === State.violated
  }

  /** What follows is another protocol: bytes are ignored from `position` on. */
  becomeOpaque(): void {
    this.#state = State.opaque
    this.#held.release()
  }

  /** Bytes are missing here: skips until a pushed chunk begins with something that is exactly a start line. */
  resynchronise(): void {
    if (this.#state >= State.opaque && this.#state !== State.lost) return
    this.#state = State.lost
    this.#afterClose = false
    this.#held.release()
  }

  /** After an end, or where the bytes of another connection begin: the next byte starts a message. Never after a switch or a violation. */
  restart(): void {
    if (this.opaque) return
    this.#state = State.head
    this.#afterClose = false
    this.#held.release()
  }

  /** The head that is just being handed out. */
  rawHead(): Buffer {
    return this.#source === null ? Buffer.alloc(0) : this.#source.subarray(this.#rawStart, this.#rawEnd)
  }

  push(bytes: Buffer, at: number): void {
    this.position = 0
    while (this.position < bytes.length) {
      switch (this.#state) {
        case State.head:
          this.#readHead(bytes, at)
          break
        case State.sized:
        case State.chunkData:
        case State.untilClose:
          this.#readData(bytes, at)
          break
        case State.chunkSize:
          this.#readChunkSize(bytes, at)
          break
        case State.chunkEnd:
          this.#readChunkEnd(bytes, at)
          break
        case State.trailers:
          this.#readTrailers(bytes, at)
          break
        case State.lost:
          this.#find(bytes)
          break
        case State.opaque:
        case State.violated:
        case State.ended:
          this.#before += bytes.length
          return
      }
    }
    this.#before += bytes.length
  }

  /** The direction ended. */
  end(at: number): void {
    const state = this.#state
    if (state >= State.opaque) return
    this.position = 0
    this.#state = State.ended
    if (state === State.untilClose) this.#events.onEnd(at)
    else if (state !== State.head || this.#held.length > 0) this.#events.onCut(at)
    this.#held.release()
  }

  /** Odd, but readable: the handler hears of it after the head. */
  protected note(anomaly: Anomaly): void {
    if (!this.#noted.includes(anomaly)) this.#noted.push(anomaly)
  }

  protected sized(length: number): BodyFraming {
    this.#needed = length
    return BodyFraming.sized
  }

  /** Nobody can tell where the body ends. */
  protected unframed(anomaly: Anomaly): BodyFraming {
    this.#unframed = anomaly
    return BodyFraming.unknown
  }

  #readHead(bytes: Buffer, at: number): void {
    const held = this.#held.length
    if (held > 0) this.#held.add(bytes, this.position)
    const source = held > 0 ? (this.#held.bytes as Buffer) : bytes
    const length = held > 0 ? this.#held.length : bytes.length
    /** What turns an index of source into one of bytes. */
    const shift = held > 0 ? this.position - held : 0
    let start = held > 0 ? 0 : this.position
    for (; start < length; start++) {
      if (source[start] === lineFeed) continue
      if (source[start] !== carriageReturn || source[start + 1] !== lineFeed || start + 1 >= length) break
      start++
    }
    if (start === length || (start === length - 1 && source[start] === carriageReturn)) {
      this.#held.release()
      if (start < length) this.#held.add(source.subarray(start, length), 0)
      this.position = bytes.length
      return
    }
    const text = held > 0 ? null : source.toString('latin1', start, Math.min(length, start + usualHead))
    let end = text === null ? -1 : headEnd(text)
    if (end < 0 && (text === null || text.length === usualHead)) end = this.#held.headEnd(source, start, length) - start
    if (end < 0) {
      this.#waitForHead(source, start, length, shift, at)
      if (this.#state === State.head) {
        if (held === 0) this.#held.add(bytes, start)
        this.position = bytes.length
      }
      return
    }
    const head = text !== null && end <= text.length ? text.slice(0, end) : source.toString('latin1', start, start + end)
    const feed = head.indexOf('\n')
    const bare = feed === 0 || head.charCodeAt(feed - 1) !== carriageReturn
    const line = head.slice(0, bare ? feed : feed - 1)
    this.#noted.length = 0
    if (!this.mayStart(source, start, length)) {
      this.#violate(this.#invalidLine, start + shift, at)
      return
    }
    if (feed > this.#maxHead) {
      this.#violate('headTooLarge', start + shift, at)
      return
    }
    if (!this.startLine(line)) {
      this.#violate(this.#invalidLine, start + shift, at)
      return
    }
    if (end > this.#maxHead) {
      this.#violate('headTooLarge', start + shift, at)
      return
    }
    if (bare) this.note('bareLineFeed')
    if (this.#afterClose) this.note('dataAfterClose')
    if (this.#resynchronised) this.note('resynchronised')
    this.#resynchronised = false
    this.position = start + end + shift
    this.#source = source
    this.#rawStart = start
    this.#rawEnd = start + end
    this.#held.release()
    this.#extended = false
    this.#afterHead(this.#blocks.get(head.slice(feed + 1)), at)
  }

  #afterHead(block: HeaderBlock, at: number): void {
    const body = this.head(block, at)
    this.#source = null
    for (const anomaly of block.anomalies) this.#events.onAnomaly(anomaly)
    for (const anomaly of this.#noted) if (!block.anomalies.includes(anomaly)) this.#events.onAnomaly(anomaly)
    this.#afterClose = false
    if (this.#state !== State.head) return
    if (body === BodyFraming.none) this.#finish(at)
    else if (body === BodyFraming.sized) this.#state = State.sized
    else if (body === BodyFraming.chunked) this.#state = State.chunkSize
    else if (body === BodyFraming.untilClose) this.#state = State.untilClose
    else if (body === BodyFraming.switched) this.becomeOpaque()
    else if (body === BodyFraming.unknown) this.#violate(this.#unframed, this.position, at)
  }

  /** A head that is not whole yet: refuses what can never become one. */
  #waitForHead(source: Buffer, start: number, length: number, shift: number, at: number): void {
    if (!this.mayStart(source, start, length)) {
      this.#violate(this.#invalidLine, start + shift, at)
      return
    }
    if (!this.#held.lineRead) {
      const feed = this.#held.lineEnd(source, start, length)
      if (feed >= 0 && feed - start <= this.#maxHead) {
        this.#held.lineRead = true
        const line = source.toString('latin1', start, source[feed - 1] === carriageReturn ? feed - 1 : feed)
        if (!this.startLine(line)) {
          this.#violate(this.#invalidLine, start + shift, at)
          return
        }
      }
    }
    if (length - start > this.#maxHead) this.#violate('headTooLarge', start + shift, at)
  }

  #readData(bytes: Buffer, at: number): void {
    const start = this.position
    const available = bytes.length - start
    const closes = this.#state === State.untilClose
    const length = closes || this.#needed >= available ? available : this.#needed
    this.position = start + length
    if (!closes) this.#needed -= length
    this.#events.onData(start === 0 && length === bytes.length ? bytes : bytes.subarray(start, start + length), at)
    if (closes || this.#needed > 0) return
    if (this.#state === State.sized) this.#finish(at)
    else if (this.#state === State.chunkData) this.#state = State.chunkEnd
  }

  #readChunkSize(bytes: Buffer, at: number): void {
    const held = this.#held.length
    const start = this.position
    const feed = bytes.indexOf(lineFeed, start)
    const length = held + (feed < 0 ? bytes.length : feed) - start
    if (length > maxChunkLine) {
      this.#violate('invalidChunk', start - held, at)
      return
    }
    if (feed < 0) {
      this.#held.add(bytes, start)
      this.position = bytes.length
      return
    }
    if (held > 0) this.#held.add(bytes.subarray(start, feed), 0)
    const line = held > 0 ? (this.#held.bytes as Buffer) : bytes
    const first = held > 0 ? 0 : start
    const size = readChunkSize(line, first, first + length)
    if (size === unreadableSize) {
      this.#violate('invalidChunk', start - held, at)
      return
    }
    if (length === 0 || line[first + length - 1] !== carriageReturn) this.#events.onAnomaly('bareLineFeed')
    if (!this.#extended && hasExtension(line, first, first + length)) {
      this.#extended = true
      this.#events.onAnomaly('chunkExtension')
    }
    this.#held.release()
    this.position = feed + 1
    this.#needed = size
    this.#state = size > 0 ? State.chunkData : State.trailers
  }

  #readChunkEnd(bytes: Buffer, at: number): void {
    const byte = bytes[this.position]
    const returned = this.#held.length > 0
    if (byte === carriageReturn && !returned) {
      this.#held.add(bytes.subarray(this.position, this.position + 1), 0)
      this.position++
    } else if (byte === lineFeed) {
      if (!returned) this.#events.onAnomaly('bareLineFeed')
      this.#held.release()
      this.position++
      this.#state = State.chunkSize
    } else {
      this.#violate('invalidChunk', this.position - this.#held.length, at)
    }
  }

  #readTrailers(bytes: Buffer, at: number): void {
    const held = this.#held.length
    if (held > 0) this.#held.add(bytes, this.position)
    const source = held > 0 ? (this.#held.bytes as Buffer) : bytes
    const length = held > 0 ? this.#held.length : bytes.length
    const start = held > 0 ? 0 : this.position
    const shift = held > 0 ? this.position - held : 0
    let end = -1
    if (source[start] === lineFeed) end = start + 1
    else if (source[start] === carriageReturn && start + 1 < length && source[start + 1] === lineFeed) end = start + 2
    else end = this.#held.headEnd(source, start, length)
    if ((end < 0 ? length : end) - start > this.#maxHead) {
      this.#violate('headTooLarge', start + shift, at)
      return
    }
    if (end < 0) {
      if (held === 0) this.#held.add(bytes, start)
      this.position = bytes.length
      return
    }
    this.position = end + shift
    const block = this.#blocks.get(source.toString('latin1', start, end))
    this.#held.release()
    if (block.fields.length > 0) this.#events.onTrailers(block)
    for (const anomaly of block.anomalies) this.#events.onAnomaly(anomaly)
    if (saysFraming(block)) this.#events.onAnomaly('forbiddenTrailer')
    this.#finish(at)
  }

  #find(bytes: Buffer): void {
    const feed = bytes.indexOf(lineFeed)
    const line = bytes.toString('latin1', 0, feed < 0 ? Math.min(bytes.length, usualHead) : Math.min(feed, this.#maxHead))
    if (this.position === 0 && feed > 0 && this.readsAsStart(line)) {
      this.#state = State.head
      this.#resynchronised = true
    } else {
      this.position = bytes.length
    }
  }

  #finish(at: number): void {
    this.#state = State.head
    this.#afterClose = this.closing
    this.#events.onEnd(at)
  }

  #violate(anomaly: Anomaly, index: number, at: number): void {
    this.#state = State.violated
    this.position = Math.max(0, index)
    // Held bytes end with those of this chunk, from `position` on.
    this.#held.length = Math.max(0, -index)
    this.#events.onViolation(anomaly, this.#before + index, at)
    this.#held.release()
  }
}

/** RFC 9110 section 6.5.1: fields that frame or route a message come too late in its trailers. */
const saysFraming = ({ framing }: HeaderBlock): boolean =>
  framing.transferEncoded || framing.contentLength !== null || framing.unusableLength !== null || framing.host !== null
