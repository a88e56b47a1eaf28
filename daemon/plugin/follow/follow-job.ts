/** An exporter that follows a session, inside its process: batch by batch, each delivered before the next is read. */
import { setTimeout } from 'node:timers/promises'
import { formatClock } from '../../../sdk/clock.ts'
import { conflict, invalidParams, notFound, toWire, unavailable, WeirError } from '../../../sdk/errors.ts'
import { moduleName } from '../../../sdk/plugin/module-name.ts'
import type { ExportedExchange, Exporter, ExporterManifest } from '../../../sdk/plugin.ts'
import { EndedExchanges } from '../../store/ended-exchanges.ts'
import { openExchangeScan } from '../../store/exchange-scan.ts'
import { type ExportRedaction, openRedaction } from '../export-redaction.ts'
import type { Delivered, FollowJob, FromExporter } from '../exporter-messages.ts'
import { pluginFailed, said } from '../failure.ts'
import { FolderOutput } from '../folder-output.ts'
import { checkConfig, loadPlugin } from '../loader.ts'
import { pluginHost } from '../plugin-host.ts'
import { SecretLeft } from '../secret-check.ts'
import { BatchOutput } from './batch-output.ts'
import { openSink } from './open-sink.ts'
import { type Sink, Undelivered } from './sink.ts'

/** At most so often the record is looked at, ms: commits may be 25 ms apart, and a session that ends has to find its file unused. */
const lookMs = 50
/** How long a cancelled export still waits for a slow reader or endpoint, ms: less than its process has. */
const lateMs = 600

interface Batch {
  bytes: Buffer
  /** In the bytes. */
  exchanges: number
  /** Up to which it goes. */
  change: number
  deleted: number
  /** There may be more on record. */
  more: boolean
}

export class ExporterFollowJob {
  delivered: Delivered
  readonly #job: FollowJob
  readonly #signal: AbortSignal
  readonly #send: (message: FromExporter) => void
  #name: string
  #redacted: ExportRedaction | null = null
  /** The exchange that the exporter has in hand. */
  #inHand: number | null = null
  /** The change from which deletions count. */
  #begunAt: number | null
  #isOver = false
  #hasNews = true
  #wake: () => void = () => undefined

