/** Header fields of one message, parsed once for all repeats of the same bytes. */

import { type MessageType, messageTypeOf } from '../../../sdk/message-type.ts'
import type { Anomaly, Headers } from '../../../sdk/model.ts'
import { TwoGenerations } from '../two-generations.ts'

/** What the fields say about the length of the message and the life of the connection (RFC 9112 sections 6 and 9). */
interface Framing {
  /** null: none given, or an unusable one. */
  contentLength: number | null
  /** Why the given Content-Length is unusable; null when there is none or a usable one. */
  unusableLength: Anomaly | null
  /** There is a Transfer-Encoding field. */
  transferEncoded: boolean
  /** The last transfer coding is chunked. */
  chunked: boolean
  close: boolean
  keepAlive: boolean
  upgrade: boolean
  /** The Host field, as sent. */
  host: string | null
}

/** Immutable and shared: the same object for the same bytes while it is remembered, so that the store can intern it by identity. */
export interface HeaderBlock {
  readonly fields: Readonly<Headers>
  readonly framing: Framing
  readonly anomalies: readonly Anomaly[]
  /** Of the content; null: it is no messages. */
  readonly messages: MessageType | null
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const unreadable = /[\0\r]/
const blanksAround = /^[ \t]+|[ \t]+$/g
const blanksAfter = /[ \t]+$/

/**
 * RFC 9112 section 5. Whatever is no field line is kept as a name without a value, so nothing of the wire is lost.
 * @param text the bytes between start line and body as latin1, the empty line included
 */
function parseHeaderBlock(text: string): HeaderBlock {
  const fields: Headers = []
  const anomalies: Anomaly[] = []
  const note = (anomaly: Anomaly) => {
    if (!anomalies.includes(anomaly)) anomalies.push(anomaly)
  }
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf('\n', start)
    const next = feed < 0 ? text.length : feed + 1
    let end = feed < 0 ? text.length : feed
    if (feed >= 0) {
      if (end > start && text.charCodeAt(end - 1) === 13) end--
      else note('bareLineFeed')
    }
    const line = text.slice(start, end)
    start = next
    if (line !== '') readLine(line, fields, note)
  }
  return { fields, framing: framingOf(fields, note), anomalies, messages: messageTypeOf(fields) }
}

function readLine(line: string, fields: Headers, note: (anomaly: Anomaly) => void): void {
  if (unreadable.test(line)) note('invalidHeaderLine')
  const first = line.charCodeAt(0)
  const folded = first === 32 || first === 9
  const previous = fields.at(-1)
  if (folded && previous) {
    note('obsoleteFold')
    const more = line.replace(blanksAround, '')
    previous[1] = previous[1] && more ? `${previous[1]} ${more}` : previous[1] + more
    return
  }
  const colon = line.indexOf(':')
  if (folded || colon <= 0) note('invalidHeaderLine')
  if (colon < 0) {
    fields.push([line.replace(blanksAround, ''), ''])
    return
  }
  const name = line.slice(0, colon)
  const bare = name.replace(blanksAfter, '')
  if (bare !== name) note('whitespaceBeforeColon')
  if (!token.test(bare)) note('invalidHeaderLine')
  fields.push([bare, line.slice(colon + 1).replace(blanksAround, '')])
}

/** Of optional white space alone (RFC 9110 section 5.6.3): a vertical tab in front of `chunked` makes it another word. */
const trimmed = (text: string): string => text.replace(blanksAround, '')

function framingOf(fields: Readonly<Headers>, note: (anomaly: Anomaly) => void): Framing {
  const framing: Framing = {
    contentLength: null,
    unusableLength: null,
    transferEncoded: false,
    chunked: false,
    close: false,
    keepAlive: false,
    upgrade: false,
    host: null,
  }
  const lengths: string[] = []
  const codings: string[] = []
  for (const [name, value] of fields) {
    switch (name.toLowerCase()) {
      case 'content-length':
        lengths.push(...value.split(','))
        break
      case 'transfer-encoding':
        codings.push(...value.split(','))
        framing.transferEncoded = true
        break
      case 'connection':
        for (const option of value.toLowerCase().split(',')) {
          const word = trimmed(option)
          if (word === 'close') framing.close = true
          else if (word === 'keep-alive') framing.keepAlive = true
          else if (word === 'upgrade') framing.upgrade = true
        }
        break
      case 'host':
        if (framing.host === null) framing.host = value
        else note('duplicateHost')
        break
    }
  }
  if (lengths.length > 0) readLengths(lengths, framing, note)
  if (framing.transferEncoded) {
    if (lengths.length > 0) note('contentLengthWithTransferEncoding')
    const names = codings.map((coding) => trimmed(coding).toLowerCase())
    framing.chunked = names.at(-1) === 'chunked'
    if (!framing.chunked || names.indexOf('chunked') !== names.length - 1) note('invalidTransferEncoding')
  }
  return framing
}

/** RFC 9112 section 6.3: equal repeats are one length, with a note; different ones are none. */
function readLengths(lengths: string[], framing: Framing, note: (anomaly: Anomaly) => void): void {
  const values = lengths.map(trimmed)
  const first = values[0] ?? ''
  const length = Number(first)
  const conflicting = values.some((value) => value !== first)
  if (!conflicting && /^\d+$/.test(first) && Number.isSafeInteger(length)) {
    framing.contentLength = length
    if (values.length > 1) note('invalidContentLength')
    return
  }
  framing.unusableLength = conflicting ? 'conflictingContentLength' : 'invalidContentLength'
  note(framing.unusableLength)
}

/** Remembers the blocks seen last: a repeat costs one look-up and gives the same object. */
export class HeaderBlocks {
  #blocks: TwoGenerations<HeaderBlock>

  /** @param bytes of header text remembered */
  constructor(entries = 4_096, bytes = 4 * 1024 * 1024) {
    this.#blocks = new TwoGenerations(entries, bytes)
  }

  /** @param text see parseHeaderBlock; it may be part of a longer string, of which nothing is kept */
  get(text: string): HeaderBlock {
    return this.#blocks.get(text, parseHeaderBlock)
  }
}
