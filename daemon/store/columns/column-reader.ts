/** The columns of a session, beside what has changed in its record since: together they tell how it is now. */
import { WeirError } from '../../../sdk/errors.ts'
import { type Database, isStoreError, type Statement } from '../database.ts'
import { blockId, openColumnsForReading } from './columns-file.ts'
import { elsewhere, noWord, placeOf, Segment, segmentOf } from './segment.ts'

/** Of a record that has gone on by more changes, all is read. */
const mostChanged = 50_000

export class ColumnReader {
  readonly #db: Database
  readonly #file: string
  readonly #changed: Statement
  readonly #deleted: Statement
  readonly #reached: Statement
  #columns: Columns | null = null
  #since: ChangedSince | null = null
  #behind = 0

  /** @param db the session, whose file it is */
  constructor(db: Database, file: string) {
    this.#db = db
    this.#file = file
    this.#changed = db.prepare('SELECT seq FROM exchange INDEXED BY exchange_change WHERE change > ?').pluck()
    this.#deleted = db.prepare('SELECT seq FROM tombstone WHERE change > ?').pluck()
    this.#reached = db.prepare('SELECT change, forgotten FROM progress').raw()
  }

  close(): void {
    this.#columns?.close()
    this.#columns = null
    this.#since = null
  }

  /** Changes of the record that the columns did not tell, when they were last asked. */
  get behind(): number {
    return this.#behind
  }

  /** What `use` makes of columns and record as they are at one moment. null: there are no columns that are of use, so the record is to be read. */
  read<T>(use: (now: ColumnsNow) => T): T | null {
    try {
      this.#columns ??= new Columns(this.#file)
      const columns = this.#columns
      const result = columns.snapshot(() => {
        const since = this.#follow(columns.change)
        return since === null ? null : use(new ColumnsNow(columns, since))
      })
      // Others may have taken their place.
      if (result === null) this.close()
      return result
    } catch (error) {
      // A cache: whatever is wrong with it, the record is right.
      if (!(error instanceof WeirError) && !isStoreError(error)) throw error
      this.close()
      this.#behind = (this.#reached.get() as [number, number])[0]
      return null
    }
  }

  /** null: too much has changed since that change, or the record does not tell it. */
  #follow(change: number): ChangedSince | null {
    return this.#db.transaction(() => {
      const [reached, forgotten] = this.#reached.get() as [number, number]
      const isOfThis = change > 0 && change <= reached && change >= forgotten
      this.#behind = isOfThis ? reached - change : reached
      if (!isOfThis || this.#behind > mostChanged) return null
      if (this.#since?.change !== change) this.#since = new ChangedSince(change)
      const since = this.#since
      for (const statement of [this.#changed, this.#deleted]) since.add(statement.all(since.reached) as number[])
      since.reached = reached
      return since
    })()
  }
}

/** Seqs that columns do not tell, or not rightly. */
class ChangedSince {
  /** The change up to which the columns are true, and the one up to which this is known. */
  readonly change: number
  reached: number
  readonly #places = new Map<number, Set<number>>()

  constructor(change: number) {
    this.change = change
    this.reached = change
  }

  add(seqs: readonly number[]): void {
    for (const seq of seqs) {
      const places = this.#places.get(segmentOf(seq))
      if (places === undefined) this.#places.set(segmentOf(seq), new Set([placeOf(seq)]))
      else places.add(placeOf(seq))
    }
  }

  places(segment: number): Iterable<number> {
    return this.#places.get(segment) ?? []
  }
}

/** Valid only during `ColumnReader.read`. */
export class ColumnsNow {
  readonly #columns: Columns
  readonly #since: ChangedSince

  constructor(columns: Columns, since: ChangedSince) {
    this.#columns = columns
    this.#since = since
  }

  /** The record's change of this moment. */
  get reached(): number {
    return this.#since.reached
  }

  /** The change up to which the columns are true. */
  get change(): number {
    return this.#since.change
  }

  /** One for each file that was opened: what is remembered of words belongs to it. */
  get words(): Words {
    return this.#columns.words
  }

  segment(number: number): Segment {
    const segment = new Segment(number, (of) => this.#columns.block(blockId(number, of)))
    for (const place of this.#since.places(number)) segment.flags[place] = elsewhere
    return segment
  }
}

/** The file, open. */
class Columns {
  readonly #db: Database
  readonly #change: Statement
  readonly #block: Statement
  readonly words: Words

  /** Throws as openForReading does. */
  constructor(file: string) {
    this.#db = openColumnsForReading(file)
    this.#change = this.#db.prepare('SELECT change FROM progress').pluck()
    this.#block = this.#db.prepare('SELECT data FROM block WHERE id = ?').pluck()
    this.words = new Words(this.#db)
  }

  close(): void {
    this.#db.close()
  }

  /** All that is read meanwhile is of one moment. */
  snapshot<T>(read: () => T): T {
    return this.#db.transaction(read)()
  }

  get change(): number {
    return this.#change.get() as number
  }

  block(id: number): Uint8Array | undefined {
    return this.#block.get(id) as Uint8Array | undefined
  }
}

/** Texts that many exchanges share, by id. */
export class Words {
  readonly #one: Statement
  readonly #some: Statement
  readonly #last: Statement
  readonly #texts = new Map<number, string | null>([[noWord, null]])

  constructor(db: Database) {
    this.#one = db.prepare('SELECT text FROM word WHERE id = ?').pluck()
    this.#some = db.prepare('SELECT id, text FROM word WHERE id > ? AND id <= ?').raw()
    this.#last = db.prepare('SELECT max(id) FROM word').pluck()
  }

  text(word: number): string | null {
    let text = this.#texts.get(word)
    if (text === undefined) {
      text = this.#one.get(word) as string
      this.#texts.set(word, text)
    }
    return text
  }

  between(after: number, until: number): [id: number, text: string][] {
    return this.#some.all(after, until) as [number, string][]
  }

  get lastId(): number {
    return (this.#last.get() as number | null) ?? 0
  }
}
