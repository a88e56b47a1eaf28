/** The one home of the SQLite driver: how weir opens its files. */
import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs'
import Driver from 'better-sqlite3'
import { notFound, unavailable } from '../../sdk/errors.ts'

export type Database = Driver.Database
export type Statement = Driver.Statement<unknown[], unknown>

/** What tells weir's own files from others (SQLite's database header, offset 68). */
export interface FileKind {
  /** Signed 32-bit. */
  applicationId: number
  /** The newest layout this program knows (`PRAGMA user_version`). */
  version: number
  /** As messages call it. */
  noun: string
}

const magic = 'SQLite format 3\0'
/** How long a write waits for another program that holds the lock, ms. The writer's thread stands still meanwhile. */
const writerPatienceMs = 100
const readerPatienceMs = 1000

/** A file is made or brought up to date by this; on one that is, it changes nothing. */
export type LayOut = (db: Database) => void

/**
 * Opens for writing, at its newest layout. Made (0600) when `create` is set and it is missing. Nothing is written to a file
 * that is refused: 1001 fileNotFound, 1005 notReadable or newerFile.
 */
export function openForWriting(path: string, kind: FileKind, layOut: LayOut, { create = false } = {}): Database {
  if (create && !statSync(path, { throwIfNoEntry: false })?.size) make(path, layOut)
  checkHeader(path, kind)
  const db = new Driver(path, { fileMustExist: true, timeout: writerPatienceMs })
  return orClose(db, () => {
    checkVersion(db, path, kind)
    layOut(db)
    return db
  })
}

/** Under another name until it is whole: a kill in between leaves no file that is half one. */
function make(path: string, layOut: LayOut): void {
  const unfinished = `${path}.new`
  for (const suffix of ['', '-journal']) rmSync(unfinished + suffix, { force: true })
  closeSync(openSync(unfinished, 'wx', 0o600))
  const db = new Driver(unfinished)
  try {
    layOut(db)
  } finally {
    db.close()
  }
  renameSync(unfinished, path)
}

/** Opens read-only. Throws 1001 fileNotFound, 1005 notReadable or newerFile. */
export function openForReading(path: string, kind: FileKind): Database {
  checkHeader(path, kind)
  const db = new Driver(path, { readonly: true, fileMustExist: true, timeout: readerPatienceMs })
  return orClose(db, () => {
    db.pragma('query_only = on')
    // KiB. Scans gain nothing from more, and the system keeps the file in memory anyway.
    db.pragma('cache_size = -4000')
    checkVersion(db, path, kind)
    return db
  })
}

const fullDisk: readonly string[] = [
  'SQLITE_FULL',
  'SQLITE_IOERR_WRITE',
  'SQLITE_IOERR_SHMSIZE',
  'SQLITE_IOERR_SHMMAP',
  'SQLITE_IOERR_FSYNC',
]

/** There was no room: what was in hand is not stored and may be tried again. */
export const isDiskFull = (error: unknown): boolean => error instanceof Driver.SqliteError && fullDisk.includes(error.code)

/** Of the driver: the disk, the file or somebody else's lock is in the way. */
export const isStoreError = (error: unknown): boolean => error instanceof Driver.SqliteError

/** Closes it when `use` throws; a damaged file becomes 1005 notReadable. */
export function orClose<T>(db: Database, use: () => T): T {
  try {
    return use()
  } catch (error) {
    db.close()
    throw asNotReadable(error, db.name)
  }
}

/** A driver's error that means damage becomes 1005 notReadable; any other stays. */
export function asNotReadable(error: unknown, path: string): unknown {
  const damaged = error instanceof Driver.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code)
  return damaged ? notReadable(path, 'it is damaged') : error
}

/** Reads 100 bytes without SQLite, so that a refused file stays as it is (SQLite would recover its log). */
function checkHeader(path: string, kind: FileKind): void {
  if (!existsSync(path)) throw notFound('fileNotFound', `there is no ${kind.noun} at ${path}`)
  const header = Buffer.alloc(100)
  const file = openSync(path, 'r')
  try {
    if (!fstatSync(file).isFile()) throw notReadable(path, `it is not a file, so no ${kind.noun}`)
    const length = readSync(file, header, 0, 100, 0)
    if (length < 100 || header.toString('latin1', 0, 16) !== magic || header.readInt32BE(68) !== kind.applicationId)
      throw notReadable(path, `it is no ${kind.noun}`)
  } finally {
    closeSync(file)
  }
  if (header.readInt32BE(60) > kind.version) throw newer(path, kind)
}

/** Again, with what the write-ahead log says. */
function checkVersion(db: Database, path: string, kind: FileKind): void {
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > kind.version) throw newer(path, kind)
  if (version === 0) throw notReadable(path, `it is no ${kind.noun}`)
}

const notReadable = (path: string, why: string) => unavailable('notReadable', `${path} cannot be read: ${why}`)
const newer = (path: string, kind: FileKind) =>
  unavailable('newerFile', `${path} is a ${kind.noun} of a newer weir; it was left untouched: update weir to open it`)
