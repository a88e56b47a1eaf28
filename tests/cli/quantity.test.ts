import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatBytes, formatDate, formatDuration, formatTime, plural } from '../../daemon/cli/quantity.ts'

fc.configureGlobal({ seed: 20260131 })

test('bytes are short', () => {
  expect([0, 999, 1000, 1234, 9949, 9950, 34_000_000, 999_499, 999_500, 5e12].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.2 kB',
    '9.9 kB',
    '10 kB',
    '34 MB',
    '999 kB',
    '1.0 MB',
    '5.0 TB',
  ])
  fc.assert(
    fc.property(fc.nat({ max: 900_000_000 }), (bytes) => {
      expect(formatBytes(bytes).length).toBeLessThanOrEqual(7)
    }),
  )
})

test('durations are short', () => {
  expect([0, 0.44, 9.94, 9.96, 999, 999.6, 59_990, 60_000, 123_000, 3_599_400, 3_720_000].map(formatDuration)).toEqual([
    '0.0 ms',
    '0.4 ms',
    '9.9 ms',
    '10 ms',
    '999 ms',
    '1.00 s',
    '59.99 s',
    '1 m 00 s',
    '2 m 03 s',
    '59 m 59 s',
    '1 h 02 m',
  ])
  fc.assert(
    fc.property(fc.double({ min: 0, max: 3.6e7, noNaN: true }), (ms) => {
      expect(formatDuration(ms).length).toBeLessThanOrEqual(9)
    }),
  )
})

test('times are local, to the millisecond', () => {
  const at = new Date(2026, 0, 31, 4, 3, 7, 42).getTime()
  expect(formatTime(at)).toBe('04:03:07.042')
  expect(formatDate(at)).toBe('2026-01-31 04:03:07')
})

test('nouns agree with their numbers', () => {
  expect([0, 1, 1234].map((count) => plural(count, 'exchange'))).toEqual(['0 exchanges', '1 exchange', '1,234 exchanges'])
})
