/** `vi.waitFor` gives up after a second, which says nothing on a machine that is busy: here it waits until something is wrong. */
import { vi } from 'vitest'

const waitFor = vi.waitFor.bind(vi)
const patienceMs = 45_000

vi.waitFor = (callback, options = {}) =>
  waitFor(
    callback,
    typeof options === 'number' ? options : { interval: 20, ...options, timeout: Math.max(options.timeout ?? 0, patienceMs) },
  )
