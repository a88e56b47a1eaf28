/** For tests of a recorder that ask what is on record, not what it says. */
import type { RecorderEvents } from '../../daemon/capture/surface.ts'

export const unheard: RecorderEvents = {
  advanced: () => undefined,
  filterFailed: () => undefined,
  full: () => undefined,
  sent: () => undefined,
  log: () => undefined,
}
