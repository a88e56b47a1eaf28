/** Runs imports, each in a process of its own, and lets nothing half-done remain. Main thread; it reads neither files nor sessions. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rename } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { fromWire, invalidParams, limitExceeded, unavailable, type WeirError } from '../../sdk/errors.ts'
import { entry } from '../thread/entry.ts'
import { startOwnProcess } from '../thread/own-process.ts'
import { residentBytes } from '../thread/resident-bytes.ts'
import { cancelled, Turns } from '../thread/turns.ts'
import type { FromImport, Imported, ImportJob, ImportProgress } from './import-messages.ts'
import { removeImport } from './own-copy.ts'

export interface ImportRequest {
  /** Absolute path of the file. */
  path: string
  keepGood: boolean
  signal: AbortSignal
  progress(progress: ImportProgress): void
}

/** JavaScript heap of a process, and its resident memory: an entry of 256 MiB, as text and as what it means. */
const heapMiB = 1024
const mostResident = 2 * 1024 ** 3
const watchMs = 250
/** Processes side by side; more wait for their turn. */
const atOnce = 2
/** Behind the name of a session file that is being made. */
const unfinished = '.importing'

export class ImportRunner {
  readonly #fault: (error: Error) => void
  readonly #turns = new Turns(atOnce)
  readonly #running = new Map<ChildProcess, Promise<unknown>>()
  #closed = false
  /** What was left behind is gone. */
  #clean: Promise<void> = Promise.resolve()

  /** `fault` hears of failures that no caller is told about. */
  constructor(fault: (error: Error) => void) {
    this.#fault = fault
  }

  /** What a kill of daemon and process left behind. @param sessions the folder of the session files */
  removeUnfinished(sessions: string): Promise<void> {
    this.#clean = removeUnfinished(sessions)
    return this.#clean
  }

  /**
   * Makes a session file of the file at `path`; when it rejects there is none.
   * @throws those of FileImport; -32602 invalidPath, 1004 importTooLarge, 1005 processEnded and stopping, -32800 cancelled
   */
  async run(file: string, request: ImportRequest): Promise<Imported> {
    if (!isAbsolute(request.path)) throw invalidPath('must be an absolute path')
    if (request.path.includes('\0')) throw invalidPath('must not contain a zero byte')
    const free = await this.#turns.take(request.signal)
    try {
      await this.#clean.catch(() => undefined)
      if (this.#closed) throw unavailable('stopping', 'the daemon is stopping')
      return await this.#runNow(file, request)
    } finally {
      free()
    }
  }

  /** Ends what runs, and removes what it has made. */
  async close(): Promise<void> {
    this.#closed = true
    for (const child of this.#running.keys()) child.kill('SIGKILL')
    await Promise.allSettled(this.#running.values())
  }

  async #runNow(file: string, { path, keepGood, signal, progress }: ImportRequest): Promise<Imported> {
    const partial = file + unfinished
    const child = startOwnProcess(entry(import.meta.url, './import-process'), heapMiB)
    const work = this.#hear(child, { path, file: partial, keepGood }, signal, progress)
    this.#running.set(child, work)
    try {
      const imported = await work
      if (signal.aborted) throw cancelled()
      await rename(partial, file)
      return imported
    } catch (error) {
      removeImport(partial)
      throw error
    } finally {
      this.#running.delete(child)
    }
  }

  /** Settles when the process has ended. */
  async #hear(child: ChildProcess, job: ImportJob, signal: AbortSignal, progress: ImportRequest['progress']): Promise<Imported> {
    let verdict: WeirError | null = null
    let last: Exclude<FromImport, { progress: unknown }> | null = null
    const tooLarge = importTooLarge(job.path)
    const end = (reason: WeirError) => {
      verdict ??= reason
      child.kill('SIGKILL')
    }
    const cancel = () => end(cancelled())
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel, { once: true })
    const watch = setInterval(() => void bound(child, () => end(tooLarge)), watchMs)
    // So ends a process whose heap is full.
    child.once('exit', (_, by) => by === 'SIGABRT' && end(tooLarge))
    child.on('message', (message: FromImport) => {
      if ('progress' in message) return progress(message.progress)
      last = message
      // It has nothing more to do, and its end is what is waited for.
      child.kill('SIGKILL')
    })
    child.send(job, () => undefined)
    try {
      if (child.pid !== undefined && child.exitCode === null) await once(child, 'close')
    } finally {
      clearInterval(watch)
      signal.removeEventListener('abort', cancel)
    }
    return this.#judge(last, verdict, job.path)
  }

  #judge(last: Exclude<FromImport, { progress: unknown }> | null, verdict: WeirError | null, path: string): Imported {
    if (verdict !== null) throw verdict
    if (last === null) throw unavailable('processEnded', `the process that read ${path} ended; nothing was imported`)
    if ('done' in last) return last.done
    if (last.fault !== undefined) this.#fault(new Error(last.fault))
    throw fromWire(last.failure)
  }
}

async function removeUnfinished(sessions: string): Promise<void> {
  for (const name of await readdir(sessions)) {
    const end = name.indexOf(unfinished)
    if (end > 0) removeImport(join(sessions, name.slice(0, end + unfinished.length)))
  }
}

async function bound(child: ChildProcess, end: () => void): Promise<void> {
  if ((await residentBytes(child.pid)) > mostResident) end()
}

const importTooLarge = (path: string): WeirError =>
  limitExceeded(
    'importTooLarge',
    `reading ${path} took more memory than an import may have (2 GiB): one of its entries is too large; take that out; nothing was imported`,
  )

const invalidPath = (message: string): WeirError => invalidParams('invalidPath', `path: ${message}`, [{ path: '/path', message }])
