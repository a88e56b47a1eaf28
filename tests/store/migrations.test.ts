import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { Catalogue } from '../../daemon/store/catalogue.ts'
import { migrate } from '../../daemon/store/migrations.ts'
import { Reader } from '../../daemon/store/reader.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { temporaryHome } from '../support/home.ts'
import { newRecord } from '../support/records.ts'

const newPath = async () => join(await temporaryHome(), 's.weir')
const newer = expect.objectContaining({ code: 1005, reason: 'newerFile', message: expect.stringContaining('newer weir') })
const notReadable = expect.objectContaining({ code: 1005, reason: 'notReadable' })

describe('migrations', () => {
  it('bring a file to the newest layout step by step', async () => {
    const db = new Database(await newPath())
    migrate(db, 7, ['CREATE TABLE a (x)'])
    migrate(db, 7, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)', 'INSERT INTO b VALUES (3)'])
    expect(db.prepare('SELECT x FROM b').pluck().all()).toEqual([3])
    expect([db.pragma('user_version', { simple: true }), db.pragma('application_id', { simple: true })]).toEqual([3, 7])
    db.close()
  })

  it('leave the layout before when a step fails', async () => {
    const db = new Database(await newPath())
    const steps = ['CREATE TABLE a (x)', 'CREATE TABLE b (x); INSERT INTO a VALUES (1); CREATE TABLE a (y)']
    expect(() => migrate(db, 7, steps)).toThrow('already exists')
    expect(db.pragma('user_version', { simple: true })).toBe(1)
    expect(db.prepare('SELECT name FROM sqlite_schema').pluck().all()).toEqual(['a'])
    expect(db.prepare('SELECT count(*) FROM a').pluck().get()).toBe(0)
    db.close()
  })

  it('replace the views of another version', async () => {
    const path = await newPath()
    SessionFile.open(path, { create: true }).close()
    const db = new Database(path)
    db.exec('DROP VIEW v1_gap; CREATE VIEW v1_gap AS SELECT 1 AS old; CREATE VIEW v0_gone AS SELECT 1')
    db.close()
    SessionFile.open(path).close()
    const again = new Database(path)
    expect(
      again
        .prepare('SELECT * FROM v1_gap')
        .columns()
        .map(({ name }) => name),
    ).toContain('since')
    expect(() => again.prepare('SELECT * FROM v0_gone')).toThrow('no such table')
    again.close()
  })

  it('run nothing that stands in the name of a view', async () => {
    const path = await newPath()
    SessionFile.open(path, { create: true }).close()
    const db = new Database(path)
    db.exec(`CREATE VIEW "v0_x; VACUUM INTO '${path}.stolen'; --" AS SELECT 1; CREATE VIEW "v0 ""y""" AS SELECT 1`)
    db.close()
    SessionFile.open(path).close()
    expect(existsSync(`${path}.stolen`)).toBe(false)
  })
})

describe('a file of a newer weir', () => {
  it('is refused and left untouched', async () => {
    const path = await newPath()
    const file = SessionFile.open(path, { create: true })
    file.commit([newRecord(file.nextSeq())], [])
    file.close()
    const db = new Database(path)
    db.pragma('user_version = 99')
    db.close()
    const before = readFileSync(path)
    expect(() => SessionFile.open(path, { create: true })).toThrow(newer)
    expect(() => SessionFile.open(path, { repair: { reason: 'daemonKilled' } })).toThrow(newer)
    expect(() => new Reader(path)).toThrow(newer)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('is recognised by its log, too, when that was not yet copied back', async () => {
    const path = await newPath()
    SessionFile.open(path, { create: true }).close()
    const db = new Database(path)
    db.pragma('journal_mode = WAL')
    db.pragma('wal_autocheckpoint = 0')
    db.pragma('user_version = 99')
    const copy = await newPath()
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, copy + suffix)
    db.close()
    expect(() => SessionFile.open(copy)).toThrow(newer)
  })

  it('is refused as a catalogue, too', async () => {
    const home = await temporaryHome()
    Catalogue.open(home).close()
    const db = new Database(join(home, 'catalogue.db'))
    db.pragma('user_version = 99')
    db.close()
    expect(() => Catalogue.open(home)).toThrow(newer)
  })
})

describe('what is no session file', () => {
  it('is refused and left untouched, whatever it is', async () => {
    const path = await newPath()
    const other = new Database(path)
    other.exec('CREATE TABLE t (x)')
    other.close()
    const sqlite = readFileSync(path)
    const header = Buffer.from(sqlite.subarray(0, 100))
    header.writeInt32BE(0x77656972, 68)
    for (const bytes of [sqlite, Buffer.from('hello'), Buffer.alloc(5000, 'x'), Buffer.concat([header, Buffer.alloc(50_000, 1)])]) {
      writeFileSync(path, bytes)
      expect(() => SessionFile.open(path, { create: true })).toThrow(notReadable)
      expect(() => new Reader(path)).toThrow(notReadable)
      expect(readFileSync(path).equals(bytes)).toBe(true)
    }
  })

  it('is said to be missing when it is, and not made', async () => {
    const path = await newPath()
    const missing = expect.objectContaining({ code: 1001, reason: 'fileNotFound' })
    expect(() => SessionFile.open(path)).toThrow(missing)
    expect(() => new Reader(path)).toThrow(missing)
    writeFileSync(path, '')
    expect(() => SessionFile.open(path)).toThrow(notReadable)
    SessionFile.open(path, { create: true }).close()
    new Reader(path).close()
  })
})
