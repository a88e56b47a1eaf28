import fc from 'fast-check'
import { expect, it } from 'vitest'
import { certain } from '../../../daemon/capture/browser/assignment.ts'

/** All ways in which each gets one of its candidates, and no two the same. */
function ways(candidates: readonly (readonly number[])[], taken: readonly number[] = []): number[][] {
  const own = candidates[taken.length]
  if (own === undefined) return [[...taken]]
  return own.filter((place) => !taken.includes(place)).flatMap((place) => ways(candidates, [...taken, place]))
}

/** Those that have a candidate in common, directly or by others, belong together. */
function componentOf(first: number, candidates: readonly (readonly number[])[]): number[] {
  const members = [first]
  for (const member of members)
    candidates.forEach((places, one) => {
      if (!members.includes(one) && places.some((place) => candidates[member]?.includes(place))) members.push(one)
    })
  return members.sort((a, b) => a - b)
}

const problems = fc.integer({ min: 1, max: 6 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    candidates: fc.array(fc.uniqueArray(fc.nat(count - 1), { minLength: 1, maxLength: count }), { maxLength: 6 }),
  }),
)

it('what is certain is what every assignment has in common; where there is none nothing is', () => {
  fc.assert(
    fc.property(problems, ({ candidates, count }) => {
      const found = certain(candidates, count)
      candidates.forEach((_, one) => {
        const members = componentOf(one, candidates)
        const all = ways(members.map((member) => candidates[member] as number[]))
        const places = new Set(all.map((way) => way[members.indexOf(one)]))
        expect(found[one]).toBe(places.size === 1 ? [...places][0] : null)
      })
    }),
    { numRuns: 2_000 },
  )
})

it('many that want the same are no burden', () => {
  const count = 600
  const all = Array.from({ length: count }, (_, place) => place)
  expect(certain(Array(count).fill(all), count).every((place) => place === null)).toBe(true)
  // Each has one less than the one before: only one assignment is left.
  expect(
    certain(
      all.map((one) => all.slice(one)),
      count,
    ),
  ).toEqual(all)
})
