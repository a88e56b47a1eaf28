import { expect, it } from 'vitest'
import { CommitPace } from '../../daemon/capture/commit-pace.ts'

/** Commits of so many ms each, as soon as they are due. Ends with the interval. */
function after(pace: CommitPace, rounds: number, lastsMs: number, from = 1_000): { intervalMs: number; now: number } {
  let now = from
  for (let round = 0; round < rounds; round++) {
    now += pace.dueIn(now)
    pace.committed(now, now + lastsMs)
    now += lastsMs
  }
  return { intervalMs: pace.intervalMs, now }
}

it('commits come 25 ms apart while they are quick', () => {
  const pace = new CommitPace()
  expect(pace.dueIn(1_000)).toBe(0)
  expect(after(pace, 50, 2).intervalMs).toBe(25)
  pace.committed(10_000, 10_002)
  expect(pace.dueIn(10_010)).toBe(17)
})

it('they move apart when they take much of the time, to 250 ms at most, and come closer again', () => {
  const pace = new CommitPace()
  const { intervalMs, now } = after(pace, 50, 60)
  expect(intervalMs).toBeGreaterThan(60)
  expect(intervalMs).toBeLessThan(150)
  const slow = after(pace, 50, 1_000, now)
  expect(slow.intervalMs).toBe(250)
  expect(after(pace, 100, 1, slow.now).intervalMs).toBe(25)
})
