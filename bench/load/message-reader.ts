/** The least HTTP/1.1 framing the bench needs: heads, and bodies that say their length. Anything else is an error, loudly. */

export interface MessageSink {
  /** The bytes of one head, its blank line excluded. Returns the body's length. */
  head(bytes: Buffer, start: number, end: number): number
  body(bytes: Buffer, start: number, end: number): void
  end(): void
}

/** Content-Length of a head, 0 without one. Throws on chunked framing, which neither side of the bench sends. */
export function contentLength(head: string): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)
  if (length) return Number(length[1])
  if (/\r\ntransfer-encoding:/i.test(head)) throw new Error('a proxy re-framed the body as chunked')
  return 0
}

export class MessageReader {
  #sink: MessageSink
  #rest: Buffer | null = null
  #missing = 0

  constructor(sink: MessageSink) {
    this.#sink = sink
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = null
    for (let at = 0; at < bytes.length; ) {
      if (this.#missing > 0) {
        const end = Math.min(bytes.length, at + this.#missing)
        this.#missing -= end - at
        this.#sink.body(bytes, at, end)
        at = end
      } else {
        const end = bytes.indexOf('\r\n\r\n', at, 'latin1')
        if (end < 0) {
          this.#rest = bytes.subarray(at)
          return
        }
        this.#missing = this.#sink.head(bytes, at, end)
        at = end + 4
      }
      if (this.#missing === 0) this.#sink.end()
    }
  }
}
