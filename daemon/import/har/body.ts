/** Bodies of a HAR as the bytes they were: there they are text, decoded from charset and Content-Encoding, or base64. */
import { fieldValue } from '../../../sdk/field-value.ts'
import type { Headers } from '../../../sdk/model.ts'
import { countOf, isObject, type JsonObject, listOf, objectOf, textOf } from '../json-values.ts'
import { contentEncoded, essenceOf, textBytes } from '../text-body.ts'

export interface HarBytes {
  /** null: they are not in the file. */
  bytes: Buffer | null
  /** Of all that passed. */
  size: number
  /** Not all of it is here. */
  isCut: boolean
}

const formType = 'application/x-www-form-urlencoded'

/** null: there was none. */
export function harPostData(request: JsonObject, headers: Headers): HarBytes | null {
  const passed = countOf(request.bodySize)
  if (!isObject(request.postData)) return passed > 0 ? missing(passed) : null
  const { text, encoding, params, mimeType } = request.postData
  const type = fieldValue(headers, 'content-type') ?? textOf(mimeType)
  const given =
    textOf(text) === '' && essenceOf(type) === formType ? new URLSearchParams(listOf(params).map(pairOf)).toString() : textOf(text)
  return sized(bytesOf(given, encoding, type), passed, request._truncated === true)
}

/** null: there was none. */
export function harBody(response: JsonObject, headers: Headers): HarBytes | null {
  const content = objectOf(response.content)
  const passed = countOf(response.bodySize) || countOf(content.size)
  const type = fieldValue(headers, 'content-type') ?? textOf(content.mimeType)
  const bytes = bytesOf(textOf(content.text), content.encoding, type)
  return sized(content._contentEncoded === true ? bytes : contentEncoded(bytes, headers), passed, response._truncated === true)
}

function sized(bytes: Buffer, passed: number, isCut: boolean): HarBytes | null {
  if (bytes.length === 0) return passed > 0 ? missing(passed) : null
  return { bytes, size: isCut ? Math.max(passed, bytes.length) : bytes.length, isCut }
}

const missing = (size: number): HarBytes => ({ bytes: null, size, isCut: true })

const bytesOf = (text: string, encoding: unknown, type: string): Buffer =>
  encoding === 'base64' ? Buffer.from(text, 'base64') : textBytes(text, type)

/** Where a tool gives fields and no text. */
function pairOf(param: unknown): [string, string] {
  const { name, value } = objectOf(param)
  return [textOf(name), textOf(value)]
}
