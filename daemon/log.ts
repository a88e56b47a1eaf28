/**
 * The log: JSON lines in the home's `weir.log` (0600). What passes through weir stays out of it: no header values, no
 * bodies, no query strings; so errors are written without the texts that could quote them.
 */
import { closeSync, fchmodSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import pino from 'pino'

export type Level = 'debug' | 'info' | 'warn' | 'error'

export interface Log {
  write(level: Level, message: string, facts?: { [name: string]: unknown }): void
  /** Something that should not have happened, with where it came from. */
  fault(message: string, error: unknown, facts?: { [name: string]: unknown }): void
}

/** A log of so many bytes becomes `weir.log.1`, in place of the one before: both together never take more than twice that. */
const turnOverBytes = 10 * 1024 * 1024

export function openLog(file: string, level: Level): Log {
  const logger = pino(
    { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    new LogFile(file),
  )
  return {
    write: (at, message, facts = {}) => logger[at](facts, withoutQueries(message)),
    fault: (message, error, facts = {}) => logger.error({ ...facts, error: describeError(error) }, withoutQueries(message)),
  }
}

/** Lines are on the disk when `write` returns. A disk that takes none costs lines, and never the daemon: what went wrong is said when it takes some again. */
class LogFile {
  readonly #file: string
  #descriptor: number
  #bytes: number
  #lost = 0
  #trouble = ''

  constructor(file: string) {
    this.#file = file
    this.#descriptor = openPrivate(file)
    this.#bytes = fstatSync(this.#descriptor).size
  }

  write(line: string): void {
    if (this.#bytes >= turnOverBytes) this.#turnOver()
    try {
      if (this.#trouble !== '') this.#bytes += writeSync(this.#descriptor, this.#told())
      this.#trouble = ''
      this.#lost = 0
      this.#bytes += writeSync(this.#descriptor, line)
    } catch (error) {
      this.#lost++
      this.#trouble = (error as Error).message
    }
  }

  #told(): string {
    const words = `the log could not be written in full: ${this.#trouble}`
    return `${JSON.stringify({ level: 'error', time: new Date().toISOString(), pid: process.pid, lost: this.#lost, msg: words })}\n`
  }

  /** Where that fails the old file goes on for as long again. */
  #turnOver(): void {
    this.#bytes = 0
    try {
      renameSync(this.#file, `${this.#file}.1`)
      const next = openPrivate(this.#file)
      closeSync(this.#descriptor)
      this.#descriptor = next
      this.#bytes = fstatSync(next).size
    } catch (error) {
      this.#trouble = (error as Error).message
    }
  }
}

function openPrivate(file: string): number {
  const descriptor = openSync(file, 'a', 0o600)
  fchmodSync(descriptor, 0o600)
  return descriptor
}

/** A SyntaxError of JSON.parse quotes its input; the stack says enough. */
function describeError(error: unknown): { name: string; code?: string; message?: string; stack: string[] } {
  if (!(error instanceof Error)) return { name: typeof error, stack: [] }
  const { code } = error as NodeJS.ErrnoException
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    name: error.name,
    ...(typeof code === 'string' && { code }),
    ...(!(error instanceof SyntaxError) && { message: withoutQueries(error.message).slice(0, 300) }),
    stack: frames.slice(0, 12).map((line) => line.trim()),
  }
}

const withoutQueries = (text: string): string => text.replace(/\?[^\s'"`<>]*/g, '?...')