  constructor(job: FollowJob, signal: AbortSignal, send: (message: FromExporter) => void) {
    this.#job = job
    this.#signal = signal
    this.#send = send
    this.#name = moduleName(job.module)
    this.#begunAt = job.since === 0 ? null : job.since
    this.delivered = { exchanges: 0, bytes: 0, change: job.since, deleted: 0 }
    signal.addEventListener('abort', () => this.#wake())
  }

  /** There may be something new on record. */
  look(): void {
    this.#hasNews = true
    this.#wake()
  }

  /** What is on record now is all. */
  over(): void {
    this.#isOver = true
    this.look()
  }

  /** The job's last message: done, invalid or failure. Never rejects. */
  async run(): Promise<FromExporter> {
    try {
      const manifest = await loadPlugin(this.#job.module)
      this.#name = manifest.name
      if (manifest.kind !== 'exporter') throw pluginFailed(manifest.name, `it is a ${manifest.kind}, not an exporter`)
      if (manifest.follow !== true) throw cannotFollow(manifest.name)
      const invalid = await checkConfig(manifest, this.#job.options)
      if (invalid.length > 0) return { invalid }
      this.#refuseAhead()
      this.#redacted = await openRedaction(this.#job, manifest)
      await this.#follow(manifest)
      const { exchanges, bytes } = this.delivered
      return { done: true, exchanges, bytes, redacted: this.#redacted?.redaction.report ?? null }
    } catch (error) {
      return { failure: toWire(this.#attribute(error)) }
    }
  }

  /** A power cut may take the last changes from the session and not from the file of an export: the numbers that were theirs come again. */
  #refuseAhead(): void {
    const { session, since } = this.#job
    const record = new EndedExchanges(session.file, session.id)
    try {
      if (since > record.change) throw clockAhead(formatClock(session.id, record.change))
    } finally {
      record.close()
    }
  }

  async #follow(manifest: ExporterManifest): Promise<void> {
    const exporter = manifest.create(
      this.#job.options,
      await pluginHost(this.#job, manifest.name, this.#signal, (log) => this.#send({ log })),
    )
    const sink = openSink(
      this.#job,
      manifest,
      { cancelled: this.#signal, late: this.#late() },
      {
        trouble: (trouble) => this.#send({ trouble }),
        failed: () => this.look(),
      },
    )
    try {
      await this.#learn()
      for (let more = true; more && !this.#signal.aborted; ) more = await this.#step(exporter, sink)
    } catch (error) {
      if (!(error instanceof Undelivered)) throw error
    } finally {
      await sink.close?.()
    }
  }

  /** Secrets that are on record are known before anything is delivered. */
  async #learn(): Promise<void> {
    const { session, where } = this.#job
    if (this.#redacted === null) return
    await this.#redacted.redaction.learn(this.#until(openExchangeScan(session.file, session.id, where === null ? {} : { where })))
  }

  /** False: nothing more will come. */
  async #step(exporter: Exporter, sink: Sink): Promise<boolean> {
    sink.check?.()
    const isLast = this.#isOver
    this.#hasNews = false
    const batch = await this.#batch(exporter)
    await this.#deliver(batch, sink)
    if (batch.more) return true
    if (isLast) return false
    await setTimeout(lookMs, undefined, { signal: this.#signal }).catch(() => undefined)
    if (!this.#hasNews && !this.#signal.aborted) await new Promise<void>((resolve) => (this.#wake = resolve))
    return true
  }

  async #deliver({ bytes, exchanges, change, deleted }: Batch, sink: Sink): Promise<void> {
    const { session } = this.#job
    const before = this.delivered
    if (change === before.change) return
    await sink.deliver(bytes, formatClock(session.id, before.change), formatClock(session.id, change))
    this.delivered = {
      exchanges: before.exchanges + exchanges,
      bytes: before.bytes + bytes.length,
      change,
      deleted: before.deleted + deleted,
    }
    this.#send({ delivered: this.delivered })
  }

  /** The file is open while a batch is made, not while it is delivered. */
  async #batch(exporter: Exporter): Promise<Batch> {
    const { session, where } = this.#job
    const record = new EndedExchanges(session.file, session.id)
    try {
      this.#begunAt ??= record.change
      const { exchanges, change } = record.next(this.delivered.change)
      const deleted = record.deleted(Math.max(this.delivered.change, this.#begunAt), change)
      const wanted = where === null || exchanges.length === 0 ? exchanges : await matching(where, exchanges, record)
      const made = wanted.length === 0 ? { bytes: Buffer.alloc(0), exchanges: 0 } : await this.#written(exporter, wanted)
      return { ...made, change, deleted, more: exchanges.length > 0 }
    } finally {
      record.close()
    }
  }

  /** What the exporter makes of them, without secrets. */
  async #written(exporter: Exporter, wanted: readonly ExportedExchange[]): Promise<{ bytes: Buffer; exchanges: number }> {
    const { session } = this.#job
    let exchanges = wanted.length
    const leaveOut = () => void exchanges--
    const scan = () => this.#until(wanted)
    const redacted = this.#redacted?.redaction.exchanges(scan) ?? scan()
    const out = new BatchOutput()
    const folder = new FolderOutput(
      null,
      () => null,
      () => undefined,
    )
    const continues = this.delivered.change > 0 && (this.delivered.bytes > 0 || this.#job.since > 0)
    await exporter.run({
      session,
      exchanges: this.#handedOut(redacted),
      out,
      folder,
      signal: this.#signal,
      leaveOut,
      continues,
      scratch: this.#job.scratch,
      writeSession,
    })
    const bytes = await out.whole()
    // Then it has not seen all of them.
    if (this.#signal.aborted) throw new Undelivered()
    const check = this.#redacted?.newCheck()
    check?.read(bytes)
    check?.end()
    this.#inHand = null
    return { bytes, exchanges }
  }

  async *#handedOut(exchanges: AsyncIterable<ExportedExchange>): AsyncGenerator<ExportedExchange> {
    for await (const exchange of exchanges) {
      this.#inHand = exchange.seq
      yield exchange
    }
  }

  /** No further than the signal. */
  async *#until(exchanges: AsyncIterable<ExportedExchange> | readonly ExportedExchange[]): AsyncGenerator<ExportedExchange> {
    for await (const exchange of exchanges) {
      if (this.#signal.aborted) return
      yield exchange
    }
  }

  #late(): AbortSignal {
    const late = new AbortController()
    this.#signal.addEventListener('abort', () => void setTimeout(lateMs).then(() => late.abort()), { once: true })
    return late.signal
  }

  #attribute(error: unknown): WeirError {
    if (error instanceof SecretLeft) return pluginFailed(this.#name, error.message)
    if (!(error instanceof WeirError)) return isOfDriver(error) ? unreadable() : pluginFailed(this.#name, said(error), this.#inHand)
    if (error.reason === 'fileNotFound') return notFound('sessionDeleted', 'the session was deleted while it was followed')
    return error
  }
}

const writeSession = () => Promise.reject(new Error('writeSession is for exports that end: a followed session has no whole'))

const isOfDriver = (error: unknown): boolean => (error as { code?: unknown } | null)?.code?.toString().startsWith('SQLITE_') ?? false
const unreadable = () => unavailable('sessionUnreadable', 'the session file could not be read')

const clockAhead = (now: string): WeirError =>
  conflict(
    'clockAhead',
    `the session has lost its last changes (a power cut, an older copy of its file): its record ends before the clock to go on from. Say since ${now} to go on with what ends from now on, or begin anew (start; a file: another one)`,
  )

const cannotFollow = (name: string): WeirError =>
  invalidParams(
    'cannotFollow',
    `exporter ${name} cannot follow a session: what it writes is whole only at the end; jsonl can, exporter/list says which others`,
    [{ path: '/follow', message: 'cannot follow a session' }],
  )

/** Relative times are meant from now. */
async function matching(where: string, exchanges: ExportedExchange[], record: EndedExchanges): Promise<ExportedExchange[]> {
  const { queryPredicate } = await import('../../../sdk/query.ts')
  const matches = queryPredicate(where)
  return exchanges.filter((exchange) => matches(exchange, (part) => record.searchable(exchange.seq, part)))
}
