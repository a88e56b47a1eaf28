/** The texts of exchanges as search sees them: UTF-8, bodies without their Content-Encoding. */
import { textCharset } from '../../../sdk/body-text.ts'
import { MediaTypes } from '../../../sdk/media-type.ts'
import type { Headers } from '../../../sdk/model.ts'
import type { TextPart } from '../../../sdk/search-hit.ts'
import { ChunkReader } from '../chunks.ts'
import { contentCodings, decodeContentAtOnce, decodeLimits } from '../content-decoding.ts'
import type { Database, Statement } from '../database.ts'
import { requestFlags, responseFlags, stateOf } from '../exchange-row.ts'

export interface ExchangeTexts {
  seq: number
  /** It has not ended: its texts may grow. */
  isOpen: boolean
  texts: { part: TextPart; bytes: Buffer }[]
}

/** What is shown of them. */
export interface ShownTexts {
  url(url: string): string
  fields(fields: Headers): Headers
  /** null: nothing. @param bytes decoded */
  body(bytes: Uint8Array, headers: Headers): Uint8Array | null
  message(text: string): string
}

type Row = [
  seq: number,
  flags: number,
  scheme: string,
  authority: string,
  path: string,
  requestFields: string,
  responseFields: string | null,
  requestBody: number | null,
  requestSize: number | null,
  requestData: Buffer | null,
  responseBody: number | null,
  responseSize: number | null,
  responseData: Buffer | null,
]

const columns = `e.seq, e.flags, l.scheme, l.authority, e.path, qh.fields, rh.fields,
  qb.id, qb.size, qb.data, rb.id, rb.size, rb.data
  FROM exchange e
  LEFT JOIN request_line l ON l.id = e.request_line
  LEFT JOIN head qh ON qh.id = e.request_head LEFT JOIN head rh ON rh.id = e.response_head
  LEFT JOIN body qb ON qb.id = e.request_body LEFT JOIN body rb ON rb.id = e.response_body`

export class SearchableTexts {
  readonly #after: Statement
  readonly #before: Statement
  readonly #messages: Statement
  readonly #chunks: ChunkReader
  readonly #types = new MediaTypes()

  constructor(db: Database) {
    this.#after = db.prepare(`SELECT ${columns} WHERE e.seq > ? ORDER BY e.seq LIMIT ?`).raw()
    this.#before = db.prepare(`SELECT ${columns} WHERE e.seq >= ? AND e.seq < ? ORDER BY e.seq DESC LIMIT ?`).raw()
    this.#messages = db.prepare('SELECT text FROM message WHERE seq = ? AND text IS NOT NULL ORDER BY number').pluck()
    this.#chunks = new ChunkReader(db)
  }

  /** Oldest first; exchanges of at most so many rows. */
  after(seq: number, rows: number): ExchangeTexts[] {
    return (this.#after.all(seq, rows) as Row[]).map((row) => this.#textsOf(row))
  }

  /** Those in [from, before), newest first. */
  before(from: number, before: number, rows: number): ExchangeTexts[] {
    return (this.#before.all(from, before, rows) as Row[]).map((row) => this.#textsOf(row))
  }

  /** Of one exchange; null: it is no more. */
  shown(seq: number, shown: ShownTexts): ExchangeTexts | null {
    const [row] = this.#before.all(seq, seq + 1, 1) as Row[]
    return row === undefined ? null : this.#textsOf(row, shown)
  }

  #textsOf(row: Row, shown: ShownTexts = everything): ExchangeTexts {
    const [seq, flags, scheme, authority, path, requestFields, responseFields] = row
    const texts: ExchangeTexts['texts'] = [{ part: 'url', bytes: Buffer.from(shown.url(`${scheme}://${authority}${path}`), 'latin1') }]
    const isCut = stateOf(flags) !== 'complete'
    const requestHeaders = JSON.parse(requestFields) as Headers
    addHeaders(texts, 'request.headers', shown.fields(requestHeaders))
    this.#addBody(texts, 'request.body', requestHeaders, row[7], row[8], row[9], isCut || requestFlags(flags).truncated, shown)
    if (responseFields !== null) {
      const responseHeaders = JSON.parse(responseFields) as Headers
      addHeaders(texts, 'response.headers', shown.fields(responseHeaders))
      this.#addBody(texts, 'response.body', responseHeaders, row[10], row[11], row[12], isCut || responseFlags(flags).truncated, shown)
    }
    const messages = ((flags >> 2) & 3) === 1 ? (this.#messages.all(seq) as string[]) : []
    if (messages.length > 0) texts.push({ part: 'messages', bytes: Buffer.from(messages.map((text) => shown.message(text)).join('\n')) })
    return { seq, isOpen: stateOf(flags) === 'open', texts }
  }

  #addBody(
    texts: ExchangeTexts['texts'],
    part: TextPart,
    headers: Headers,
    id: number | null,
    size: number | null,
    data: Buffer | null,
    cut: boolean,
    shown: ShownTexts,
  ): void {
    if (id === null || size === null || size > decodeLimits.outputBytes) return
    const type = this.#types.parse(headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '')
    if (!type.text && type.essence !== '') return
    const whole = decoded(data ?? this.#chunks.range(id, 0, size), contentCodings(headers), cut)
    const bytes = whole && shown.body(whole, headers)
    const charset = bytes === null ? null : textCharset(bytes, type)
    if (bytes === null || (charset === null && !type.text)) return
    texts.push({
      part,
      bytes: charset === null || charset === 'utf-8' ? asBuffer(bytes) : Buffer.from(new TextDecoder(charset).decode(bytes)),
    })
  }
}

const everything: ShownTexts = { url: (url) => url, fields: (fields) => fields, body: (bytes) => bytes, message: (text) => text }

function addHeaders(texts: ExchangeTexts['texts'], part: TextPart, headers: Headers): void {
  if (headers.length > 0) texts.push({ part, bytes: Buffer.from(headers.map(([name, value]) => `${name}: ${value}\n`).join(''), 'latin1') })
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** null: its bytes cannot be made out, so there is no text. */
function decoded(bytes: Buffer, codings: string[], cut: boolean): Uint8Array | null {
  if (codings.length === 0) return bytes
  try {
    return decodeContentAtOnce(bytes, codings, { cut })
  } catch {
    return null
  }
}
