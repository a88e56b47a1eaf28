/** One request as .http files have it (JetBrains' HTTP Request in Editor, and what VS Code's REST Client and httpyac make of it). */
import { fieldValue } from '../../../sdk/field-value.ts'
import type { Exchange, Headers } from '../../../sdk/model.ts'
import { repeatableFields } from '../replay/fields.ts'
import type { Script } from '../replay/script.ts'
import { callableUrl } from '../replay/url.ts'
import { caption } from '../text/caption.ts'
import { plainBody } from './plain-body.ts'

/** They know no others. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** Names that begin otherwise would be comments, parts of the query, or more. */
const fieldName = /^[\w][\w!#$%&'*+.^`|~-]*$/
/** No variable in it, and nothing at its end that would be cut. */
const plainValue = /^(?!.*\{\{)(?:[!-~](?:[\t -~]*[!-+\--~])?)?$/
/** The programs would sign these themselves; what looks like them is a password in clear text to them. */
const signed = /^\s*(?:digest|aws|oauth2?|openid|ntlm)\s|^\s*basic\s+.*[:\s]/i

/** The programs would percent-encode in a form whatever no URL has, a `%` without its two digits also. */
const encodedForm = /^(?:[!#$&-;=?-_a-z|~]|%[\da-f]{2})*$/i

/** What is sent is what was captured: redirects and cookies are requests and fields of their own, and all is encoded as it has to be. */
const exactly = ['# @no-redirect', '# @no-cookie-jar', '# @no-auto-encoding']

export const httpFile: Script = {
  head: '',
  request(exchange, body) {
    const written = httpRequest(exchange, body)
    return written === null ? null : `${written}\n`
  },
  tail: '',
}

/** null: there is no way to write it so that it is sent as it was. */
function httpRequest(exchange: Exchange, body: Buffer): string | null {
  const { request } = exchange
  const target = callableUrl(request.url)
  if (!methods.has(request.method) || target === null) return null
  const fields = repeatableFields(request.headers)
  if (!fields.every(([name, value]) => isPlain(name, value))) return null
  const lines = [`### ${caption(exchange)}`, ...exactly]
  lines.push(`${request.method} ${target} HTTP/${request.httpVersion === '2' ? '2' : '1.1'}`)
  for (const [name, value] of fields) lines.push(value === '' ? `${name}:` : `${name}: ${value}`)
  if (body.length === 0) return `${lines.join('\n')}\n`
  const text = request.method === 'GET' || request.method === 'HEAD' ? null : plainBody(body)
  if (text === null || (isForm(fields) && !encodedForm.test(text))) return null
  return `${lines.join('\n')}\n\n${text}\n`
}

const isForm = (fields: Headers): boolean => /x-www-form-urlencoded/i.test(fieldValue(fields, 'content-type') ?? '')

const isPlain = (name: string, value: string): boolean =>
  fieldName.test(name) && plainValue.test(value) && !(/^authorization$/i.test(name) && signed.test(value))
