/**
 * Multipart bodies (RFC 2046 section 5.1) while they come, in pieces cut anywhere: the head of each part, where its content
 * lies, and that content itself where it is small. Names and file names as form-data has them (RFC 7578, and what browsers do).
 */
import type { Headers } from './model.ts'

export interface MultipartPart {
  /** As the body has them; bytes above 127 as U+0080..00FF. */
  headers: Headers
  /** Where its content begins in the body, bytes. */
  offset: number
  /** Of its content, bytes. */
  size: number
  /** A delimiter came after it. */
  ended: boolean
  /** null when it is larger than what is kept. */
  content: Uint8Array | null
}

/** What is wrong with a body that has ended: it has no delimiter, none after its last part, or a part with an unreadable head. */
export type MultipartFault = 'noDelimiter' | 'unterminated' | 'invalidHead'

export interface MultipartOptions {
  /** Contents up to so many bytes are given. */
  keptBytes: number
  part(part: MultipartPart): void
}

const endOfHead = Buffer.from('\r\n\r\n')
const headLimit = 64 * 1024
/** Of white space after a delimiter. */
const paddingLimit = 256

export class MultipartReader {
  #delimiter: Buffer
  #options: MultipartOptions
  /** A delimiter begins with the line break before it; the first one needs none. */
  #held: Buffer = Buffer.from('\r\n')
  /** The place of #held in the body. */
  #at = -2
  #state: 'preamble' | 'head' | 'content' | 'done' = 'preamble'
  /** So many bytes of #held belong to the head before them. */
  #headBytes = 0
  #part: (MultipartPart & { pieces: Buffer[] }) | null = null
  #fault: MultipartFault | null = null

  constructor(boundary: string, options: MultipartOptions) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
    this.#options = options
  }

  write(bytes: Uint8Array): void {
    if (this.#state === 'done') return
    this.#held = Buffer.concat([this.#held, bytes])
    let goesOn = true
    while (goesOn) goesOn = this.#state === 'head' ? this.#readHead() : this.#readContent()
  }

  /** Nothing follows. null: as it should be. */
  end(): MultipartFault | null {
    if (this.#state === 'content') {
      this.#take(this.#held.length)
      this.#finish(false)
    }
    if (this.#state === 'done') return this.#fault
    return this.#state === 'preamble' ? 'noDelimiter' : 'unterminated'
  }

  /** False: more bytes are needed, or none any more. */
  #readHead(): boolean {
    const next = this.#held.indexOf(this.#delimiter)
    // No further: heads without an end would each be searched for one in all that follows.
    const end = (next < 0 ? this.#held : this.#held.subarray(0, next + endOfHead.length)).indexOf(endOfHead)
    const cut = next >= 0 && (end < 0 || next < end)
    if (!cut && end < 0) {
      if (this.#held.length <= headLimit) return false
      this.#fault = 'invalidHead'
      this.#state = 'done'
      return false
    }
    const headers = this.#headers(this.#held.toString('latin1', 0, cut ? next : end))
    // The empty line may be the line break of the next delimiter, too.
    this.#consume(cut ? next : end + 2)
    this.#headBytes = cut ? 0 : 2
    this.#part = { headers, offset: this.#at + this.#headBytes, size: 0, ended: false, content: null, pieces: [] }
    this.#state = 'content'
    return true
  }

  #readContent(): boolean {
    const at = this.#held.indexOf(this.#delimiter)
    if (at < 0) {
      this.#take(Math.max(0, this.#held.length - this.#delimiter.length + 1))
      return false
    }
    const after = this.#held.subarray(at + this.#delimiter.length, at + this.#delimiter.length + paddingLimit)
    const isLast = after[0] === 0x2d && after[1] === 0x2d
    const padding = isLast ? '--' : /^[ \t]*(?=\r\n)/.exec(after.toString('latin1'))?.[0]
    if (padding === undefined) {
      const undecided = /^(?:-|[ \t]*\r?)$/.test(after.toString('latin1')) && after.length < paddingLimit
      this.#take(undecided ? at : at + 1)
      return !undecided
    }
    this.#take(at)
    this.#finish(true)
    this.#consume(this.#delimiter.length + padding.length)
    this.#state = isLast ? 'done' : 'head'
    return !isLast
  }

  /** The next bytes are content. */
  #take(length: number): void {
    const content = this.#held.subarray(Math.min(this.#headBytes, length), length)
    this.#consume(length)
    const part = this.#part
    if (part === null || content.length === 0) return
    part.size += content.length
    if (part.size <= this.#options.keptBytes) part.pieces.push(Buffer.from(content))
    else part.pieces = []
  }

  #consume(length: number): void {
    this.#held = this.#held.subarray(length)
    this.#at += length
    this.#headBytes = Math.max(0, this.#headBytes - length)
  }

  #finish(ended: boolean): void {
    if (this.#part === null) return
    const { pieces, ...part } = this.#part
    this.#part = null
    this.#options.part({ ...part, ended, content: part.size <= this.#options.keptBytes ? Buffer.concat(pieces) : null })
  }

  #headers(head: string): Headers {
    const lines = head
      .replace(/\r\n(?=[ \t])/g, '')
      .split('\r\n')
      .filter(Boolean)
    return lines.flatMap((line): Headers => {
      const colon = line.indexOf(':')
      if (colon > 0) return [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()]]
      this.#fault = 'invalidHead'
      return []
    })
  }
}

