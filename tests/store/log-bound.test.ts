import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { openForReading } from '../../daemon/store/database.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { temporaryHome } from '../support/home.ts'
import { newBodyOf, newRecord } from '../support/records.ts'

const mebibyte = 1024 * 1024

it('the write-ahead log stays below 64 MiB while scans run without a pause', { timeout: 120_000 }, async () => {
  const path = join(await temporaryHome(), 's.weir')
  const file = SessionFile.open(path, { create: true })
  const shared = newRecord(0)
  let log = 0
  const write = (count: number) => {
    const { connection, origin, requestFields, responseFields } = shared
    const batch = Array.from({ length: count }, () => {
      const seq = file.nextSeq()
      const responseBody = newBodyOf([Buffer.alloc(4000, `${seq} `)])
      return newRecord(seq, { connection, origin, requestFields, responseFields, responseBody })
    })
    file.commit(batch, [])
    log = Math.max(log, statSync(`${path}-wal`).size)
  }
  for (let commit = 0; commit < 20; commit++) write(250)
  const scans = [1, 2].map(() => new Worker(new URL('../support/endless-scan.ts', import.meta.url), { workerData: path }))
  await Promise.all(scans.map((scan) => new Promise((resolve) => scan.once('message', resolve))))
  for (let commit = 0; commit < 160; commit++) {
    write(250)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const passes = await Promise.all(
    scans.map((scan) => {
      const answer = new Promise<number>((resolve) => scan.once('message', resolve))
      scan.postMessage('passes')
      return answer
    }),
  )
  await Promise.all(scans.map((scan) => scan.terminate()))
  expect(Math.min(...passes)).toBeGreaterThan(0)
  expect(log).toBeGreaterThan(4 * mebibyte)
  expect(log).toBeLessThan(64 * mebibyte)
  file.close()
  const db = openForReading(path, sessionKind)
  expect(db.prepare('SELECT count(*) FROM v1_exchange').pluck().get()).toBe(180 * 250)
  db.close()
})
