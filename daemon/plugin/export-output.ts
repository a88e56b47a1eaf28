/** Where an exporter writes: a file that the daemon made, or a descriptor. */
import { constants, openSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'

const scratchBytes = 256 * 1024
type Done = (error?: Error | null) => void

/**
 * Writes at once and in this thread: the process has nothing else to do, and text needs no memory of its own. The daemon's
 * limits end it where a write never comes back.
 */
export class ExportOutput extends Writable {
  /** Written so far. */
  bytes = 0
  /** Or still the path of the file. */
  #to: string | number
  #scratch = Buffer.allocUnsafeSlow(scratchBytes)
  #readAgain: ((bytes: Buffer) => void) | null = null

  constructor(to: string | number) {
    super({ decodeStrings: false, highWaterMark: scratchBytes })
    this.#to = to
  }

  override _construct(done: Done): void {
    let failure: Error | null = null
    try {
      // A link in its place is not the daemon's file.
      if (typeof this.#to === 'string') this.#to = openSync(this.#to, constants.O_WRONLY | constants.O_NOFOLLOW)
    } catch (error) {
      failure = error as Error
    }
    done(failure)
  }

  /** Hears all that is written, piece by piece; what it throws fails the export. */
  watch(readAgain: (bytes: Buffer) => void): void {
    this.#readAgain = readAgain
  }

  override _write(chunk: string | Buffer, encoding: BufferEncoding, done: Done): void {
    let failure: Error | null = null
    try {
      this.#put(chunk, encoding)
    } catch (error) {
      failure = error as Error
    }
    done(failure)
  }

  #put(chunk: string | Buffer, encoding: BufferEncoding): void {
    if (typeof chunk !== 'string') this.#putBytes(chunk, chunk.length)
    else if (encoding === 'utf8' && chunk.length * 3 <= scratchBytes) this.#putBytes(this.#scratch, this.#scratch.write(chunk, 'utf8'))
    else this.#put(Buffer.from(chunk, encoding), encoding)
  }

  #putBytes(bytes: Buffer, length: number): void {
    this.#readAgain?.(bytes.subarray(0, length))
    for (let at = 0; at < length; ) {
      const written = writeSync(this.#to as number, bytes, at, length - at, null)
      at += written
      this.bytes += written
    }
  }
}
