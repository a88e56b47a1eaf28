/** The URL of a request in a Postman collection: a text, or parts with the text beside them. */
import { isObject, type JsonObject, listOf, objectOf, textOf } from '../json-values.ts'
import { formText } from './form.ts'
import type { PostmanVariables } from './variables.ts'

/** With a scheme, as Postman adds one. '' when there is none. @param more of the query */
export function postmanUrl(value: unknown, variables: PostmanVariables, more: readonly (readonly [string, string])[]): string {
  const parts = objectOf(value)
  const written = variables.fill(isObject(value) ? textOf(parts.raw) || assembled(parts) : textOf(value)).trim()
  if (written === '') return ''
  const absolute = /^[a-z][a-z\d+.-]*:\/\//i.test(written) ? written : `http://${written}`
  const [, address = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(absolute) ?? []
  const filled = withPathVariables(address, listOf(parts.variable), variables) + rest.replace(/#.*$/s, '')
  if (more.length === 0) return filled
  return `${filled}${filled.includes('?') ? '&' : '?'}${formText(more)}`
}

function assembled({ protocol, host, port, path, query }: JsonObject): string {
  const text = (part: unknown, between: string) =>
    Array.isArray(part) ? part.map((piece) => textOf(piece) || textOf(objectOf(piece).value)).join(between) : textOf(part)
  const authority = text(host, '.')
  if (authority === '') return ''
  const fields = listOf(query)
    .map(objectOf)
    .filter(({ disabled }) => disabled !== true)
    .map(({ key, value }) => (typeof value === 'string' ? `${textOf(key)}=${value}` : textOf(key)))
  const scheme = textOf(protocol) === '' ? '' : `${textOf(protocol)}://`
  const end = (textOf(port) === '' ? '' : `:${textOf(port)}`) + (path === undefined ? '' : `/${text(path, '/').replace(/^\//, '')}`)
  return scheme + authority + end + (fields.length > 0 ? `?${fields.join('&')}` : '')
}

/** Segments `:name`. */
function withPathVariables(address: string, list: readonly unknown[], variables: PostmanVariables): string {
  const values = new Map(
    list.map(objectOf).map(({ key, id, value }) => [textOf(key) || textOf(id), variables.fill(textOf(value))] as const),
  )
  return address.replace(/(?<=\/):([^/.]+)/g, (written, name: string) => values.get(name) || written)
}
