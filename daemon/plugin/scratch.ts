/** Folders for the time of one run of an exporter, below one that holds nothing else. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { unavailable } from '../../sdk/errors.ts'

export class Scratch {
  readonly #root: string
  #ready: Promise<unknown> | null = null

  /** @param root of the daemon's own: what is there belongs to runs of one that was killed, and goes */
  constructor(root: string) {
    this.#root = root
  }

  /** A new one, 0700. @throws 1005 scratchNotWritable */
  async make(): Promise<string> {
    this.#ready ??= this.#begin().catch((error) => {
      // The next run tries again.
      this.#ready = null
      throw error
    })
    try {
      await this.#ready
      return await mkdtemp(join(this.#root, 'run-'))
    } catch (error) {
      throw notWritable(this.#root, error as NodeJS.ErrnoException)
    }
  }

  remove(folder: string): Promise<void> {
    return rm(folder, { recursive: true, force: true })
  }

  async #begin(): Promise<void> {
    await this.remove(this.#root)
    await mkdir(this.#root, { recursive: true, mode: 0o700 })
  }
}

const notWritable = (root: string, { code = 'unknown error' }: NodeJS.ErrnoException) =>
  unavailable('scratchNotWritable', `the export has no folder to work in, ${root} (${code}): make room, or let the daemon write there`)
