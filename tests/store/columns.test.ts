/** Promise of the columns: an overview that reads them says what one that reads the record says, whatever has happened since. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ColumnWriter } from '../../daemon/store/columns/column-writer.ts'
import { segmentSize } from '../../daemon/store/columns/columns-file.ts'
import { openForWriting } from '../../daemon/store/database.ts'
import makeIndex from '../../daemon/store/index/index-thread.ts'
import { IndexMaker } from '../../daemon/store/index-maker.ts'
import { type Groups, groupOf } from '../../daemon/store/overview/group.ts'
import { addPacked } from '../../daemon/store/overview/packed-groups.ts'
import { Reader } from '../../daemon/store/reader.ts'
import type { ExchangeRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { layOut, sessionKind } from '../../daemon/store/session-layout.ts'
import { columnsPath } from '../../daemon/store/session-path.ts'
import { type OverviewKey, overviewKeys } from '../../sdk/overview-keys.ts'
import { temporaryHome } from '../support/home.ts'
import { recordSession } from '../support/recorded.ts'
import { newRecord } from '../support/records.ts'

/** @param where empty: out of the columns where there are some; another one: out of the record */
function overview(reader: Reader, by: OverviewKey, where: string): { groups: Groups; behind: number } {
  const groups: Groups = new Map()
  let behind = 0
  for (let after: number | null = 0; after !== null; ) {
    const slice = reader.overview(where, by, after)
    addPacked(slice.groups, (key) => groupOf(groups, key))
    after = slice.next
    behind = slice.behind
  }
  return { groups, behind }
}

/** Of which columns tell nothing. */
const everything = 'NOT note:"none is like this"'

const beyondAll = Number.MAX_SAFE_INTEGER
const queries = [
  'host:a.test status:>=400',
  'path:/a/* OR state:failed',
  'NOT type:css',
  'url~test/b size:<1kb',
  'query.c:d',
  'resp.header.content-type:*',
  'dur:>0',
]

/** The same, with a term of which columns tell nothing, so that the record is asked. */
const ofTheRecord = (where: string) => `(${where}) OR note:"none is like this"`

/** How many there are, and the newest of them. */
function found(reader: Reader, where: string): { count: number; newest: number[] } {
  const newest: number[] = []
  for (let before: number | null = beyondAll; before !== null && newest.length < 50; ) {
    const page = reader.list({ order: 'desc', limit: 50 - newest.length, where, after: null, before }, 's')
    newest.push(...page.items.map(({ seq }) => seq))
    before = page.more ? page.next : null
  }
  let count = 0
  for (let after: number | null = 0; after !== null; ) {
    const slice = reader.count(where, after)
    count += slice.count
    after = slice.next
  }
  return { count, newest }
}

/** How many changes the columns were behind. */
function expectAlike(reader: Reader): number {
  for (const where of queries) expect(found(reader, where), where).toEqual(found(reader, ofTheRecord(where)))
  for (const key of overviewKeys) expect(overview(reader, key, '').groups, key).toEqual(overview(reader, key, everything).groups)
  const [where = ''] = queries
  expect(overview(reader, 'type', where).groups).toEqual(overview(reader, 'type', ofTheRecord(where)).groups)
  return overview(reader, 'host', '').behind
}

function follow(file: string, steps = Infinity, words?: number): void {
  const writer = new ColumnWriter(file, words)
  for (let step = 0; step < steps && writer.step(); step++);
  writer.close()
}

function openReader(file: string): Reader {
  const reader = new Reader(file)
  onTestFinished(() => reader.close())
  return reader
}

type Step =
  | { type: 'begin'; count: number; skip: number; facts: Partial<ExchangeRecord> }
  | { type: 'end' | 'delete' | 'note'; which: number }
  | { type: 'follow'; steps: number }

const facts: fc.Arbitrary<Partial<ExchangeRecord>> = fc.record({
  authority: fc.constantFrom('a.test', 'b.test:81'),
  path: fc.constantFrom('/a/1', '/a/2', '/b?c=d', '*'),
  method: fc.constantFrom('GET', 'POST'),
  status: fc.constantFrom(0, 200, 404),
  responseFields: fc.constantFrom(null, { fields: [['Content-Type', 'text/css']] as [string, string][] }),
  sentUnkept: fc.constantFrom(0, 7, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 40),
  receivedUnkept: fc.nat(10_000),
  state: fc.constantFrom('open', 'complete', 'failed', 'aborted'),
})
const begin: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('begin' as const),
  count: fc.integer({ min: 1, max: 30 }),
  skip: fc.constantFrom(0, 0, 3, segmentSize - 5, 3 * segmentSize),
  facts,
})
const follows: fc.Arbitrary<Step> = fc.record({ type: fc.constant('follow' as const), steps: fc.constantFrom(1, Infinity) })
const step: fc.Arbitrary<Step> = fc.oneof(
  begin,
  fc.record({ type: fc.constantFrom('end' as const, 'delete' as const, 'note' as const), which: fc.nat(500) }),
  follows,
)

