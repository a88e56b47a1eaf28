import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openForReading } from '../../daemon/store/database.ts'
import { Reader } from '../../daemon/store/reader.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { keepOutcome, sizeOf, timeoutOf } from '../soak/size.ts'
import { temporaryHome } from '../support/home.ts'
import { type WriterReport, writtenBody } from '../support/store-writer.ts'

const writer = new URL('../support/store-writer.ts', import.meta.url)
const ended = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve))

/** Starts a writer and kills it so long after its first commit; what it said was stored. */
async function killed(path: string, afterMs: number, ...mode: 'sweeping'[]): Promise<number> {
  const child = fork(writer, [path, ...mode], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  let stored = 0
  const begun = new Promise<void>((resolve) => {
    child.on('message', (report: WriterReport) => {
      stored = report.stored
      resolve()
    })
  })
  await begun
  await setTimeout(afterMs)
  child.kill('SIGKILL')
  await ended(child)
  return stored
}

/** Kill times, ms: a slice of them in every run, the rest in a soak. */
const moments = [0, 1, 4, 11, 30, 70, 130, 240]
const momentOf = (round: number): number => moments[round] ?? (round * 137) % 250

describe('kill -9 of the writer', () => {
  it('loses nothing that was said to be stored and damages nothing, however often and whenever', {
    timeout: timeoutOf(120_000),
  }, async () => {
    const path = join(await temporaryHome(), 's.weir')
    const kills = sizeOf(moments.length, 1_000)
    for (let round = 1; round <= kills; round++) {
      const stored = await killed(path, momentOf(round - 1))
      const file = SessionFile.open(path, { repair: { reason: 'daemonKilled' } })
      const { counts } = file
      const db = openForReading(path, sessionKind)
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
      const seqs = db.prepare('SELECT seq FROM v1_exchange ORDER BY seq').pluck().all() as number[]
      expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => index + 1))
      expect(seqs.length).toBeGreaterThanOrEqual(stored)
      expect(db.prepare("SELECT count(*) FROM v1_exchange WHERE state = 'open'").pluck().get()).toBe(0)
      expect(db.prepare("SELECT count(*) FROM v1_exchange WHERE error_reason = 'daemonKilled'").pluck().get()).toBe(round)
      expect(db.prepare('SELECT count(*) FROM v1_gap').pluck().get()).toBe(round)
      expect(counts).toMatchObject({ exchanges: seqs.length, gaps: round })
      expect(db.prepare('SELECT sum(response_body_size) FROM v1_exchange').pluck().get()).toBe(counts.bytesReceived)
      db.close()
      file.close()
      expect(existsSync(`${path}-wal`)).toBe(false)
    }
    const reader = new Reader(path)
    for (let after = 0, more = true; more; ) {
      const page = reader.list({ order: 'asc', before: null, after, limit: 1000 }, 's')
      for (const { seq, state } of page.items) {
        const data = Buffer.from((await reader.readBody(seq, 'response', 0, 1e7, false)).data)
        const expected = writtenBody(seq)
        expect(data.equals(state === 'complete' ? expected : expected.subarray(0, data.length))).toBe(true)
        after = seq
      }
      more = page.more
    }
    reader.close()
    const result = 'after each: integrity ok, all that was said to be stored is there, one gap'
    keepOutcome({ promise: 4, check: 'writer', ran: `${kills} kills of the writer, 0 to 250 ms after a commit`, result })
  })

  it('amid deletions leaves whole exchanges, right counts, and a gap that knows the others', { timeout: 120_000 }, async () => {
    const path = join(await temporaryHome(), 's.weir')
    for (const moment of [0, 4, 30, 130, 240]) {
      await killed(path, moment, 'sweeping')
      const file = SessionFile.open(path, { repair: { reason: 'daemonKilled' } })
      const { counts } = file
      const db = openForReading(path, sessionKind)
      const one = (sql: string) => db.prepare(sql).pluck().get()
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
      expect(counts).toMatchObject({
        exchanges: one('SELECT count(*) FROM exchange'),
        bytesReceived: one('SELECT sum(response_size) FROM exchange'),
      })
      expect(one("SELECT (SELECT count(*) FROM exchange) + (SELECT sum(exchanges) FROM gap WHERE reason = 'retention')")).toBe(
        one('SELECT max(seq) FROM exchange'),
      )
      expect(one('SELECT count(*) FROM tombstone')).toBe(one("SELECT sum(exchanges) FROM gap WHERE reason = 'retention'"))
      expect(one('SELECT count(*) FROM exchange WHERE response_body NOT IN (SELECT id FROM body)')).toBe(0)
      expect(
        one(
          'SELECT count(*) FROM exchange WHERE request_head NOT IN (SELECT id FROM head) OR connection NOT IN (SELECT id FROM connection)',
        ),
      ).toBe(0)
      expect(
        one('SELECT count(*) FROM body WHERE id NOT IN (SELECT response_body FROM exchange) AND id NOT IN (SELECT body FROM purge)'),
      ).toBe(0)
      db.close()
      file.close()
    }
  })

  it('while the file is made leaves one that can be opened', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 6; round++) {
      const path = join(await temporaryHome(), 's.weir')
      const child = fork(writer, [path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      const anything = () => existsSync(path) || existsSync(`${path}.new`)
      while (!anything()) await setTimeout(1)
      for (let turn = 0; turn < round * 2; turn++) await setTimeout(1)
      child.kill('SIGKILL')
      await ended(child)
      const file = SessionFile.open(path, { create: true })
      file.close()
      const db = openForReading(path, sessionKind)
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
      expect(db.prepare('SELECT count(*) FROM v1_exchange').pluck().get()).toBeGreaterThanOrEqual(0)
      db.close()
    }
  })
})
