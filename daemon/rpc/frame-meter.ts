/**
 * Passes the bytes of a client on, unchanged, while they are frames (LSP 3.17, base protocol) within the limits; the first
 * byte that cannot be one ends it with -32700. The reader behind it has no limits of its own.
 */
import { Transform, type TransformCallback } from 'node:stream'
import { codes, WeirError } from '../../sdk/errors.ts'
import { limits } from '../../sdk/limits.ts'

/** Content-Length and Content-Type fit into much less. */
const headBytes = 1024
/** Both header fields there are begin with it. */
const beginning = 'content-'

export class FrameMeter extends Transform {
  /** Of the head that is being read, lower case. */
  #head = ''
  /** Bytes of the current frame's body that are still to come. */
  #remaining = 0

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const error = this.#measure(chunk)
    if (error) done(error)
    else done(null, chunk)
  }

  #measure(chunk: Buffer): WeirError | null {
    let at = 0
    while (at < chunk.length) {
      if (this.#remaining > 0) {
        const taken = Math.min(this.#remaining, chunk.length - at)
        this.#remaining -= taken
        at += taken
        continue
      }
      const before = this.#head.length
      this.#head += chunk.toString('latin1', at, Math.min(chunk.length, at + headBytes + 4 - before)).toLowerCase()
      const end = this.#head.indexOf('\r\n\r\n')
      const error = end < 0 ? this.#unfinishedHead() : this.#finishedHead(this.#head.slice(0, end))
      if (error) return error
      if (end < 0) return null
      at += end + 4 - before
      this.#head = ''
    }
    return null
  }

  #unfinishedHead(): WeirError | null {
    const head = this.#head
    if (!beginning.startsWith(head.slice(0, beginning.length)))
      return garbage('bytes that are no frame: it begins with "Content-Length: N"')
    return head.length > headBytes ? garbage('a frame head that does not end') : null
  }

  #finishedHead(head: string): WeirError | null {
    const lines = head.split('\r\n')
    if (!lines.every((line) => /^content-[a-z]+:[\x20-\x7e]*$/.test(line))) return garbage('a frame head with fields that are none')
    const lengths = lines.filter((line) => line.startsWith('content-length:')).map((line) => line.slice('content-length:'.length).trim())
    const [length = ''] = lengths
    if (lengths.length !== 1 || !/^\d{1,15}$/.test(length) || length === '0') return garbage('a frame without a Content-Length')
    if (Number(length) > limits.frameBytes) {
      return new WeirError(codes.parseError, 'frameTooLarge', `a frame may have ${limits.frameBytes} bytes, not ${length}`)
    }
    this.#remaining = Number(length)
    return null
  }
}

const garbage = (what: string) => new WeirError(codes.parseError, 'notAFrame', `${what} (Language Server Protocol, base protocol)`)
