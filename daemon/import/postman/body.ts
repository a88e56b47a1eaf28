/** The body of a request in a Postman collection, in the bytes that Postman would send. */
import { fieldValue } from '../../../sdk/field-value.ts'
import { MediaTypes } from '../../../sdk/media-type.ts'
import type { Headers } from '../../../sdk/model.ts'
import { isObject, type JsonObject, listOf, objectOf, textOf } from '../json-values.ts'
import { textBytes } from '../text-body.ts'
import { formText } from './form.ts'
import type { PostmanVariables } from './variables.ts'

export interface PostmanBytes {
  bytes: Buffer
  /** A file belongs to it that the collection only names. */
  isCut: boolean
  /** The Content-Type that Postman adds where the headers have none; '' for none. */
  type: string
}

const types = new MediaTypes()
const languages: ReadonlyMap<string, string> = new Map([
  ['json', 'application/json'],
  ['xml', 'application/xml'],
  ['html', 'text/html'],
  ['javascript', 'application/javascript'],
])

/** null: there is none. */
export function postmanBody(body: JsonObject, headers: Headers, variables: PostmanVariables): PostmanBytes | null {
  const contentType = fieldValue(headers, 'content-type') ?? ''
  const whole = (bytes: Buffer, type: string): PostmanBytes => ({ bytes, isCut: false, type })
  if (body.disabled === true) return null
  switch (body.mode) {
    case 'raw': {
      const raw = variables.fill(textOf(body.raw))
      const language = textOf(objectOf(objectOf(body.options).raw).language)
      return raw === '' ? null : whole(textBytes(raw, contentType), languages.get(language) ?? 'text/plain')
    }
    case 'urlencoded': {
      const pairs = enabled(body.urlencoded).map(({ key, value }) => [variables.fill(textOf(key)), variables.fill(textOf(value))] as const)
      return pairs.length === 0 ? null : whole(Buffer.from(formText(pairs)), 'application/x-www-form-urlencoded')
    }
    case 'formdata':
      return multipart(enabled(body.formdata), contentType, variables)
    case 'graphql':
      return whole(Buffer.from(graphql(objectOf(body.graphql), variables)), 'application/json')
    case 'file': {
      const content = isObject(body.file) ? body.file.content : undefined
      return typeof content === 'string'
        ? whole(Buffer.from(content, 'base64'), 'application/octet-stream')
        : { bytes: Buffer.alloc(0), isCut: true, type: 'application/octet-stream' }
    }
    default:
      return null
  }
}

const enabled = (list: unknown): JsonObject[] =>
  listOf(list)
    .map(objectOf)
    .filter(({ disabled }) => disabled !== true)

function graphql({ query, variables: given, operationName }: JsonObject, variables: PostmanVariables): string {
  const text = variables.fill(textOf(given))
  let values: unknown = {}
  try {
    if (text.trim() !== '') values = JSON.parse(text)
  } catch {
    values = text
  }
  return JSON.stringify({ query: variables.fill(textOf(query)), ...(textOf(operationName) && { operationName }), variables: values })
}

/** RFC 7578, as Postman writes it. */
function multipart(params: readonly JsonObject[], contentType: string, variables: PostmanVariables): PostmanBytes | null {
  if (params.length === 0) return null
  let isCut = false
  const parts = params.map(({ key, value, type, src, fileName, contentType: ofPart }) => {
    const isFile = type === 'file'
    const isHere = typeof value === 'string'
    if (isFile && !isHere) isCut = true
    const name =
      textOf(fileName) ||
      (textOf(Array.isArray(src) ? src[0] : src)
        .split(/[/\\]/)
        .at(-1) ??
        '')
    const filename = isFile ? `; filename="${name}"` : ''
    const typeLine = textOf(ofPart) === '' ? '' : `Content-Type: ${textOf(ofPart)}\r\n`
    const head = `Content-Disposition: form-data; name="${variables.fill(textOf(key))}"${filename}\r\n${typeLine}\r\n`
    const content = isFile ? Buffer.from(textOf(value), 'base64') : Buffer.from(variables.fill(textOf(value)))
    return Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n')])
  })
  const boundary = types.parse(contentType).boundary ?? boundaryFor(parts)
  const pieces = parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), part])
  return { bytes: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]), isCut, type: `multipart/form-data; boundary=${boundary}` }
}

function boundaryFor(parts: readonly Buffer[]): string {
  for (let number = 0; ; number++) {
    const boundary = `----weir-boundary-${number}`
    if (!parts.some((part) => part.includes(boundary))) return boundary
  }
}
