/** Brings the text index of one session up to its record, a little at a time. Only one may write an index file. */
import { type Database, openForReading } from '../database.ts'
import { sessionKind } from '../session-layout.ts'
import { indexPath } from '../session-path.ts'
import { IndexFile } from './index-file.ts'
import { SearchableTexts } from './searchable-text.ts'
import { TextSegmentBuilder, textSegments } from './text-segments.ts'

/** Rows read by one statement. */
const sliceRows = 16
/** A step ends with the exchange in hand when it has lasted so long. */
const stepMs = 25
/** The end of a record is left to be scanned until it holds so much text, bytes: small segments cost more than they save. */
const worthwhileBytes = 4 * 1024 * 1024

export class TextIndexer {
  readonly #db: Database
  readonly #file: IndexFile
  readonly #texts: SearchableTexts
  readonly #worthwhile: number
  #builder = new TextSegmentBuilder()
  #read: number

  /**
   * Throws as openForReading does, and the system's errors.
   * @param file of the session @param worthwhile bytes of text that a last segment must have to be written @param now see SearchableTexts
   */
  constructor(file: string, worthwhile = worthwhileBytes, now?: () => number) {
    this.#worthwhile = worthwhile
    this.#db = openForReading(file, sessionKind)
    try {
      this.#file = IndexFile.open(indexPath(file), 'write')
    } catch (error) {
      this.#db.close()
      throw error
    }
    this.#texts = new SearchableTexts(this.#db, now)
    this.#read = textSegments(this.#file).at(-1)?.last ?? 0
  }

  /** Reads a few exchanges more; false: there were none. No transaction is held afterwards. */
  step(): boolean {
    const exchanges = this.#texts.after(this.#read, sliceRows)
    const deadline = performance.now() + stepMs
    for (const exchange of exchanges) {
      this.#builder.add(exchange)
      this.#read = exchange.seq
      if (this.#builder.isFull) this.#write()
      if (performance.now() >= deadline) break
    }
    return exchanges.length > 0
  }

  /** What was read is written where that is worth it; the rest is read again the next time. */
  close(): void {
    try {
      if (!this.#builder.isEmpty && this.#builder.bytes >= this.#worthwhile) this.#write()
    } finally {
      this.#file.close()
      this.#db.close()
    }
  }

  #write(): void {
    const builder = this.#builder
    this.#builder = new TextSegmentBuilder()
    builder.write(this.#file)
  }
}
