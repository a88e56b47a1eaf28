/**
 * Pieces of an export whose place comes later than they do: in a file of their own until then, so that memory does not grow with them. The file has no
 * name from the start, so nothing is left of it however the process ends.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const heldBytes = 256 * 1024
const none = -1

export class SetAside {
  readonly #file: number
  /** Where each piece begins. */
  readonly #starts: number[] = []
  /** The piece that follows it, or none. */
  readonly #next: number[] = []
  #written = 0
  /** Not in the file yet. */
  #held: Buffer[] = []
  #heldBytes = 0

  /** @param folder of the plugin's own */
  constructor(folder: string) {
    const path = join(folder, `set-aside-${randomUUID()}`)
    this.#file = openSync(path, 'wx+', 0o600)
    rmSync(path)
  }

  /** @param after the last piece of a chain, which goes on with this one @returns the number under which it is read again */
  add(text: string, after?: number): number {
    const bytes = Buffer.from(text, 'utf8')
    this.#starts.push(this.#end)
    this.#next.push(none)
    if (after !== undefined) this.#next[after] = this.#starts.length - 1
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    if (this.#heldBytes > heldBytes) this.#write()
    return this.#starts.length - 1
  }

  /** This piece and those that follow it, in their order. */
  *chain(piece: number): Generator<number> {
    for (let at = piece; at !== none; at = this.#next[at] as number) yield at
  }

  read(piece: number): string {
    if (this.#heldBytes > 0) this.#write()
    const start = this.#starts[piece] as number
    const bytes = Buffer.allocUnsafe((this.#starts[piece + 1] ?? this.#end) - start)
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(this.#file, bytes, at, bytes.length - at, start + at)
      if (count === 0) throw new Error('what was set aside is no longer there')
      at += count
    }
    return bytes.toString('utf8')
  }

  close(): void {
    closeSync(this.#file)
  }

  get #end(): number {
    return this.#written + this.#heldBytes
  }

  #write(): void {
    const bytes = Buffer.concat(this.#held, this.#heldBytes)
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at, bytes.length - at, this.#written + at)
    this.#written += bytes.length
    this.#held = []
    this.#heldBytes = 0
  }
}
