/** A body as a value that a schema can describe. */

import { bodyText } from '../../../sdk/body-text.ts'
import { fieldValue } from '../../../sdk/field-value.ts'
import { type MediaType, MediaTypes } from '../../../sdk/media-type.ts'
import type { Headers, Part } from '../../../sdk/model.ts'
import { byteText, MultipartReader, parseDisposition } from '../../../sdk/multipart.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { isCut } from '../text/cut.ts'

export interface ApiBody {
  /** The media type under which the document lists it. */
  type: string
  /** What a schema is held against; null: nothing is known of it (binary, cut, or not what it says to be). */
  instance: { value: unknown } | 'unread' | null
}

const isJson = (essence: string) => /[/+]json$/.test(essence)
const form = 'application/x-www-form-urlencoded'

export class BodyReader {
  #types = new MediaTypes()
  #maximum: number

  /** @param maximum bytes on the wire; larger ones are 'unread' */
  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /** null: there is none. */
  async read(exchange: ExportedExchange, part: Part): Promise<ApiBody | null> {
    const message = exchange[part]
    if (!message || message.bodySize === 0) return null
    const media = this.#types.parse(fieldValue(message.headers, 'content-type') ?? '')
    const { essence } = media
    const structured = essence === '' || isJson(essence) || essence === form || media.boundary !== null
    if (!structured) return { type: essence, instance: media.text ? { value: '' } : null }
    if (isCut(exchange, part)) return { type: essence || 'application/octet-stream', instance: null }
    if (message.bodySize > this.#maximum) return { type: essence || 'application/octet-stream', instance: 'unread' }
    const bytes = await readDecoded(exchange, part, message.headers)
    return bytes === null ? { type: essence || 'application/octet-stream', instance: null } : { ...this.#body(bytes, media) }
  }

  #body(bytes: Uint8Array, media: MediaType): ApiBody {
    const { essence, boundary } = media
    if (boundary !== null) return { type: essence, instance: { value: multipart(bytes, boundary) } }
    const text = bodyText(bytes, media)
    if (essence === form) return { type: form, instance: text === null ? null : { value: fieldsObject(new URLSearchParams(text)) } }
    const instance = text === null ? null : json(text)
    if (essence !== '') return { type: essence, instance }
    if (instance) return { type: 'application/json', instance }
    return text === null ? { type: 'application/octet-stream', instance } : { type: 'text/plain', instance: { value: '' } }
  }
}

async function readDecoded(exchange: ExportedExchange, part: Part, headers: Headers): Promise<Uint8Array | null> {
  const encoded = !/^(?:identity)?$/i.test(fieldValue(headers, 'content-encoding') ?? '')
  if (!encoded) return exchange.readBody(part)
  return exchange.readBody(part, { decode: true }).catch(() => null)
}

function json(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text) as unknown }
  } catch {
    return null
  }
}

/** A field that comes several times is a list. */
function fieldsObject(fields: Iterable<[string, string]>): Record<string, unknown> {
  const values = new Map<string, string | string[]>()
  for (const [name, value] of fields) {
    const known = values.get(name)
    if (known === undefined) values.set(name, value)
    else if (Array.isArray(known)) known.push(value)
    else values.set(name, [known, value])
  }
  return Object.fromEntries(values)
}

function multipart(bytes: Uint8Array, boundary: string): Record<string, unknown> {
  const fields: [string, string][] = []
  const reader = new MultipartReader(boundary, {
    keptBytes: 0,
    part: ({ headers }) => {
      const { name } = parseDisposition(fieldValue(headers, 'content-disposition') ?? '')
      if (name !== null) fields.push([byteText(name), ''])
    },
  })
  reader.write(bytes)
  reader.end()
  return fieldsObject(fields)
}
