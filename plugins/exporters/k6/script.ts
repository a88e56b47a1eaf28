/** A list of requests and the loop that makes them. */
import { isUtf8 } from 'node:buffer'
import { joinedFields, token } from '../replay/fields.ts'
import type { Script } from '../replay/script.ts'
import { inertJson } from '../text/inert-json.ts'
import { uriOf } from '../text/uri.ts'

export const k6Script: Script = {
  head: `// A k6 script: k6 run --vus 10 --duration 30s FILE
import { check } from 'k6'
import encoding from 'k6/encoding'
import http from 'k6/http'

/** The request's method, URL, header fields and body, and the status that it had. */
const requests = [
`,
  request({ request: { method, url, headers }, response }, body) {
    if (!token.test(method)) return null
    const content = body.length > 0 ? bodyMember(body) : {}
    const request = { method, url: uriOf(url), headers: joinedFields(headers), ...content, status: response?.status ?? 0 }
    return `  ${inertJson(request)},\n`
  },
  tail: `]

export default function () {
  for (const { method, url, headers, text, base64, status } of requests) {
    const body = base64 === undefined ? text : encoding.b64decode(base64)
    // Redirects and cookies are requests and header fields of their own.
    const response = http.request(method, url, body, { headers, redirects: 0, jar: new http.CookieJar() })
    if (status > 0) check(response, { [\`\${method} \${url.split('?')[0]}: \${status}\`]: ({ status: now }) => now === status })
  }
}
`,
}

const bodyMember = (body: Buffer): { text: string } | { base64: string } =>
  isUtf8(body) ? { text: body.toString('utf8') } : { base64: body.toString('base64') }
