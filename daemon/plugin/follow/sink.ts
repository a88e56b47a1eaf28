/** Where the batches of a followed session go, one after the other. */
import { WeirError } from '../../../sdk/errors.ts'

export interface Sink {
  /**
   * Resolves once it is delivered, however long that takes; rejects with a WeirError when it cannot be, or is aborted.
   * @param from and `clock`: all that ended between the two is in it; it may be empty
   */
  deliver(bytes: Buffer, from: string, clock: string): Promise<void>
  /** Throws a WeirError for what has failed since the last delivery. */
  check?(): void
  /** Nothing follows. */
  close?(): Promise<void>
}

/** The export was cancelled before what was in hand had been delivered. */
export class Undelivered extends WeirError {
  constructor() {
    super(-32800, 'cancelled', 'the export was cancelled')
  }
}
