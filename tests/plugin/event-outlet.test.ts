/** What a source sees leaves its process in order, a few messages at a time, and within a bound. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventOutlet, mostWaitingBytes } from '../../daemon/plugin/source/event-outlet.ts'
import { bytesOf } from '../../sdk/held-size.ts'
import type { SourceEvent } from '../../sdk/source.ts'

const body = (id: string, size: number): SourceEvent => ({ kind: 'body', id, part: 'response', data: new Uint8Array(size) })

function outlet() {
  const sent: (readonly SourceEvent[])[] = []
  let floods = 0
  const made = new EventOutlet({ send: (events) => sent.push(events), flooded: () => floods++ })
  return { made, sent, floods: () => floods }
}

test('events leave in their order, whole, whoever takes them when', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 0, max: 700_000 }), { maxLength: 6 }), { maxLength: 20 }),
      fc.infiniteStream(fc.nat(3)),
      async (emits, takes) => {
        const { made, sent } = outlet()
        let number = 0
        const done: number[] = []
        const all = emits.map((sizes, index) => made.emit(sizes.map((size) => body(String(number++), size))).then(() => done.push(index)))
        let taken = 0
        while (taken < sent.length) {
          const some = Math.min(1 + (takes.next().value ?? 0), sent.length - taken)
          taken += some
          made.taken(some)
        }
        await Promise.all(all)
        expect(sent.flat().map((event) => 'id' in event && event.id)).toEqual(Array.from({ length: number }, (_, index) => String(index)))
        expect(done).toEqual(emits.map((_, index) => index).toSorted((a, b) => done.indexOf(a) - done.indexOf(b)))
        for (const events of sent) expect(events.length === 1 || bytesOf(events) < 1.2 * 1024 * 1024).toBe(true)
      },
    ),
  )
})

test('emit resolves when its events are taken, and not before', async () => {
  const { made, sent } = outlet()
  let resolved = ''
  const first = made.emit([body('a', 1)]).then(() => (resolved += 'a'))
  const second = made.emit([body('b', 1)]).then(() => (resolved += 'b'))
  expect(sent).toHaveLength(2)
  await Promise.resolve()
  expect(resolved).toBe('')
  made.taken(1)
  await first
  expect(resolved).toBe('a')
  made.taken(1)
  await second
})

test('four messages are under way, and the others wait for them, gathered', () => {
  const { made, sent } = outlet()
  for (let index = 0; index < 20; index++) void made.emit([body(String(index), 10)])
  expect(sent.map(({ length }) => length)).toEqual([1, 1, 1, 1])
  made.taken(1)
  expect(sent.map(({ length }) => length)).toEqual([1, 1, 1, 1, 16])
})

test('more than 64 MiB do not wait', async () => {
  const { made, floods } = outlet()
  const waiting: Promise<unknown>[] = []
  for (let size = 0; size <= mostWaitingBytes; size += 1024 * 1024)
    waiting.push(made.emit([body('x', 1024 * 1024)]).catch((error: Error) => error.message))
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['more than 64 MiB of events wait: the source is ended']))
  await expect(made.emit([body('x', 1)])).rejects.toThrow('64 MiB')
  expect(floods()).toBe(1)
})
