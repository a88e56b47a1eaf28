import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { EndedExchanges } from '../../daemon/store/ended-exchanges.ts'
import type { ExchangeRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { temporaryHome } from '../support/home.ts'
import { newBodyOf, newRecord } from '../support/records.ts'

async function opened() {
  const path = join(await temporaryHome(), 's.weir')
  const file = SessionFile.open(path, { create: true })
  const feed = new EndedExchanges(path, 's')
  onTestFinished(() => {
    feed.close()
    file.close()
  })
  return { file, feed }
}

const open = (file: SessionFile): ExchangeRecord => newRecord(file.nextSeq(), { state: 'open', endedAt: 0 })
const end = (record: ExchangeRecord) => Object.assign(record, { state: 'complete', endedAt: record.startedAt + 3 })

/** Seqs of all batches since a change. */
function followed(feed: EndedExchanges, since: number): { seqs: number[]; change: number } {
  const seqs: number[] = []
  for (let change = since; ; ) {
    const batch = feed.next(change)
    change = batch.change
    if (batch.exchanges.length === 0) return { seqs, change }
    seqs.push(...batch.exchanges.map(({ seq }) => seq))
  }
}

it('an exchange comes once it has ended, and never again', async () => {
  const { file, feed } = await opened()
  const [slow, quick] = [open(file), newRecord(file.nextSeq())]
  file.commit([slow, quick], [])
  const first = followed(feed, 0)
  expect(first.seqs).toEqual([2])
  file.commit([quick], [])
  file.annotate(2, { tags: ['late'], note: 'later' })
  expect(followed(feed, first.change).seqs).toEqual([])
  file.commit([end(slow)], [])
  file.annotate(1, { note: 'n' })
  expect(followed(feed, first.change).seqs).toEqual([1])
})

it('one that changed after its end still comes for those who stand before the end', async () => {
  const { file, feed } = await opened()
  file.commit([newRecord(file.nextSeq()), newRecord(file.nextSeq())], [])
  file.annotate(1, { tags: ['t'] })
  file.annotate(1, { tags: [] })
  expect(followed(feed, 0).seqs).toEqual([1, 2])
  expect(followed(feed, 1).seqs).toEqual([2])
})

it('a batch is bounded by its exchanges and by their bodies, and goes on where it ended', async () => {
  const { file, feed } = await opened()
  const large = (size: number) => newRecord(file.nextSeq(), { responseBody: newBodyOf([Buffer.alloc(size, 'x')]) })
  file.commit([large(900_000), large(900_000), large(3_000_000), large(10)], [])
  file.commit(
    Array.from({ length: 500 }, () => newRecord(file.nextSeq())),
    [],
  )
  const sizes: number[] = []
  for (let change = 0; ; ) {
    const batch = feed.next(change)
    if (batch.exchanges.length === 0) break
    sizes.push(batch.exchanges.length)
    change = batch.change
  }
  expect(sizes.slice(0, 3)).toEqual([1, 1, 1])
  expect(sizes.reduce((sum, size) => sum + size)).toBe(504)
  expect(Math.max(...sizes)).toBe(200)
})

it('bodies are within reach, and the deleted are counted', async () => {
  const { file, feed } = await opened()
  file.commit([newRecord(file.nextSeq(), { responseBody: newBodyOf([Buffer.from('hello')]) }), newRecord(file.nextSeq())], [])
  const before = feed.change
  file.delete([2])
  const [exchange] = feed.next(0).exchanges
  expect(Buffer.from((await exchange?.readBody('response')) ?? []).toString()).toBe('hello')
  expect([feed.deleted(0, feed.change), feed.deleted(feed.change, feed.change), followed(feed, before).seqs]).toEqual([1, 0, []])
})

it('whatever happens in whatever order, and wherever one begins again, each that has ended comes once', async () => {
  const step = fc.oneof(
    fc.constant({ do: 'begin' as const }),
    fc.record({ do: fc.constantFrom('end' as const, 'touch' as const, 'annotate' as const), which: fc.nat(9) }),
    fc.constant({ do: 'read' as const }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const path = join(await temporaryHome(), 's.weir')
      const file = SessionFile.open(path, { create: true })
      const feed = new EndedExchanges(path, 's')
      const records: ExchangeRecord[] = []
      const seen: number[] = []
      let change = 0
      const read = () => {
        const next = followed(feed, change)
        seen.push(...next.seqs)
        change = next.change
      }
      for (const one of steps) {
        const record = 'which' in one ? records[one.which] : undefined
        if (one.do === 'begin') {
          records.push(open(file))
          file.commit([records.at(-1) as ExchangeRecord], [])
        } else if (one.do === 'read') read()
        else if (record === undefined) continue
        else if (one.do === 'annotate') file.annotate(record.seq, { note: 'n' })
        else file.commit([one.do === 'end' ? end(record) : record], [])
      }
      read()
      const ended = records.filter(({ state }) => state === 'complete').map(({ seq }) => seq)
      feed.close()
      file.close()
      expect(seen.sort((a, b) => a - b)).toEqual(ended)
    }),
    { numRuns: 40 },
  )
})
