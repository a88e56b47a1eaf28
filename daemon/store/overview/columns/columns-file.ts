/**
 * The columns of a session (`<id>.weir.columns`): what overviews read of each exchange, as arrays of numbers, so that a million of them are
 * looked at in a tenth of a second. A cache beside the session file that follows its changes: true up to the change that it names.
 */
import type { OverviewKey } from '../../../../sdk/overview-keys.ts'
import { type Database, type FileKind, openForReading, openForWriting } from '../../database.ts'
import { migrate } from '../../migrations.ts'
import { columnsPath } from '../../session-path.ts'

/** What the columns can group by. The place in the list is part of the layout. */
export const columnKeys = ['host', 'path', 'method', 'status', 'type'] as const satisfies readonly OverviewKey[]
export type ColumnKey = (typeof columnKeys)[number]

export const isColumnKey = (key: OverviewKey): key is ColumnKey => (columnKeys as readonly string[]).includes(key)

// A block is one column, or the facts, of a segment; its id tells which. Words are the keys of groups.
const first = `
CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), change INTEGER NOT NULL);
INSERT INTO progress VALUES (1, 0);
CREATE TABLE block (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
`
const steps = [first]
/** 'weio' in ASCII. */
const columnsKind: FileKind = { applicationId: 0x7765696f, version: steps.length, noun: 'file of columns' }

/** What `'facts'` or a column of a segment is called in the file. */
export const blockId = (segment: number, of: ColumnKey | 'facts'): number => segment * 8 + (of === 'facts' ? 0 : 1 + columnKeys.indexOf(of))

function layOut(db: Database): void {
  db.pragma('page_size = 32768')
  migrate(db, columnsKind.applicationId, steps)
}

/** @param file of the session */
export function openColumnsForWriting(file: string): Database {
  const db = openForWriting(columnsPath(file), columnsKind, layOut, { create: true })
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL')
  return db
}

/** Throws 1001 fileNotFound when there are none. */
export const openColumnsForReading = (file: string): Database => openForReading(columnsPath(file), columnsKind)
