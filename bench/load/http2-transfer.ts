/** One large body down or up over HTTP/2, streamed at both ends. */
import type { TransferResult } from './body-transfer.ts'
import { writeLargeHttp2Body } from './http2-body.ts'
import { connectionAnswer, FrameReader, flags, frame, frameTypes, indexedField, opening, passingField, preface } from './http2-frames.ts'
import { connectThrough, type Target } from './proxied-socket.ts'

/** Of the static table: `:method`, `:path`, `:authority`, content-type, content-length. */
const request = (way: 'download' | 'upload', authority: string, bytes: number): Buffer => {
  const isUpload = way === 'upload'
  const ordinary = isUpload ? [passingField(31, 'application/octet-stream'), passingField(28, String(bytes))] : []
  const fields = Buffer.concat([
    indexedField(isUpload ? 3 : 2),
    indexedField(7),
    passingField(4, isUpload ? '/upload' : `/download/${bytes}`),
    passingField(1, authority),
    ...ordinary,
  ])
  return frame(frameTypes.headers, flags.endHeaders | (isUpload ? 0 : flags.endStream), 1, fields)
}

/** Rejects unless every byte arrived: the client counts a download, the origin an upload. A connection of its own, for its windows are set once. */
export async function http2Transfer(target: Target, way: 'download' | 'upload', bytes: number): Promise<TransferResult> {
  const socket = await connectThrough(target)
  const began = performance.now()
  let received = 0
  let answer = ''
  await new Promise<void>((resolve, reject) => {
    const reader = new FrameReader({
      frame(type, flag, _stream, chunk, start, end) {
        if (type === frameTypes.data) {
          received += end - start
          if (way === 'upload') answer += chunk.toString('latin1', start, end)
          if ((flag & flags.endStream) !== 0) resolve()
        } else if (type !== frameTypes.headers) {
          const reply = connectionAnswer(type, flag, chunk.subarray(start, end))
          if (reply) socket.write(reply)
        }
      },
    })
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk)
      } catch (error) {
        reject(error as Error)
      }
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`closed after ${received} bytes`)))
    socket.write(Buffer.concat([preface, opening(), request(way, `${target.origin.host}:${target.origin.port}`, bytes)]))
    if (way === 'upload') writeLargeHttp2Body(socket, 1, bytes)
  })
  const elapsedMs = performance.now() - began
  socket.destroy()
  if (way === 'upload') received = (JSON.parse(answer) as { received: number }).received
  if (received !== bytes) throw new Error(`${way}: ${received} of ${bytes} bytes arrived`)
  return { bytes, elapsedMs }
}
