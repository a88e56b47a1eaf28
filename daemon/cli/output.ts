/** A stream that a person or a program reads: standard output or standard error. */
import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

/** The reader went away (`weir ls | head`): no failure, only the end. */
export class OutputClosed extends Error {}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

const closedCodes = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'])

export class Output {
  readonly #stream: Writable & { isTTY?: boolean; columns?: number; rows?: number }

  constructor(stream: Writable) {
    this.#stream = stream
    // Each write hears of its own failure; without a listener the stream would end the process.
    stream.on('error', () => undefined)
  }

  get terminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** Columns of the terminal; Infinity when it is none. */
  get width(): number {
    return this.terminal ? (this.#stream.columns ?? 80) : Infinity
  }

  /** Lines of the terminal; 0 when it is none. */
  get height(): number {
    return this.terminal ? (this.#stream.rows ?? 24) : 0
  }

  /** Only on a terminal, and not under NO_COLOR. */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream })
  }

  /** Resolves when it is written, so that a slow reader is waited for. Rejects with OutputClosed once the reader is gone. */
  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(data, (error) => {
        if (!error) return resolve()
        reject(closedCodes.has((error as NodeJS.ErrnoException).code ?? '') ? new OutputClosed() : error)
      })
    })
  }

  line(text = ''): Promise<void> {
    return this.write(`${text}\n`)
  }
}
