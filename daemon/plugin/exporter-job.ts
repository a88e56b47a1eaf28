/** One run of one exporter, inside its process. */
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { codes, toWire, unavailable, WeirError } from '../../sdk/errors.ts'
import { moduleName } from '../../sdk/plugin/module-name.ts'
import type { ExportedExchange, Exporter, ExporterManifest } from '../../sdk/plugin.ts'
import { openExchangeScan } from '../store/exchange-scan.ts'
import { ExportOutput } from './export-output.ts'
import { ExportPace } from './export-pace.ts'
import { type ExportRedaction, openRedaction } from './export-redaction.ts'
import { type ExporterJob, type FromExporter, outDescriptor } from './exporter-messages.ts'
import { pluginFailed, said } from './failure.ts'
import { FolderOutput } from './folder-output.ts'
import { checkConfig, loadPlugin } from './loader.ts'
import { refused } from './out-file.ts'
import { pluginHost } from './plugin-host.ts'
import { SecretLeft } from './secret-check.ts'

type RunJob = Extract<ExporterJob, { job: 'run' }>

export class ExporterRunJob {
  /** Handed to the exporter so far, without those it left out. */
  exchanges = 0
  readonly #output: ExportOutput
  readonly #folder: FolderOutput
  readonly pace: ExportPace
  #job: RunJob
  #signal: AbortSignal
  #send: (message: FromExporter) => void
  /** What went wrong outside the plugin; it is not the plugin's failure then. */
  #readFailure: unknown = null
  #writeFailure: NodeJS.ErrnoException | null = null
  /** Rejects with it: an exporter may wait for its output to drain, which it never does then. */
  readonly #broken = Promise.withResolvers<never>()
  #redacted: ExportRedaction | null = null
  #name: string
  /** The exchange that the exporter has in hand. */
  #inHand: number | null = null

  constructor(job: RunJob, signal: AbortSignal, send: (message: FromExporter) => void) {
    this.#job = job
    this.#signal = signal
    this.pace = new ExportPace(signal)
    this.#send = send
    this.#name = moduleName(job.module)
    this.#broken.promise.catch(() => undefined)
    const failed = (error: Error) => {
      this.#writeFailure ??= error
      this.#broken.reject(error)
    }
    this.#output = new ExportOutput((!job.isFolder && job.partial) || outDescriptor)
    this.#output.on('error', failed)
    this.#folder = new FolderOutput(job.isFolder ? job.partial : null, () => this.#redacted?.newCheck() ?? null, failed)
  }

  /** Written so far. */
  get bytes(): number {
    return this.#output.bytes + this.#folder.bytes
  }

  /** The job's last message: done, invalid or failure. Never rejects. */
  async run(): Promise<FromExporter> {
    try {
      const manifest = await loadPlugin(this.#job.module)
      this.#name = manifest.name
      if (manifest.kind !== 'exporter') throw pluginFailed(manifest.name, `it is a ${manifest.kind}, not an exporter`)
      // The list of plugins may be older than the module.
      if ((manifest.out === 'folder') !== this.#job.isFolder)
        throw refused(`exporter ${manifest.name} writes a ${manifest.out ?? 'file'} now: try again, and name one`)
      const invalid = await checkConfig(manifest, this.#job.options)
      if (invalid.length > 0) return { invalid }
      this.#redacted = await openRedaction(this.#job, manifest)
      const { check } = this.#redacted ?? {}
      if (check) this.#output.watch((bytes) => check.read(bytes))
      await this.#export(manifest)
      return { done: true, exchanges: this.exchanges, bytes: this.bytes, redacted: this.#redacted?.redaction.report ?? null }
    } catch (error) {
      return { failure: toWire(this.#attribute(error)) }
    }
  }

  async #export(manifest: ExporterManifest): Promise<void> {
    const exporter: Exporter = manifest.create(
      this.#job.options,
      await pluginHost(this.#job, manifest.name, this.#signal, (log) => this.#send({ log })),
    )
    const leaveOut = () => {
      this.exchanges--
    }
    const { session } = this.#job
    const writeSession = async (to: string, exchanges: AsyncIterable<ExportedExchange>) => {
      // Few need it, and it takes its time to load.
      const { copySession } = await import('../store/session-copy.ts')
      await copySession({ from: session.file, exchanges, to, signal: this.#signal })
    }
    const running = exporter.run({
      session,
      exchanges: this.#read(),
      out: this.#job.isFolder ? this.#nowhere() : this.#output,
      folder: this.#folder,
      signal: this.#signal,
      leaveOut,
      scratch: this.#job.scratch,
      continues: false,
      writeSession,
    })
    await Promise.race([running, this.#broken.promise])
    this.#signal.throwIfAborted()
    await this.#folder.end()
    if (this.#writeFailure !== null) throw this.#writeFailure
    if (this.#job.isFolder) return
    this.#output.end()
    await finished(this.#output)
    this.#redacted?.check.end()
  }

  /** What an exporter that writes a folder gets as its stream. */
  #nowhere(): Writable {
    const words = "its manifest says out: 'folder', so it has to write to run.folder and not to run.out"
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done(new Error(words)) })
    nowhere.on('error', (error) => {
      this.#writeFailure ??= error
    })
    return nowhere
  }

  async *#read(): AsyncGenerator<ExportedExchange> {
    try {
      const { session, where } = this.#job
      const options = { signal: this.#signal, turn: this.pace.turn, ...(where !== null && { where }) }
      const scan = () => openExchangeScan(session.file, session.id, options)
      for await (const exchange of this.#redacted?.redaction.exchanges(scan) ?? scan()) {
        if (this.#signal.aborted) return
        this.exchanges++
        this.#inHand = exchange.seq
        yield exchange
      }
      this.#inHand = null
    } catch (error) {
      this.#readFailure = error
      throw error
    }
  }

  #attribute(error: unknown): WeirError {
    if (this.#signal.aborted) return new WeirError(codes.cancelled, 'cancelled', 'the export was cancelled')
    if (this.#writeFailure instanceof SecretLeft) return pluginFailed(this.#name, this.#writeFailure.message)
    const { code } = this.#writeFailure ?? {}
    if (code) return unavailable('outNotWritable', `the export could not be written (${code}): make room or choose another place`)
    if (error instanceof WeirError) return error
    if (this.#readFailure) return unavailable('sessionUnreadable', 'the session file could not be read')
    return pluginFailed(this.#name, said(error), this.#inHand)
  }
}
