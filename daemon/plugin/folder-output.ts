/** The files of an exporter that writes a folder, inside its process. The folder is the daemon's until it is whole. */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { folderPathFault } from '../../sdk/plugin/folder-path.ts'
import type { OutFolder } from '../../sdk/plugin.ts'
import { ExportOutput } from './export-output.ts'
import type { SecretCheck } from './secret-check.ts'

export class FolderOutput implements OutFolder {
  /** null: the exporter writes no folder. */
  readonly #folder: string | null
  readonly #newCheck: () => SecretCheck | null
  readonly #failed: (error: Error) => void
  readonly #open = new Map<ExportOutput, Promise<void>>()
  #closedBytes = 0

  /** @param newCheck for each file @param failed hears of a file that cannot be written */
  constructor(folder: string | null, newCheck: () => SecretCheck | null, failed: (error: Error) => void) {
    this.#folder = folder
    this.#newCheck = newCheck
    this.#failed = failed
  }

  /** Written so far. */
  get bytes(): number {
    let bytes = this.#closedBytes
    for (const output of this.#open.keys()) bytes += output.bytes
    return bytes
  }

  file(path: string): Writable {
    if (this.#folder === null) throw new Error("folder.file is for exporters whose manifest says out: 'folder'")
    const fault = folderPathFault(path)
    if (fault !== null) throw new Error(`folder.file: ${JSON.stringify(path)} ${fault}`)
    const descriptor = this.#create(join(this.#folder, path), path)
    const output = new ExportOutput(descriptor)
    const check = this.#newCheck()
    if (check !== null) output.watch((bytes) => check.read(bytes))
    const done = finished(output)
      .then(() => check?.end())
      .catch((error: Error) => this.#failed(error))
      .finally(() => {
        closeSync(descriptor)
        this.#closedBytes += output.bytes
        this.#open.delete(output)
      })
    this.#open.set(output, done)
    return output
  }

  #create(place: string, path: string): number {
    try {
      mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
      return openSync(place, 'wx', 0o600)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR')
        throw new Error(`folder.file: ${JSON.stringify(path)} is there already (upper and lower case may be the same)`)
      this.#failed(error as Error)
      throw error
    }
  }

  /** Ends the files that the exporter has not ended. Resolves when all are written. */
  async end(): Promise<void> {
    for (const output of this.#open.keys()) output.end()
    await Promise.all(this.#open.values())
  }
}
