/** Writing what is fetched, no faster than it is taken. */
import type { Writable } from 'node:stream'

/** Resolves when all is written, or nobody takes any more. Rejects when it cannot be fetched. */
export async function written(stream: Writable, pieces: AsyncIterable<Buffer>, over: Promise<void>): Promise<void> {
  let isOver = false
  const ended = over.then(() => {
    isOver = true
  })
  for await (const piece of pieces) {
    if (isOver || stream.destroyed) return
    if (!stream.write(piece)) await Promise.race([drained(stream), ended])
  }
}

const drained = (stream: Writable): Promise<void> => new Promise((resolve) => stream.once('drain', resolve))
