/**
 * A file of zeros in the home that holds room for the moment the disk is full: then even deleting fails in SQLite, until
 * the ballast is gone.
 */
import { closeSync, openSync, renameSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const ballastBytes = 64 * 1024 * 1024
/** It is made again only when so much more is free, so that it does not fill the disk itself. */
const spareBytes = 2 * ballastBytes
const pieceBytes = 1024 * 1024

export class Ballast {
  #path: string
  #bytes: number

  /** `bytes` is for tests on small disks. */
  constructor(home: string, bytes: number = ballastBytes) {
    this.#path = join(home, 'ballast')
    this.#bytes = bytes
  }

  get held(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.size === this.#bytes
  }

  /** Makes room at once. False when there was none to give. */
  release(): boolean {
    const held = this.held
    rmSync(this.#path, { force: true })
    return held
  }

  /** Makes the file when it is missing and the disk has room to spare; true when it is there. Written out, never sparse: takes some 50 ms. */
  restore(): boolean {
    if (this.held) return true
    const { bavail, bsize } = statfsSync(join(this.#path, '..'))
    if (bavail * bsize < this.#bytes + (spareBytes / ballastBytes) * this.#bytes) return false
    const unfinished = `${this.#path}.new`
    try {
      this.#fill(unfinished)
      renameSync(unfinished, this.#path)
      return true
    } catch (error) {
      rmSync(unfinished, { force: true })
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
      throw error
    }
  }

  #fill(path: string): void {
    const piece = Buffer.alloc(pieceBytes)
    const file = openSync(path, 'w', 0o600)
    try {
      for (let written = 0; written < this.#bytes; ) written += writeSync(file, piece, 0, Math.min(pieceBytes, this.#bytes - written))
    } finally {
      closeSync(file)
    }
  }
}
