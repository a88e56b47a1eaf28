/** Server-sent events (WHATWG HTML section 9.2): bytes in, events out. */
import { StringDecoder } from 'node:string_decoder'

export interface ServerSentEvent {
  /** The lines of its data, joined by line feeds; only the beginning when it is beyond the limit. */
  data: string
  /** Of the whole data in UTF-8, bytes. */
  size: number
  /** null: it names none. */
  event: string | null
  id: string | null
}

/** Of data, characters. */
const usualLimit = 4 * 1024 * 1024
const lineBreak = /[\r\n]/g
const byteOrderMark = 0xfeff

export class EventStreamDecoder {
  readonly #onEvent: (event: ServerSentEvent, at: number) => void
  readonly #limit: number
  readonly #utf8 = new StringDecoder('utf8')
  /** The beginning of a line whose end has not come. */
  #line: string[] = []
  #kept = 0
  /** Bytes of it beyond the limit. */
  #dropped = 0
  #begun = false
  #afterReturn = false
  #data: string[] | null = null
  #dataKept = 0
  #size = 0
  #event: string | null = null
  #id: string | null = null

  constructor(onEvent: (event: ServerSentEvent, at: number) => void, limit = usualLimit) {
    this.#onEvent = onEvent
    this.#limit = limit
  }

  /** An event has begun and not ended. */
  get isAmid(): boolean {
    return this.#data !== null || this.#kept > 0
  }

  /** Never throws; what it holds is bounded by the limit. */
  push(bytes: Uint8Array, at: number): void {
    let text = this.#utf8.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    if (text === '') return
    if (!this.#begun && text.charCodeAt(0) === byteOrderMark) text = text.slice(1)
    this.#begun = true
    let start = this.#afterReturn && text.charCodeAt(0) === 10 ? 1 : 0
    if (text !== '') this.#afterReturn = false
    lineBreak.lastIndex = start
    for (let found = lineBreak.exec(text); found !== null; found = lineBreak.exec(text)) {
      this.#hold(text.slice(start, found.index))
      this.#lineEnds(at)
      start = found.index + 1
      if (found[0] === '\r') {
        if (start === text.length) this.#afterReturn = true
        else if (text.charCodeAt(start) === 10) start++
      }
      lineBreak.lastIndex = start
    }
    this.#hold(text.slice(start))
  }

  #hold(piece: string): void {
    if (piece === '') return
    const kept = piece.slice(0, Math.max(0, this.#limit + fieldNameLength - this.#kept))
    if (kept !== '') this.#line.push(kept)
    this.#kept += kept.length
    if (kept.length < piece.length) this.#dropped += Buffer.byteLength(piece.slice(kept.length))
  }

  #lineEnds(at: number): void {
    const line = this.#line.length === 1 ? (this.#line[0] as string) : this.#line.join('')
    const dropped = this.#dropped
    this.#line = []
    this.#kept = 0
    this.#dropped = 0
    if (line === '') {
      this.#dispatch(at)
      return
    }
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1)
    if (name === 'data') this.#addData(value, dropped)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
  }

  #addData(value: string, dropped: number): void {
    const first = this.#data === null
    this.#data ??= []
    this.#size += Buffer.byteLength(value) + dropped + (first ? 0 : 1)
    const room = this.#limit - this.#dataKept
    if (room < 0) return
    this.#data.push(value.length > room ? value.slice(0, room) : value)
    this.#dataKept += value.length + 1
  }

  /** Without data there is no event. */
  #dispatch(at: number): void {
    const data = this.#data
    const event = this.#event === '' ? null : this.#event
    const id = this.#id
    const size = this.#size
    this.#data = null
    this.#dataKept = 0
    this.#size = 0
    this.#event = null
    this.#id = null
    if (data !== null) this.#onEvent({ data: data.join('\n'), size, event, id }, at)
  }
}

/** Longest name that counts, its colon and a space. */
const fieldNameLength = 'event: '.length
