/** A pipe, named or to the daemon. Delivered is what the system has taken. */
import { Socket } from 'node:net'
import { unavailable } from '../../../sdk/errors.ts'
import { outDescriptor } from '../exporter-messages.ts'
import { type Sink, Undelivered } from './sink.ts'

export class PipeSink implements Sink {
  /** As a stream of its own, for a reader may be slow, and nothing else of the process may wait for it. */
  readonly #pipe = new Socket({ fd: outDescriptor, readable: false, writable: true })
  readonly #late: Promise<never>
  #failure: NodeJS.ErrnoException | null = null

  /** @param late aborted when nobody waits any longer for a slow reader */
  constructor(late: AbortSignal) {
    this.#pipe.on('error', (error) => {
      this.#failure ??= error
    })
    this.#late = new Promise((_, reject) => late.addEventListener('abort', () => reject(new Undelivered()), { once: true }))
    this.#late.catch(() => undefined)
  }

  async deliver(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return
    const written = new Promise<void>((resolve, reject) => this.#pipe.write(bytes, (error) => (error ? reject(error) : resolve())))
    try {
      await Promise.race([written, this.#late])
    } catch (error) {
      if (error instanceof Undelivered) throw error
      const { code } = this.#failure ?? (error as NodeJS.ErrnoException)
      throw unavailable('readerGone', `nobody reads the pipe any more (${code ?? 'closed'})`)
    } finally {
      written.catch(() => undefined)
    }
  }

  async close(): Promise<void> {
    this.#pipe.end()
  }
}