describe('the columns of a session', () => {
  it('tell what the record tells, at any moment', async () => {
    const home = await temporaryHome()
    let files = 0
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(begin, follows),
        fc.array(step, { maxLength: 12 }),
        fc.constantFrom(3, 1000),
        async (beginning, steps, words) => {
          const path = join(home, `${files++}.weir`)
          const file = SessionFile.open(path, { create: true })
          const reader = new Reader(path)
          const records: ExchangeRecord[] = []
          // Most of what can go wrong happens to what the columns have.
          for (const each of [...beginning, ...steps]) {
            const record = 'which' in each ? records[each.which % records.length] : undefined
            if (each.type === 'begin') {
              for (let skipped = 0; skipped < each.skip; skipped++) file.nextSeq()
              const open = each.facts.state === 'open' ? { endedAt: 0 } : {}
              const begun = Array.from({ length: each.count }, () => newRecord(file.nextSeq(), { ...each.facts, ...open }))
              records.push(...begun)
              file.commit(begun, [])
            } else if (each.type === 'follow') follow(path, each.steps, words)
            else if (record === undefined) continue
            else if (each.type === 'delete') file.delete([record.seq])
            else if (each.type === 'note') file.annotate(record.seq, { note: 'looked at' })
            else {
              Object.assign(record, { state: 'failed', endedAt: record.startedAt + 50 })
              file.commit([record], [])
            }
            expectAlike(reader)
          }
          follow(path, Infinity, words)
          expect(expectAlike(reader)).toBe(0)
          reader.close()
          file.close()
        },
      ),
      { numRuns: 10 },
    )
  })

  it('of many exchanges are read in slices, and only what came later is read from the record', async () => {
    const types = ['a/b', 'c/d', 'e/f']
    const { file } = recordSession(await temporaryHome(), 20_000, (seq) =>
      newRecord(seq, {
        path: `/${seq % 7}/x${seq % 400}`,
        responseFields: { fields: [['Content-Type', types[seq % 3] ?? '']] },
        endedAt: 1_750_000_000_000 + 2 * seq,
      }),
    )
    const faults: Error[] = []
    const maker = new IndexMaker((error) => faults.push(error))
    onTestFinished(() => maker.close())
    const reader = openReader(file)
    maker.want('columns', file, overview(reader, 'host', '').behind)
    await vi.waitFor(() => expect(overview(reader, 'host', '').behind).toBe(0))
    expect(faults).toEqual([])
    expect(expectAlike(reader)).toBe(0)
    expect(overview(reader, 'type', '').groups.get('c/d')).toMatchObject({ exchanges: 6667, durations: { count: 6667 } })
    const writer = SessionFile.open(file)
    writer.commit([newRecord(writer.nextSeq(), { authority: 'new.test' })], [])
    expect(writer.delete([3, 9000])).toBe(2)
    expect(expectAlike(reader)).toBe(3)
    expect(overview(reader, 'host', '').groups.get('new.test')?.exchanges).toBe(1)
    writer.close()
  })

  it('are of no use, and made anew, when more was deleted than the record remembers', async () => {
    const { file } = recordSession(await temporaryHome(), 100)
    follow(file)
    const writer = SessionFile.open(file)
    expect(writer.delete([7])).toBe(1)
    writer.close()
    const db = openForWriting(file, sessionKind, layOut)
    db.exec('DELETE FROM tombstone; UPDATE progress SET forgotten = change')
    db.close()
    const reader = openReader(file)
    expect(expectAlike(reader)).toBe(101)
    follow(file)
    expect(expectAlike(reader)).toBe(0)
  })

  it('are done without when they are damaged, of another file or deleted; made anew they are right', async () => {
    const { file } = recordSession(await temporaryHome(), 50)
    follow(file)
    writeFileSync(columnsPath(file), 'no columns')
    expect(expectAlike(openReader(file))).toBe(50)
    await expect(makeIndex({ kind: 'columns', file })).rejects.toMatchObject({ reason: 'notReadable' })
    expect(existsSync(columnsPath(file))).toBe(false)
    await makeIndex({ kind: 'columns', file })
    expect(expectAlike(openReader(file))).toBe(0)
    SessionFile.open(file, { repair: { reason: 'daemonKilled' } }).close()
    expect(existsSync(columnsPath(file))).toBe(false)
    expect(expectAlike(openReader(file))).toBe(50)
  })
})
