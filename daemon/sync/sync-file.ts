/** Sync rules and what is known of their domains, on the disk: `sync.json` in the home, 0600, replaced whole. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { unavailable } from '../../sdk/errors.ts'
import type { Known } from './known-cookies.ts'
import type { Holding } from './target-view.ts'

type Direction = 'out' | 'in' | 'both'

export interface KeptTarget {
  plugin: string
  config: Record<string, unknown>
  holds: Holding[]
  /** What stood behind it the last time, where that may become another. */
  place?: string
}
export interface KeptConflict {
  /** Unix ms. */
  at: number
  name: string
  domain: string
  path: string
  /** Whose older value was not taken: a plugin's name, or `session`. */
  lost: string
}
export interface KeptRule {
  domain: string
  direction: Direction
  targets: KeptTarget[]
  known: Known[]
  /** The last ones. */
  conflicts: KeptConflict[]
}
export interface SyncState {
  version: 1
  rules: KeptRule[]
  /** Session id -> the last cookie change that was taken. */
  sessions: { [id: string]: number }
}

/** How long writes are gathered, ms. */
const gatherMs = 200

export class SyncFile {
  readonly #path: string
  readonly #state: () => SyncState
  readonly #fault: (error: unknown) => void
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string, state: () => SyncState, fault: (error: unknown) => void) {
    this.#path = path
    this.#state = state
    this.#fault = fault
  }

  /** Throws 1005 notReadable. */
  async read(): Promise<SyncState> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, rules: [], sessions: {} }
      throw error
    }
    const state = parsed(text)
    if (state?.version !== 1)
      throw unavailable(
        'notReadable',
        `the sync rules in ${this.#path} cannot be read: mend or remove the file, and start the daemon again`,
      )
    return state
  }

  /** Before long. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#writing = this.#writing.then(() => this.#write())
    }, gatherMs)
    this.#timer.unref()
  }

  /** What was changed is on the disk. */
  async settle(): Promise<void> {
    if (this.#timer !== null) {
      clearTimeout(this.#timer)
      this.#timer = null
      this.#writing = this.#writing.then(() => this.#write())
    }
    await this.#writing
  }

  async #write(): Promise<void> {
    const partial = `${this.#path}.partial`
    try {
      await writeFile(partial, JSON.stringify(this.#state()), { mode: 0o600 })
      await rename(partial, this.#path)
    } catch (error) {
      await rm(partial, { force: true })
      this.#fault(error)
    }
  }
}

function parsed(text: string): SyncState | null {
  try {
    return JSON.parse(text) as SyncState
  } catch {
    return null
  }
}