export interface Disposition {
  name: string | null
  filename: string | null
}

/** What follows a closing quote. */
const afterQuote = /^\s*(?:;\s*[\w!#$&+.^`|~*-]+\s*=|;?\s*$)/

/**
 * The parameters of a Content-Disposition field. Browsers escape only `"`, CR and LF, as %22, %0D and %0A, and leave
 * backslashes alone; older clients write `\"`. `filename*` (RFC 5987) goes before `filename`.
 * @param value with bytes above 127 as U+0080..00FF; they are read as UTF-8 where they are that
 */
export function parseDisposition(value: string): Disposition {
  const parameters = new Map<string, string>()
  for (let at = value.indexOf(';'); at >= 0 && at < value.length; ) {
    const begun = /^[;\s]*([\w!#$&+.^`|~*-]+)\s*=\s*/.exec(value.slice(at))
    if (begun === null) break
    at += begun[0].length
    const name = (begun[1] as string).toLowerCase()
    let end = at
    if (value[at] === '"') {
      end = closingQuote(value, at + 1)
      if (!parameters.has(name)) parameters.set(name, unquoted(value.slice(at + 1, end)))
      end += 1
    } else {
      while (end < value.length && value[end] !== ';') end += 1
      if (!parameters.has(name)) parameters.set(name, byteText(value.slice(at, end).trim()))
    }
    at = value.indexOf(';', end)
  }
  return { name: parameters.get('name') ?? null, filename: extended(parameters.get('filename*')) ?? parameters.get('filename') ?? null }
}

function closingQuote(value: string, from: number): number {
  for (let at = value.indexOf('"', from); at >= 0; at = value.indexOf('"', at + 1)) {
    if (value[at - 1] !== '\\' || afterQuote.test(value.slice(at + 1))) return at
  }
  return value.length
}

const escapes: { [escaped: string]: string } = { '%22': '"', '%0D': '\r', '%0A': '\n' }

function unquoted(quoted: string): string {
  const plain = quoted.includes('\\"') ? quoted.replace(/\\(["\\])/g, '$1') : quoted
  return byteText(plain.replace(/%(?:22|0D|0A)/gi, (escaped) => escapes[escaped.toUpperCase()] as string))
}

/** RFC 5987: `UTF-8''%e2%82%ac`. */
function extended(value: string | undefined): string | null {
  const [, charset, encoded] = /^([\w-]+)'[^']*'(.*)$/.exec(value ?? '') ?? []
  if (charset === undefined || encoded === undefined) return null
  const bytes = Buffer.from(
    encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return null
  }
}

/** Bytes as U+0000..00FF, read as UTF-8 where they are that. */
export function byteText(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text) || /[^\u0000-\u00ff]/.test(text)) return text
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}
