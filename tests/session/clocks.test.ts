/** Clocks across deletions that are remembered, and those that are not any more. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ChangeSignals } from '../../daemon/session/change-signals.ts'
import { ExchangeReader } from '../../daemon/session/exchange-reader.ts'
import type { SessionManager } from '../../daemon/session/session-manager.ts'
import { openForWriting } from '../../daemon/store/database.ts'
import type { IndexMaker } from '../../daemon/store/index-maker.ts'
import { ReaderPool } from '../../daemon/store/reader-pool.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { layOut, sessionKind } from '../../daemon/store/session-layout.ts'
import { temporaryHome } from '../support/home.ts'
import { newRecord } from '../support/records.ts'

test('a clock from before the deletions that are remembered begins anew once, and pages on from there to the end', async () => {
  const home = await temporaryHome()
  const path = join(home, 's.weir')
  const file = SessionFile.open(path, { create: true })
  for (let count = 0; count < 10; count++) file.commit([newRecord(file.nextSeq())], [])
  const pool = new ReaderPool({ home, fault: () => undefined })
  const sessions = { get: async () => ({ file: path }) } as unknown as SessionManager
  const reader = new ExchangeReader(pool, sessions, new ChangeSignals(), { want: () => undefined } as unknown as IndexMaker)
  const since = (clock: string) => reader.list({ sessionId: 's', since: clock, limit: 3 }, new AbortController().signal)

  const early = await since('start')
  expect(early.items.map(({ seq }) => seq)).toEqual([1, 2, 3])
  file.delete([2, 9])
  const told = await since(early.clock)
  expect([told.items.map(({ seq }) => seq), told.deleted]).toEqual([[4, 5, 6], []])
  const later = await since(told.clock)
  expect([later.items.map(({ seq }) => seq), later.deleted, later.more]).toEqual([[7, 8, 10], [2, 9], false])

  // As after a hundred thousand more.
  const db = openForWriting(path, sessionKind, layOut)
  db.exec('DELETE FROM tombstone; UPDATE progress SET forgotten = change')
  db.close()
  const anew = await since(early.clock)
  expect([anew.reset, anew.items.map(({ seq }) => seq), anew.deleted]).toEqual([true, [1, 3, 4], []])
  const seen: number[] = []
  for (let page = anew; page.more; ) {
    page = await since(page.clock)
    expect(page.reset).toBeUndefined()
    seen.push(...page.items.map(({ seq }) => seq))
  }
  expect(seen).toEqual([5, 6, 7, 8, 10])
  await pool.close()
  file.close()
})
