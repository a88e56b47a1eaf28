/** Makes indexes and columns in threads of their own, off every other path. */
import { entry } from '../thread/entry.ts'
import type { IndexKind, IndexTask } from './index/index-thread.ts'
import { ThreadPool } from './thread-pool.ts'

/** So many exchanges beyond the index, or changes beyond the columns, are read quickly enough without. */
const few = { text: 2_000, columns: 5_000 } as const

export class IndexMaker {
  readonly #pool: ThreadPool
  readonly #fault: (error: Error) => void
  /** By what is made. */
  readonly #making = new Map<string, AbortController>()

  /** `fault` hears of indexes that could not be made: nobody misses them but by the time a search takes. */
  constructor(fault: (error: Error) => void) {
    this.#fault = fault
    // A text index takes long, columns take seconds.
    this.#pool = new ThreadPool({ entry: entry(import.meta.url, './index/index-thread'), most: 2, idleMs: 1_000, fault })
  }

  /** Somebody searches this session, or looks over it: what helps is brought up to its record, unless that is under way or not worth it. */
  want(kind: IndexKind, file: string, behind: number): void {
    const name = `${kind} ${file}`
    if (behind < few[kind] || this.#making.has(name)) return
    const making = new AbortController()
    this.#making.set(name, making)
    this.#pool
      .run({ kind, file } satisfies IndexTask, making.signal)
      .catch((error: Error) => {
        if (!making.signal.aborted) this.#fault(error)
      })
      .finally(() => this.#making.delete(name))
  }

  /** The session is about to be deleted. */
  forget(file: string): void {
    for (const kind of Object.keys(few)) this.#making.get(`${kind} ${file}`)?.abort()
  }

  async close(): Promise<void> {
    for (const making of this.#making.values()) making.abort()
    await this.#pool.close()
  }
}
