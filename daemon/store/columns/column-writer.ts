/** Brings the columns of a session up to its record, a little at a time. Only one may write them. */
import { overviewKeys } from '../../../sdk/overview-keys.ts'
import { type Database, openForReading, type Statement } from '../database.ts'
import { stateOf } from '../exchange-row.ts'
import { dimensions, keyLength } from '../overview/dimensions.ts'
import { sessionKind } from '../session-layout.ts'
import { blockId, blocks, numberColumns, numberSources, openColumnsForWriting } from './columns-file.ts'
import { absent, elsewhere, flagsMask, noNumber, noWord, placeOf, Segment, segmentOf, wordElsewhere } from './segment.ts'

/** Rows of one statement: some milliseconds. */
const sliceRows = 500
/** Kept in memory until they are written. */
const segmentsMaximum = 8
/** Exchanges with other keys are read from the record. */
const manyWords = 100_000

const joins = [...new Set(overviewKeys.map((key) => dimensions[key].joins))].join(' ')
const keyColumns = overviewKeys.flatMap((key) => dimensions[key].columns)
const columns = ['e.seq', 'e.change', 'e.flags', 'e.started', 'e.path', ...Object.values(numberSources), ...keyColumns].join()
type Row = [seq: number, change: number, flags: number, started: number, path: string, ...unknown[]]
const firstNumber = 5
const firstKey = firstNumber + numberColumns.length
/** Columns have room for no more. */
const largest = noNumber - 1

export class ColumnWriter {
  readonly #wordsMaximum: number
  readonly #session: Database
  readonly #columns: Database
  readonly #changed: Statement
  readonly #deleted: Statement
  readonly #reached: Statement
  readonly #block: Statement
  readonly #putBlock: Statement
  readonly #putWord: Statement
  readonly #saveProgress: Statement
  readonly #words: Map<string, number>
  /** Those that are not in the file yet. */
  #newWords: string[] = []
  readonly #segments = new Map<number, Segment>()
  /** The record is followed up to here. */
  #change: number
  /** Deletions up to here are not told any more. */
  #forgotten: number

  /** Throws as openForReading does, and the driver's errors. @param file of the session @param wordsMaximum different keys told in all */
  constructor(file: string, wordsMaximum = manyWords) {
    this.#wordsMaximum = wordsMaximum
    this.#session = openForReading(file, sessionKind)
    try {
      this.#columns = openColumnsForWriting(file)
    } catch (error) {
      this.#session.close()
      throw error
    }
    this.#changed = this.#session
      .prepare(
        `SELECT ${columns} FROM exchange e INDEXED BY exchange_change ${joins}
         WHERE e.change > ? ORDER BY e.change LIMIT ?`,
      )
      .raw()
    this.#deleted = this.#session.prepare('SELECT seq FROM tombstone WHERE change > ? AND change <= ?').pluck()
    this.#reached = this.#session.prepare('SELECT change, forgotten FROM progress').raw()
    this.#block = this.#columns.prepare('SELECT data FROM block WHERE id = ?').pluck()
    this.#putBlock = this.#columns.prepare('INSERT OR REPLACE INTO block VALUES (?, ?)')
    this.#putWord = this.#columns.prepare('INSERT INTO word VALUES (?, ?)')
    this.#saveProgress = this.#columns.prepare('UPDATE progress SET change = ?')
    this.#change = this.#columns.prepare('SELECT change FROM progress').pluck().get() as number
    const [reached, forgotten] = this.#reached.get() as [number, number]
    this.#forgotten = forgotten
    // Another file had this name, or more was deleted than the record remembers.
    if (this.#change > reached || (this.#change > 0 && this.#change < forgotten)) this.#beginAnew()
    this.#words = new Map(this.#columns.prepare('SELECT text, id FROM word').raw().all() as [string, number][])
  }

  /** Follows a few changes more; false: those were the last. No transaction is held afterwards. */
  step(): boolean {
    const { rows, deleted, change } = this.#session.transaction(() => this.#next())()
    for (const seq of deleted) this.#segment(segmentOf(seq)).flags[placeOf(seq)] = absent
    for (const row of rows) this.#put(row)
    this.#change = change
    if (this.#segments.size > segmentsMaximum) this.#write()
    return rows.length === sliceRows
  }

  close(): void {
    try {
      this.#write()
      this.#columns.pragma('wal_checkpoint(TRUNCATE)')
    } finally {
      this.#columns.close()
      this.#session.close()
    }
  }

  /** What changed next, and up to where that is all. Of one moment, so that no deletion is forgotten unseen. */
  #next(): { rows: Row[]; deleted: number[]; change: number } {
    const [reached, forgotten] = this.#reached.get() as [number, number]
    if (forgotten > this.#forgotten && forgotten > this.#change) this.#beginAnew()
    this.#forgotten = forgotten
    const rows = this.#changed.all(this.#change, sliceRows) as Row[]
    const change = rows.length < sliceRows ? reached : (rows.at(-1) as Row)[1]
    return { rows, deleted: this.#deleted.all(this.#change, change) as number[], change }
  }

  #put(row: Row): void {
    const [seq, , flags, started, path] = row
    const segment = this.#segment(segmentOf(seq))
    const place = placeOf(seq)
    const numbers = row.slice(firstNumber, firstKey) as (number | null)[]
    if (stateOf(flags) === 'open' || numbers.some((number) => number !== null && (number < 0 || number > largest))) {
      segment.flags[place] = elsewhere
      return
    }
    segment.flags[place] = flags & flagsMask
    segment.started[place] = started
    segment.paths.put(place, path)
    for (const [index, column] of numberColumns.entries()) segment.numbers(column)[place] = numbers[index] ?? noNumber
    let at = firstKey
    for (const key of overviewKeys) {
      segment.words(key)[place] = this.#wordOf(dimensions[key].valuesOf(row, at))
      at += dimensions[key].columns.length
    }
  }

  /** Of several values none is told. */
  #wordOf([text, ...others]: readonly string[]): number {
    if (text === undefined) return noWord
    if (text.length > keyLength || others.some((other) => other !== text)) return wordElsewhere
    const known = this.#words.get(text)
    if (known !== undefined) return known
    if (this.#words.size >= this.#wordsMaximum) return wordElsewhere
    const id = this.#words.size + 1
    this.#words.set(text, id)
    this.#newWords.push(text)
    return id
  }

  #segment(number: number): Segment {
    const known = this.#segments.get(number)
    if (known !== undefined) return known
    const segment = new Segment(number, (of) => this.#block.get(blockId(number, of)) as Uint8Array | undefined)
    this.#segments.set(number, segment)
    return segment
  }

  #write(): void {
    this.#columns.transaction(() => {
      for (const [number, segment] of this.#segments) for (const of of blocks) this.#putBlock.run(blockId(number, of), segment.block(of))
      const known = this.#words.size - this.#newWords.length
      for (const [index, text] of this.#newWords.entries()) this.#putWord.run(known + index + 1, text)
      this.#saveProgress.run(this.#change)
    })()
    this.#segments.clear()
    this.#newWords = []
  }

  /** Words stay what they are: readers know some. */
  #beginAnew(): void {
    this.#columns.exec('BEGIN; DELETE FROM block; UPDATE progress SET change = 0; COMMIT')
    this.#segments.clear()
    this.#change = 0
  }
}
