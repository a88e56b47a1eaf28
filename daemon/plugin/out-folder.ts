/** The folder of an export: written beside its place under a temporary name, then renamed. Nothing that was there is ever removed. */
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { cannotOpen, refused, resolveOut, temporaryBeside } from './out-file.ts'

export class OutFolder {
  /** As the client named it. */
  readonly path: string
  /** The temporary folder. */
  readonly partial: string
  readonly #target: string

  private constructor(path: string, target: string, partial: string) {
    this.path = path
    this.#target = target
    this.partial = partial
  }

  /** Makes the temporary folder, 0700; an empty one may be at its place. @throws -32602 invalidOut, 1005 outNotWritable @param sessions as OutFile.open */
  static async open(path: string, sessions: string): Promise<OutFolder> {
    const { target, there } = await resolveOut(path, sessions)
    if (there && !there.isDirectory()) throw refused('is no folder, and this exporter writes one: name a new or an empty folder')
    if (there && (await readdir(target)).length > 0)
      throw refused('is a folder that is not empty, and nothing in it is replaced: name a new or an empty one')
    const partial = temporaryBeside(target)
    try {
      await mkdir(partial, { mode: 0o700 })
    } catch (error) {
      throw cannotOpen(error as NodeJS.ErrnoException)
    }
    return new OutFolder(path, target, partial)
  }

  /** Puts it in its place. @throws 1005 outNotWritable when something has come there meanwhile */
  async keep(): Promise<void> {
    try {
      // Only an empty one goes.
      await rmdir(this.#target).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
      await rename(this.partial, this.#target)
    } catch (error) {
      throw cannotOpen(error as NodeJS.ErrnoException)
    }
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await rm(this.partial, { recursive: true, force: true })
  }
}
