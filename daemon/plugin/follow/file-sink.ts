/** A file that grows. The clock beside it may lag: what is beyond is cut off and written again by the run that goes on from there. */
import { fdatasyncSync, ftruncateSync, writeSync } from 'node:fs'
import { unavailable, type WeirError } from '../../../sdk/errors.ts'
import { outDescriptor } from '../exporter-messages.ts'
import { type FileClock, writeFileClock } from './file-clock.ts'
import type { Sink } from './sink.ts'

/** Between two writings of the clock, ms: the file has to be on the disk before it. */
const clockMs = 200
/** Read at the start: a process whose daemon has died gets another parent, and another daemon may already go on with the file. */
const daemon = process.ppid

const cannotWrite = (error: unknown): WeirError =>
  unavailable(
    'outNotWritable',
    `the export could not be written (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): make room or choose another place`,
  )

export class FileSink implements Sink {
  readonly #clockFile: string
  readonly #failed: () => void
  #written: FileClock
  #timer: NodeJS.Timeout | null = null
  #failure: WeirError | null = null

  /** @param start how the file is now @param failed is told when the clock cannot be written: `check` says why */
  constructor(clockFile: string, start: FileClock, failed: () => void) {
    this.#clockFile = clockFile
    this.#failed = failed
    this.#written = start
    // Before anything is written: a file without a clock is nobody's to go on with.
    this.#save()
  }

  async deliver(bytes: Buffer, _from: string, clock: string): Promise<void> {
    this.check()
    this.#append(bytes)
    this.#written = { ...this.#written, clock, bytes: this.#written.bytes + bytes.length }
    this.#timer ??= setTimeout(() => this.#save(), clockMs)
  }

  #append(bytes: Buffer): void {
    if (process.ppid !== daemon && process.platform !== 'win32') process.exit(0)
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(outDescriptor, bytes, at, bytes.length - at, null)
    } catch (error) {
      this.#cut()
      throw cannotWrite(error)
    }
  }

  /** Half of a batch is none. */
  #cut(): void {
    try {
      ftruncateSync(outDescriptor, this.#written.bytes)
    } catch {
      // It lies beyond the clock: the run that goes on from there cuts it off.
    }
  }

  #save(): void {
    this.#timer = null
    if (process.ppid !== daemon && process.platform !== 'win32') process.exit(0)
    try {
      fdatasyncSync(outDescriptor)
      writeFileClock(this.#clockFile, this.#written)
    } catch (error) {
      this.#failure = cannotWrite(error)
      this.#failed()
    }
  }

  check(): void {
    if (this.#failure !== null) throw this.#failure
  }

  async close(): Promise<void> {
    if (this.#timer !== null) {
      clearTimeout(this.#timer)
      this.#save()
    }
    this.check()
  }
}
