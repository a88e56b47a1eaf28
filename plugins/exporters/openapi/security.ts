/** How a request says who sends it, as security schemes (OpenAPI 3.1 section 4.8.27). */
import type { Request } from '../../../sdk/model.ts'

export interface SecurityScheme {
  type: 'http' | 'apiKey'
  scheme?: string
  in?: 'header' | 'query' | 'cookie'
  name?: string
}

const keyField = /^(?:x-)?(?:api-?key|auth-?token|access-?token|apikey)$|^x-[\w-]*-(?:api-?key|token)$/i
const keyParameter = /^(?:api_?key|access_?token|auth_?token|token|key)$/i
const sessionCookie = /^(?:[\w.-]*sess(?:ion)?(?:[_-]?id)?|connect\.sid|sid|auth|jwt|[\w-]*token)$/i
const csrf = /csrf|xsrf/i

export const isKeyParameter = (name: string): boolean => keyParameter.test(name)

/** By their names in the document, sorted; empty: the request says nothing. @param query names of its parameters */
export function securityOf({ headers }: Request, query: Iterable<string>): Map<string, SecurityScheme> {
  const found = new Map<string, SecurityScheme>()
  const key = (place: 'header' | 'query' | 'cookie', name: string) =>
    found.set(`${place}-${name.replace(/[^\w.-]/g, '_')}`, { type: 'apiKey', in: place, name })
  for (const [name, value] of headers) {
    const field = name.toLowerCase()
    if (field === 'authorization') authorization(value, found)
    else if (field === 'cookie') for (const cookie of cookieNames(value)) key('cookie', cookie)
    else if (keyField.test(field) && !csrf.test(field)) key('header', field)
  }
  for (const name of query) if (isKeyParameter(name)) key('query', name)
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function authorization(value: string, found: Map<string, SecurityScheme>): void {
  const scheme = /^(basic|bearer|digest|negotiate|hoba|mutual|dpop)(?= )/i.exec(value)?.[1]?.toLowerCase()
  if (scheme === undefined) found.set('header-authorization', { type: 'apiKey', in: 'header', name: 'Authorization' })
  else found.set(scheme, { type: 'http', scheme })
}

const cookieNames = (value: string) =>
  value
    .split(';')
    .map((pair) => pair.slice(0, Math.max(0, pair.indexOf('='))).trim())
    .filter((name) => sessionCookie.test(name) && !csrf.test(name))
