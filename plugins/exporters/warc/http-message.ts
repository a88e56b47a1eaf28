/** An exchange's request or response as application/http (RFC 9112 section 10.2): a head in the form of HTTP/1.1, and the body's bytes after it. */
import type { Exchange, Headers, Part } from '../../../sdk/model.ts'

/** Bytes above 127 are U+0080..00FF, as captured. */
export function headBytes(exchange: Exchange, part: Part, bodyBytes: number): Buffer {
  const { request, response } = exchange
  const version = (part === 'request' ? request : response)?.httpVersion === '1.0' ? 'HTTP/1.0' : 'HTTP/1.1'
  const line =
    part === 'request' ? `${request.method} ${target(request.url)} ${version}` : `${version} ${response?.status} ${response?.reason ?? ''}`
  const fields = part === 'request' ? withHost(request.headers, request.url) : (response?.headers ?? [])
  const lines = framed(fields, bodyBytes).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`${[line, ...lines].join('\r\n')}\r\n\r\n`, 'latin1')
}

/** Path and query. */
function target(url: string): string {
  const path = url.replace(/^https?:\/\/[^/?#]*/, '')
  return path.startsWith('/') ? path : `/${path}`
}

/** Over HTTP/2 the authority is no field. */
function withHost(headers: Headers, url: string): Headers {
  const [, authority = ''] = /^https?:\/\/([^/?#]*)/.exec(url) ?? []
  return headers.some(([name]) => name.toLowerCase() === 'host') ? headers : [['Host', authority], ...headers]
}

/** Stored bodies have no chunks any more: Transfer-Encoding goes under the name that crawlers give it. A body of which no field tells the length gets one that does. */
function framed(headers: Headers, bodyBytes: number): Headers {
  const isChunked = ([name]: readonly [string, string]) => name.toLowerCase() === 'transfer-encoding'
  const fields = headers.map((field): [string, string] => (isChunked(field) ? ['x-orig-transfer-encoding', field[1]] : field))
  const isTold = headers.some(([name]) => name.toLowerCase() === 'content-length')
  return isTold || (bodyBytes === 0 && !headers.some(isChunked)) ? fields : [...fields, ['Content-Length', String(bodyBytes)]]
}
