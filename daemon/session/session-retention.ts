/** Keeps all sessions together within what config.toml allows ([retention]): stopped ones that are too old, or the oldest of them for want of room, are deleted. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codes, WeirError } from '../../sdk/errors.ts'
import type { Session as SessionView } from '../../sdk/model.ts'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'

/** Between two looks, ms; a session that stops is a reason for one, too. */
const lookMs = 60_000
/** Nobody set a budget, and this is much, bytes. */
const muchBytes = 50 * 1024 ** 3
const dayMs = 86_400_000

export interface SessionRetentionOptions {
  limits: Config['retention']
  /** The folder of the session files. */
  folder: string
  list(): Promise<SessionView[]>
  delete(id: string): Promise<void>
  log: Log
}

export class SessionRetention {
  readonly #options: SessionRetentionOptions
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  /** Something happened since the look that runs began. */
  #again = false
  #isOver = false
  /** Of all sessions at the last look. */
  #bytes = 0

  constructor(options: SessionRetentionOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), lookMs).unref()
    this.look()
  }

  stop(): void {
    this.#isOver = true
    if (this.#timer) clearInterval(this.#timer)
  }

  /** Something may be there to delete. */
  look(): void {
    if (this.#isOver) return
    this.#again = this.#looking !== null
    this.#looking ??= this.#sweep()
      .catch((error: unknown) => this.#options.log.fault('old sessions could not be deleted', error))
      .finally(() => {
        this.#looking = null
        if (this.#again) this.look()
      })
  }

  warnings(): string[] {
    const { diskBytes } = this.#options.limits
    if (this.#bytes <= (diskBytes ?? muchBytes)) return []
    const gigabytes = `${(this.#bytes / 1e9).toFixed(1)} GB`
    return [
      diskBytes === null
        ? `sessions take ${gigabytes}: delete some (weir session delete), or let old ones go by themselves (retention in config.toml)`
        : `sessions take ${gigabytes}, more than retention.diskBytes, and none has stopped that could go: stop some, or give them limits.sessionBytes`,
    ]
  }

  async #sweep(): Promise<void> {
    const { limits, list, log } = this.#options
    const oldestFirst = (await list()).filter(({ state }) => state === 'stopped').sort((a, b) => (a.stoppedAt ?? 0) - (b.stoppedAt ?? 0))
    // After that: what has stopped takes less than while it ran.
    this.#bytes = await this.#size()
    const tooOld = Date.now() - (limits.ageDays ?? Number.POSITIVE_INFINITY) * dayMs
    for (const { id, name, stoppedAt = 0 } of oldestFirst) {
      if (this.#isOver || (stoppedAt >= tooOld && this.#bytes <= (limits.diskBytes ?? Number.POSITIVE_INFINITY))) return
      await this.#options.delete(id).catch(unlessMeanwhile)
      this.#bytes = await this.#size()
      log.write('info', 'a session was deleted, as retention in config.toml says', { session: id, name, stoppedAt })
    }
  }

  /** Bytes of all, with their indexes and whatever else stands beside them. */
  async #size(): Promise<number> {
    const { folder } = this.#options
    let bytes = 0
    for (const name of await readdir(folder)) bytes += (await stat(join(folder, name)).catch(() => null))?.size ?? 0
    return bytes
  }
}

/** Somebody was quicker: it is gone, or runs again. */
function unlessMeanwhile(error: unknown): void {
  if (!(error instanceof WeirError && (error.code === codes.notFound || error.code === codes.conflict))) throw error
}
