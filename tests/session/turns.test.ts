import { expect, test } from 'vitest'
import { Turns } from '../../daemon/thread/turns.ts'

/** Takes a turn and notes when it has it. */
function taker(turns: Turns, order: string[]) {
  return async (name: string, signal?: AbortSignal) => {
    const free = await turns.take(signal)
    order.push(name)
    return free
  }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('so many at once, the others in order', async () => {
  const order: string[] = []
  const take = taker(new Turns(2), order)
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => take(name))
  await settled()
  expect(order).toEqual(['a', 'b'])
  ;(await b)?.()
  ;(await c)?.()
  await settled()
  expect(order).toEqual(['a', 'b', 'c', 'd'])
  ;(await a)?.()
  ;(await d)?.()
})

test('one that is cancelled while it waits takes no turn', async () => {
  const order: string[] = []
  const take = taker(new Turns(1), order)
  const controller = new AbortController()
  const free = await take('a')
  const second = take('b', controller.signal)
  const third = take('c')
  controller.abort()
  await expect(second).rejects.toMatchObject({ code: -32800 })
  await expect(take('d', AbortSignal.abort())).rejects.toMatchObject({ code: -32800 })
  free()
  ;(await third)()
  ;(await take('e'))()
  expect(order).toEqual(['a', 'c', 'e'])
})
