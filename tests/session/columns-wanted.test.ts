/** Promise of queries: those that are not answered at once have columns made for the next ones, and no others do. */
import { expect, it } from 'vitest'
import { ChangeSignals } from '../../daemon/session/change-signals.ts'
import { ExchangeReader } from '../../daemon/session/exchange-reader.ts'
import type { SessionManager } from '../../daemon/session/session-manager.ts'
import type { IndexMaker } from '../../daemon/store/index-maker.ts'

const signal = new AbortController().signal

/** What was wanted by a reader of which each call takes so many slices. */
function asked(slices: number) {
  const wanted: unknown[] = []
  let left = slices
  const slice = async () => {
    const more = --left > 0
    return { items: [], bytes: 0, change: 7, more, count: 1, next: more ? slices - left : null, behind: 7000 }
  }
  const reader = new ExchangeReader(
    { run: slice as never },
    { get: async () => ({ file: '/x.weir' }) } as unknown as SessionManager,
    new ChangeSignals(),
    { want: (...what: unknown[]) => wanted.push(what) } as unknown as IndexMaker,
  )
  return { reader, wanted }
}

it('a list or a count that takes several slices wants columns', async () => {
  const list = asked(3)
  await list.reader.list({ sessionId: 's', where: 'path~x' }, signal)
  expect(list.wanted).toEqual([['columns', '/x.weir', 7000]])
  const count = asked(3)
  expect(await count.reader.count({ sessionId: 's', where: 'path~x' }, signal)).toEqual({ count: 3 })
  expect(count.wanted).toEqual([['columns', '/x.weir', 7000]])
})

it('one that is answered at once wants none', async () => {
  const { reader, wanted } = asked(1)
  await reader.list({ sessionId: 's', where: 'path~x' }, signal)
  const count = asked(1)
  await count.reader.count({ sessionId: 's', where: 'path~x' }, signal)
  expect([wanted, count.wanted]).toEqual([[], []])
})
