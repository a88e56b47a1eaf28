/** The texts of exchanges as search sees them: UTF-8, bodies without their Content-Encoding. */
import { textCharset } from '../../../sdk/body-text.ts'
import { MediaTypes } from '../../../sdk/media-type.ts'
import type { Headers } from '../../../sdk/model.ts'
import type { TextPart } from '../../../sdk/search-hit.ts'
import { ChunkReader } from '../chunks.ts'
import { contentCodings, DecodeTimeout, decodeContentAtOnce, decodeLimits } from '../content-decoding.ts'
import type { Database, Statement } from '../database.ts'
import { requestFlags, responseFlags, stateOf } from '../exchange-row.ts'

export interface ExchangeTexts {
  seq: number
  /** It has not ended: its texts may grow. */
  isOpen: boolean
  /** Each is read when its turn comes and not before, for it may be large. @param parts null: all of them */
  texts(parts: readonly TextPart[] | null): Iterable<Text>
}

/** Of messages one each. */
export interface Text {
  part: TextPart
  /** Of its first byte in the part. */
  position: number
  /** null: it was not decoded for want of time, another time it may be. */
  bytes: Buffer | null
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

/** Texts of messages that are read at once, UTF-16 units, about; one may be longer. */
const messagesAtOnce = 256 * 1024

export class SearchableTexts {
  readonly #after: Statement
  readonly #before: Statement
  readonly #messages: Statement
  readonly #chunks: ChunkReader
  readonly #now: () => number
  readonly #types = new MediaTypes()

  /** @param now milliseconds of a clock that decoding is measured by; those of this thread's work, so that a busy machine hides no text */
  constructor(db: Database, now = workedMs) {
    this.#after = db.prepare(`SELECT ${columns} WHERE e.seq > ? ORDER BY e.seq LIMIT ?`).raw()
    this.#before = db.prepare(`SELECT ${columns} WHERE e.seq >= ? AND e.seq < ? ORDER BY e.seq DESC LIMIT ?`).raw()
    this.#messages = db.prepare('SELECT number, text FROM message WHERE seq = ? AND number > ? AND text IS NOT NULL ORDER BY number').raw()
    this.#chunks = new ChunkReader(db)
    this.#now = now
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
    const [seq, flags] = row
    return { seq, isOpen: stateOf(flags) === 'open', texts: (parts) => this.#read(row, shown, parts) }
  }

  *#read(row: Row, shown: ShownTexts, parts: readonly TextPart[] | null): Generator<Text> {
    const [seq, flags, scheme, authority, path, requestFields, responseFields] = row
    const wants = (part: TextPart) => parts === null || parts.includes(part)
    const isCut = stateOf(flags) !== 'complete'
    if (wants('url')) yield textOf('url', Buffer.from(shown.url(`${scheme}://${authority}${path}`), 'latin1'))
    const requestHeaders = JSON.parse(requestFields) as Headers
    if (wants('request.headers')) yield* fieldLines('request.headers', shown.fields(requestHeaders))
    if (wants('request.body'))
      yield* this.#body('request.body', requestHeaders, row[7], row[8], row[9], isCut || requestFlags(flags).truncated, shown)
    if (responseFields !== null) {
      const responseHeaders = JSON.parse(responseFields) as Headers
      if (wants('response.headers')) yield* fieldLines('response.headers', shown.fields(responseHeaders))
      if (wants('response.body'))
        yield* this.#body('response.body', responseHeaders, row[10], row[11], row[12], isCut || responseFlags(flags).truncated, shown)
    }
    if (((flags >> 2) & 3) === 1 && wants('messages')) yield* this.#messageTexts(seq, shown)
  }

  *#body(
    part: TextPart,
    headers: Headers,
    id: number | null,
    size: number | null,
    data: Buffer | null,
    cut: boolean,
    shown: ShownTexts,
  ): Generator<Text> {
    if (id === null || size === null || size > decodeLimits.outputBytes) return
    const type = this.#types.parse(headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '')
    if (!type.text && type.essence !== '') return
    const whole = this.#decoded(data ?? this.#chunks.range(id, 0, size), contentCodings(headers), cut)
    if (whole === 'late') {
      yield { part, position: 0, bytes: null }
      return
    }
    const bytes = whole && shown.body(whole, headers)
    const charset = bytes === null ? null : textCharset(bytes, type)
    if (bytes === null || (charset === null && !type.text)) return
    yield textOf(part, charset === null || charset === 'utf-8' ? asBuffer(bytes) : Buffer.from(new TextDecoder(charset).decode(bytes)))
  }

  /** null: its bytes cannot be made out, so there is no text. */
  #decoded(bytes: Buffer, codings: string[], cut: boolean): Uint8Array | null | 'late' {
    if (codings.length === 0) return bytes
    try {
      return decodeContentAtOnce(bytes, codings, { cut, now: this.#now })
    } catch (error) {
      return error instanceof DecodeTimeout ? 'late' : null
    }
  }

  /** The part is all of them, with a line feed between any two. */
  *#messageTexts(seq: number, shown: ShownTexts): Generator<Text> {
    let position = 0
    for (let some = this.#someMessages(seq, -1); some.length > 0; some = this.#someMessages(seq, (some.at(-1) as MessageRow)[0])) {
      for (const [, text] of some) {
        const bytes = Buffer.from(shown.message(text))
        yield { part: 'messages', position, bytes }
        position += bytes.length + 1
      }
    }
  }

  /** No transaction lasts longer than this. */
  #someMessages(seq: number, after: number): MessageRow[] {
    const some: MessageRow[] = []
    let length = 0
    for (const row of this.#messages.iterate(seq, after) as Iterable<MessageRow>) {
      some.push(row)
      length += row[1].length
      if (length >= messagesAtOnce) break
    }
    return some
  }
}

type MessageRow = [number: number, text: string]

/** Node before 23.9 does not tell it of one thread. */
const workedMs = 'threadCpuUsage' in process ? threadMs : () => performance.now()

function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

const everything: ShownTexts = { url: (url) => url, fields: (fields) => fields, body: (bytes) => bytes, message: (text) => text }

const textOf = (part: TextPart, bytes: Buffer): Text => ({ part, position: 0, bytes })

function* fieldLines(part: TextPart, headers: Headers): Generator<Text> {
  if (headers.length > 0) yield textOf(part, Buffer.from(headers.map(([name, value]) => `${name}: ${value}\n`).join(''), 'latin1'))
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
