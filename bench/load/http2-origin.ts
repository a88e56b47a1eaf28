/** The origin's HTTP/2 side: the same resources, any number of streams at once. */
import type { Socket } from 'node:net'
import { writeLargeHttp2Body } from './http2-body.ts'
import {
  connectionAnswer,
  FrameReader,
  flags,
  frame,
  frameHeadBytes,
  frameTypes,
  indexedField,
  keptField,
  opening,
  passingField,
  preface,
  streamAt,
} from './http2-frames.ts'
import { idPrefix, itemBody, itemPath } from './item.ts'
import { serialLength } from './serial.ts'

const statusOk = indexedField(8)
/** Named by their places in the static table: date, content-type, content-length, cache-control, vary. */
const firstFields = Buffer.concat([
  statusOk,
  keptField(33, 'Mon, 05 Jan 2026 10:00:00 GMT'),
  keptField(31, 'application/json; charset=utf-8'),
  keptField(28, String(itemBody.length)),
  keptField(24, 'no-store'),
  keptField(59, 'accept-encoding'),
])
/** The same, out of the dynamic table, where the newest is 62. */
const laterFields = Buffer.concat([statusOk, ...[66, 65, 64, 63, 62].map(indexedField)])

/** Both frames of an answer; the numbers of stream and item are written into a copy. */
const answerWith = (fields: Buffer) =>
  Buffer.concat([
    frame(frameTypes.headers, flags.endHeaders, 0, fields),
    frame(frameTypes.data, flags.endStream, 0, Buffer.from(itemBody, 'latin1')),
  ])

const firstAnswer = answerWith(firstFields)
const laterAnswer = answerWith(laterFields)

/** The answers to all requests of one chunk leave as one write. */
class ItemAnswers {
  #template = firstAnswer
  #answers: Buffer[] = []

  add(stream: number, request: Buffer, serialAt: number): void {
    const answer = Buffer.from(this.#template)
    const bodyAt = answer.length - itemBody.length
    answer.writeUInt32BE(stream, streamAt)
    answer.writeUInt32BE(stream, bodyAt - frameHeadBytes + streamAt)
    request.copy(answer, bodyAt + idPrefix.length, serialAt, serialAt + serialLength)
    this.#answers.push(answer)
    this.#template = laterAnswer
  }

  flush(socket: Socket): void {
    if (this.#answers.length > 0) socket.write(Buffer.concat(this.#answers))
    this.#answers = []
  }
}

function answerDownload(socket: Socket, stream: number, total: number): void {
  const fields = Buffer.concat([statusOk, passingField(31, 'application/octet-stream'), passingField(28, String(total))])
  socket.write(frame(frameTypes.headers, flags.endHeaders, stream, fields))
  writeLargeHttp2Body(socket, stream, total)
}

function answerUpload(socket: Socket, stream: number, received: number): void {
  const body = Buffer.from(JSON.stringify({ received }))
  const fields = Buffer.concat([statusOk, passingField(31, 'application/json'), passingField(28, String(body.length))])
  socket.write(frame(frameTypes.headers, flags.endHeaders, stream, fields))
  socket.write(frame(frameTypes.data, flags.endStream, stream, body))
}

/** Serves one connection for as long as it lives. Beside items it has one large body at a time. */
export function serveHttp2(socket: Socket): void {
  const items = new ItemAnswers()
  let received = 0
  let missingPreface = preface.length
  const reader = new FrameReader({
    frame(type, flag, stream, bytes, start, end) {
      if (type === frameTypes.headers) {
        const itemAt = bytes.indexOf(itemPath, start, 'latin1')
        if (itemAt >= 0 && itemAt < end) {
          items.add(stream, bytes, itemAt + itemPath.length)
          return
        }
        received = 0
        const download = /\/download\/(\d+)/.exec(bytes.toString('latin1', start, end))
        if (download) answerDownload(socket, stream, Number(download[1]))
      } else if (type === frameTypes.data) {
        received += end - start
        if ((flag & flags.endStream) !== 0) answerUpload(socket, stream, received)
      } else {
        const answer = connectionAnswer(type, flag, bytes.subarray(start, end))
        if (answer) socket.write(answer)
      }
    },
  })
  socket.write(opening())
  socket.on('data', (chunk: Buffer) => {
    const skipped = Math.min(missingPreface, chunk.length)
    missingPreface -= skipped
    try {
      reader.push(chunk.subarray(skipped))
      items.flush(socket)
    } catch (error) {
      socket.destroy(error as Error)
    }
  })
  socket.on('error', () => socket.destroy())
}
