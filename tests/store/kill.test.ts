import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openForReading } from '../../daemon/store/database.ts'
import { Reader } from '../../daemon/store/reader.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { temporaryHome } from '../support/home.ts'
import { type WriterReport, writtenBody } from '../support/store-writer.ts'

const writer = new URL('../support/store-writer.ts', import.meta.url)
const ended = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve))

/** Starts a writer and kills it so long after its first commit; what it said was stored. */
async function killed(path: string, afterMs: number): Promise<number> {
  const child = fork(writer, [path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
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

/** Kill times of the slice that every run tries, ms. */
const moments = [0, 1, 4, 11, 30, 70, 130, 240]

describe('kill -9 of the writer', () => {
  it('loses nothing that was said to be stored and damages nothing, however often and whenever', { timeout: 120_000 }, async () => {
    const path = join(await temporaryHome(), 's.weir')
    let round = 0
    for (const moment of moments) {
      const stored = await killed(path, moment)
      round++
      const file = SessionFile.open(path, { repair: 'daemonKilled' })
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
        const data = Buffer.from(reader.readBody(seq, 'response', 0, 1e7, false).data)
        const expected = writtenBody(seq)
        expect(data.equals(state === 'complete' ? expected : expected.subarray(0, data.length))).toBe(true)
        after = seq
      }
      more = page.more
    }
    reader.close()
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
