/** The time of all threads, by one rule (`UnixClock`). */
import { UnixClock } from '../../sdk/unix-clock.ts'

const clock = new UnixClock()

export const unixTime = (): number => clock.now()
