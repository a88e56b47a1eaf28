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
  if (side.transport instanceof Socket && !side.transport.destroyed && !isEnding(side.stream)) side.transport.resetAndDestroy()
  side.stream.destroy()
}

/**
 * Its end (FIN) is being sent. Node cannot reset a socket then (libuv refuses with EINVAL): it would stay open, and never say `close`.
 * With the end on its way, what the other side got is whole.
 */
const isEnding = ({ writableEnded, writableFinished, writableLength }: Duplex): boolean =>
  writableEnded && !writableFinished && writableLength === 0
