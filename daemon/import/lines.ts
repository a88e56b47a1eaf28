/** The lines of a file while it passes. */
import { BrokenFile, largestEntry } from './imported-exchange.ts'

export interface Line {
  /** From 1. */
  line: number
  /** Without its end. */
  bytes: Buffer
}

/** Those that are not blank. @throws BrokenFile when one is too large */
export async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let size = 0
  let line = 1
  const keep = (part: Buffer) => {
    size += part.length
    if (size > largestEntry) throw new BrokenFile(`it is larger than ${largestEntry} bytes`, `line ${line}`)
    if (part.length > 0) parts.push(part)
  }
  const take = (): Buffer => {
    const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    parts = []
    size = 0
    return bytes
  }
  for await (const piece of pieces) {
    let from = 0
    for (let end = piece.indexOf(0x0a); end >= 0; end = piece.indexOf(0x0a, from)) {
      keep(piece.subarray(from, end))
      const bytes = take()
      if (!isBlank(bytes)) yield { line, bytes }
      line++
      from = end + 1
    }
    keep(piece.subarray(from))
  }
  const bytes = take()
  if (!isBlank(bytes)) yield { line, bytes }
}

/** Zeros are none: a disk that lost the end of a file leaves them. */
const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
