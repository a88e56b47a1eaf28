/** Puts bodies into the session file while they pass. Memory does not grow with their size. */
import { crc32 } from 'node:zlib'
import type { Part } from '../../sdk/model.ts'
import { ChunkReader } from './chunks.ts'
import type { Database, Statement } from './database.ts'
import { nextId } from './next-id.ts'
import { RecentBodies } from './recent-bodies.ts'
import type { BodyRecord } from './records.ts'
import { RepeatedBodies } from './repeated-bodies.ts'

/** A body that is whole at its first commit and no larger lies in one row. Above, and while it runs: chunks of at most this size. */
const inlineBytes = 256 * 1024

/** What a body was before the running transaction. */
interface Before {
  body: BodyRecord
  id: number
  pending: Buffer[]
  pendingBytes: number
  written: number
  running: boolean
}

/** `write` changes records at once; `keep` or `forget` follows each transaction. */
export class BodyWriter {
  readonly repeated: RepeatedBodies
  #insertInline: Statement
  #insertChunked: Statement
  #insertChunk: Statement
  #grow: Statement
  #data: Statement
  #chunks: ChunkReader
  #nextBody: number
  #recent = new RecentBodies()
  #before: Before[] = []
  #scratch: Buffer | null = null

  constructor(db: Database) {
    this.repeated = new RepeatedBodies(db)
    this.#insertInline = db.prepare('INSERT INTO body (id, size, data) VALUES (?, ?, ?)')
    this.#insertChunked = db.prepare('INSERT INTO body (id, size) VALUES (?, 0)')
    this.#insertChunk = db.prepare('INSERT INTO chunk (body, start, data) VALUES (?, ?, ?)')
    this.#grow = db.prepare('UPDATE body SET size = ? WHERE id = ?')
    this.#data = db.prepare('SELECT data FROM body WHERE id = ?').pluck()
    this.#chunks = new ChunkReader(db)
    this.#nextBody = nextId(db, 'body')
  }

  /** Stores what is pending and empties it. The body's id, or null while there is not a byte. */
  write(body: BodyRecord, seq: number, part: Part): number | null {
    const { running } = body
    if (body.pendingBytes === 0 && !(running && body.ended)) return body.id === 0 ? null : body.id
    const { id, pending, pendingBytes, written } = body
    this.#before.push({ body, id, pending, pendingBytes, written, running })
    body.pending = []
    body.pendingBytes = 0
    body.written = written + pendingBytes
    if (id === 0 && body.ended && pendingBytes <= inlineBytes) body.id = this.#inline(pending)
    else this.#append(body, pending, written, seq, part)
    return body.id
  }

  #inline(pending: readonly Buffer[]): number {
    const data = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending)
    const checksum = crc32(data)
    const candidate = this.#recent.find(checksum, data.length)
    if (candidate !== 0) {
      // It may have been deleted since.
      const stored = this.#data.get(candidate) as Buffer | undefined
      if (stored !== undefined && data.equals(stored)) return candidate
    }
    const id = this.#nextBody++
    this.#insertInline.run(id, data.length, data)
    this.#recent.add(checksum, data.length, id)
    return id
  }

  #append(body: BodyRecord, pending: readonly Buffer[], start: number, seq: number, part: Part): void {
    if (body.id === 0) {
      body.id = this.#nextBody++
      this.#insertChunked.run(body.id)
    }
    this.#insertChunks(body.id, pending, start)
    if (body.ended) this.repeated.ended(body, body.written, seq, part)
    else this.#grow.run(body.written, body.id)
    body.running = !body.ended
  }

  #insertChunks(id: number, pending: readonly Buffer[], first: number): void {
    this.#scratch ??= Buffer.allocUnsafeSlow(inlineBytes)
    const scratch = this.#scratch
    let start = first
    let held = 0
    for (const bytes of pending) {
      for (let at = 0; at < bytes.length; ) {
        const length = Math.min(bytes.length - at, inlineBytes - held)
        const piece = bytes.subarray(at, at + length)
        at += length
        if (length < inlineBytes) {
          scratch.set(piece, held)
          held += length
          if (held < inlineBytes) continue
        }
        this.#insertChunk.run(id, start, held === 0 ? piece : scratch)
        start += inlineBytes
        held = 0
      }
    }
    if (held > 0) this.#insertChunk.run(id, start, scratch.subarray(0, held))
  }

  /** What is in the file of a body, at most so much. */
  stored(id: number, bytes: number): Buffer {
    const data = this.#data.get(id) as Buffer | null | undefined
    return data?.subarray(0, bytes) ?? this.#chunks.range(id, 0, bytes)
  }

  /** The transaction was committed. */
  keep(): void {
    if (this.#before.length > 0) this.#before = []
    this.repeated.keep()
  }

  /** The transaction was rolled back: the bodies are as before, and what was pending is pending again. */
  forget(): void {
    for (const { body, id, pending, pendingBytes, written, running } of this.#before.reverse()) {
      body.id = id
      body.pending = pending.concat(body.pending)
      body.pendingBytes += pendingBytes
      body.written = written
      body.running = running
    }
    this.#before = []
    this.#recent.clear()
    this.repeated.forget()
  }
}
