/** A request of a Postman collection, with a saved example or without, as an exchange. */
import { fieldValue } from '../../../sdk/field-value.ts'
import type { Headers, Request, Response } from '../../../sdk/model.ts'
import { EntryFault, type ImportedExchange } from '../imported-exchange.ts'
import { importedUrl, isForeign } from '../imported-url.ts'
import { isObject, type JsonObject, listOf, numberOf, objectOf, textOf } from '../json-values.ts'
import { contentEncoded, textBytes } from '../text-body.ts'
import { wireText } from '../wire-text.ts'
import { postmanAuth } from './auth.ts'
import { type PostmanBytes, postmanBody } from './body.ts'
import { postmanUrl } from './url.ts'
import type { PostmanVariables } from './variables.ts'

export interface PostmanContext {
  variables: PostmanVariables
  /** What the folder or the collection says; a request's own goes before it. */
  auth: unknown
  /** Folders, the request, the example. */
  names: readonly string[]
  /** Unix ms. */
  savedAt: number
}

/** null: it is a request of another protocol. @param given an object, or the URL alone @throws EntryFault */
export function postmanExchange(given: unknown, example: JsonObject | null, context: PostmanContext): ImportedExchange | null {
  const { variables, names, savedAt } = context
  const value: JsonObject = typeof given === 'string' ? { url: given } : objectOf(given)
  if (!isObject(given) && typeof given !== 'string') throw new EntryFault('it has no request')
  const headers = headersOf(value.header, variables)
  const auth = postmanAuth(value.auth ?? context.auth, variables)
  const url = postmanUrl(value.url, variables, auth.query)
  if (isForeign(url)) return null
  for (const [name, text] of auth.headers) if (fieldValue(headers, name.toLowerCase()) === null) headers.push([name, text])
  const body = postmanBody(objectOf(value.body), headers, variables)
  if (body?.type && fieldValue(headers, 'content-type') === null) headers.push(['Content-Type', body.type])
  const answer = example && responseOf(example)
  const date = Date.parse(fieldValue(answer?.response.headers ?? [], 'date') ?? '')
  return {
    exchange: {
      connectionId: '',
      kind: 'http',
      state: answer ? 'complete' : 'open',
      startedAt: Number.isNaN(date) ? savedAt : date,
      durationMs: answer ? Math.max(0, numberOf(example?.responseTime) ?? 0) : null,
      timings: {},
      client: null,
      server: null,
      request: requestOf(textOf(value.method) || 'GET', importedUrl(url), headers, body),
      response: answer?.response ?? null,
      tls: null,
      tags: [],
      note: names.join(' / ') || null,
    },
    bodies: { request: body?.bytes ?? null, response: answer?.bytes ?? null },
    messages: [],
  }
}

const requestOf = (method: string, url: string, headers: Headers, body: PostmanBytes | null): Request => ({
  method,
  url,
  httpVersion: '1.1',
  headers,
  trailers: [],
  bodySize: body?.bytes?.length ?? 0,
  truncated: body?.isCut ?? false,
})

/** In the name of an example that weir has written. */
const leftOut = /\(body (?:left out: (?:(\d+) bytes|it)|cut)/

function responseOf(example: JsonObject): { response: Response; bytes: Buffer } {
  const headers = headersOf(example.header, null)
  const status = numberOf(example.code) ?? 0
  if (!Number.isInteger(status) || status < 100 || status > 999) throw new EntryFault('its example has no status code')
  const bytes = contentEncoded(textBytes(textOf(example.body), fieldValue(headers, 'content-type') ?? ''), headers)
  const cut = leftOut.exec(textOf(example.name))
  const response: Response = {
    status,
    reason: wireText(textOf(example.status)),
    httpVersion: '1.1',
    headers,
    trailers: [],
    informational: [],
    bodySize: Math.max(bytes.length, Number(cut?.[1] ?? 0)),
    truncated: cut !== null,
  }
  return { response, bytes }
}

/** A list, or the lines of a head. */
function headersOf(value: unknown, variables: PostmanVariables | null): Headers {
  const fill = (text: string) => wireText(variables?.fill(text) ?? text)
  if (typeof value === 'string') {
    const lines = value.split(/\r?\n/).flatMap((line): Headers => {
      const at = line.indexOf(':')
      return at > 0 ? [[line.slice(0, at).trim(), line.slice(at + 1).trim()]] : []
    })
    return lines.map(([name, text]) => [fill(name), fill(text)])
  }
  return listOf(value).flatMap((item): Headers => {
    const { key, value: text, disabled } = objectOf(item)
    return disabled === true || textOf(key) === '' ? [] : [[fill(textOf(key)), fill(textOf(text))]]
  })
}
