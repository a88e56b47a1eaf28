/** Resets (RST) as they are seen and sent. */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** One end of a connection. */
export interface Side {
  /** What bytes pass through. */
  stream: Duplex
  /** The TCP socket under it; the same where there is no TLS. */
  transport: Duplex
}

const resetCodes = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** The other side reset its connection, or is gone. */
export const isReset = (error: Error & { code?: string }): boolean => error.code !== undefined && resetCodes.has(error.code)

/** Ends a connection by RST, so that its other side learns that what it got is not whole. */
export function reset(side: Side): void {
  if (side.transport instanceof Socket && !side.transport.destroyed) side.transport.resetAndDestroy()
  side.stream.destroy()
}
