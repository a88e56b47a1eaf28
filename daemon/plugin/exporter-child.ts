/** The daemon's side of one exporter process: gives it its job, hears it, and ends it when it may not go on. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { entry } from '../thread/entry.ts'
import { residentBytes } from '../thread/resident-bytes.ts'
import type { ExporterJob, FollowJob, FromExporter, ToExporter } from './exporter-messages.ts'
import { killPluginProcess, startPluginProcess } from './plugin-process.ts'

export interface ExporterLimits {
  /** JavaScript heap, MiB. */
  heapMiB: number
  /** Resident memory of the process, MiB (buffers lie outside of the heap). */
  residentMiB: number
  /** Without a word for so long, it is taken for stuck, ms. */
  silenceMs: number
  /** Between asking it to stop and killing it, ms. */
  graceMs: number
  /** So long a process waits for the next export after two in a row, ms. */
  spareMs: number
}

export const exporterLimits: ExporterLimits = { heapMiB: 512, residentMiB: 1024, silenceMs: 15_000, graceMs: 1_000, spareMs: 60_000 }

/** Waits for its job. @param out what its `outDescriptor` is: open for writing; or 'pipe' */
export const startExporterProcess = (
  out: number | 'pipe' | 'ignore',
  { heapMiB }: ExporterLimits,
  compileCache: string | null,
): ChildProcess => startPluginProcess({ entry: entry(import.meta.url, './exporter-process'), stdio: [out, 'ipc'], heapMiB, compileCache })

/** Why the daemon killed it. */
export type Verdict = 'aborted' | 'silent' | 'memory' | 'textTooLarge'

export interface ChildExit {
  /** The last word: `done`, `invalid`, `failure` or `crashed`; null when it ended without one. */
  last: FromExporter | null
  verdict: Verdict | null
  /** What the plugin logged last. */
  lastLog: string | null
  /** Both null: the system could not start it. */
  code: number | null
  signal: NodeJS.Signals | null
}

interface ChildOptions {
  job: ExporterJob | FollowJob
  /** That has no job yet. */
  process: ChildProcess
  limits: ExporterLimits
  heard(message: FromExporter): void
  /** Whether captures take all they can get; nobody asks when absent. */
  isCrowded?(): boolean
}

const watchMs = 250

export class ExporterChild {
  /** Resolves once, when the process and everything it started are gone. */
  readonly exit: Promise<ChildExit>
  #child: ChildProcess
  #limits: ExporterLimits
  #heard: (message: FromExporter) => void
  #last: FromExporter | null = null
  #lastLog: string | null = null
  #verdict: Verdict | null = null
  #heardAt = performance.now()
  #watchedAt = performance.now()
  readonly #isCrowded: () => boolean
  #wasCrowded = false

  constructor({ job, process, limits, heard, isCrowded = () => false }: ChildOptions) {
    this.#isCrowded = isCrowded
    this.#limits = limits
    this.#heard = heard
    this.#child = process
    this.#child.on('message', (message: FromExporter) => this.#receive(message))
    this.exit = this.#settle()
    this.#send(job)
  }

  /** What it writes to a pipe. */
  get output(): Readable {
    return this.#child.stdio[3] as Readable
  }

  /** Asks it to stop, and kills it after the grace. */
  abort(): void {
    this.#verdict ??= 'aborted'
    this.#send({ abort: true })
    const timer = setTimeout(() => this.kill('aborted'), this.#limits.graceMs)
    this.#child.once('exit', () => clearTimeout(timer))
  }

  kill(verdict: Verdict): void {
    this.#verdict ??= verdict
    killPluginProcess(this.#child)
  }

  /** Of a followed session: there may be something new; or nothing more will come. */
  tell(message: { look: true } | { over: true }): void {
    this.#send(message)
  }

  #send(message: ToExporter): void {
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  #receive(message: FromExporter): void {
    this.#heardAt = performance.now()
    if ('alive' in message) this.#bound(message.rssBytes)
    else if ('log' in message) this.#lastLog = message.log
    else if (isLast(message)) this.#last ??= message
    this.#heard(message)
  }

  async #settle(): Promise<ChildExit> {
    const watch = setInterval(() => void this.#watch(), watchMs)
    const disconnected = new Promise((resolve) => this.#child.once('disconnect', resolve))
    try {
      const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null]
      if (this.#child.connected) await disconnected
      return this.#ended(code, signal)
    } catch {
      return this.#ended(null, null)
    } finally {
      clearInterval(watch)
      killPluginProcess(this.#child)
    }
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): ChildExit {
    return { last: this.#last, verdict: this.#verdict, lastLog: this.#lastLog, code, signal }
  }

  /** A late tick means that the daemon itself was held up: then nobody is judged by it. */
  async #watch(): Promise<void> {
    const now = performance.now()
    const late = now - this.#watchedAt > 4 * watchMs
    this.#watchedAt = now
    if (late) this.#heardAt = now
    else if (now - this.#heardAt > this.#limits.silenceMs) this.kill('silent')
    this.#tellCrowded()
    this.#bound(await residentBytes(this.#child.pid))
  }

  #tellCrowded(): void {
    const crowded = this.#isCrowded()
    if (crowded !== this.#wasCrowded) this.#send({ crowded })
    this.#wasCrowded = crowded
  }

  #bound(residentBytes: number): void {
    if (residentBytes > this.#limits.residentMiB * 1024 * 1024) this.kill('memory')
  }
}

const isLast = (message: FromExporter): boolean =>
  'done' in message || 'invalid' in message || 'crashed' in message || ('failure' in message && !('module' in message))
