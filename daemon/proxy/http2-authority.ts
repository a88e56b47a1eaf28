/**
 * Makes the requests of a client's HTTP/2 direction name another origin, as a reverse proxy must. Header blocks are read and written again as
 * literals that are never indexed (RFC 7541 section 6.2.3), so that what is written depends on no table; padding of their frames goes. Every
 * other byte passes as it came, and so does everything from what cannot be read on: its origin will say what it thinks of it.
 */
import { type Field, HpackDecoder } from '../capture/decoders/hpack.ts'

const prefaceLength = 24
const headerLength = 9
const headersFrame = 1
const continuationFrame = 9
const endHeaders = 0x4
const padded = 0x8
const priority = 0x20
/** What every receiver takes (RFC 9113 section 4.2), bytes. */
const framePayload = 16_384
/** Of a header block with its frames, bytes. */
const longestBlock = 1024 * 1024
const noBytes = Buffer.alloc(0)

interface Block {
  stream: number
  flags: number
  priority: Buffer
  fragments: Buffer[]
  /** As they came. */
  frames: Buffer[]
}

export class Http2AuthorityRewriter {
  readonly #scheme: string
  readonly #authority: string
  readonly #hpack = new HpackDecoder(16 * longestBlock)
  #held: Buffer = noBytes
  /** Bytes that pass before the next frame begins. */
  #passing = prefaceLength
  #block: Block | null = null
  #blockBytes = 0
  #blind = false

  constructor(scheme: 'http' | 'https', authority: string) {
    this.#scheme = scheme
    this.#authority = authority
  }

  /** What the origin gets for these bytes; perhaps nothing yet. */
  rewrite(bytes: Buffer): Buffer {
    const out: Buffer[] = []
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes
    for (let used = -1; !this.#blind && used !== 0 && rest.length > 0; rest = rest.subarray(used)) used = this.#step(rest, out)
    this.#held = this.#blind ? noBytes : rest
    if (this.#blind) out.push(rest)
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out)
  }

  /** 0: more bytes are needed. */
  #step(bytes: Buffer, out: Buffer[]): number {
    if (this.#passing > 0) {
      const length = Math.min(this.#passing, bytes.length)
      out.push(bytes.subarray(0, length))
      this.#passing -= length
      return length
    }
    if (bytes.length < headerLength) return 0
    const length = headerLength + bytes.readUIntBE(0, 3)
    const type = bytes[3]
    if (type !== headersFrame && type !== continuationFrame) {
      // Nothing may come between the frames of a block.
      if (this.#block) return this.#giveUp(out)
      this.#passing = length
      return this.#step(bytes, out)
    }
    if (this.#blockBytes + length > longestBlock) return this.#giveUp(out)
    if (bytes.length < length) return 0
    if (!this.#take(bytes.subarray(0, length))) return this.#giveUp(out)
    this.#finish(out)
    return length
  }

  /** What was held back passes, too. */
  #giveUp(out: Buffer[]): number {
    this.#blind = true
    out.push(...(this.#block?.frames ?? []))
    this.#block = null
    return 0
  }

  /** A whole frame of a header block; false: it is none. */
  #take(frame: Buffer): boolean {
    const flags = frame[4] as number
    const stream = frame.readUInt32BE(5)
    if (frame[3] === continuationFrame) {
      if (this.#block?.stream !== stream) return false
      this.#block.flags |= flags & endHeaders
      this.#block.fragments.push(frame.subarray(headerLength))
      this.#block.frames.push(frame)
    } else {
      if (this.#block) return false
      const start = headerLength + (flags & padded ? 1 : 0)
      const fragmentStart = start + (flags & priority ? 5 : 0)
      const end = frame.length - (flags & padded ? (frame[headerLength] ?? 0) : 0)
      if (fragmentStart > end) return false
      const fragments = [frame.subarray(fragmentStart, end)]
      this.#block = { stream, flags: flags & ~padded, priority: frame.subarray(start, fragmentStart), fragments, frames: [frame] }
    }
    this.#blockBytes += frame.length
    return true
  }

  /** Writes the block once it is whole. */
  #finish(out: Buffer[]): void {
    const block = this.#block
    if (!block || !(block.flags & endHeaders)) return
    const source = Buffer.concat(block.fragments)
    const list = this.#hpack.decode(source)
    if (!list || list.truncated) {
      this.#giveUp(out)
      return
    }
    this.#block = null
    this.#blockBytes = 0
    out.push(...framesOf(block, Buffer.concat([sizeUpdates(source), ...list.fields.map((field) => this.#write(field))])))
  }

  #write([name, value]: Field): Buffer {
    if (name === ':authority' || name === 'host') return literal(name, this.#authority)
    return literal(name, name === ':scheme' ? this.#scheme : value)
  }
}

/** Dynamic table size updates stand at the beginning (RFC 7541 section 4.2); the origin may insist on them. */
function sizeUpdates(block: Buffer): Buffer {
  let at = 0
  while (at < block.length && ((block[at] as number) & 0xe0) === 0x20) {
    const isLong = ((block[at++] as number) & 0x1f) === 0x1f
    while (isLong && (block[at++] as number) & 0x80);
  }
  return block.subarray(0, at)
}

/** RFC 7541 sections 5.1 and 5.2, with no Huffman code. */
function text(value: string): Buffer[] {
  const bytes = Buffer.from(value, 'latin1')
  const length: number[] = []
  if (bytes.length < 127) length.push(bytes.length)
  else {
    length.push(127)
    let rest = bytes.length - 127
    for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest % 128) | 0x80)
    length.push(rest)
  }
  return [Buffer.from(length), bytes]
}

const literal = (name: string, value: string): Buffer => Buffer.concat([Buffer.of(0x10), ...text(name), ...text(value)])

function framesOf({ stream, flags, priority: dependency }: Block, block: Buffer): Buffer[] {
  const payload = Buffer.concat([dependency, block])
  const frames: Buffer[] = []
  for (let at = 0; at === 0 || at < payload.length; at += framePayload) {
    const piece = payload.subarray(at, at + framePayload)
    const isLast = at + framePayload >= payload.length
    const header = Buffer.alloc(headerLength)
    header.writeUIntBE(piece.length, 0, 3)
    header[3] = at === 0 ? headersFrame : continuationFrame
    header[4] = (at === 0 ? flags & ~endHeaders : 0) | (isLast ? endHeaders : 0)
    header.writeUInt32BE(stream, 5)
    frames.push(header, piece)
  }
  return frames
}
