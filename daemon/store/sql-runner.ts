/** Runs users' statements in child processes, within limits of time, memory and of what they hold back. Main thread; it reads no session file. */
import type { ChildProcess } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { fromWire, limitExceeded, unavailable, type WeirError } from '../../sdk/errors.ts'
import { entry } from '../thread/entry.ts'
import { startOwnProcess } from '../thread/own-process.ts'
import { residentBytes } from '../thread/resident-bytes.ts'
import { cancelled, Turns } from '../thread/turns.ts'
import type { SqlAnswer } from './sql-process.ts'
import type { SqlQuery, SqlRows } from './sql-statement.ts'

export interface SqlLimits {
  /** Of one statement, ms. */
  timeMs: number
  /** Resident memory of the process, bytes. */
  residentBytes: number
  /** How long the write-ahead log may become while a statement keeps the writer from cutting it back, bytes. */
  logBytes: number
}

const sqlLimits: SqlLimits = { timeMs: 10_000, residentBytes: 1024 ** 3, logBytes: 256 * 1024 * 1024 }
/** Processes side by side; more wait for their turn. */
const atOnce = 2
/** A process that has nothing to do ends after so long, ms. */
const idleMs = 5_000
const watchMs = 100

export class SqlRunner {
  readonly #limits: SqlLimits
  readonly #fault: (error: Error) => void
  readonly #turns = new Turns(atOnce)
  readonly #running = new Set<ChildProcess>()
  #idle: { child: ChildProcess; timer: NodeJS.Timeout }[] = []

  /** `fault` hears of failures that no caller is told about. */
  constructor(fault: (error: Error) => void, limits: Partial<SqlLimits> = {}) {
    this.#fault = fault
    this.#limits = { ...sqlLimits, ...limits }
  }

  /**
   * @throws -32602 invalidSql, 1004 sqlTooLong, sqlTooLarge and sqlHoldsWriter, 1005 processEnded, -32800 cancelled; those of opening the file.
   */
  async run(query: SqlQuery, signal?: AbortSignal): Promise<SqlRows> {
    const free = await this.#turns.take(signal)
    try {
      return await this.#runNow(query, signal)
    } finally {
      free()
    }
  }

  /** Ends what runs. */
  close(): void {
    for (const { child, timer } of this.#idle.splice(0)) {
      clearTimeout(timer)
      child.kill('SIGKILL')
    }
    for (const child of this.#running) child.kill('SIGKILL')
  }

  async #runNow(query: SqlQuery, signal?: AbortSignal): Promise<SqlRows> {
    const child = this.#take()
    this.#running.add(child)
    let verdict: WeirError | null = null
    const end = (reason: WeirError) => {
      verdict ??= reason
      child.kill('SIGKILL')
    }
    const cancel = () => end(cancelled())
    if (signal?.aborted) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    const timer = setTimeout(() => end(tooLong(this.#limits.timeMs)), this.#limits.timeMs)
    const watch = setInterval(() => void this.#watch(child, query.file, end), watchMs)
    try {
      const answer = await ask(child, query)
      if (answer === null) throw verdict ?? unavailable('processEnded', 'the process of this statement ended; try again')
      this.#keep(child)
      if ('rows' in answer) return answer.rows
      if (answer.fault !== undefined) this.#fault(new Error(answer.fault))
      throw fromWire(answer.error)
    } finally {
      this.#running.delete(child)
      signal?.removeEventListener('abort', cancel)
      clearTimeout(timer)
      clearInterval(watch)
    }
  }

  #take(): ChildProcess {
    const idle = this.#idle.pop()
    if (idle === undefined) return startOwnProcess(entry(import.meta.url, './sql-process'))
    clearTimeout(idle.timer)
    return idle.child
  }

  #keep(child: ChildProcess): void {
    const timer = setTimeout(() => {
      this.#idle = this.#idle.filter((idle) => idle.child !== child)
      child.kill('SIGKILL')
    }, idleMs)
    this.#idle.push({ child, timer })
  }

  async #watch(child: ChildProcess, file: string, end: (reason: WeirError) => void): Promise<void> {
    const [resident, log] = await Promise.all([residentBytes(child.pid), stat(`${file}-wal`).catch(() => null)])
    if (!this.#running.has(child)) return
    if (resident > this.#limits.residentBytes) end(tooLarge())
    else if ((log?.size ?? 0) > this.#limits.logBytes) end(holdsWriter())
  }
}

/** null: it ended without an answer. */
function ask(child: ChildProcess, query: SqlQuery): Promise<SqlAnswer | null> {
  return new Promise((resolve) => {
    const settle = (answer: SqlAnswer | null) => {
      child.removeAllListeners('message')
      child.removeAllListeners('exit')
      resolve(answer)
    }
    child.once('message', (answer: SqlAnswer) => settle(answer))
    child.once('exit', () => settle(null))
    child.once('error', () => settle(null))
    if (child.exitCode !== null || child.signalCode !== null) settle(null)
    else child.send(query, () => undefined)
  })
}

const tooLong = (ms: number) => limitExceeded('sqlTooLong', `the statement ran for ${ms / 1000} s and was ended: narrow it down`)
const tooLarge = () => limitExceeded('sqlTooLarge', 'the statement used more than 1 GiB of memory and was ended: narrow it down')
const holdsWriter = () =>
  limitExceeded(
    'sqlHoldsWriter',
    'the statement held back the recording of this session for too long and was ended: narrow it down, or stop the session first',
  )
