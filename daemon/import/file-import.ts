/** Imports one file into a new session file, as it is read: memory holds what a commit takes. */
import type { BrowserView } from '../../sdk/browser-view.ts'
import { codes, invalidParams, unavailable, WeirError } from '../../sdk/errors.ts'
import { limits } from '../../sdk/limits.ts'
import { isDiskFull } from '../store/database.ts'
import { ExchangeRecords, Unstorable } from '../store/exchange-records.ts'
import type { ExchangeRecord } from '../store/records.ts'
import { SessionFile } from '../store/session-file.ts'
import { recognise } from './formats.ts'
import type { Imported, ImportJob, ImportProgress } from './import-messages.ts'
import { BrokenFile, type ImportedEntry, type ImportedExchange } from './imported-exchange.ts'
import { SourceFile } from './source-file.ts'
import { unknownFormat } from './unknown-format.ts'
import type { SessionCopying } from './weir-session.ts'

const batchRecords = 500
const batchBytes = 4 * 1024 * 1024
/** Characters, as of `exchange/set`. */
const longestNote = 10_000

type Annotated = Pick<ImportedExchange['exchange'], 'tags' | 'note'> & { seq: number }

export class FileImport {
  readonly #job: ImportJob
  #source: SourceFile | null = null
  #file: SessionFile | null = null
  readonly #records = new ExchangeRecords('the file that was imported')
  #batch: ExchangeRecord[] = []
  #batchBytes = 0
  #annotated: Annotated[] = []
  readonly #imported: Omit<Imported, 'counts'> = { leftOut: 0, malformed: 0, problems: [] }

  constructor(job: ImportJob) {
    this.#job = job
  }

  get progress(): ImportProgress {
    const { position = 0, size = 0 } = this.#source ?? {}
    return { exchanges: this.#file?.counts.exchanges ?? 0, bytes: position, size }
  }

  /**
   * Leaves half a session file behind when it rejects.
   * @throws 1001 fileNotFound, 1005 fileNotReadable and diskFull, -32602 unknownFormat, malformedFile and emptyFile
   */
  async run(): Promise<Imported> {
    const source = await SourceFile.open(this.#job.path)
    this.#source = source
    try {
      const format = recognise(source.head)
      if (format === undefined) throw unknownFormat(this.#job.path, source.head)
      // What is copied has its cookie changes already.
      const file = SessionFile.open(this.#job.file, { create: true, withoutCookies: 'copy' in format })
      this.#file = file
      try {
        if ('copy' in format) await this.#copy(format.copy, source, file)
        else await this.#take(format.read(source.pieces(), source.savedAt), file)
        if (file.counts.exchanges === 0) throw this.#nothing()
      } finally {
        file.close()
      }
      return { counts: file.counts, ...this.#imported }
    } catch (error) {
      throw isDiskFull(error)
        ? unavailable('diskFull', `there is no room on the disk for the session of ${this.#job.path}: make some; nothing was imported`)
        : error
    } finally {
      await source.close()
    }
  }

  async #copy(copy: (copying: SessionCopying) => Promise<void>, source: SourceFile, into: SessionFile): Promise<void> {
    const read = (part: number) => {
      source.position = Math.round(part * source.size)
    }
    await copy({ ...this.#job, into, read, malformed: (at, message) => this.#malformed(at, message) })
  }

  async #take(entries: AsyncIterable<ImportedEntry>, file: SessionFile): Promise<void> {
    try {
      for await (const entry of entries) {
        if ('leftOut' in entry) this.#imported.leftOut++
        else if ('fault' in entry) this.#malformed(entry.at, entry.fault)
        else this.#add(entry.at, entry.exchange, file)
        if (this.#batch.length >= batchRecords || this.#batchBytes >= batchBytes) this.#commit(file)
      }
    } catch (error) {
      if (!(error instanceof BrokenFile)) throw error
      this.#malformed(error.at, error.message)
    }
    this.#commit(file)
  }

  #add(at: string, imported: ImportedExchange, file: SessionFile): void {
    const record = this.#recordOf(at, imported)
    if (record === null) return
    record.seq = file.nextSeq()
    if (record.browser !== null && imported.exchange.seq !== record.seq) record.browser = withoutLinks(record.browser)
    this.#batch.push(record)
    this.#batchBytes += (record.requestBody?.pendingBytes ?? 0) + (record.responseBody?.pendingBytes ?? 0)
    for (const { size } of imported.messages) this.#batchBytes += size
    const { tags, note } = imported.exchange
    if (tags.length > 0 || note !== null) this.#annotated.push({ seq: record.seq, tags, note: note === null ? null : shortNote(note) })
  }

  #recordOf(at: string, imported: ImportedExchange): ExchangeRecord | null {
    try {
      return this.#records.record(imported, 'import')
    } catch (error) {
      if (!(error instanceof Unstorable)) throw error
      this.#malformed(at, error.message)
      return null
    }
  }

  #malformed(at: string, message: string): void {
    if (!this.#job.keepGood)
      throw this.#malformedFile(`${at}: ${message}`, 'nothing was imported; --keep-good (keepGood) imports what can be read')
    this.#imported.malformed++
    if (this.#imported.problems.length < limits.importProblems) this.#imported.problems.push({ at, message })
  }

  #commit(file: SessionFile): void {
    file.commit(this.#batch, [])
    for (const { seq, tags, note } of this.#annotated)
      file.annotate(seq, { ...(tags.length > 0 && { tags }), ...(note !== null && { note }) })
    this.#batch = []
    this.#batchBytes = 0
    this.#annotated = []
  }

  #nothing(): WeirError {
    const { problems, leftOut } = this.#imported
    const [first] = problems
    if (first) return this.#malformedFile(`${first.at}: ${first.message}`, 'nothing in it could be read, and nothing was imported')
    return invalidParams(
      'emptyFile',
      `${this.#job.path} holds no HTTP exchanges${leftOut > 0 ? `, only ${leftOut} other entries` : ''}; nothing was imported`,
    )
  }

  #malformedFile(what: string, outcome: string): WeirError {
    const errors = [{ path: '/path', message: what }]
    return new WeirError(codes.invalidParams, 'malformedFile', `${this.#job.path}: ${what}; ${outcome}`, { errors })
  }
}

/** One that is cut says so. */
function shortNote(note: string): string {
  if (note.length <= longestNote) return note
  const end = ` [cut: ${note.length} characters]`
  return note.slice(0, longestNote - end.length).toWellFormed() + end
}

/** What names other exchanges means others now. */
function withoutLinks({ ambiguous: _, resends: __, resent: ___, ...view }: BrowserView): BrowserView {
  return view
}
