import { expect, test } from 'vitest'
import { ChangeSignals } from '../../daemon/session/change-signals.ts'

const never = new AbortController().signal

/** Whether it resolves without anything else happening. */
async function isResolved(promise: Promise<void>): Promise<boolean> {
  const waits = Symbol('waits')
  return (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, waits))])) !== waits
}

test('who stands behind the record need not wait, who has reached it waits for the next change', async () => {
  const signals = new ChangeSignals()
  signals.advanced('one', 5)
  expect(await isResolved(signals.beyond('one', 4, never))).toBe(true)
  const waiting = signals.beyond('one', 5, never)
  signals.advanced('other', 9)
  signals.advanced('one', 5)
  expect(await isResolved(waiting)).toBe(false)
  signals.advanced('one', 6)
  expect(await isResolved(waiting)).toBe(true)
})

test('nobody waits for a session that nobody has told of, or that is gone', async () => {
  const signals = new ChangeSignals()
  expect(await isResolved(signals.beyond('one', 5, never))).toBe(true)
  signals.advanced('one', 5)
  const waiting = signals.beyond('one', 5, never)
  signals.gone('one')
  expect(await isResolved(waiting)).toBe(true)
  // A reading that was under way.
  signals.advanced('one', 6)
  expect(await isResolved(signals.beyond('one', 6, never))).toBe(true)
})

test('waiting ends with its signal', async () => {
  const signals = new ChangeSignals()
  signals.advanced('one', 5)
  const ending = new AbortController()
  const waiting = signals.beyond('one', 5, ending.signal)
  expect(await isResolved(waiting)).toBe(false)
  ending.abort()
  expect(await isResolved(waiting)).toBe(true)
  expect(await isResolved(signals.beyond('one', 5, ending.signal))).toBe(true)
})
