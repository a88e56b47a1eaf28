/** JavaScript's axios (https://axios-http.com), in blocks of a module. */
import { isUtf8 } from 'node:buffer'
import type { Headers, Request } from '../../../sdk/model.ts'
import { repeatableFields, token } from '../replay/fields.ts'
import type { Script } from '../replay/script.ts'
import { callableUrl } from '../replay/url.ts'
import { caption } from '../text/caption.ts'
import { binaryLiteral, literal } from './literals.ts'

export const axios: Script = {
  head: `import axios from "axios"

const client = axios.create({
  maxRedirects: 0,
  transformRequest: [],
  responseType: "text",
  validateStatus: null,
})

`,
  request(exchange, body) {
    const call = axiosCall(exchange.request, body)
    return call === null
      ? null
      : `// ${caption(exchange)}\n{\n  const response = await ${call}\n  console.log(response.status, response.data)\n}\n\n`
  },
  tail: '',
}

/** What members of `headers` with these names mean to axios, in one version or another: its defaults by method, or nothing at all. */
const reserved = /^(?:common|delete|get|head|post|put|patch|query|options|link|unlink|purge|__proto__|constructor|prototype)$/i
/** To these axios gives a content type of its own. */
const typed = new Set(['POST', 'PUT', 'PATCH'])

/** null: axios does not make this request, or not as it was. */
function axiosCall({ method, url, headers }: Request, body: Buffer): string | null {
  const target = callableUrl(url)
  if (target === null || !token.test(method) || method !== method.toUpperCase() || method === 'CONNECT') return null
  const fields = repeatableFields(headers)
  if (fields.some(([name]) => reserved.test(name))) return null
  const members = [`method: ${literal(method)}`, `url: ${literal(target)}`, ...headersMember(method, fields), ...dataMember(body)]
  return `client.request({\n${members.map((member) => `    ${member},\n`).join('')}  })`
}

function headersMember(method: string, fields: Headers): string[] {
  const values = new Map<string, string[]>()
  for (const [name, value] of fields) values.set(name, [...(values.get(name) ?? []), literal(value)])
  const lines = [...values].map(
    ([name, [first, ...more]]) => `${literal(name)}: ${more.length ? `[${[first, ...more].join(', ')}]` : first}`,
  )
  if (typed.has(method) && !fields.some(([name]) => name.toLowerCase() === 'content-type')) lines.push('"Content-Type": false')
  return lines.length === 0 ? [] : [`headers: {\n${lines.map((line) => `      ${line},\n`).join('')}    }`]
}

function dataMember(body: Buffer): string[] {
  if (body.length === 0) return []
  return [`data: ${isUtf8(body) ? literal(body.toString('utf8')) : `${binaryLiteral(body)}.buffer`}`]
}
