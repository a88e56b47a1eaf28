/**
 * Takes exchanges out of a session file, and with them what nothing else refers to; each leaves a tombstone, for clients that know it.
 * All of it happens inside the writer's transactions. Only sessions that delete have the indexes that this needs: the others would pay
 * for them with every exchange. Making them takes about a second for a million exchanges.
 */
import type { Counts } from '../../sdk/model.ts'
import type { Database, Statement } from './database.ts'
import type { RepeatedBodies } from './repeated-bodies.ts'

/** Tombstones that are kept at least: clocks older than those begin anew. */
const keptTombstones = 100_000
/** So many more are there before the oldest go. */
const surplusTombstones = 10_000

/** What exchanges share, by table: the columns that refer to it. */
const sharedTables = {
  head: ['request_head', 'response_head'],
  connection: ['connection'],
  origin: ['origin'],
  request_line: ['request_line'],
} as const
export type SharedTable = keyof typeof sharedTables
const tableNames = Object.keys(sharedTables) as SharedTable[]
const bodyColumns = ['request_body', 'response_body'] as const

type Column = (typeof sharedTables)[SharedTable][number] | (typeof bodyColumns)[number]

type Row = { [C in Column]: number | null } & {
  state: number
  started: number
  request_size: number
  response_size: number
}

/** When the first and the last of those that were deleted had begun, Unix ms, and what they were. */
export interface Deleted {
  exchanges: number
  bytes: number
  from: number
  to: number
}

/** The highest ids that may be gone, by table. */
export type GoneIds = { [T in SharedTable | 'cookie_change']: number }

export class Deletion {
  readonly gone: GoneIds = { head: 0, connection: 0, origin: 0, request_line: 0, cookie_change: 0 }
  /** They are on record. */
  #goneIsSaved = true
  readonly #repeated: RepeatedBodies
  readonly #select: Statement
  readonly #delete: Statement
  readonly #bury: Statement
  readonly #deleteMessages: Statement
  readonly #deleteCookies: Statement
  readonly #deleteShared: { readonly [T in SharedTable]: Statement }
  readonly #isChunked: Statement
  readonly #deleteBody: Statement
  readonly #countTombstones: Statement
  readonly #oldestKept: Statement
  readonly #dropTombstones: Statement
  readonly #forgetUntil: Statement
  readonly #saveGone: Statement

