/** What a followed export writes to, opened by the daemon for the process that writes. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { conflict, type WeirError } from '../../../sdk/errors.ts'
import { cancelled } from '../../thread/turns.ts'
import type { FollowTarget } from '../exporter-messages.ts'
import { cannotOpen, refused, resolveOut } from '../out-file.ts'
import { clockFileOf, type FileClock, readFileClock } from './file-clock.ts'

export interface FollowOutput {
  target: FollowTarget
  /** As its process gets it. */
  descriptor: number | 'pipe' | 'ignore'
  /** Where the file says to go on; null: nothing says. */
  since: string | null
  /** The file or pipe; null: none. */
  path: string | null
  close(): Promise<void>
}

export interface FollowOutputOptions {
  out?: string | undefined
  to?: { url: string; headers?: [string, string][] | undefined } | undefined
  /** A clock that was said. */
  since?: string | undefined
  sessionId: string
  exporter: string
  /** Of the session files. */
  sessions: string
  signal: AbortSignal
}

/** How often one looks whether somebody reads a named pipe, ms. */
const readerMs = 100
const nothing = { since: null, path: null, close: async () => undefined }

export class FollowOutputs {
  /** Files and pipes that are being written. */
  readonly #paths = new Set<string>()

  /** @throws -32602 invalidOut, 1002 fileInUse, notFollowed, clockForeign, clockUnreadable and fileCut, 1005 outNotWritable, -32800 cancelled */
  async open(options: FollowOutputOptions): Promise<FollowOutput> {
    const { out, to } = options
    if (to) return { target: { kind: 'endpoint', url: to.url, headers: to.headers ?? [] }, descriptor: 'ignore', ...nothing }
    if (out === undefined) return { target: { kind: 'pipe' }, descriptor: 'pipe', ...nothing }
    const { target, there } = await resolveOut(out, options.sessions)
    if (there && !there.isFile() && !there.isFIFO())
      throw refused(there.isDirectory() ? 'is a folder: name a file in it' : 'is neither a regular file nor a named pipe')
    if (this.#paths.has(target)) throw conflict('fileInUse', `${out} is being written by another export that follows a session`)
    this.#paths.add(target)
    const free = () => void this.#paths.delete(target)
    try {
      const { close, ...output } = there?.isFIFO() ? await openPipe(target, options.signal) : await openFile(target, options)
      return { ...output, close: () => close().finally(free) }
    } catch (error) {
      free()
      throw error
    }
  }
}

/** Waits for a reader. */
async function openPipe(path: string, signal: AbortSignal): Promise<FollowOutput> {
  for (;;) {
    if (signal.aborted) throw cancelled()
    try {
      const handle = await open(path, constants.O_WRONLY | constants.O_NONBLOCK)
      return { target: { kind: 'pipe' }, descriptor: handle.fd, since: null, path, close: () => handle.close() }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw cannotOpen(error as NodeJS.ErrnoException)
    }
    await setTimeout(readerMs, undefined, { signal }).catch(() => undefined)
  }
}

async function openFile(path: string, options: FollowOutputOptions): Promise<FollowOutput> {
  const clockFile = clockFileOf(path)
  const known = options.since === undefined ? await readFileClock(clockFile) : null
  if (known !== null) checkClock(known, clockFile, options)
  const handle = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600).catch((error) => {
    throw cannotOpen(error)
  })
  try {
    const bytes = await positionOf(handle, path, known, options.since)
    const target: FollowTarget = { kind: 'file', bytes, clockFile }
    return { target, descriptor: handle.fd, since: known?.clock ?? null, path, close: () => handle.close() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Where the file goes on. What a run that was killed wrote beyond its clock is cut off: it comes again. */
async function positionOf(handle: FileHandle, path: string, known: FileClock | null, since: string | undefined): Promise<number> {
  const { size } = await handle.stat()
  if (known !== null) {
    if (size < known.bytes) throw fileCut(path)
    if (size > known.bytes) await handle.truncate(known.bytes)
    return known.bytes
  }
  if (size > 0 && since === undefined) throw notFollowed(path)
  return size
}

function checkClock({ session, exporter }: FileClock, clockFile: string, wanted: FollowOutputOptions): void {
  if (session === wanted.sessionId && exporter === wanted.exporter) return
  const other = session === wanted.sessionId ? `by the exporter ${exporter}` : 'of another session'
  throw conflict('clockForeign', `${clockFile} says that the file beside it was written ${other}: name another file`)
}

const fileCut = (path: string): WeirError =>
  conflict('fileCut', `${path} is shorter than ${clockFileOf(path)} says: remove both to begin anew, or say since which clock to append`)
const notFollowed = (path: string): WeirError =>
  conflict(
    'notFollowed',
    `${path} is there, and no ${clockFileOf(path)} says how far it is: name another file, or say since which clock (or start) to append`,
  )
