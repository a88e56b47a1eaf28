/** The list of sessions of a home: `catalogue.db`. Only recorder 0 opens it. */
import { join } from 'node:path'
import { conflict, WeirError } from '../../sdk/errors.ts'
import type { Counts, SessionState } from '../../sdk/model.ts'
import { type Database, type FileKind, isStoreError, openForWriting, orClose, type Statement } from './database.ts'
import { migrate } from './migrations.ts'
import type { Repair } from './repair.ts'
import { SessionFile } from './session-file.ts'
import { removeSession, sessionPath } from './session-path.ts'
import type { CatalogueEntry } from './surface.ts'

const first = `
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  started_at REAL NOT NULL,
  stopped_at REAL,
  port INTEGER,
  counts TEXT NOT NULL,
  settings TEXT NOT NULL
) WITHOUT ROWID;
`

/** JSON; null: its file was closed in order. */
const repairs = 'ALTER TABLE session ADD COLUMN repair TEXT'

const steps = [first, repairs]
/** 'weic' in ASCII. */
const catalogueKind: FileKind = { applicationId: 0x77656963, version: steps.length, noun: 'catalogue' }
const layOut = (db: Database) => migrate(db, catalogueKind.applicationId, steps)

interface Row {
  id: string
  name: string
  state: SessionState
  startedAt: number
  stoppedAt: number | null
  port: number | null
  counts: string
  settings: string
  repair: string | null
}

/** A session that a kill left running and whose file could not be repaired. */
export interface RepairFailure {
  id: string
  error: unknown
}

export class Catalogue {
  #home: string
  #db: Database
  #list: Statement
  #save: Statement
  #delete: Statement

  /** Made when it is missing. Throws 1005 newerFile or notReadable. */
  static open(home: string): Catalogue {
    const db = openForWriting(join(home, 'catalogue.db'), catalogueKind, layOut, { create: true })
    return orClose(db, () => {
      db.pragma('secure_delete = on')
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = NORMAL')
      return new Catalogue(home, db)
    })
  }

  constructor(home: string, db: Database) {
    this.#home = home
    this.#db = db
    this.#list = db.prepare(
      `SELECT id, name, state, started_at AS startedAt, stopped_at AS stoppedAt, port, counts, settings, repair FROM session ORDER BY started_at, id`,
    )
    this.#save = db.prepare('INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
    this.#delete = db.prepare('DELETE FROM session WHERE id = ?')
  }

  /** Oldest first. */
  entries(): CatalogueEntry[] {
    return (this.#list.all() as Row[]).map(({ counts, repair, ...row }) => ({
      ...row,
      counts: JSON.parse(counts) as Counts,
      repair: repair === null ? null : (JSON.parse(repair) as Repair),
    }))
  }

  save(entry: CatalogueEntry): void {
    const { id, name, state, startedAt, stoppedAt, port, counts, settings, repair } = entry
    this.#save.run(id, name, state, startedAt, stoppedAt, port, JSON.stringify(counts), settings, repair && JSON.stringify(repair))
  }

  /** Removes the entry and unlinks the session's files. */
  delete(id: string, file: string): void {
    if (file !== sessionPath(this.#home, id)) throw conflict('foreignFile', 'this file is not that of the session')
    this.#delete.run(id)
    removeSession(file)
  }

  /**
   * Sessions that a kill left running are stopped: their open exchanges end (daemonKilled) and one gap says so. One whose file cannot be
   * repaired now (locked, a full disk) is stopped as well, reported, and repaired at its next opening or the next start.
   */
  repair(): { entries: CatalogueEntry[]; failures: RepairFailure[] } {
    const entries = this.entries()
    const failures: RepairFailure[] = []
    for (const entry of entries) {
      if (entry.state === 'stopped' && entry.repair === null) continue
      try {
        this.#repair(entry)
      } catch (error) {
        failures.push({ id: entry.id, error })
      }
    }
    return { entries, failures }
  }

  /** Changes the entry, whatever comes of it. */
  #repair(entry: CatalogueEntry): void {
    if (entry.state !== 'stopped') Object.assign(entry, { state: 'stopped', stoppedAt: Date.now(), repair: { reason: 'daemonKilled' } })
    entry.repair = { until: entry.stoppedAt ?? Date.now(), ...(entry.repair as Repair) }
    try {
      const file = SessionFile.open(sessionPath(this.#home, entry.id), { repair: entry.repair })
      entry.counts = file.counts
      entry.repair = null
      file.close()
    } catch (error) {
      if (isLost(error)) entry.repair = null
      throw error
    } finally {
      this.#saveIfPossible(entry)
    }
  }

  /** On a full disk the entry stays as it was, and the next start repairs it. */
  #saveIfPossible(entry: CatalogueEntry): void {
    try {
      this.save(entry)
    } catch (error) {
      if (!isStoreError(error)) throw error
    }
  }

  close(): void {
    this.#db.close()
  }
}

/** No later try would find anything to repair. */
const isLost = (error: unknown): boolean =>
  error instanceof WeirError && (error.reason === 'fileNotFound' || error.reason === 'notReadable')
