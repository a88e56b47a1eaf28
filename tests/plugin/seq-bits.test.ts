import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SeqBits } from '../../daemon/plugin/seq-bits.ts'

it('holds the numbers that were added and no others, up to the largest that a session file may have', () => {
  const seq = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 2 ** 48 - 100, max: 2 ** 48 }))
  fc.assert(
    fc.property(fc.uniqueArray(seq), fc.array(seq), (added, asked) => {
      const bits = new SeqBits()
      for (const one of added) bits.add(one)
      expect([...added, ...asked].filter((one) => bits.has(one))).toEqual([...added, ...asked.filter((one) => added.includes(one))])
    }),
  )
})
