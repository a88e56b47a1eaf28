import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type RunningCall, RunningFilter } from '../../daemon/plugin/filters/running-filter.ts'
import { FilterWatch } from '../../daemon/session/filter-watch.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** The recorder's end of the memory, the watch at the other one, and what that has told. */
function watched() {
  const recorder = new RunningFilter()
  const running = new RunningFilter(recorder.memory)
  const told: RunningCall[] = []
  const watch = new FilterWatch({ running: () => running, stuck: (call) => told.push(call) })
  watch.start()
  return { recorder, told, watch }
}

it('tells once of a call that takes longer than it may', () => {
  const { recorder, told } = watched()
  recorder.enter(7, 42, 1000)
  vi.advanceTimersByTime(1000)
  expect(told).toEqual([])
  vi.advanceTimersByTime(5000)
  expect(told).toEqual([{ filter: 7, hook: 'apply', seq: 42, allowedMs: 1000, count: 1 }])
})

it('leaves many short calls alone, and long ones that may be long', () => {
  const { recorder, told } = watched()
  for (let seq = 1; seq < 100; seq++) {
    recorder.enter(7, seq, 1000)
    vi.advanceTimersByTime(900)
    recorder.leave()
  }
  recorder.enter(7, 100, 9000)
  vi.advanceTimersByTime(8000)
  recorder.leave()
  vi.advanceTimersByTime(5000)
  expect(told).toEqual([])
})

it('judges nobody by the time in which it was held up itself', () => {
  const { recorder, told } = watched()
  recorder.enter(7, 42, 1000)
  vi.advanceTimersByTime(400)
  vi.setSystemTime(Date.now() + 60_000)
  const later = performance.now() + 60_000
  const now = vi.spyOn(performance, 'now').mockImplementation(() => later)
  vi.advanceTimersByTime(200)
  now.mockRestore()
  expect(told).toEqual([])
})

it('looks no more once it is stopped', () => {
  const { recorder, told, watch } = watched()
  recorder.enter(7, 42, 1000)
  watch.stop()
  vi.advanceTimersByTime(60_000)
  expect(told).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})