  /** Makes the indexes where they are missing; throws the driver's SqliteError. */
  constructor(db: Database, repeated: RepeatedBodies) {
    this.#repeated = repeated
    for (const column of [...tableNames.flatMap((table) => sharedTables[table]), ...bodyColumns]) {
      if (column !== 'request_line')
        db.exec(`CREATE INDEX IF NOT EXISTS exchange_${column} ON exchange (${column}) WHERE ${column} IS NOT NULL`)
    }
    db.exec('CREATE INDEX IF NOT EXISTS cookie_change_seq ON cookie_change (seq)')
    const columns = [...tableNames.flatMap((table) => sharedTables[table]), ...bodyColumns]
    this.#select = db.prepare(
      `SELECT flags & 3 AS state, started, request_size, response_size, ${columns.join()} FROM exchange WHERE seq = ?`,
    )
    this.#delete = db.prepare('DELETE FROM exchange WHERE seq = ?')
    this.#bury = db.prepare('INSERT INTO tombstone (change, seq) VALUES (?, ?)')
    this.#deleteMessages = db.prepare('DELETE FROM message WHERE seq = ?')
    this.#deleteCookies = db.prepare('DELETE FROM cookie_change WHERE seq = ? RETURNING id').pluck()
    const unreferenced = (columns: readonly string[]) =>
      columns.map((column) => `NOT EXISTS (SELECT 1 FROM exchange WHERE ${column} = @id)`).join(' AND ')
    const deleteShared = (table: SharedTable) => db.prepare(`DELETE FROM ${table} WHERE id = @id AND ${unreferenced(sharedTables[table])}`)
    this.#deleteShared = {
      head: deleteShared('head'),
      connection: deleteShared('connection'),
      origin: deleteShared('origin'),
      request_line: deleteShared('request_line'),
    }
    this.#isChunked = db.prepare(`SELECT data IS NULL FROM body WHERE id = @id AND ${unreferenced(bodyColumns)}`).pluck()
    this.#deleteBody = db.prepare('DELETE FROM body WHERE id = ?')
    this.#countTombstones = db.prepare('SELECT count(*) FROM tombstone').pluck()
    this.#oldestKept = db.prepare(`SELECT change FROM tombstone ORDER BY change DESC LIMIT 1 OFFSET ${keptTombstones}`).pluck()
    this.#dropTombstones = db.prepare('DELETE FROM tombstone WHERE change <= ?')
    this.#forgetUntil = db.prepare('UPDATE progress SET forgotten = ?')
    this.#saveGone = db.prepare('INSERT INTO gone (name, id) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET id = max(id, excluded.id)')
  }

  /** Those that are not there are passed over. @param nextChange for the tombstones @param counts are brought up to date */
  delete(seqs: readonly number[], nextChange: () => number, counts: Counts): Deleted {
    const deleted: Deleted = { exchanges: 0, bytes: 0, from: Number.POSITIVE_INFINITY, to: 0 }
    const shared = { head: new Set<number>(), connection: new Set<number>(), origin: new Set<number>(), request_line: new Set<number>() }
    const bodies = new Set<number>()
    for (const seq of seqs) {
      const row = this.#select.get(seq) as Row | undefined
      if (row === undefined) continue
      this.#delete.run(seq)
      this.#bury.run(nextChange(), seq)
      counts.messages -= this.#deleteMessages.run(seq).changes
      for (const id of this.#deleteCookies.all(seq) as number[]) this.#went('cookie_change', id)
      counts.exchanges--
      counts.failed -= row.state === 2 ? 1 : 0
      counts.bytesSent -= row.request_size
      counts.bytesReceived -= row.response_size
      add(deleted, row)
      for (const table of tableNames) for (const column of sharedTables[table]) collect(shared[table], row[column])
      for (const column of bodyColumns) collect(bodies, row[column])
    }
    for (const table of tableNames) this.#deleteUnused(table, shared[table])
    this.#deleteBodies(bodies)
    if (deleted.exchanges > 0) this.#boundTombstones()
    return deleted
  }

  #deleteUnused(table: SharedTable, ids: ReadonlySet<number>): void {
    for (const id of ids) {
      if (this.#deleteShared[table].run({ id }).changes > 0) this.#went(table, id)
    }
  }

  #went(table: keyof GoneIds, id: number): void {
    this.gone[table] = Math.max(this.gone[table], id)
    this.#goneIsSaved = false
  }

  /** At the end of each transaction that may have deleted: the next opening gives none of these ids again. */
  save(): void {
    if (this.#goneIsSaved) return
    for (const [table, id] of Object.entries(this.gone)) if (id > 0) this.#saveGone.run(table, id)
  }

  /** The transaction was committed. */
  keep(): void {
    this.#goneIsSaved = true
  }

  /** Those in chunks go a little with each commit: they may be large. */
  #deleteBodies(ids: ReadonlySet<number>): void {
    for (const id of ids) {
      const isChunked = this.#isChunked.get({ id }) as 0 | 1 | undefined
      if (isChunked === 1) this.#repeated.discard(id)
      else if (isChunked === 0) this.#deleteBody.run(id)
    }
  }

  #boundTombstones(): void {
    if ((this.#countTombstones.get() as number) <= keptTombstones + surplusTombstones) return
    const newestDropped = this.#oldestKept.get() as number
    this.#dropTombstones.run(newestDropped)
    this.#forgetUntil.run(newestDropped)
  }
}

function add(deleted: Deleted, { started, request_size, response_size }: Row): void {
  deleted.exchanges++
  deleted.bytes += request_size + response_size
  deleted.from = Math.min(deleted.from, started / 1000)
  deleted.to = Math.max(deleted.to, started / 1000)
}

function collect(ids: Set<number>, id: number | null): void {
  if (id !== null) ids.add(id)
}
