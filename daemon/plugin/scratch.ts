/** Folders for the time of one run of an exporter, below one that holds nothing else. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

export class Scratch {
  readonly #root: string
  #ready: Promise<unknown> | null = null

  /** @param root of the daemon's own: what is there belongs to runs of one that was killed, and goes */
  constructor(root: string) {
    this.#root = root
  }

  /** A new one, 0700. */
  async make(): Promise<string> {
    this.#ready ??= this.#begin()
    await this.#ready
    return mkdtemp(join(this.#root, 'run-'))
  }

  remove(folder: string): Promise<void> {
    return rm(folder, { recursive: true, force: true })
  }

  async #begin(): Promise<void> {
    await this.remove(this.#root)
    await mkdir(this.#root, { recursive: true, mode: 0o700 })
  }
}
