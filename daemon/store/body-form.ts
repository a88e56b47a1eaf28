/** The fields of a form in a body: application/x-www-form-urlencoded and every multipart type. */
import { bodyText } from '../../sdk/body-text.ts'
import { limitExceeded, unavailable } from '../../sdk/errors.ts'
import { type MediaType, MediaTypes } from '../../sdk/media-type.ts'
import type { FormItem } from '../../sdk/model.ts'
import { byteText, type MultipartFault, type MultipartPart, MultipartReader, parseDisposition } from '../../sdk/multipart.ts'
import { urlEncodedFields } from '../../sdk/url-encoded.ts'
import type { Content } from './body-reader.ts'
import { contentType } from './body-text.ts'

const formLimits = {
  /** Longer values are left where they are. */
  valueBytes: 64 * 1024,
  /** Of a page as JSON; it ends early. */
  pageBytes: 8 * 1024 * 1024,
  urlEncodedBytes: 64 * 1024 * 1024,
  multipartBytes: 1024 * 1024 * 1024,
} as const

export interface Form {
  type: 'urlencoded' | 'multipart'
  items: FormItem[]
  more: boolean
  /** Of the body, decoded, bytes. */
  size: number
  eof: boolean
  truncated: boolean
  malformed?: MultipartFault
}

const pieceBytes = 256 * 1024
const types = new MediaTypes()
const noType = types.parse('')

/** Items from `since` on, at most `limit`. Throws 1005 notForm or boundaryMissing, 1004 formLimit. */
export function readForm(content: Content, since: number, limit: number): Form {
  const type = types.parse(contentType(content.headers))
  const page = new FormPage(since, limit)
  const { size, ended: eof, truncated } = content
  if (type.essence === 'application/x-www-form-urlencoded') {
    refuseLarger(size, formLimits.urlEncodedBytes)
    for (const { name, value, ...place } of urlEncodedFields(content.range(0, size))) {
      page.add({ name: byteText(latin1(name)), ...place }, value, type)
      if (page.more) break
    }
    return { type: 'urlencoded', items: page.items, more: page.more, size, eof, truncated }
  }
  if (!type.essence.startsWith('multipart/'))
    throw unavailable(
      'notForm',
      `this body is no form (${type.essence || 'it has no type'}); read it with exchange/readText or exchange/readBody`,
    )
  if (!type.boundary) throw unavailable('boundaryMissing', 'its Content-Type names no boundary, so its parts cannot be told apart')
  refuseLarger(size, formLimits.multipartBytes)
  const fault = readParts(content, type.boundary, page)
  return { type: 'multipart', items: page.items, more: page.more, size, eof, truncated, ...(fault && eof && { malformed: fault }) }
}

function readParts({ size, range }: Content, boundary: string, page: FormPage): MultipartFault | null {
  const reader = new MultipartReader(boundary, { keptBytes: formLimits.valueBytes, part: (part) => page.add(...itemOf(part)) })
  for (let at = 0; at < size; at += pieceBytes) {
    reader.write(range(at, pieceBytes))
    if (page.more) return null
  }
  return reader.end()
}

type Added = [item: Omit<FormItem, 'index'>, content: Uint8Array | null, type: MediaType]

function itemOf({ headers, offset, size, ended, content }: MultipartPart): Added {
  const field = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1]
  const { name, filename } = parseDisposition(field('content-disposition') ?? '')
  const type = field('content-type')
  const item = {
    name,
    ...(filename !== null && { filename }),
    ...(type !== undefined && { type }),
    size,
    offset,
    headers,
    ...(!ended && { cut: true }),
  }
  return [item, content, type === undefined ? noType : types.parse(type)]
}

/** Skips what is before it, and knows when it is full. */
class FormPage {
  readonly items: FormItem[] = []
  more = false
  #since: number
  #limit: number
  #index = 0
  #bytes = 0

  constructor(since: number, limit: number) {
    this.#since = since
    this.#limit = limit
  }

  add(item: Omit<FormItem, 'index'>, content: Uint8Array | null, type: MediaType): void {
    const index = this.#index++
    if (index < this.#since || this.more) return
    const kept = content !== null && content.length <= formLimits.valueBytes ? content : null
    const added = { index, ...item, ...(kept && textOrData(kept, type)) }
    this.#bytes += JSON.stringify(added).length
    if (this.items.length === this.#limit || (this.#bytes > formLimits.pageBytes && this.items.length > 0)) this.more = true
    else this.items.push(added)
  }
}

/** As text where that stands for exactly these bytes. */
function textOrData(content: Uint8Array, type: MediaType): { value: string } | { data: string } {
  const text = bodyText(content, type.essence === 'application/x-www-form-urlencoded' ? { ...noType, charset: type.charset } : type)
  return text === null ? { data: Buffer.from(content).toString('base64') } : { value: text }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

function refuseLarger(size: number, limit: number): void {
  if (size > limit)
    throw limitExceeded('formLimit', `forms of up to ${limit / 1024 / 1024} MiB are read; read this one with exchange/readBody`)
}
