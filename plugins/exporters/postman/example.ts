/** A response as a saved example of its request. */
import { STATUS_CODES } from 'node:http'
import { bodyText } from '../../../sdk/body-text.ts'
import { fieldValue } from '../../../sdk/field-value.ts'
import type { MediaTypes } from '../../../sdk/media-type.ts'
import type { Response } from '../../../sdk/model.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { decodedFields } from '../replay/fields.ts'
import { isCut } from '../text/cut.ts'
import { languageOf } from './language.ts'
import { type PostmanRequest, postmanFields } from './request.ts'

export interface Example {
  name: string
  originalRequest: PostmanRequest
  status: string
  code: number
  _postman_previewlanguage: string
  header: { key: string; value: string }[]
  cookie: []
  responseTime: number | null
  /** Without its coding; null: it is left out, and the name says why. */
  body: string | null
}

export async function exampleOf(
  exchange: ExportedExchange,
  response: Response,
  originalRequest: PostmanRequest,
  types: MediaTypes,
  maximum: number,
): Promise<Example> {
  const type = types.parse(fieldValue(response.headers, 'content-type') ?? '')
  const status = response.reason || (STATUS_CODES[response.status] ?? '')
  const bytes = response.bodySize > maximum ? null : await decodedBody(exchange, response)
  const body = bytes && bodyText(bytes, type)
  const why = body === null ? whyNot(response, bytes, maximum) : isCut(exchange, 'response') ? ' (body cut)' : ''
  return {
    name: `${response.status} ${status}`.trimEnd() + why,
    originalRequest,
    status,
    code: response.status,
    _postman_previewlanguage: languageOf(type),
    header: postmanFields(decodedFields(response.headers)),
    cookie: [],
    responseTime: exchange.durationMs === null ? null : Math.round(exchange.durationMs),
    body,
  }
}

/** null: it cannot be decoded. */
async function decodedBody(exchange: ExportedExchange, { headers, bodySize }: Response): Promise<Uint8Array | null> {
  if (bodySize === 0) return new Uint8Array()
  const encoded = !/^(?:identity)?$/i.test(fieldValue(headers, 'content-encoding') ?? '')
  if (!encoded) return exchange.readBody('response')
  return exchange.readBody('response', { decode: true }).catch(() => null)
}

function whyNot({ bodySize }: Response, bytes: Uint8Array | null, maximum: number): string {
  if (bytes !== null) return ` (body left out: ${bytes.length} bytes that are no text)`
  return bodySize > maximum ? ` (body left out: ${bodySize} bytes)` : ' (body left out: it cannot be decoded)'
}
