/** Header fields of messages that another program makes again. */
import type { Headers } from '../../../sdk/model.ts'

/** The program writes them itself: they tell of the connection and the framing, which are others now. */
const ofTransfer = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
])

/** Of names and methods (RFC 9110 section 5.6.2). */
export const token = /^[\w!#$%&'*+.^`|~-]+$/
/** Of values and reasons; clients refuse all else (RFC 9110 section 5.5). */
export const fieldText = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

/**
 * Those of a request, in their order, without what the client writes itself and what none takes. A name that comes again is spelled as the first time;
 * all cookies are one field, as HTTP/1.1 wants them.
 */
export function repeatableFields(headers: Headers): Headers {
  const spelled = new Map<string, string>()
  const fields: Headers = []
  let cookies: [name: string, value: string] | null = null
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    if (ofTransfer.has(key) || !token.test(name) || !fieldText.test(value)) continue
    if (key === 'cookie' && cookies !== null) {
      cookies[1] += `; ${value}`
      continue
    }
    const field: [string, string] = [spelled.get(key) ?? name, value]
    spelled.set(key, field[0])
    if (key === 'cookie') cookies = field
    fields.push(field)
  }
  return fields
}

/** The same, one value a name: what comes again is a list (RFC 9110 section 5.3). */
export function joinedFields(headers: Headers): Record<string, string> {
  const joined = new Map<string, string>()
  for (const [name, value] of repeatableFields(headers)) {
    const known = joined.get(name)
    joined.set(name, known === undefined ? value : `${known}, ${value}`)
  }
  return Object.fromEntries(joined)
}

const ofCoding = new Set(['content-encoding', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'trailer', 'upgrade'])

/** Those of an answer whose body is given without its coding, and without what nobody takes. */
export const decodedFields = (headers: Headers): Headers =>
  headers.filter(([name, value]) => token.test(name) && fieldText.test(value) && !ofCoding.has(name.toLowerCase()))
