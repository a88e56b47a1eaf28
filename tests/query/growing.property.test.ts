/** What is said of a number that still grows holds, whatever it grows to. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { growingTest, numberTest } from '../../sdk/query/text-test.ts'
import type { NumberOperator, Test } from '../../sdk/query.ts'

const small = fc.nat(20)
const operator = fc.constantFrom<NumberOperator>('=', '<', '<=', '>', '>=')
const test: fc.Arbitrary<Test> = fc.oneof(
  fc.record({ type: fc.constant('number' as const), operator, value: small }),
  fc.record({ type: fc.constant('range' as const), from: small, to: small }),
  fc.constant({ type: 'present' as const }),
)

it('a size that has decided has decided for good', () => {
  fc.assert(
    fc.property(test, small, small, (of, value, more) => {
      const early = growingTest(of)(value)
      if (early !== null) expect(numberTest(of)(value + more)).toBe(early)
    }),
  )
})

it('what is exceeded or reached is known at once', () => {
  const at = (operator: NumberOperator, value: number) => growingTest({ type: 'number', operator, value: 10 })(value)
  expect([at('>', 11), at('>=', 10), at('<', 10), at('<=', 11), at('=', 11)]).toEqual([true, true, false, false, false])
  expect([at('>', 10), at('>=', 9), at('<', 9), at('<=', 10), at('=', 10)]).toEqual([null, null, null, null, null])
})
