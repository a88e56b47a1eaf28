/** The list of sessions of a home: `catalogue.db`. Only recorder 0 opens it. */
import { join } from 'node:path'
import { conflict } from '../../sdk/errors.ts'
import type { Counts, SessionState } from '../../sdk/model.ts'
import { type Database, type FileKind, openForWriting, orClose, type Statement } from './database.ts'
import { migrate } from './migrations.ts'
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
const steps = [first]
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
      `SELECT id, name, state, started_at AS startedAt, stopped_at AS stoppedAt, port, counts, settings FROM session ORDER BY started_at, id`,
    )
    this.#save = db.prepare('INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    this.#delete = db.prepare('DELETE FROM session WHERE id = ?')
  }

  /** Oldest first. */
  entries(): CatalogueEntry[] {
    return (this.#list.all() as Row[]).map((row) => ({ ...row, counts: JSON.parse(row.counts) as Counts }))
  }

  save(entry: CatalogueEntry): void {
    const { id, name, state, startedAt, stoppedAt, port, counts, settings } = entry
    this.#save.run(id, name, state, startedAt, stoppedAt, port, JSON.stringify(counts), settings)
  }

  /** Removes the entry and unlinks the session's files. */
  delete(id: string, file: string): void {
    if (file !== sessionPath(this.#home, id)) throw conflict('foreignFile', 'this file is not that of the session')
    this.#delete.run(id)
    removeSession(file)
  }

  /**
   * Sessions that a kill left running are stopped: their open exchanges end (daemonKilled) and one gap says so. One whose file
   * cannot be opened is stopped as well, and reported.
   */
  repair(): RepairFailure[] {
    const failures: RepairFailure[] = []
    for (const entry of this.entries()) {
      if (entry.state === 'stopped') continue
      try {
        const file = SessionFile.open(sessionPath(this.#home, entry.id), { repair: 'daemonKilled' })
        entry.counts = file.counts
        file.close()
      } catch (error) {
        failures.push({ id: entry.id, error })
      }
      this.save({ ...entry, state: 'stopped', stoppedAt: Date.now() })
    }
    return failures
  }

  close(): void {
    this.#db.close()
  }
}
