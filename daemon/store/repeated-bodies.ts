/**
 * Large bodies that came again are stored once. A body is written while it passes, so a repeat is known only at its end;
 * then it is compared with the one it resembles and removed, a slice with each commit, so that no commit waits for it.
 */
import { crc32 } from 'node:zlib'
import type { Part } from '../../sdk/model.ts'
import { ChunkReader } from './chunks.ts'
import type { Database, Statement } from './database.ts'
import type { BodyRecord } from './records.ts'

/** Compared by one commit, bytes. */
const sliceBytes = 4 * 1024 * 1024
/** Removed by one commit, rows of at most 256 KiB. */
const sliceChunks = 16
/** Bodies of one size that begin alike, so far, are worth comparing. */
const markedBytes = 16 * 1024
/** More than these wait for nothing: they are stored as they are. */
const mostWaiting = 256

interface Suspect {
  body: BodyRecord
  id: number
  seq: number
  part: Part
  /** What it may be a repeat of. */
  original: number
  /** Equal so far, bytes. */
  equal: number
}

/** Everything happens inside the writer's transactions; `keep` or `forget` follows each. */
export class RepeatedBodies {
  #chunks: ChunkReader
  #finish: Statement
  #candidate: Statement
  #point: { readonly [P in Part]: Statement }
  #addPurge: Statement
  #purgeChunks: Statement
  #purgeBody: Statement
  #endPurge: Statement
  #listPurge: Statement
  #suspects: Suspect[] = []
  /** Bodies that are repeats: their rows go. */
  #purging: number[]
  /** As of the last commit. */
  #keptSuspects: readonly Suspect[] = []
  /** Found equal in this transaction. */
  #repeats: Suspect[] = []

  constructor(db: Database) {
    this.#chunks = new ChunkReader(db)
    this.#finish = db.prepare('UPDATE body SET size = ?, mark = ? WHERE id = ?')
    this.#candidate = db
      .prepare(
        'SELECT id FROM body WHERE mark = ? AND size = ? AND id > ? AND id < ? AND id NOT IN (SELECT body FROM purge) ORDER BY id LIMIT 1',
      )
      .pluck()
    const point = (part: Part) => db.prepare(`UPDATE exchange SET ${part}_body = ? WHERE seq = ? AND ${part}_body = ?`)
    this.#point = { request: point('request'), response: point('response') }
    this.#addPurge = db.prepare('INSERT INTO purge (body) VALUES (?)')
    this.#purgeChunks = db.prepare(
      `DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE body = ? ORDER BY start LIMIT ${sliceChunks})`,
    )
    this.#purgeBody = db.prepare('DELETE FROM body WHERE id = ?')
    this.#endPurge = db.prepare('DELETE FROM purge WHERE body = ?')
    this.#listPurge = db.prepare('SELECT body FROM purge').pluck()
    this.#purging = this.#listPurge.all() as number[]
  }

  /** Work for `slice` is left. */
  get waiting(): boolean {
    return this.#suspects.length > 0 || this.#purging.length > 0
  }

  /** A chunked body is whole; its last chunk is written. */
  ended(body: BodyRecord, size: number, seq: number, part: Part): void {
    const mark = this.#mark(body.id, size)
    this.#finish.run(size, mark, body.id)
    if (this.#suspects.length >= mostWaiting) return
    const original = this.#candidate.get(mark, size, 0, body.id) as number | undefined
    if (original !== undefined) this.#suspects.push({ body, id: body.id, seq, part, original, equal: 0 })
  }

  /** Nothing refers to this body any more: it goes, and nothing is compared with it. */
  discard(id: number): void {
    this.#addPurge.run(id)
    this.#purging.push(id)
    this.#suspects = this.#suspects.filter((suspect) => suspect.id !== id && suspect.original !== id)
  }

  #mark(id: number, size: number): number {
    return crc32(this.#chunks.range(id, 0, Math.min(markedBytes, size)))
  }

  /** Bodies that go are still there. */
  get isPurging(): boolean {
    return this.#purging.length > 0
  }

  /** Compares or removes a little. */
  slice(): void {
    const body = this.#purging[0]
    const suspect = this.#suspects[0]
    if (body !== undefined) this.#purge(body)
    else if (suspect !== undefined) this.#compare(suspect)
  }

  #compare(suspect: Suspect): void {
    const { id, original } = suspect
    for (const until = suspect.equal + sliceBytes; suspect.equal < until; ) {
      const mine = this.#chunks.next(id, suspect.equal)
      if (mine === null) {
        this.#isRepeat(suspect)
        return
      }
      const theirs = this.#chunks.range(original, suspect.equal, mine.length)
      if (!mine.equals(theirs)) {
        this.#isOther(suspect)
        return
      }
      suspect.equal += mine.length
    }
  }

  #isRepeat(suspect: Suspect): void {
    this.#suspects.shift()
    this.#point[suspect.part].run(suspect.original, suspect.seq, suspect.id)
    this.#addPurge.run(suspect.id)
    this.#purging.push(suspect.id)
    this.#repeats.push(suspect)
  }

  #isOther(suspect: Suspect): void {
    this.#suspects.shift()
    const { body, id, seq, part, original } = suspect
    const size = body.written
    const next = this.#candidate.get(this.#mark(id, size), size, original, id) as number | undefined
    if (next !== undefined) this.#suspects.push({ body, id, seq, part, original: next, equal: 0 })
  }

  #purge(body: number): void {
    if (this.#purgeChunks.run(body).changes === sliceChunks) return
    this.#purgeBody.run(body)
    this.#endPurge.run(body)
    this.#purging.shift()
  }

  /** The transaction was committed. */
  keep(): void {
    if (this.#keptSuspects.length > 0 || this.#suspects.length > 0) this.#keptSuspects = [...this.#suspects]
    if (this.#repeats.length === 0) return
    for (const { body, original } of this.#repeats) body.id = original
    this.#repeats = []
  }

  /** The transaction was rolled back. What was found equal is equal, so it need not be compared again. */
  forget(): void {
    this.#suspects = [...this.#keptSuspects]
    this.#repeats = []
    this.#purging = this.#listPurge.all() as number[]
  }
}
