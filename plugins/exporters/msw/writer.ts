/** One line an exchange, written as it goes: the module itself puts the answers of one request together when it is loaded. */
import type { Writable } from 'node:stream'
import { bodyText } from '../../../sdk/body-text.ts'
import { fieldValue } from '../../../sdk/field-value.ts'
import { MediaTypes } from '../../../sdk/media-type.ts'
import type { Headers } from '../../../sdk/model.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { decodedFields, fieldText, token } from '../replay/fields.ts'
import { inertJson } from '../text/inert-json.ts'
import { PacedText } from '../text/paced-text.ts'

const head = `// Handlers for Mock Service Worker 3: setupServer(...handlers), setupWorker(...handlers).
import { HttpResponse, http } from 'msw'

/** @type {import('msw').HttpHandler[]} */
export const handlers = []

const answersOf = new Map()
const base64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0))

/** The answers to one request come in their order; the last one repeats. */
function answer(method, url, respond) {
  const answers = answersOf.get(method + ' ' + url)
  if (answers) return void answers.push(respond)
  const left = [respond]
  answersOf.set(method + ' ' + url, left)
  const isIt = ({ request }) => request.method === method && request.url.split('#', 1)[0] === url
  handlers.push(http.all(isIt, () => (left.length > 1 ? left.shift() : left[0])()))
}

const response = (body, status, statusText, headers) => () => new HttpResponse(body, { status, statusText, headers })
const failure = () => HttpResponse.error()

`

const withoutBody = new Set([204, 205, 304])
const types = new MediaTypes()

/** @param leaveOut called for what no handler can answer with: tunnels, WebSockets, open exchanges, statuses below 200, bodies that are cut, too large or not to be decoded */
export async function writeHandlers(
  exchanges: AsyncIterable<ExportedExchange>,
  out: Writable,
  maximum: number,
  leaveOut: () => void,
): Promise<void> {
  const text = new PacedText(out)
  text.add(head)
  for await (const exchange of exchanges) {
    const respond = await responder(exchange, maximum)
    const url = URL.parse(exchange.request.url)
    if (respond === null || url === null) leaveOut()
    else {
      url.hash = ''
      text.add(`answer(${inertJson(exchange.request.method)}, ${inertJson(url.href)}, ${respond})\n`)
    }
    if (text.isFull) await text.flush()
  }
  await text.flush()
}

/** JavaScript that makes the answer. */
async function responder(exchange: ExportedExchange, maximum: number): Promise<string | null> {
  const { kind, request, response, state } = exchange
  if (kind !== 'http' || !token.test(request.method)) return null
  if (response === null) return state === 'failed' ? 'failure' : null
  if (state !== 'complete' || response.truncated || response.status < 200 || response.status > 599 || response.bodySize > maximum)
    return null
  const body = withoutBody.has(response.status) ? 'null' : await bodyLiteral(exchange, response.headers)
  const headers = decodedFields(response.headers)
  const reason = fieldText.test(response.reason) ? response.reason : ''
  return body === null ? null : `response(${body}, ${response.status}, ${inertJson(reason)}, ${inertJson(headers)})`
}

/** null: it cannot be decoded. */
async function bodyLiteral(exchange: ExportedExchange, headers: Headers): Promise<string | null> {
  if (exchange.response?.bodySize === 0) return 'null'
  const decode = !/^(?:identity)?$/i.test(fieldValue(headers, 'content-encoding') ?? '')
  const bytes = await exchange.readBody('response', { decode }).catch(() => null)
  if (bytes === null) return null
  const type = types.parse(fieldValue(headers, 'content-type') ?? '')
  const text = bodyText(bytes, type)
  // A text is sent as UTF-8, which only then is the same.
  const same = text !== null && Buffer.from(text).equals(bytes)
  return same ? inertJson(text) : `base64('${Buffer.from(bytes).toString('base64')}')`
}
