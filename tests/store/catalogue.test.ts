import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { Ballast } from '../../daemon/store/ballast.ts'
import { Catalogue } from '../../daemon/store/catalogue.ts'
import { openForReading } from '../../daemon/store/database.ts'
import { Reader } from '../../daemon/store/reader.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { sessionPath } from '../../daemon/store/session-path.ts'
import type { CatalogueEntry } from '../../daemon/store/surface.ts'
import { temporaryHome } from '../support/home.ts'
import { newBodyOf, newRecord } from '../support/records.ts'

const none = { exchanges: 0, failed: 0, filtered: 0, messages: 0, bytesSent: 0, bytesReceived: 0, gaps: 0 }
const entry = (id: string, change: Partial<CatalogueEntry> = {}): CatalogueEntry => ({
  id,
  name: `session ${id}`,
  state: 'running',
  startedAt: 1000.5,
  stoppedAt: null,
  port: 9347,
  counts: none,
  settings: '{"where":null}',
  repair: null,
  ...change,
})
const newHome = async () => {
  const home = await temporaryHome()
  mkdirSync(join(home, 'sessions'))
  return home
}
const all = { order: 'asc', before: null, after: null, limit: 1000 } as const

describe('the catalogue', () => {
  it('keeps entries over restarts, oldest first, the latest of each', async () => {
    const home = await newHome()
    const catalogue = Catalogue.open(home)
    catalogue.save(entry('b', { startedAt: 2000 }))
    catalogue.save(entry('a', { state: 'stopped', stoppedAt: 1500, port: null }))
    catalogue.save(entry('b', { startedAt: 2000, state: 'stopped', name: 'renamed', counts: { ...none, exchanges: 3 } }))
    catalogue.close()
    const again = Catalogue.open(home)
    expect(again.entries()).toEqual([
      entry('a', { state: 'stopped', stoppedAt: 1500, port: null }),
      entry('b', { startedAt: 2000, state: 'stopped', name: 'renamed', counts: { ...none, exchanges: 3 } }),
    ])
    again.close()
  })

  it('deletes a session with its files, and no other file', async () => {
    const home = await newHome()
    const catalogue = Catalogue.open(home)
    catalogue.save(entry('a'))
    const path = sessionPath(home, 'a')
    SessionFile.open(path, { create: true }).close()
    for (const suffix of ['-wal', '.idx']) writeFileSync(path + suffix, '')
    const precious = join(home, 'ca-key.pem')
    writeFileSync(precious, 'key')
    expect(() => catalogue.delete('a', precious)).toThrow(expect.objectContaining({ reason: 'foreignFile' }))
    catalogue.delete('a', path)
    expect(catalogue.entries()).toEqual([])
    expect(['', '-wal', '-shm', '.idx'].filter((suffix) => existsSync(path + suffix))).toEqual([])
    expect(readFileSync(precious, 'utf8')).toBe('key')
    catalogue.close()
  })

  it('stops what a kill left running: open exchanges are aborted and one gap says so', async () => {
    const home = await newHome()
    const catalogue = Catalogue.open(home)
    const file = SessionFile.open(sessionPath(home, 'a'), { create: true })
    const body = newBodyOf([Buffer.from('begun')], false)
    file.commit([newRecord(file.nextSeq()), newRecord(file.nextSeq(), { state: 'open', endedAt: 0, responseBody: body })], [])
    catalogue.save(entry('a'))
    catalogue.save(entry('b', { state: 'stopped', stoppedAt: 5 }))
    const changeBefore = file.change

    expect(catalogue.repair().failures).toEqual([])
    const [a, b] = catalogue.entries()
    expect(a).toMatchObject({ state: 'stopped', stoppedAt: expect.any(Number), counts: { exchanges: 2, gaps: 1, failed: 0 } })
    expect(b).toEqual(entry('b', { state: 'stopped', stoppedAt: 5 }))
    const reader = new Reader(sessionPath(home, 'a'))
    expect(reader.list(all, 's').items[0]).toMatchObject({ state: 'complete' })
    const [aborted, ...others] = reader.changes({ since: changeBefore, limit: 10 }, 's').items
    expect(others).toEqual([])
    expect(aborted).toMatchObject({ seq: 2, state: 'aborted', durationMs: expect.any(Number), error: { reason: 'daemonKilled' } })
    expect(await reader.readBody(2, 'response', 0, 10, false)).toMatchObject({ data: Buffer.from('begun'), eof: true })
    reader.close()
    expect(catalogue.repair().failures).toEqual([])
    expect(catalogue.entries()[0]?.counts.gaps).toBe(1)
    catalogue.close()
  })

  it('stops a session whose file is gone or damaged, and reports it', async () => {
    const home = await newHome()
    const catalogue = Catalogue.open(home)
    catalogue.save(entry('gone'))
    catalogue.save(entry('odd'))
    writeFileSync(sessionPath(home, 'odd'), 'not a session')
    expect(catalogue.repair().failures).toMatchObject([
      { id: 'gone', error: { reason: 'fileNotFound' } },
      { id: 'odd', error: { reason: 'notReadable' } },
    ])
    expect(catalogue.entries()).toMatchObject([
      { state: 'stopped', repair: null },
      { state: 'stopped', repair: null },
    ])
    catalogue.close()
  })
})

