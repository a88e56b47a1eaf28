/** One run of one exporter, inside its process. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { codes, toWire, unavailable, WeirError } from '../../sdk/errors.ts'
import type { ExportedExchange, Exporter, Manifest, PluginHost } from '../../sdk/plugin.ts'
import { openExchangeScan } from '../store/exchange-scan.ts'
import { ExportOutput } from './export-output.ts'
import { type ExporterJob, type FromExporter, outDescriptor } from './exporter-messages.ts'
import { pluginFailed, said } from './failure.ts'
import { checkConfig, loadPlugin, pluginFile } from './loader.ts'

type RunJob = Extract<ExporterJob, { job: 'run' }>
const logLines = 1000

export class ExporterRunJob {
  /** Handed to the exporter so far, without those it left out. */
  exchanges = 0
  readonly output = new ExportOutput(outDescriptor)
  #job: RunJob
  #signal: AbortSignal
  #send: (message: FromExporter) => void
  /** What went wrong outside the plugin; it is not the plugin's failure then. */
  #readFailure: unknown = null
  #writeFailure: NodeJS.ErrnoException | null = null
  #logged = 0
  #name: string

  constructor(job: RunJob, signal: AbortSignal, send: (message: FromExporter) => void) {
    this.#job = job
    this.#signal = signal
    this.#send = send
    this.#name = pluginFile(job.module)
    this.output.on('error', (error) => {
      this.#writeFailure ??= error
    })
  }

  /** The job's last message: done, invalid or failure. Never rejects. */
  async run(): Promise<FromExporter> {
    try {
      const manifest = await loadPlugin(this.#job.module)
      this.#name = manifest.name
      const invalid = await checkConfig(manifest, this.#job.options)
      if (invalid.length > 0) return { invalid }
      await this.#export(manifest)
      return { done: true, exchanges: this.exchanges, bytes: this.output.bytes }
    } catch (error) {
      return { failure: toWire(this.#attribute(error)) }
    }
  }

  async #export(manifest: Manifest): Promise<void> {
    const exporter: Exporter = manifest.create(this.#job.options, await this.#host(manifest.name))
    const leaveOut = () => {
      this.exchanges--
    }
    await exporter.run({ session: this.#job.session, exchanges: this.#read(), out: this.output, signal: this.#signal, leaveOut })
    this.#signal.throwIfAborted()
    this.output.end()
    await finished(this.output)
  }

  async *#read(): AsyncGenerator<ExportedExchange> {
    try {
      const scan = openExchangeScan(this.#job.session.file, this.#job.session.id)
      for await (const exchange of scan) {
        if (this.#signal.aborted) return
        this.exchanges++
        yield exchange
      }
    } catch (error) {
      this.#readFailure = error
      throw error
    }
  }

  async #host(name: string): Promise<PluginHost> {
    const dataDir = join(this.#job.dataRoot, name)
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    const log = (message: string) => {
      if (++this.#logged <= logLines) this.#send({ log: said(message) })
    }
    return { log, signal: this.#signal, dataDir }
  }

  #attribute(error: unknown): WeirError {
    if (this.#signal.aborted) return new WeirError(codes.cancelled, 'cancelled', 'the export was cancelled')
    const { code } = this.#writeFailure ?? {}
    if (code) return unavailable('outNotWritable', `the export could not be written (${code}): make room or choose another place`)
    if (error instanceof WeirError) return error
    if (this.#readFailure) return unavailable('sessionUnreadable', 'the session file could not be read')
    return pluginFailed(this.#name, said(error))
  }
}
