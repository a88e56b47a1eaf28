/** Threads for work of one kind, which start with it. The one home of the pool library, which is loaded with the first work: the daemon answers sooner. */
import type { Piscina } from 'piscina'

export interface ThreadPoolOptions {
  entry: URL
  most: number
  /** A thread ends when nothing was asked for so long, ms. */
  idleMs: number
  data?: object
  /** Hears of failures inside that no caller is told about. */
  fault: (error: Error) => void
}

export class ThreadPool {
  readonly #options: ThreadPoolOptions
  #pool: Promise<Piscina> | null = null

  constructor(options: ThreadPoolOptions) {
    this.#options = options
  }

  /** What the thread makes of it. Rejects with what it throws, or when `signal` is aborted. */
  async run(task: object, signal?: AbortSignal): Promise<unknown> {
    this.#pool ??= open(this.#options)
    const pool = await this.#pool
    return pool.run(task, signal ? { signal } : {})
  }

  /** What runs is given up. */
  async close(): Promise<void> {
    await (await this.#pool)?.destroy()
  }
}

async function open({ entry, most, idleMs, data, fault }: ThreadPoolOptions): Promise<Piscina> {
  const { Piscina } = await import('piscina')
  const pool = new Piscina({
    filename: entry.href,
    minThreads: 0,
    maxThreads: most,
    idleTimeout: idleMs,
    workerData: data,
    // A thread that waits in Atomics could not close idle files.
    atomics: 'disabled',
  })
  pool.on('error', fault)
  return pool
}
