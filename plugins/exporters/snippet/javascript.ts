/** JavaScript's fetch, in blocks of a module: for Node, Deno, Bun and, as far as they let pages set header fields, browsers. */
import { isUtf8 } from 'node:buffer'
import type { Headers, Request } from '../../../sdk/model.ts'
import { repeatableFields, token } from '../replay/fields.ts'
import type { Script } from '../replay/script.ts'
import { callableUrl } from '../replay/url.ts'
import { caption } from '../text/caption.ts'
import { binaryLiteral, literal } from './literals.ts'

export const javascript: Script = {
  head: '',
  request(exchange, body) {
    const call = fetchCall(exchange.request, body)
    return call === null
      ? null
      : `// ${caption(exchange)}\n{\n  const response = await ${call}\n  console.log(response.status, await response.text())\n}\n\n`
  },
  tail: '',
}

/** Of these fetch makes no request (Fetch section 2.2.1). */
const forbidden = new Set(['CONNECT', 'TRACE', 'TRACK'])

/** null: fetch does not make this request, or not as it was. */
function fetchCall({ method, url, headers }: Request, body: Buffer): string | null {
  const target = callableUrl(url)
  const bodyless = method === 'GET' || method === 'HEAD'
  if (target === null || !token.test(method) || method !== method.toUpperCase() || forbidden.has(method) || (bodyless && body.length > 0))
    return null
  const fields = repeatableFields(headers)
  const members = [`method: ${literal(method)}`, ...fieldsMember(fields), ...bodyMember(body, fields), 'redirect: "manual"']
  return `fetch(${literal(target)}, {\n${members.map((member) => `    ${member},\n`).join('')}  })`
}

function fieldsMember(fields: Headers): string[] {
  if (fields.length === 0) return []
  return [`headers: [\n${fields.map(([name, value]) => `      [${literal(name)}, ${literal(value)}],\n`).join('')}    ]`]
}

function bodyMember(body: Buffer, fields: Headers): string[] {
  if (body.length === 0) return []
  if (!isUtf8(body)) return [`body: ${binaryLiteral(body)}`]
  const text = literal(body.toString('utf8'))
  // fetch says of a text what type it has where nobody else does.
  return [fields.some(([name]) => name.toLowerCase() === 'content-type') ? `body: ${text}` : `body: new TextEncoder().encode(${text})`]
}
