/** A request or response as the bytes of HTTP/1.1 in clear text. */
import type { Headers, Part } from '../../../sdk/model.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { type CountedBody, countedBody } from '../text/counted-body.ts'
import { headBytes, requestLine, statusLine, withHost } from '../text/http-head.ts'

interface Framing {
  fields: Headers
  isChunked: boolean
}

const upgrade: Headers = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
]

/** In pieces; the first begins with the head. Interim responses go before theirs. */
export async function* clearMessage(exchange: ExportedExchange, part: Part): AsyncGenerator<Uint8Array> {
  const { response } = exchange
  const message = exchange[part]
  if (message === null) return
  const body = await countedBody(exchange, part)
  const { fields, isChunked } = framing(exchange, part, body)
  const interim = part === 'response' ? (response?.informational ?? []) : []
  for (const one of interim) yield headBytes(`HTTP/1.1 ${one.status} ${one.reason}`, one.headers)
  yield headBytes(startLine(exchange, part), fields)
  for await (const piece of body.pieces()) {
    if (isChunked) yield Buffer.from(`${piece.length.toString(16)}\r\n`)
    yield piece
    if (isChunked) yield Buffer.from('\r\n')
  }
  if (isChunked) yield headBytes('0', message.trailers)
}

/** A WebSocket of HTTP/2 (RFC 8441) begins as in HTTP/1.1, for which readers know it. */
const isExtended = ({ kind, request }: ExportedExchange): boolean => kind === 'websocket' && request.httpVersion === '2'

function startLine(exchange: ExportedExchange, part: Part): string {
  const { request, response } = exchange
  if (part === 'request') return requestLine(isExtended(exchange) ? { ...request, method: 'GET' } : request)
  if (response === null || isExtended(exchange)) return 'HTTP/1.1 101 Switching Protocols'
  return statusLine(response)
}

/** Stored bodies have no chunks any more: those that had get some again. A length that is not that of what was kept would make readers wait for the rest. */
function framing(exchange: ExportedExchange, part: Part, { bytes }: CountedBody): Framing {
  const { request, response } = exchange
  const fields = part === 'request' ? withHost(request) : (response?.headers ?? [])
  if (isExtended(exchange)) return { fields: [...fields, ...upgrade], isChunked: false }
  if (exchange.kind === 'websocket' || (part === 'response' && bytes === 0 && hasNoBody(exchange))) return { fields, isChunked: false }
  const isOf = (wanted: string) => (field: readonly [string, string]) => field[0].toLowerCase() === wanted
  const length = fields.find(isOf('content-length'))
  const isChunked = fields.some((field) => isOf('transfer-encoding')(field) && /chunked/i.test(field[1]))
  if (isChunked) return { fields: renamed(fields, 'content-length'), isChunked }
  const trailers = exchange[part]?.trailers ?? []
  if (trailers.length > 0) return { fields: [...renamed(fields, 'content-length'), ['Transfer-Encoding', 'chunked']], isChunked: true }
  if (length !== undefined && Number(length[1]) === bytes) return { fields, isChunked }
  const isUntold = length === undefined && (part === 'request' ? bytes === 0 : (response?.httpVersion ?? '').startsWith('1'))
  return { fields: isUntold ? fields : [...renamed(fields, 'content-length'), ['Content-Length', String(bytes)]], isChunked }
}

const hasNoBody = ({ request, response }: ExportedExchange): boolean =>
  request.method === 'HEAD' || response?.status === 204 || response?.status === 304

const renamed = (fields: Headers, wanted: string): Headers =>
  fields.map(([name, value]) => [name.toLowerCase() === wanted ? `x-orig-${wanted}` : name, value])
