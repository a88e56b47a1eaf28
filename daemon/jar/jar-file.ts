/** The jars of a home on the disk: `jars.db`, 0600. One thread has it open, and writes each change before it is answered. */
import { join } from 'node:path'
import type { Cookie, SameSite } from '../../sdk/cookie/cookie.ts'
import { type Database, type FileKind, isDiskFull, openForWriting, orClose, type Statement } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'

const first = `
CREATE TABLE jar (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL
);
CREATE TABLE cookie (
  id INTEGER PRIMARY KEY,
  jar INTEGER NOT NULL REFERENCES jar (id) ON DELETE CASCADE,
  domain TEXT NOT NULL,
  host_only INTEGER NOT NULL,
  path TEXT NOT NULL,
  name TEXT NOT NULL,
  partition_key TEXT NOT NULL,
  value TEXT NOT NULL,
  expires REAL,
  secure INTEGER NOT NULL,
  http_only INTEGER NOT NULL,
  same_site TEXT,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  UNIQUE (jar, domain, path, name, host_only, partition_key)
);
`
const steps = [first]
/** 'weij' in ASCII. */
const jarsKind: FileKind = { applicationId: 0x7765696a, version: steps.length, noun: 'file of cookie jars' }
const layOut = (db: Database) => migrate(db, jarsKind.applicationId, steps)

export interface JarRow {
  id: number
  name: string
  createdAt: number
  updatedAt: number
}

/** A cookie that is put in the place of the one with its key, or is gone. */
export type RowChange = { put: Cookie } | { gone: Cookie }

interface CookieRow {
  name: string
  value: string
  domain: string
  hostOnly: number
  path: string
  expires: number | null
  secure: number
  httpOnly: number
  sameSite: SameSite | null
  partitionKey: string
  createdAt: number
  updatedAt: number
}

export class JarFile {
  readonly #db: Database
  readonly #list: Statement
  readonly #make: Statement
  readonly #delete: Statement
  readonly #cookies: Statement
  readonly #put: Statement
  readonly #remove: Statement
  readonly #touch: Statement

  /** Made when it is missing. Throws 1005 newerFile or notReadable. */
  static open(home: string): JarFile {
    const db = openForWriting(join(home, 'jars.db'), jarsKind, layOut, { create: true })
    return orClose(db, () => {
      db.pragma('secure_delete = on')
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = NORMAL')
      db.pragma('foreign_keys = on')
      return new JarFile(db)
    })
  }

  private constructor(db: Database) {
    this.#db = db
    this.#list = db.prepare('SELECT id, name, created_at AS createdAt, updated_at AS updatedAt FROM jar ORDER BY name')
    this.#make = db.prepare('INSERT INTO jar (name, created_at, updated_at) VALUES (?, ?, ?)')
    this.#delete = db.prepare('DELETE FROM jar WHERE id = ?')
    this.#cookies = db.prepare(
      `SELECT name, value, domain, host_only AS hostOnly, path, expires, secure, http_only AS httpOnly, same_site AS sameSite,
        partition_key AS partitionKey, created_at AS createdAt, updated_at AS updatedAt FROM cookie WHERE jar = ? ORDER BY id`,
    )
    this.#put = db.prepare(
      `INSERT INTO cookie (jar, domain, host_only, path, name, partition_key, value, expires, secure, http_only, same_site, created_at, updated_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (jar, domain, path, name, host_only, partition_key) DO UPDATE SET value = excluded.value, expires = excluded.expires, secure = excluded.secure,
        http_only = excluded.http_only, same_site = excluded.same_site, created_at = excluded.created_at, updated_at = excluded.updated_at`,
    )
    this.#remove = db.prepare(
      'DELETE FROM cookie WHERE jar = ? AND domain = ? AND host_only = ? AND path = ? AND name = ? AND partition_key = ?',
    )
    this.#touch = db.prepare('UPDATE jar SET updated_at = ? WHERE id = ?')
  }

  /** By name. */
  jars(): JarRow[] {
    return this.#list.all() as JarRow[]
  }

  make(name: string, at: number): JarRow {
    // Not by RETURNING: what goes wrong after the row was given back, in the commit, would not be told.
    return { id: Number(this.#make.run(name, at, at).lastInsertRowid), name, createdAt: at, updatedAt: at }
  }

  /** With its cookies. */
  delete(jar: number): void {
    this.#delete.run(jar)
    this.#forget()
  }

  /** As they came. */
  cookies(jar: number): Cookie[] {
    return (this.#cookies.all(jar) as CookieRow[]).map((row) => ({
      ...row,
      hostOnly: row.hostOnly === 1,
      secure: row.secure === 1,
      httpOnly: row.httpOnly === 1,
      partitionKey: row.partitionKey || null,
    }))
  }

  /** In their order, all or nothing. @param at Unix ms */
  write(jar: number, changes: readonly RowChange[], at: number): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      for (const change of changes) {
        if ('put' in change) this.#put.run(jar, ...fieldsOf(change.put))
        else this.#remove.run(jar, ...keyOf(change.gone))
      }
      this.#touch.run(at, jar)
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
    if (changes.some((change) => 'gone' in change)) this.#forget()
  }

  /** What was deleted is not left in the write-ahead log: on a full disk the next deletion, or closing, sees to it. */
  #forget(): void {
    try {
      this.#db.pragma('wal_checkpoint(TRUNCATE)')
    } catch (error) {
      // The change itself is on the disk.
      if (!isDiskFull(error)) throw error
    }
  }

  close(): void {
    this.#db.close()
  }
}

const keyOf = ({ domain, hostOnly, path, name, partitionKey }: Cookie): unknown[] => [
  domain,
  Number(hostOnly),
  path,
  name,
  partitionKey ?? '',
]

const fieldsOf = (cookie: Cookie): unknown[] => [
  ...keyOf(cookie),
  cookie.value,
  cookie.expires,
  Number(cookie.secure),
  Number(cookie.httpOnly),
  cookie.sameSite,
  cookie.createdAt,
  cookie.updatedAt,
]
