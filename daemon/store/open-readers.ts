/** Readers that were used lately, kept open for the next call. */
import { statSync } from 'node:fs'
import { notFound } from '../../sdk/errors.ts'
import { Reader } from './reader.ts'

const keptOpen = 8
/** An open reader keeps a session that ends from becoming a single file, so it closes soon, ms. */
const idleMs = 500

interface Kept {
  reader: Reader
  inode: number
  usedAt: number
}

export class OpenReaders {
  /** Least recently used first. */
  #kept = new Map<string, Kept>()
  #timer: NodeJS.Timeout | null = null

  /** Throws as Reader does. The reader is valid until the next call. */
  of(file: string): Reader {
    const inode = statSync(file, { throwIfNoEntry: false })?.ino
    const known = this.#kept.get(file)
    if (known !== undefined && known.inode !== inode) this.#close(file, known)
    if (inode === undefined) throw notFound('fileNotFound', 'the file of this session is gone')
    const kept = this.#kept.get(file) ?? { reader: new Reader(file), inode, usedAt: 0 }
    kept.usedAt = Date.now()
    this.#kept.delete(file)
    this.#kept.set(file, kept)
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= keptOpen) break
      this.#close(oldest, old)
    }
    this.#timer ??= setTimeout(() => this.#closeIdle(), idleMs)
    return kept.reader
  }

  #closeIdle(): void {
    const now = Date.now()
    for (const [file, kept] of this.#kept) if (now - kept.usedAt >= idleMs) this.#close(file, kept)
    this.#timer = this.#kept.size === 0 ? null : setTimeout(() => this.#closeIdle(), idleMs)
  }

  #close(file: string, { reader }: Kept): void {
    this.#kept.delete(file)
    reader.close()
  }

  closeAll(): void {
    for (const [file, kept] of this.#kept) this.#close(file, kept)
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
