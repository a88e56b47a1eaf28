/** How far each session's record has come, for those who wait for more. */
import { LatestIds } from './latest-ids.ts'

interface Progress {
  /** The highest change anybody was told of. */
  change: number
  waiting: Set<() => void>
}

export class ChangeSignals {
  readonly #progress = new Map<string, Progress>()
  readonly #listeners = new Set<(sessionId: string) => void>()
  /** Sessions that were deleted last: a reading that was under way may still tell of one. */
  readonly #gone = new LatestIds()

  /** The record stands at this change at least. */
  advanced(sessionId: string, change: number): void {
    if (this.#gone.has(sessionId)) return
    const progress = this.#of(sessionId)
    if (change <= progress.change) return
    progress.change = change
    this.#wake(progress)
    for (const heard of this.#listeners) heard(sessionId)
  }

  /** Is told of each session that has advanced, until what it returns is called. */
  listen(heard: (sessionId: string) => void): () => void {
    this.#listeners.add(heard)
    return () => this.#listeners.delete(heard)
  }

  /** Something of it is another beside its record, its state for example: whoever waits goes and sees for itself. */
  stirred(sessionId: string): void {
    const progress = this.#progress.get(sessionId)
    if (progress) this.#wake(progress)
  }

  /** Nothing will follow: whoever waits goes and sees for itself. */
  gone(sessionId: string): void {
    const progress = this.#progress.get(sessionId)
    this.#progress.delete(sessionId)
    this.#gone.add(sessionId)
    if (progress) this.#wake(progress)
  }

  /** Resolves once there may be something after `change`, or when `signal` is aborted. At once for a session nobody has told of. */
  beyond(sessionId: string, change: number, signal: AbortSignal): Promise<void> {
    const progress = this.#progress.get(sessionId)
    if (progress === undefined || progress.change > change || signal.aborted) return Promise.resolve()
    return woken(progress, signal)
  }

  /** Resolves with whatever is told of the session next, or when `signal` is aborted. */
  next(sessionId: string, signal: AbortSignal): Promise<void> {
    return signal.aborted ? Promise.resolve() : woken(this.#of(sessionId), signal)
  }

  #of(sessionId: string): Progress {
    const known = this.#progress.get(sessionId)
    if (known !== undefined) return known
    const progress: Progress = { change: 0, waiting: new Set() }
    this.#progress.set(sessionId, progress)
    return progress
  }

  #wake({ waiting }: Progress): void {
    for (const end of [...waiting]) end()
  }
}

const woken = ({ waiting }: Progress, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      waiting.delete(end)
      signal.removeEventListener('abort', end)
      resolve()
    }
    waiting.add(end)
    signal.addEventListener('abort', end, { once: true })
  })
