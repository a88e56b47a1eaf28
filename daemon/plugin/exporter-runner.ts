/** Runs exporters, each in a process of its own. Main thread; it reads no session file and imports no plugin. */
import type { ChildProcess } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { codes, fromWire, invalidParams, limitExceeded, unavailable, type WeirError } from '../../sdk/errors.ts'
import { limits as protocolLimits } from '../../sdk/limits.ts'
import type { Session } from '../../sdk/model.ts'
import type { ExporterInfo } from '../../sdk/plugin-info.ts'
import type { ExportRedact, Redacted } from '../../sdk/redaction/settings.ts'
import { cancelled, Turns } from '../thread/turns.ts'
import { type ChildExit, ExporterChild, type ExporterLimits, exporterLimits, startExporterProcess } from './exporter-child.ts'
import type { ExporterJob, FollowJob, FromExporter } from './exporter-messages.ts'
import { pluginFailed } from './failure.ts'
import type { FileWatch } from './file-watch.ts'
import { OutFile, refused } from './out-file.ts'
import { OutFolder } from './out-folder.ts'
import { howItEnded, isNotStarted, notStarted, PluginDirectory } from './plugin-directory.ts'
import { Scratch } from './scratch.ts'
import { SpareProcess } from './spare-process.ts'

export interface ExporterRunnerOptions {
  /** WEIR_HOME: the plugins' own folders are `plugins/<name>` in it. */
  home: string
  /** The user's plugins: modules, folders that hold some, packages. */
  modules?: readonly string[]
  /** The folder in which relative ones and packages are looked for; the home when absent. */
  modulesFrom?: string
  /** Is told which files the plugins were read from; absent: nobody hears of changes. */
  files?: Pick<FileWatch, 'watch'>
  limits?: Partial<ExporterLimits>
  /** Folder of Node's compile cache, which makes their start quick. */
  compileCache?: string
  log(level: 'info' | 'warn', message: string, more: Record<string, unknown>): void
  /** Whether captures take all they can get: exports go slowly then. Never when absent. */
  isCrowded?(): boolean
  /** Hears each 1003 pluginFailed, for plugin/didFail; `error.data.plugin` names the plugin. */
  failed?(error: WeirError): void
}

interface ExportProgress {
  exchanges: number
  /** Written so far. */
  bytes: number
}

export interface ExportRequest {
  session: Session
  exporter: string
  /** A query; absent: everything. */
  where?: string
  /** Absolute path; absent: the result is text. */
  out?: string
  options?: Record<string, unknown>
  /** Absent: as the exporter itself says. */
  redact?: ExportRedact
  signal?: AbortSignal
  onProgress?(progress: ExportProgress): void
}

export interface ExportResult extends ExportProgress {
  redacted?: Redacted
  path?: string
  text?: string
}

export interface FollowStart {
  job: Omit<FollowJob, 'job' | 'module' | 'dataRoot' | 'scratch'> & { exporter: string }
  /** As its process gets it. */
  out: number | 'pipe' | 'ignore'
  signal: AbortSignal
  heard(message: FromExporter): void
}

type Start = (place: OutFile | OutFolder | null) => ExporterChild

/** Processes side by side; more wait for their turn. */
const atOnce = 4
/** Processes that follow sessions: they last, so they take no turns. */
const mostFollowing = 16
/** What is over may still be delivered when the daemon stops, ms. */
const lastBatchMs = 300

export class ExporterRunner {
  #options: ExporterRunnerOptions
  #limits: ExporterLimits
  /** Of plugins of all kinds. */
  readonly directory: PluginDirectory
  readonly #scratch: Scratch
  readonly #spare: SpareProcess
  #running = new Set<ExporterChild>()
  #following = new Set<ExporterChild>()
  #turns = new Turns(atOnce)
  #closed = false