describe('a session whose file cannot be repaired now', () => {
  it('is stopped and reported, and repaired at the next start', async () => {
    const home = await newHome()
    const catalogue = Catalogue.open(home)
    const path = sessionPath(home, 'a')
    const file = SessionFile.open(path, { create: true })
    file.commit([newRecord(file.nextSeq(), { state: 'open', endedAt: 0 })], [])
    catalogue.save(entry('a'))
    const other = new Database(path)
    other.exec('BEGIN IMMEDIATE')
    const { entries, failures } = catalogue.repair()
    expect(failures).toMatchObject([{ id: 'a', error: { code: 'SQLITE_BUSY' } }])
    expect(entries).toMatchObject([{ state: 'stopped', repair: { reason: 'daemonKilled' } }])
    expect(catalogue.entries()).toEqual(entries)
    other.close()

    expect(catalogue.repair().failures).toEqual([])
    expect(catalogue.entries()).toMatchObject([{ state: 'stopped', repair: null, counts: { gaps: 1 } }])
    const reader = new Reader(path)
    expect(reader.get(1, 's')).toMatchObject({ state: 'aborted', error: { reason: 'daemonKilled' } })
    reader.close()
    const db = openForReading(path, sessionKind)
    expect(db.prepare('SELECT until, reason FROM gap').all()).toEqual([{ until: entries[0]?.stoppedAt, reason: 'daemonKilled' }])
    db.close()
    catalogue.close()
  })
})

describe('reopening after a lost recorder thread', () => {
  it('ends what was open and goes on with the next seq', async () => {
    const path = join(await temporaryHome(), 's.weir')
    const lost = SessionFile.open(path, { create: true })
    lost.commit([newRecord(lost.nextSeq(), { state: 'open', endedAt: 0 })], [])
    const file = SessionFile.open(path, { create: true, repair: { reason: 'recorderCrashed' } })
    expect(file.counts).toMatchObject({ exchanges: 1, failed: 1, gaps: 1 })
    expect(file.nextSeq()).toBe(2)
    const reader = new Reader(path)
    expect(reader.get(1, 's')).toMatchObject({ state: 'failed', error: { reason: 'recorderCrashed' } })
    reader.close()
    file.close()
  })
})

describe('the ballast', () => {
  it('is written out, released at once and made again', async () => {
    const home = await temporaryHome()
    const ballast = new Ballast(home, 3_000_000)
    expect(ballast.held).toBe(false)
    expect(ballast.release()).toBe(false)
    expect(ballast.restore()).toBe(true)
    expect(ballast.held).toBe(true)
    expect(new Ballast(home, 3_000_000).release()).toBe(true)
    expect(ballast.held).toBe(false)
    expect(ballast.restore()).toBe(true)
  })

  it('is not made where it would fill the disk', async () => {
    const ballast = new Ballast(await temporaryHome(), 1e15)
    expect(ballast.restore()).toBe(false)
    expect(ballast.held).toBe(false)
  })
})
