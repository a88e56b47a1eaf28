/** Overviews of a whole session out of its columns, and out of the record what they do not tell. */
import { WeirError } from '../../../../sdk/errors.ts'
import { type Database, isStoreError, type Statement } from '../../database.ts'
import type { Range } from '../../range.ts'
import { dimensions } from '../dimensions.ts'
import { addExchange, addFacts, addGroup, emptyGroup, type Group, type GroupKey, type Groups, groupOf, type OverviewRow } from '../group.ts'
import type { OverviewSlice } from '../overview-slice.ts'
import { packGroups } from '../packed-groups.ts'
import { blockId, type ColumnKey, columnKeys, openColumnsForReading } from './columns-file.ts'
import { absent, elsewhere, failed, firstSeqOf, noWord, placeOf, SegmentFacts, segmentOf, wordElsewhere, wordsOf } from './segment.ts'

/** Of a record that has gone on further, all is read. */
const mostChanged = 50_000
/** Rows of one statement: about 2 ms. */
const readRows = 1000

export class ColumnReader {
  readonly #db: Database
  readonly #file: string
  readonly #changed: Statement
  readonly #deleted: Statement
  readonly #reached: Statement
  readonly #rows: { readonly [K in ColumnKey]: Statement }
  #columns: Columns | null = null

  /** @param db the session, whose file it is */
  constructor(db: Database, file: string) {
    this.#db = db
    this.#file = file
    this.#changed = db.prepare('SELECT seq FROM exchange INDEXED BY exchange_change WHERE change > ? LIMIT ?').pluck()
    this.#deleted = db.prepare('SELECT seq FROM tombstone WHERE change > ? LIMIT ?').pluck()
    this.#reached = db.prepare('SELECT change, forgotten FROM progress').raw()
    const rowsBy = (key: ColumnKey) => {
      const { columns, from } = dimensions[key].shape
      return db.prepare(`SELECT ${columns} FROM json_each(?) j CROSS JOIN ${from} WHERE e.seq = j.value`).raw()
    }
    this.#rows = Object.fromEntries(columnKeys.map((key) => [key, rowsBy(key)])) as { [K in ColumnKey]: Statement }
  }

  close(): void {
    this.#columns?.close()
    this.#columns = null
  }

  /** As overviewSlice, of everything. null: there are no columns that are of use, so the record is to be read. */
  slice(by: ColumnKey, range: Range, deadline: number): OverviewSlice | null {
    try {
      this.#columns ??= new Columns(this.#file)
      const slice = this.#columns.snapshot((columns) => this.#slice(columns, by, range, deadline))
      // Others may have taken their place.
      if (slice === null) this.close()
      return slice
    } catch (error) {
      // A cache: whatever is wrong with it, the record is right.
      if (!(error instanceof WeirError) && !isStoreError(error)) throw error
      this.close()
      return null
    }
  }

  #slice(columns: Columns, by: ColumnKey, { after, until }: Range, deadline: number): OverviewSlice | null {
    const since = this.#since(columns.change, { after, until })
    if (since === null) return null
    const { changed, behind } = since
    const known = new Map<number, Group>()
    const groups: Groups = new Map()
    const read = (seqs: readonly number[]) => {
      if (seqs.length === 0) return
      for (const row of this.#rows[by].all(JSON.stringify(seqs)) as OverviewRow[])
        addExchange(groupOf(groups, dimensions[by].keyOf(row)), row)
    }
    const end = Math.min(until, columns.lastSeq)
    let at = after
    let used = 0
    while (at < until) {
      const isCovered = at < end
      const next = isCovered ? Math.min(end, firstSeqOf(segmentOf(at + 1) + 1) - 1) : (changed[used + readRows - 1] ?? until)
      const from = used
      while (used < changed.length && (changed[used] as number) <= next) used++
      const others = changed.slice(from, used)
      read(isCovered ? columns.add(known, by, { after: at, until: next }, others) : others)
      at = next
      if (performance.now() >= deadline) break
    }
    for (const [word, group] of known) join(groups, columns.text(word), group)
    return { groups: packGroups(groups), next: at < until ? at : null, behind }
  }

