/** Authorization that a Postman collection keeps apart from the headers: what Postman would send of it, where it is known without asking anybody. */
import { isObject, listOf, objectOf, textOf } from '../json-values.ts'
import type { PostmanVariables } from './variables.ts'

export interface PostmanAuth {
  headers: (readonly [name: string, value: string])[]
  query: (readonly [name: string, value: string])[]
}

/** Basic, bearer tokens and API keys; others (OAuth, digests, signatures) are made when a request is sent. */
export function postmanAuth(value: unknown, variables: PostmanVariables): PostmanAuth {
  const { type, ...more } = objectOf(value)
  const settings = settingsOf(more[textOf(type)], variables)
  const authorization = (text: string): PostmanAuth => ({ headers: [['Authorization', text]], query: [] })
  const { username = '', password = '', token = '', key = '', in: place = '' } = settings
  if (type === 'basic') return authorization(`Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`)
  if (type === 'bearer') return authorization(`Bearer ${token}`)
  if (type !== 'apikey' || key === '') return { headers: [], query: [] }
  const pair = [key, settings.value ?? ''] as const
  return place === 'query' ? { headers: [], query: [pair] } : { headers: [pair], query: [] }
}

/** A list of keys and values; in v2.0 an object. */
function settingsOf(value: unknown, variables: PostmanVariables): Record<string, string> {
  const pairs = isObject(value)
    ? Object.entries(value)
    : listOf(value).map((item) => [textOf(objectOf(item).key), objectOf(item).value] as const)
  return Object.fromEntries(pairs.map(([name, text]) => [name, variables.fill(textOf(text))]))
}
