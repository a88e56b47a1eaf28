/** One run of one exporter, inside its process. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { codes, toWire, unavailable, WeirError } from '../../sdk/errors.ts'
import { moduleName } from '../../sdk/plugin/module-name.ts'
import type { ExportedExchange, Exporter, ExporterManifest, PluginHost } from '../../sdk/plugin.ts'
import { pseudonymKey, pseudonyms } from '../../sdk/redaction/pseudonyms.ts'
import { SecretFinder } from '../../sdk/redaction/secret-finder.ts'
import { openExchangeScan } from '../store/exchange-scan.ts'
import { ExportOutput } from './export-output.ts'
import { type ExporterJob, type FromExporter, outDescriptor } from './exporter-messages.ts'
import { pluginFailed, said } from './failure.ts'
import { checkConfig, loadPlugin } from './loader.ts'
import { Redaction, type Scope } from './redacted-exchanges.ts'
import { SecretCheck, SecretLeft } from './secret-check.ts'

type RunJob = Extract<ExporterJob, { job: 'run' }>
const logLines = 1000

/** Few need it, and it takes its time to load. @throws -32602 invalidQuery */
async function scopeOf(where: string): Promise<Scope> {
  const { queryPredicate } = await import('../../sdk/query.ts')
  return queryPredicate(where)
}

export class ExporterRunJob {
  /** Handed to the exporter so far, without those it left out. */
  exchanges = 0
  readonly output = new ExportOutput(outDescriptor)
  #job: RunJob
  #signal: AbortSignal
  #send: (message: FromExporter) => void
  /** What went wrong outside the plugin; it is not the plugin's failure then. */
  #readFailure: unknown = null
  #writeFailure: NodeJS.ErrnoException | SecretLeft | null = null
  #redacted: { redaction: Redaction; check: SecretCheck } | null = null
  #logged = 0
  #name: string

  constructor(job: RunJob, signal: AbortSignal, send: (message: FromExporter) => void) {
    this.#job = job
    this.#signal = signal
    this.#send = send
    this.#name = moduleName(job.module)
    this.output.on('error', (error) => {
      this.#writeFailure ??= error
    })
  }

  /** The job's last message: done, invalid or failure. Never rejects. */
  async run(): Promise<FromExporter> {
    try {
      const manifest = await loadPlugin(this.#job.module)
      this.#name = manifest.name
      if (manifest.kind !== 'exporter') throw pluginFailed(manifest.name, `it is a ${manifest.kind}, not an exporter`)
      const invalid = await checkConfig(manifest, this.#job.options)
      if (invalid.length > 0) return { invalid }
      this.#redacted = await this.#redactionFor(manifest)
      await this.#export(manifest)
      return { done: true, exchanges: this.exchanges, bytes: this.output.bytes, redacted: this.#redacted?.redaction.report ?? null }
    } catch (error) {
      return { failure: toWire(this.#attribute(error)) }
    }
  }

  async #export(manifest: ExporterManifest): Promise<void> {
    const exporter: Exporter = manifest.create(this.#job.options, await this.#host(manifest.name))
    const leaveOut = () => {
      this.exchanges--
    }
    await exporter.run({ session: this.#job.session, exchanges: this.#read(), out: this.output, signal: this.#signal, leaveOut })
    this.#signal.throwIfAborted()
    this.output.end()
    await finished(this.output)
    this.#redacted?.check.end()
  }

  async #redactionFor({ redaction = 'standard' }: ExporterManifest) {
    const wanted = this.#job.redact ?? redaction
    if (wanted === 'off') return null
    const finder = new SecretFinder()
    // The redact filter's own: the same secret has the same name in records and exports.
    const key = pseudonymKey(join(this.#job.dataRoot, 'redact', 'key'))
    const check = new SecretCheck(finder)
    this.output.watch((bytes) => check.read(bytes))
    const scope = typeof wanted === 'object' && wanted.where !== undefined ? await scopeOf(wanted.where) : undefined
    return { redaction: new Redaction(wanted, pseudonyms(key), finder, scope), check }
  }

  async *#read(): AsyncGenerator<ExportedExchange> {
    try {
      const { session, where } = this.#job
      const scan = () => this.#until(openExchangeScan(session.file, session.id, where === null ? {} : { where }))
      for await (const exchange of this.#redacted?.redaction.exchanges(scan) ?? scan()) {
        if (this.#signal.aborted) return
        this.exchanges++
        yield exchange
      }
    } catch (error) {
      this.#readFailure = error
      throw error
    }
  }

  /** No further than the signal. */
  async *#until(scan: AsyncIterable<ExportedExchange>): AsyncGenerator<ExportedExchange> {
    for await (const exchange of scan) {
      if (this.#signal.aborted) return
      yield exchange
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
    if (this.#writeFailure instanceof SecretLeft) return pluginFailed(this.#name, this.#writeFailure.message)
    const { code } = this.#writeFailure ?? {}
    if (code) return unavailable('outNotWritable', `the export could not be written (${code}): make room or choose another place`)
    if (error instanceof WeirError) return error
    if (this.#readFailure) return unavailable('sessionUnreadable', 'the session file could not be read')
    return pluginFailed(this.#name, said(error))
  }
}