  /**
   * What the columns do not tell, or not rightly, because it has changed since that change: seqs, in order. All of one moment, after the one of the
   * columns. null: there are too many, or the record does not tell them.
   */
  #since(change: number, { after, until }: Range): { changed: number[]; behind: number } | null {
    return this.#db.transaction(() => {
      const [reached, forgotten] = this.#reached.get() as [number, number]
      if (change === 0 || change > reached || change < forgotten) return null
      const changed = this.#changed.all(change, mostChanged) as number[]
      const deleted = this.#deleted.all(change, mostChanged) as number[]
      if (changed.length === mostChanged || deleted.length === mostChanged) return null
      const seqs = [...changed, ...deleted].filter((seq) => seq > after && seq <= until)
      return { changed: seqs.sort((a, b) => a - b), behind: reached - change }
    })()
  }
}

function join(groups: Groups, key: GroupKey, group: Group): void {
  const known = groups.get(key)
  if (known === undefined) groups.set(key, group)
  else addGroup(known, group)
}

/** The file, open. */
class Columns {
  readonly #db: Database
  readonly #change: Statement
  readonly #block: Statement
  readonly #lastBlock: Statement
  readonly #word: Statement
  readonly #texts = new Map<number, string | null>([[noWord, null]])

  /** Throws as openForReading does. */
  constructor(file: string) {
    this.#db = openColumnsForReading(file)
    this.#change = this.#db.prepare('SELECT change FROM progress').pluck()
    this.#block = this.#db.prepare('SELECT data FROM block WHERE id = ?').pluck()
    this.#lastBlock = this.#db.prepare('SELECT max(id) FROM block').pluck()
    this.#word = this.#db.prepare('SELECT text FROM word WHERE id = ?').pluck()
  }

  close(): void {
    this.#db.close()
  }

  /** All that is read meanwhile is of one moment. */
  snapshot<T>(read: (columns: Columns) => T): T {
    return this.#db.transaction(() => read(this))()
  }

  get change(): number {
    return this.#change.get() as number
  }

  /** Of the last segment, whether it is there or not. */
  get lastSeq(): number {
    const block = this.#lastBlock.get() as number | null
    return block === null ? 0 : firstSeqOf(Math.floor(block / 8) + 1) - 1
  }

  text(word: number): string | null {
    let text = this.#texts.get(word)
    if (text === undefined) {
      text = this.#word.get(word) as string
      this.#texts.set(word, text)
    }
    return text
  }

  /** Adds what is told here of a range within one segment. What is not, the `changed` among it, is given back. */
  add(groups: Map<number, Group>, by: ColumnKey, { after, until }: Range, changed: readonly number[]): number[] {
    const segment = segmentOf(until)
    const facts = this.#block.get(blockId(segment, 'facts')) as Uint8Array | undefined
    if (facts === undefined) return [...changed]
    const { states, sent, received, durations } = new SegmentFacts(facts)
    const words = wordsOf(this.#block.get(blockId(segment, by)) as Uint8Array)
    for (const seq of changed) states[placeOf(seq)] = elsewhere
    const left: number[] = []
    const first = firstSeqOf(segment)
    const last = placeOf(until)
    for (let place = placeOf(after + 1); place <= last; place++) {
      const state = states[place]
      if (state === absent) continue
      const word = words[place] as number
      if (state === elsewhere || word === wordElsewhere) {
        left.push(first + place)
        continue
      }
      let group = groups.get(word)
      if (group === undefined) {
        group = emptyGroup()
        groups.set(word, group)
      }
      addFacts(group, state === failed, sent[place] as number, received[place] as number, durations[place] as number)
    }
    return left
  }
}
