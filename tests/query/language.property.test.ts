import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WeirError } from '../../sdk/errors.ts'
import { parseQuery, printQuery } from '../../sdk/query.ts'
import { anyQuery } from './any-query.ts'

/** The language's own characters, more often than others. */
const scraps = fc.array(
  fc.oneof(
    fc.constantFrom('(', ')', '-', 'NOT ', ' OR ', ' AND ', ' ', '"', '\\', '*', ',', ':', '~', '=~', '>=', '<', '..', '.', '[', ']'),
    fc.constantFrom('host', 'status', 'header.x', 'json.a', 'from', 'type', '5xx', '-10m', 'a', '1', '::1', 'ws'),
    fc.string({ unit: 'binary', maxLength: 4 }),
  ),
  { maxLength: 12 },
)

describe('any query', () => {
  it('is the same after it was printed and parsed', () => {
    fc.assert(
      fc.property(anyQuery, (query) => {
        expect(parseQuery(printQuery(query))).toEqual(query)
      }),
      { numRuns: 3000 },
    )
  })

  it('is either refused as invalidQuery, with a position inside, or means something that can be printed', () => {
    fc.assert(
      fc.property(
        scraps.map((parts) => parts.join('')),
        (text) => {
          try {
            const query = parseQuery(text)
            expect(parseQuery(printQuery(query))).toEqual(query)
          } catch (error) {
            expect(error).toBeInstanceOf(WeirError)
            const { reason, position } = (error as WeirError).data as unknown as { reason: string; position: number }
            expect(reason).toBe('invalidQuery')
            expect(position).toBeGreaterThanOrEqual(0)
            expect(position).toBeLessThanOrEqual(text.length)
          }
        },
      ),
      { numRuns: 5000 },
    )
  })
})
