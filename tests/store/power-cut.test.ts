import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openForReading } from '../../daemon/store/database.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { keepOutcome, sizeOf, timeoutOf } from '../soak/size.ts'
import { temporaryHome } from '../support/home.ts'
import { newBodyOf, newRecord } from '../support/records.ts'

it('a log that was cut or torn anywhere leaves a whole prefix of the commits', { timeout: timeoutOf(60_000) }, async () => {
  const folder = await temporaryHome()
  const path = join(folder, 's.weir')
  const file = SessionFile.open(path, { create: true })
  /** The last seq of each commit. */
  const commits = [0]
  for (let commit = 0; commit < 12; commit++) {
    const batch = Array.from({ length: 1 + commit * 3 }, () => {
      const seq = file.nextSeq()
      return newRecord(seq, { responseBody: newBodyOf([Buffer.alloc(seq % 25 === 0 ? 300_000 : 900, `${seq}`)]) })
    })
    file.commit(batch, [])
    commits.push(batch.at(-1)?.seq ?? 0)
  }
  const log = readFileSync(`${path}-wal`)
  const cut = join(folder, 'cut.weir')
  const prefixes = new Set<number>()
  const check = (damaged: Buffer) => {
    copyFileSync(path, cut)
    writeFileSync(`${cut}-wal`, damaged)
    SessionFile.open(cut).close()
    const db = openForReading(cut, sessionKind)
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    const seqs = db.prepare('SELECT seq FROM v1_exchange ORDER BY seq').pluck().all() as number[]
    expect(commits).toContain(seqs.length)
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => index + 1))
    expect(db.prepare('SELECT exchanges FROM progress').pluck().get()).toBe(seqs.length)
    db.close()
    prefixes.add(seqs.length)
  }
  const states = sizeOf(60, 10_000)
  fc.assert(
    fc.property(fc.nat(log.length), fc.boolean(), fc.integer({ min: 1, max: 20_000 }), (at, torn, length) => {
      const damaged = torn ? Buffer.from(log) : log.subarray(0, at)
      if (torn) damaged.fill(0, at, Math.min(at + length, log.length))
      check(damaged)
    }),
    { seed: 5, numRuns: states },
  )
  check(log)
  expect(prefixes).toContain(commits.at(-1))
  expect(prefixes.size).toBeGreaterThan(5)
  file.close()
  keepOutcome({
    promise: 5,
    check: 'log',
    ran: `${states} states of a file whose write-ahead log was cut or zeroed in places, at random bytes`,
    result: `integrity ok in each, and exactly the exchanges of a prefix of the commits (${prefixes.size} different ones)`,
  })
})
