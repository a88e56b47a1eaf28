/** The file of an export: written beside its place under a temporary name, then renamed over what was there. */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { invalidParams, unavailable, type WeirError } from '../../sdk/errors.ts'

export const refused = (message: string): WeirError => invalidParams('invalidOut', `out: ${message}`, [{ path: '/out', message }])
type SystemError = NodeJS.ErrnoException

export class OutFile {
  /** As the client named it. */
  readonly path: string
  readonly #target: string
  readonly #temporary: string
  readonly #handle: FileHandle

  private constructor(path: string, target: string, temporary: string, handle: FileHandle) {
    this.path = path
    this.#target = target
    this.#temporary = temporary
    this.#handle = handle
  }

  /**
   * Opens the temporary file, 0600. A symbolic link is followed; only a regular file is ever replaced.
   * @param sessions the folder of the session files, into which nothing is exported.
   * @throws -32602 invalidOut, 1005 outNotWritable.
   */
  static async open(path: string, sessions: string): Promise<OutFile> {
    const { target, there } = await resolveOut(path, sessions)
    if (there && !there.isFile()) throw refused(there.isDirectory() ? 'is a folder: name a file in it' : 'is not a regular file')
    const temporary = temporaryBeside(target)
    try {
      const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
      return new OutFile(path, target, temporary, handle)
    } catch (error) {
      throw cannotOpen(error as SystemError)
    }
  }

  /** The path of the temporary file. */
  get partial(): string {
    return this.#temporary
  }

  get descriptor(): number {
    return this.#handle.fd
  }

  /** Puts it in its place. */
  async keep(): Promise<void> {
    await this.#handle.close()
    try {
      await rename(this.#temporary, this.#target)
    } catch (error) {
      await rm(this.#temporary, { force: true })
      throw cannotOpen(error as SystemError)
    }
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.#handle.close()
    await rm(this.#temporary, { force: true })
  }
}

/** A name in the same folder that nothing has. */
export const temporaryBeside = (target: string): string =>
  `${target}.${process.pid}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}.partial`

/** Where a path leads, symbolic links followed, and what is there. @throws -32602 invalidOut @param sessions as OutFile.open */
export async function resolveOut(path: string, sessions: string): Promise<{ target: string; there: Stats | null }> {
  if (!isAbsolute(path)) throw refused('must be an absolute path')
  if (path.includes('\0')) throw refused('must not contain a zero byte')
  const target = await realOf(path)
  if (dirname(target) === (await realOf(sessions))) throw refused("lies among weir's own session files: choose another folder")
  return { target, there: await stat(target).catch(() => null) }
}

/** With links resolved, as far as it exists. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const folder = await realpath(dirname(path)).catch(() => dirname(path))
    return join(folder, basename(path))
  }
}

export function cannotOpen({ code }: SystemError): WeirError {
  if (code === 'ENOENT') return refused('its folder does not exist: make it first')
  if (code === 'ENOTDIR') return refused('a part of its path is not a folder')
  if (code === 'ENAMETOOLONG') return refused('is too long')
  return unavailable('outNotWritable', `the file cannot be written there (${code ?? 'unknown error'})`)
}
