/** Clocks that clients pass in. */

import { isClock } from '../../sdk/clock.ts'
import { invalidParams } from '../../sdk/errors.ts'

/** -32602 malformedClock for what no answer ever gave. One of another session is no error. */
export function refuseMalformed(since: string): void {
  if (isClock(since)) return
  const message = "since is no clock: pass on one that an answer of this session gave, or 'start' for everything"
  throw invalidParams('malformedClock', message, [{ path: '/since', message: 'is no clock' }])
}
