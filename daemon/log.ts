/**
 * The log: JSON lines in the home's `weir.log` (0600). What passes through weir stays out of it: no header values, no
 * bodies, no query strings; so errors are written without the texts that could quote them.
 */
import { chmodSync, fchmodSync, openSync, renameSync, statSync } from 'node:fs'
import pino from 'pino'

export type Level = 'debug' | 'info' | 'warn' | 'error'

export interface Log {
  write(level: Level, message: string, facts?: { [name: string]: unknown }): void
  /** Something that should not have happened, with where it came from. */
  fault(message: string, error: unknown, facts?: { [name: string]: unknown }): void
}

/** A log of more bytes than this becomes `weir.log.1` at the next start. */
const turnOverBytes = 10 * 1024 * 1024

export function openLog(file: string, level: Level): Log {
  turnOver(file)
  const descriptor = openSync(file, 'a', 0o600)
  fchmodSync(descriptor, 0o600)
  const logger = pino(
    { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    pino.destination({ fd: descriptor, sync: true }),
  )
  return {
    write: (at, message, facts = {}) => logger[at](facts, withoutQueries(message)),
    fault: (message, error, facts = {}) => logger.error({ ...facts, error: describeError(error) }, withoutQueries(message)),
  }
}

function turnOver(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found || found.size < turnOverBytes) return
  renameSync(file, `${file}.1`)
  chmodSync(`${file}.1`, 0o600)
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
