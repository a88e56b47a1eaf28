/** The head of an exchange's request or response as application/http (RFC 9112 section 10.2). */
import type { Exchange, Headers, Part } from '../../../sdk/model.ts'
import { headBytes, requestLine, statusLine, withHost } from '../text/http-head.ts'

export function archivedHead({ request, response }: Exchange, part: Part, bodyBytes: number): Buffer {
  if (part === 'request') return headBytes(requestLine(request), framed(withHost(request), bodyBytes))
  return response === null ? Buffer.alloc(0) : headBytes(statusLine(response), framed(response.headers, bodyBytes))
}

/** Stored bodies have no chunks any more: Transfer-Encoding goes under the name that crawlers give it. A body of which no field tells the length gets one that does. */
function framed(headers: Headers, bodyBytes: number): Headers {
  const isChunked = ([name]: readonly [string, string]) => name.toLowerCase() === 'transfer-encoding'
  const fields = headers.map((field): [string, string] => (isChunked(field) ? ['x-orig-transfer-encoding', field[1]] : field))
  const isTold = headers.some(([name]) => name.toLowerCase() === 'content-length')
  return isTold || (bodyBytes === 0 && !headers.some(isChunked)) ? fields : [...fields, ['Content-Length', String(bodyBytes)]]
}