  constructor(options: ExporterRunnerOptions) {
    this.#options = options
    this.#limits = { ...exporterLimits, ...options.limits }
    // No plugin has such a name.
    this.#scratch = new Scratch(join(options.home, 'plugins', '.scratch'))
    const { home, modules = [], modulesFrom = home, compileCache = null, files = { watch: () => undefined } } = options
    this.#spare = new SpareProcess(() => startExporterProcess('pipe', this.#limits, compileCache), this.#limits.spareMs)
    this.directory = new PluginDirectory({
      named: modules,
      from: modulesFrom,
      limits: this.#limits,
      compileCache,
      files,
      failed: (error) => this.#report(error),
    })
  }

  async list(): Promise<ExporterInfo[]> {
    const { items } = await this.directory.list()
    return items.filter(({ kind }) => kind === 'exporter')
  }

  /**
   * @throws 1001 exporterNotFound, -32602 invalidOptions and invalidOut, 1003 pluginFailed, 1004 textTooLarge,
   * 1005 outNotWritable, scratchNotWritable and sessionUnreadable, -32800 cancelled. After a failure nothing is left behind and an existing file is as it was.
   */
  async run(request: ExportRequest): Promise<ExportResult> {
    if (this.#closed) throw unavailable('stopping', 'the daemon is stopping')
    const { module, out: kind } = await this.directory.find('exporter', request.exporter)
    if (kind === 'folder' && request.out === undefined) throw refused(`exporter ${request.exporter} writes a folder: name it`)
    const free = await this.#turns.take(request.signal)
    try {
      return await this.#within((scratch) => {
        const start = (place: OutFile | OutFolder | null) => this.#start(module, scratch, request, place)
        return request.out === undefined ? this.#toText(start, request) : this.#toPlace(start, request, request.out, kind)
      })
    } finally {
      free()
    }
  }

  /** A process that follows a session, until its job is over or aborted; `judge` says what came of it. @throws as run, 1004 tooManyFollowing */
  async follow({ job: { exporter, ...job }, out, signal, heard }: FollowStart): Promise<ExporterChild> {
    const { module } = await this.directory.find('exporter', exporter)
    const scratch = await this.#scratch.make()
    const whole: FollowJob = { ...job, job: 'follow', module, scratch, dataRoot: join(this.#options.home, 'plugins') }
    try {
      // Nothing is waited for between the look and the start: others start at the same time.
      if (this.#following.size >= mostFollowing)
        throw limitExceeded('tooManyFollowing', `${mostFollowing} exports follow sessions already: end one of them`)
      const start = () => startExporterProcess(out, this.#limits, this.#options.compileCache ?? null)
      const child = this.#give(whole, start, exporter, signal, heard)
      this.#following.add(child)
      void child.exit.then(() => {
        this.#following.delete(child)
        return this.#scratch.remove(scratch)
      })
      return child
    } catch (error) {
      await this.#scratch.remove(scratch)
      throw error
    }
  }

  /** Ends what runs. */
  async close(): Promise<void> {
    this.#closed = true
    const running = [...this.#running]
    const kill = (child: ExporterChild) => child.kill('aborted')
    for (const child of running) {
      if (this.#following.has(child)) setTimeout(kill, lastBatchMs, child).unref()
      else kill(child)
    }
    await Promise.all([this.#spare.close(), ...running.map(({ exit }) => exit)])
  }

  async #within<T>(work: (scratch: string) => Promise<T>): Promise<T> {
    const scratch = await this.#scratch.make()
    try {
      return await work(scratch)
    } finally {
      await this.#scratch.remove(scratch)
    }
  }

  async #toPlace(start: Start, request: ExportRequest, path: string, kind: 'folder' | undefined): Promise<ExportResult> {
    const place = await (kind === 'folder' ? OutFolder : OutFile).open(path, dirname(request.session.file))
    try {
      const child = start(place)
      const done = this.judge(request.exporter, await child.exit)
      await place.keep()
      return { path, ...done }
    } catch (error) {
      await place.discard()
      throw error
    }
  }

  async #toText(start: Start, request: ExportRequest): Promise<ExportResult> {
    const child = start(null)
    const [exit, text] = await Promise.all([child.exit, collect(child.output, protocolLimits.textBytes, () => child.kill('textTooLarge'))])
    return { text, ...this.judge(request.exporter, exit) }
  }

  #start(module: string, scratch: string, request: ExportRequest, place: OutFile | OutFolder | null): ExporterChild {
    const { exporter, session, where = null, options = {}, redact = null, signal, onProgress } = request
    const heard = (message: FromExporter) => {
      if ('alive' in message) onProgress?.({ exchanges: message.exchanges, bytes: message.bytes })
    }
    const dataRoot = join(this.#options.home, 'plugins')
    const isFolder = place instanceof OutFolder
    const partial = place?.partial ?? null
    const job: ExporterJob = { job: 'run', module, session, where, options, redact, dataRoot, scratch, isFolder, partial }
    const child = this.#give(job, () => this.#spare.take(), exporter, signal, heard)
    void child.exit.then(() => {
      if (!this.#closed) this.#spare.used()
    })
    return child
  }

  #give(
    job: ExporterJob | FollowJob,
    start: () => ChildProcess,
    exporter: string,
    signal: AbortSignal | undefined,
    heard: (message: FromExporter) => void,
  ): ExporterChild {
    if (signal?.aborted || this.#closed) throw cancelled()
    const hear = (message: FromExporter) => {
      if ('log' in message) this.#options.log('info', message.log, { plugin: exporter })
      else heard(message)
    }
    const { isCrowded = () => false } = this.#options
    const child = new ExporterChild({ job, process: start(), limits: this.#limits, heard: hear, isCrowded })
    const abort = () => child.abort()
    signal?.addEventListener('abort', abort, { once: true })
    this.#running.add(child)
    void child.exit.then(() => {
      this.#running.delete(child)
      signal?.removeEventListener('abort', abort)
    })
    return child
  }

  /** What came of it, or the WeirError that says why nothing did. */
  judge(exporter: string, exit: ChildExit): Omit<ExportResult, 'path' | 'text'> {
    const { last, verdict } = exit
    if (verdict === 'aborted') throw cancelled()
    if (verdict === 'textTooLarge')
      throw limitExceeded('textTooLarge', 'the export is larger than the 8 MiB that an answer may hold: name a file with `out`')
    if (isNotStarted(exit)) throw notStarted()
    if (last && 'done' in last) {
      const { exchanges, bytes, redacted } = last
      return { exchanges, bytes, ...(redacted && { redacted }) }
    }
    if (last && 'invalid' in last) {
      const errors = last.invalid.map(({ path, message }) => ({ path: `/options${path}`, message }))
      throw invalidParams('invalidOptions', `exporter ${exporter} does not take these options: exporter/list shows its own`, errors)
    }
    const error = last && 'failure' in last && last.failure ? fromWire(last.failure) : pluginFailed(exporter, this.#lastWords(exit))
    this.#report(error)
    throw error
  }

  #lastWords(exit: ChildExit): string {
    if (exit.last && 'crashed' in exit.last) return exit.last.crashed
    return howItEnded(exit, this.#limits) + (exit.lastLog === null ? '' : `; the last it said: ${exit.lastLog}`)
  }

  #report(error: WeirError): void {
    this.#options.log('warn', error.message, { reason: error.reason })
    if (error.code === codes.pluginFailed) this.#options.failed?.(error)
  }
}

/** UTF-8 text of at most `limit` bytes; `tooLarge` is called once when there is more. */
async function collect(stream: Readable, limit: number, tooLarge: () => void): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of stream as AsyncIterable<Buffer>) {
    size += piece.length
    if (size <= limit) pieces.push(piece)
    else if (size - piece.length <= limit) tooLarge()
  }
  return Buffer.concat(pieces).toString('utf8')
}
