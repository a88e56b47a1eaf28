/**
 * The columns of a session (`<id>.weir.columns`): what overviews and queries read of each exchange, as arrays of numbers, so that a million of them are
 * looked at in some hundredths of a second. A cache beside the session file that follows its changes: true up to the change that it names.
 */
import { notFound } from '../../../sdk/errors.ts'
import { type OverviewKey, overviewKeys } from '../../../sdk/overview-keys.ts'
import { type Database, type FileKind, openForReading, openForWriting, orClose } from '../database.ts'
import { migrate } from '../migrations.ts'
import { columnsPath } from '../session-path.ts'

/** Numbers of 32 bits: what each is of `exchange e`. */
export const numberSources = {
  sent: 'e.request_size',
  received: 'e.response_size',
  duration: 'e.ended',
  wait: 'max(0, e.response_started - e.request_ended)',
  stream: 'e.stream',
  requestLine: 'e.request_line',
  origin: 'e.origin',
  connection: 'e.connection',
  requestHead: 'e.request_head',
  responseHead: 'CASE WHEN e.status IS NOT NULL THEN e.response_head END',
} as const
export type NumberColumn = keyof typeof numberSources
export const numberColumns = Object.keys(numberSources) as NumberColumn[]

/** Keys of groups, as words. */
export type WordColumn = OverviewKey

/** Seqs of a segment, whether they are there or not. */
export const segmentSize = 8192

/** What there is of each segment. The place in the list is part of the layout. */
export const blocks = ['flags', 'started', 'path', ...numberColumns, ...overviewKeys.map((key) => `word ${key}` as const)] as const
export type BlockName = (typeof blocks)[number]

const blocksOfEach = 32
/** What a block is called in the file. */
export const blockId = (segment: number, of: BlockName): number => segment * blocksOfEach + blocks.indexOf(of)

const first = `
CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), change INTEGER NOT NULL);
INSERT INTO progress VALUES (1, 0);
CREATE TABLE block (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
`
/** What older versions wrote has other blocks: it is made anew. */
const otherBlocks = 'DELETE FROM block; DELETE FROM word; UPDATE progress SET change = 0'
const steps = [first, otherBlocks]
/** 'weio' in ASCII. */
const columnsKind: FileKind = { applicationId: 0x7765696f, version: steps.length, noun: 'file of columns' }

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

/** Throws 1001 fileNotFound when there are none, or none of this version yet. */
export function openColumnsForReading(file: string): Database {
  const db = openForReading(columnsPath(file), columnsKind)
  return orClose(db, () => {
    if (db.pragma('user_version', { simple: true }) === columnsKind.version) return db
    throw notFound('fileNotFound', 'the columns are those of an older version')
  })
}
