/** Ranges of bodies that lie in chunks. */
import type { Database, Statement } from './database.ts'

export class ChunkReader {
  #chunk: Statement

  constructor(db: Database) {
    this.#chunk = db.prepare('SELECT start, data FROM chunk WHERE body = ? AND start <= ? ORDER BY start DESC LIMIT 1')
  }

  /** From `offset` to the end of its chunk; null when nothing is there. */
  next(body: number, offset: number): Buffer | null {
    const chunk = this.#chunk.get(body, offset) as { start: number; data: Buffer } | undefined
    if (chunk === undefined || offset >= chunk.start + chunk.data.length) return null
    return chunk.data.subarray(offset - chunk.start)
  }

  /** As much of the range as is there. No transaction lasts longer than one chunk. */
  range(body: number, offset: number, length: number): Buffer {
    const parts: Buffer[] = []
    for (let missing = length; missing > 0; ) {
      const part = this.next(body, offset + length - missing)?.subarray(0, missing)
      if (part === undefined) break
      parts.push(part)
      missing -= part.length
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  }
}
