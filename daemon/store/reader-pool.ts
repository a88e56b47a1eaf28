/** Reads session files in threads of their own. */
import { codes, fromWire, WeirError } from '../../sdk/errors.ts'
import { entry } from '../thread/entry.ts'
import type { ReaderOutcome, ReaderTask, ReaderThreadData } from './reader-thread.ts'
import type { ReaderSurface } from './surface.ts'
import { ThreadPool } from './thread-pool.ts'

export interface ReaderPoolOptions {
  /** 2 when absent. */
  threads?: number
  /** The user's .proto files and folders, absolute; none when absent. */
  protos?: readonly string[]
  /** WEIR_HOME, where the key of pseudonyms is. */
  home: string
  /** Hears of failures inside that no caller is told about. */
  fault: (error: Error) => void
}

/** Threads start with the first call and end when nothing was asked for some seconds. */
export class ReaderPool {
  #pool: ThreadPool
  #fault: (error: Error) => void

  constructor({ threads = 2, protos = [], home, fault }: ReaderPoolOptions) {
    this.#fault = fault
    this.#pool = new ThreadPool({
      entry: entry(import.meta.url, './reader-thread'),
      most: threads,
      idleMs: 10_000,
      data: { protos, home } satisfies ReaderThreadData,
      fault,
    })
  }

  /** Rejects with WeirError: what the reader threw, -32800 when `signal` was aborted, 1005 threadLost. */
  async run<N extends keyof ReaderSurface>(
    name: N,
    params: Parameters<ReaderSurface[N]>[0],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<ReaderSurface[N]>>> {
    const outcome = await this.#outcome({ name, params } as ReaderTask, signal)
    if (outcome.fault !== undefined) this.#fault(new Error(outcome.fault))
    if (outcome.error) throw fromWire(outcome.error)
    return outcome.result as Awaited<ReturnType<ReaderSurface[N]>>
  }

  async #outcome(task: ReaderTask, signal: AbortSignal | undefined): Promise<ReaderOutcome> {
    try {
      return (await this.#pool.run(task, signal)) as ReaderOutcome
    } catch (error) {
      if (signal?.aborted) throw new WeirError(codes.cancelled, 'cancelled', 'the call was cancelled')
      this.#fault(error as Error)
      throw new WeirError(codes.unavailable, 'threadLost', 'a reader thread ended; try again')
    }
  }

  /** What runs is given up. */
  async close(): Promise<void> {
    await this.#pool.close()
  }
}
