/** Resets (RST) as they are seen and sent. */
import { constants, type Http2Stream } from 'node:http2'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** One end of a connection. */
export interface Side {
  /** What bytes pass through. */
  stream: Duplex
  /** The TCP socket under it, the same where there is no TLS; in a tunnel of HTTP/2 CONNECT its stream. */
  transport: Duplex
}

const resetCodes = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** The other side reset its connection, or is gone. */
export const isReset = (error: Error & { code?: string }): boolean => error.code !== undefined && resetCodes.has(error.code)

/** Ends a connection by RST (a stream by CONNECT_ERROR, RFC 9113 section 8.5), so that its other side learns that what it got is not whole. */
export function reset({ stream, transport }: Side): void {
  if (!transport.destroyed && !isEnding(stream)) {
    if (transport instanceof Socket) transport.resetAndDestroy()
    else if (isHttp2(transport)) transport.close(constants.NGHTTP2_CONNECT_ERROR)
  }
  stream.destroy()
}

const isHttp2 = (stream: Duplex): stream is Http2Stream => 'rstCode' in stream

/**
 * Its end (FIN) is being sent. Node cannot reset a socket then (libuv refuses with EINVAL): it would stay open, and never say `close`.
 * With the end on its way, what the other side got is whole.
 */
const isEnding = ({ writableEnded, writableFinished, writableLength }: Duplex): boolean =>
  writableEnded && !writableFinished && writableLength === 0
