/** Files that can only be read whole. */
import { BrokenFile, largestEntry } from './imported-exchange.ts'

/** @param what as messages call it @throws BrokenFile when it is too large */
export async function whole(pieces: AsyncIterable<Buffer>, what: string): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const piece of pieces) {
    size += piece.length
    if (size > largestEntry) throw new BrokenFile(`it is larger than ${largestEntry} bytes`, what)
    parts.push(piece)
  }
  return Buffer.concat(parts, size)
}
