import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { FilterChild, filterLimits } from '../../daemon/plugin/filters/filter-child.ts'
import type { FilteredExchange } from '../../sdk/plugin.ts'
import { temporaryHome } from '../support/home.ts'
import { expectedExchange, newRecord } from '../support/records.ts'
import { filterSource } from './captured.ts'

/** Writes how many exchanges the message had, of which the one in hand is. */
const counting = `exchange.request.url = 'http://count.test/' + globalThis.together; return exchange`
const listening = `if (globalThis.together === undefined) process.prependListener('message', (message) => { globalThis.together = message.apply?.length })
globalThis.together = 0
`

it('a filter in a process is given a few MiB at once, in order, and the rest as it answers', async () => {
  const home = await temporaryHome()
  const module = join(home, 'counting.mjs')
  writeFileSync(module, listening + filterSource('counting', counting))
  const limits = { ...filterLimits, applyMs: 60_000, startMs: 60_000 }
  const child = new FilterChild({ module, config: {}, dataRoot: home }, limits, null, () => undefined)
  onTestFinished(() => child.dispose())
  const exchange = (seq: number, body: Uint8Array): FilteredExchange => ({
    ...expectedExchange(newRecord(seq), 's'),
    bodies: { request: null, response: body },
    messages: null,
  })
  const large = Buffer.alloc(3 * 1024 * 1024)
  const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => child.apply(exchange(at + 1, large))))
  expect(answers.map((answer) => answer?.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  const together = answers.map((answer) => Number(answer?.request.url.split('/').at(-1)))
  expect(Math.max(...together)).toBe(2)
  const small = Buffer.from('small')
  const all = await Promise.all(Array.from({ length: 50 }, (_, at) => child.apply(exchange(at + 9, small))))
  expect(all.map((answer) => answer?.request.url)).toEqual(Array(50).fill('http://count.test/50'))
})
