/** A recorder that is slow: what waits is bounded, what is left out is said. */
import { expect, it, vi } from 'vitest'
import { Outbox } from '../../plugins/interceptor/requests/outbox.ts'
import type { SourceEvent } from '../../sdk/source.ts'

const view = { sourceId: 's', requestId: '', resource: 'fetch' } as const
const begin = (id: string): SourceEvent => ({
  kind: 'request',
  id,
  at: 1,
  exchange: 'http',
  method: 'GET',
  url: 'http://a/',
  headers: [],
  view,
})
const end = (id: string): SourceEvent => ({ kind: 'end', id, at: 2 })
const body = (id: string, size: number): SourceEvent => ({ kind: 'body', id, part: 'response', data: new Uint8Array(size) })

/** Takes nothing until it is told. */
function slow(mostBytes: number) {
  const taken: SourceEvent[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const failed = vi.fn()
  const outbox = new Outbox({
    clock: { now: () => 9 },
    mostBytes,
    failed,
    emit: async (events) => {
      taken.push(...events)
      await promise
    },
  })
  return { outbox, taken, go: resolve, failed }
}

it('tells all in order, one batch at a time', async () => {
  const { outbox, taken, go } = slow(1_000_000)
  const told = Array.from({ length: 100 }, (_, index) => [begin(`${index}`), end(`${index}`)]).flat()
  for (const event of told) outbox.tell(event)
  go()
  await outbox.flushed()
  expect(taken).toEqual(told)
})

it('leaves out the requests that were not told yet, whatever comes of them, and says how many', async () => {
  const { outbox, taken, go } = slow(100_000)
  outbox.tell(begin('told'))
  await vi.waitFor(() => expect(taken).toHaveLength(1))
  outbox.tell(begin('waits'))
  outbox.tell({ kind: 'connection', connection: 1, port: 2 })
  outbox.tell(body('told', 60_000))
  outbox.tell(body('waits', 60_000))
  outbox.tell(end('waits'))
  outbox.tell(end('told'))
  outbox.tell(begin('later'))
  go()
  await outbox.flushed()
  expect(taken.slice(1)).toEqual([
    { kind: 'connection', connection: 1, port: 2 },
    { kind: 'more', id: 'told', view: { responseBody: 'partial' } },
    { kind: 'lost', from: 1, to: 9, requests: 1 },
    end('told'),
    begin('later'),
  ])
})

it('tells nothing more once nothing is taken', async () => {
  const failed = vi.fn()
  const outbox = new Outbox({ clock: { now: () => 9 }, failed, emit: () => Promise.reject(new Error('ended')) })
  outbox.tell(begin('1'))
  await outbox.flushed()
  outbox.tell(begin('2'))
  await outbox.flushed()
  expect(failed).toHaveBeenCalledTimes(1)
})
