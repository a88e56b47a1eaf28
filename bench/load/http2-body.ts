/** A large body as DATA frames (RFC 9113 section 6.1), no faster than the socket takes it. */
import type { Socket } from 'node:net'
import { Transform } from 'node:stream'
import { flags, frame, frameTypes, mostPayload } from './http2-frames.ts'
import { writeLargeBody } from './large-body.ts'

export function writeLargeHttp2Body(socket: Socket, stream: number, total: number): void {
  let written = 0
  const frames = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length; at += mostPayload) {
        const payload = chunk.subarray(at, at + mostPayload)
        written += payload.length
        // Whole: frames of the connection may come between two of these.
        this.push(frame(frameTypes.data, written === total ? flags.endStream : 0, stream, payload))
      }
      done()
    },
  })
  frames.pipe(socket, { end: false })
  writeLargeBody(frames, total)
}
