/** Python's requests (https://requests.readthedocs.io). */
import { isUtf8 } from 'node:buffer'
import type { Request } from '../../../sdk/model.ts'
import { joinedFields, token } from '../replay/fields.ts'
import type { Script } from '../replay/script.ts'
import { callableUrl } from '../replay/url.ts'
import { caption } from '../text/caption.ts'
import { bytesLiteral, literal } from './literals.ts'

export const python: Script = {
  head: 'import requests\n\n',
  request(exchange, body) {
    const call = requestsCall(exchange.request, body)
    return call === null ? null : `# ${caption(exchange)}\nresponse = ${call}\nprint(response.status_code, response.text)\n\n`
  },
  tail: '',
}

/** To requests it is white space, with which no value may begin. */
const space = /^[\u0085\u00a0]/

/** null: requests does not make this request, or not as it was. */
function requestsCall({ method, url, headers }: Request, body: Buffer): string | null {
  const target = callableUrl(url)
  if (target === null || !token.test(method) || method !== method.toUpperCase()) return null
  const fields = Object.entries(joinedFields(headers))
  if (fields.some(([, value]) => space.test(value))) return null
  const given = [literal(method), literal(target)]
  if (fields.length > 0)
    given.push(`headers={\n${fields.map(([name, value]) => `        ${literal(name)}: ${literal(value)},\n`).join('')}    }`)
  if (body.length > 0) given.push(isUtf8(body) ? `data=${literal(body.toString('utf8'))}.encode()` : `data=b${bytesLiteral(body)}`)
  given.push('allow_redirects=False')
  return `requests.request(\n${given.map((each) => `    ${each},\n`).join('')})`
}
