/** Bodies out of a session file, as received or decoded. */
import { limitExceeded, notFound } from '../../sdk/errors.ts'
import type { Headers, Part } from '../../sdk/model.ts'
import { ChunkReader } from './chunks.ts'
import { contentCodings, type DecodeOptions, decodeContent, decodeLimits } from './content-decoding.ts'
import type { Database, Statement } from './database.ts'
import { requestFlags, responseFlags, stateOf } from './exchange-row.ts'
import { searchableBody, searchableBytes } from './searchable-body.ts'

const empty = Buffer.alloc(0)

interface StoredPart {
  seq: number
  flags: number
  id: number | null
  size: number | null
  /** null when it lies in chunks. */
  data: Buffer | null
  fields: string | null
}

export interface BodyRange {
  data: Uint8Array
  /** Of the whole part. */
  size: number
  /** The range reaches the end, and nothing will follow. */
  eof: boolean
  truncated: boolean
}

/** One part of an exchange, its ranges within reach until the next call of the reader. */
export interface Content {
  headers: Headers
  /** Of what is there of it. */
  size: number
  /** Nothing will follow. */
  ended: boolean
  truncated: boolean
  range(offset: number, length: number): Uint8Array
}

export class BodyReader {
  #request: Statement
  #response: Statement
  #chunks: ChunkReader
  /** The body that was decoded last: its ranges are often read one after the other. */
  #decoded: { key: string; data: Uint8Array } | null = null

  constructor(db: Database) {
    const part = (name: Part) =>
      db.prepare(
        `SELECT e.seq, e.flags, b.id, b.size, b.data, h.fields FROM exchange e
         LEFT JOIN body b ON b.id = e.${name}_body LEFT JOIN head h ON h.id = e.${name}_head WHERE e.seq = ?`,
      )
    this.#request = part('request')
    this.#response = part('response')
    this.#chunks = new ChunkReader(db)
  }

  /** A part of an exchange. Rejects with WeirError: 1001 exchangeNotFound; with `decode` those of decodeContent. */
  async content(seq: number, part: Part, decode: boolean | 'whole'): Promise<Content> {
    const stored = (part === 'request' ? this.#request : this.#response).get(seq) as StoredPart | undefined
    if (stored === undefined) throw notFound('exchangeNotFound', `this session has no exchange ${seq}`)
    const { ended, truncated } = part === 'request' ? requestFlags(stored.flags) : responseFlags(stored.flags)
    const headers = stored.fields === null ? [] : (JSON.parse(stored.fields) as Headers)
    const codings = decode ? contentCodings(headers) : []
    if (codings.length === 0) {
      const size = stored.size ?? 0
      const range = (offset: number, length: number) => this.#bytes(stored, offset, Math.min(length, size - offset))
      return { headers, size, ended, truncated, range }
    }
    const cut = truncated || stateOf(stored.flags) !== 'complete'
    const whole = await this.#decode(stored, codings, { cut, whole: decode === 'whole' })
    return { headers, size: whole.length, ended, truncated, range: (offset, length) => whole.subarray(offset, offset + length) }
  }

  /** Rejects as `content` does. */
  async read(seq: number, part: Part, offset: number, length: number, decode: boolean | 'whole'): Promise<BodyRange> {
    const { size, ended, truncated, range } = await this.content(seq, part, decode)
    const data = range(offset, length)
    return { data, size, eof: ended && offset + data.length >= size, truncated }
  }

  /** What queries look at, see searchableBody; null: not a byte was kept. */
  searchable(seq: number, part: Part): Uint8Array | null {
    const stored = (part === 'request' ? this.#request : this.#response).get(seq) as StoredPart | undefined
    if (stored === undefined || stored.id === null) return null
    const size = stored.size ?? 0
    const headers = stored.fields === null ? [] : (JSON.parse(stored.fields) as Headers)
    const { truncated } = part === 'request' ? requestFlags(stored.flags) : responseFlags(stored.flags)
    const bytes = this.#bytes(stored, 0, Math.min(size, searchableBytes))
    return searchableBody(bytes, size, headers, truncated || stateOf(stored.flags) !== 'complete')
  }

  async #decode(stored: StoredPart, codings: string[], options: DecodeOptions): Promise<Uint8Array> {
    const size = stored.size ?? 0
    const key = `${stored.seq} ${stored.id} ${size} ${codings} ${options.cut} ${options.whole}`
    if (this.#decoded?.key === key) return this.#decoded.data
    if (size > decodeLimits.outputBytes)
      throw limitExceeded('decodeLimit', 'the body is not decoded: more than 64 MiB of it are stored; read it as it was received')
    const data = await decodeContent(this.#bytes(stored, 0, size), codings, options)
    this.#decoded = { key, data }
    return data
  }

  #bytes({ id, data }: StoredPart, offset: number, length: number): Buffer {
    if (id === null || length <= 0) return empty
    return data === null ? this.#chunks.range(id, offset, length) : data.subarray(offset, offset + length)
  }
}
