import { expect, it } from 'vitest'
import { UnixClock } from '../../sdk/unix-clock.ts'

function clock() {
  const time = { system: 1_700_000_000_000, monotonic: 50 }
  const unix = new UnixClock(
    () => time.system,
    () => time.monotonic,
  )
  return { time, unix, now: () => unix.now() }
}

it('has the fractions of the monotonic clock', () => {
  const { time, now } = clock()
  time.monotonic += 0.25
  expect(now()).toBe(1_700_000_000_000.25)
})

it('stays steady while the system’s clock is corrected in small steps', () => {
  const { time, now } = clock()
  time.system -= 900
  time.monotonic += 10
  expect(now()).toBe(1_700_000_000_010)
})

it('follows the system’s clock after a suspend and after it was set', () => {
  const { time, now } = clock()
  time.system += 3_600_000
  expect(now()).toBe(1_700_003_600_000)
  time.monotonic += 1.5
  expect(now()).toBe(1_700_003_600_001.5)
  time.system -= 7_200_000
  expect(now()).toBe(time.system)
})

it('tells a moment of the monotonic clock as it tells now, in the same order', () => {
  const { time, unix } = clock()
  time.system += 10_000
  time.monotonic += 10_000
  expect(unix.at(time.monotonic)).toBe(unix.now())
  expect(unix.at(1_000.001)).toBeLessThan(unix.at(1_000.002))
})
