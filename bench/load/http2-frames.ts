/**
 * The least HTTP/2 framing the bench needs (RFC 9113 section 4), and header blocks whose fields are literals without Huffman coding
 * (RFC 7541 section 6.2), so that a number in them can be written in place. Windows are set once, wider than any run is long.
 */

export const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const
export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const
export const frameHeadBytes = 9
/** Frames are no longer than every peer must take (RFC 9113 section 4.2). */
export const mostPayload = 16_384
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

const widestWindow = 2 ** 31 - 1
const firstWindow = 65_535
const initialWindowSize = 4
const maxConcurrentStreams = 3

/** Of the stream's number in a frame's head. */
export const streamAt = 5

function frameHead(type: number, flag: number, stream: number, length: number): Buffer {
  const head = Buffer.alloc(frameHeadBytes)
  head.writeUIntBE(length, 0, 3)
  head[3] = type
  head[4] = flag
  head.writeUInt32BE(stream, streamAt)
  return head
}

export function frame(type: number, flag: number, stream: number, payload: Buffer): Buffer {
  return Buffer.concat([frameHead(type, flag, stream, payload.length), payload])
}

/** What either side says first: windows of 2 GiB for the connection and each of its streams. */
export function opening(): Buffer {
  const settings = Buffer.alloc(12)
  settings.writeUInt16BE(initialWindowSize, 0)
  settings.writeUInt32BE(widestWindow, 2)
  settings.writeUInt16BE(maxConcurrentStreams, 6)
  settings.writeUInt32BE(1000, 8)
  const update = Buffer.alloc(4)
  update.writeUInt32BE(widestWindow - firstWindow)
  return Buffer.concat([frame(frameTypes.settings, 0, 0, settings), frame(frameTypes.windowUpdate, 0, 0, update)])
}

/** The answer that a frame of the connection asks for; null when there is none. Throws on what ends the run. */
export function connectionAnswer(type: number, flag: number, payload: Buffer): Buffer | null {
  if (type === frameTypes.goAway) throw new Error(`GOAWAY with error ${payload.readUInt32BE(4)}`)
  if (type === frameTypes.reset) throw new Error(`a stream was reset with error ${payload.readUInt32BE(0)}`)
  if ((flag & flags.ack) !== 0) return null
  if (type === frameTypes.settings) return frameHead(frameTypes.settings, flags.ack, 0, 0)
  return type === frameTypes.ping ? frame(frameTypes.ping, flags.ack, 0, payload) : null
}

const shortText = (text: string): Buffer => {
  if (text.length >= 0x7f) throw new RangeError('a longer text needs a longer length')
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')])
}

/** A literal whose name has an index in the static table (RFC 7541 appendix A); it is kept in the dynamic table. */
export const keptField = (nameIndex: number, value: string): Buffer => Buffer.concat([Buffer.from([0x40 | nameIndex]), shortText(value)])

/** The same, kept in no table. */
export const passingField = (nameIndex: number, value: string): Buffer =>
  Buffer.concat([nameIndex < 15 ? Buffer.from([nameIndex]) : Buffer.from([0x0f, nameIndex - 15]), shortText(value)])

/** A whole field of the static or dynamic table. */
export const indexedField = (index: number): Buffer => Buffer.from([0x80 | index])

export interface FrameSink {
  /** One whole frame; its payload is from `start` to `end`. */
  frame(type: number, flag: number, stream: number, bytes: Buffer, start: number, end: number): void
}

export class FrameReader {
  readonly #sink: FrameSink
  #rest: Buffer | null = null

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = null
    let at = 0
    while (at + frameHeadBytes <= bytes.length) {
      const start = at + frameHeadBytes
      const end = start + bytes.readUIntBE(at, 3)
      if (end > bytes.length) break
      this.#sink.frame(bytes[at + 3] as number, bytes[at + 4] as number, bytes.readUInt32BE(at + streamAt), bytes, start, end)
      at = end
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at)
  }
}
