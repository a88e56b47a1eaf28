import { expect, test } from 'vitest'
import noRepeats from '../../examples/filters/no-repeats.ts'
import { type ExchangeChange, runFilter, testExchange } from '../../sdk/testing.ts'

const get = (seq: number, path: string, response: string, change: ExchangeChange = {}) =>
  testExchange({ seq, request: { url: `https://origin.test${path}` }, bodies: { response }, ...change })

const kept = async (exchanges: ReturnType<typeof get>[], config = {}) =>
  (await runFilter(noRepeats, exchanges, { config })).kept.map(({ seq }) => seq)

test('an answer that is as the last one of its URL is left out', async () => {
  const exchanges = [get(1, '/a', 'x'), get(2, '/b', 'x'), get(3, '/a', 'x'), get(4, '/a', 'y'), get(5, '/a', 'x'), get(6, '/a', 'x')]
  expect(await kept(exchanges)).toEqual([1, 2, 4, 5])
})

test('another status is another answer; what is no GET, or has no answer, is always recorded', async () => {
  const post = { request: { method: 'POST', url: 'https://origin.test/a' } }
  const none = { request: { url: 'https://origin.test/a' }, response: null }
  const exchanges = [get(1, '/a', 'x'), get(2, '/a', 'x', { response: { status: 500 } }), get(3, '/a', 'x', post), get(4, '/a', 'x', post)]
  expect(await kept([...exchanges, get(5, '/a', 'x', none), get(6, '/a', 'x', none)])).toEqual([1, 2, 3, 4, 5, 6])
})

test('only so many URLs are remembered', async () => {
  const exchanges = [get(1, '/a', 'x'), get(2, '/b', 'x'), get(3, '/c', 'x'), get(4, '/a', 'x'), get(5, '/c', 'x')]
  expect(await kept(exchanges, { urls: 2 })).toEqual([1, 2, 3, 4])
})
