/** Bounds how much happens at once; the rest waits in order. */
import { codes, WeirError } from '../../sdk/errors.ts'

export const cancelled = (): WeirError => new WeirError(codes.cancelled, 'cancelled', 'the call was cancelled')

interface Waiting {
  start(): void
}

export class Turns {
  #free: number
  #waiting = new Set<Waiting>()

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** Resolves with what ends the turn; call it once. Rejects with -32800 when `signal` is aborted while it waits. */
  async take(signal?: AbortSignal): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await this.#wait(signal)
    return () => this.#next()
  }

  #wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(waiting)
        reject(cancelled())
      }
      const waiting: Waiting = {
        start: () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        },
      }
      if (signal?.aborted) return reject(cancelled())
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.add(waiting)
    })
  }

  #next(): void {
    const [first] = this.#waiting
    if (first === undefined) this.#free++
    else {
      this.#waiting.delete(first)
      first.start()
    }
  }
}
