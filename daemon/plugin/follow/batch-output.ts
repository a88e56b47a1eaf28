/** What an exporter writes of one batch of a followed session: it is delivered whole, or not. */
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'

export class BatchOutput extends Writable {
  readonly #pieces: Buffer[] = []

  /** All of it, once the exporter is done. Rejects with what the exporter broke it with. */
  async whole(): Promise<Buffer> {
    this.end()
    await finished(this)
    return this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces)
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // Whoever wrote it may use its memory again.
    this.#pieces.push(Buffer.from(piece))
    done()
  }
}
