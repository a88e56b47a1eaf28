import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SeqSet } from '../../daemon/cli/seq-set.ts'

fc.configureGlobal({ seed: 20260131 })

test('it holds what was added, in any order, and everything below what was passed over', () => {
  const step = fc.record({ seq: fc.integer({ min: 1, max: 60 }), all: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const set = new SeqSet()
      const model = new Set<number>()
      for (const { seq, all } of steps) {
        if (all) for (let each = 1; each <= seq; each++) model.add(each)
        else model.add(seq)
        if (all) set.addAllTo(seq)
        else set.add(seq)
        for (let each = 1; each <= 60; each++) expect(set.has(each)).toBe(model.has(each))
        for (const to of [1, 30, 60]) expect(set.missingTo(to)).toBe(to - [...model].filter((each) => each <= to).length)
      }
    }),
  )
})
