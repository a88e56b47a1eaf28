/** A request as HTTP/1 (RFC 9112): fields exactly as they were given. */
import type { Headers } from '../../../sdk/model.ts'
import type { OutgoingRequest } from '../surface.ts'
import type { RequestBody } from './request-body.ts'

const crlf = Buffer.from('\r\n')

/** Head, framed body and trailers, a piece at a time. */
export async function* http1Request(request: OutgoingRequest, body: RequestBody): AsyncGenerator<Buffer> {
  yield http1Head(request)
  if (!isChunked(request.headers)) {
    yield* body()
    return
  }
  for await (const piece of body()) yield Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, crlf])
  yield Buffer.from(`0\r\n${lines(request.trailers)}\r\n`, 'latin1')
}

function http1Head({ method, target, authority, headers, versions, notation }: OutgoingRequest): Buffer {
  const version = versions.includes('1.0') ? '1.0' : '1.1'
  const fields = notation === '2' ? withOneCookie(headers) : headers
  const host = version === '1.1' && !fields.some(([name]) => name.toLowerCase() === 'host') ? `Host: ${authority}\r\n` : ''
  return Buffer.from(`${method} ${target} HTTP/${version}\r\n${host}${lines(fields)}\r\n`, 'latin1')
}

const lines = (fields: Headers): string => fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')

const isChunked = (headers: Headers): boolean =>
  headers.some(([name, value]) => name.toLowerCase() === 'transfer-encoding' && /(^|,)\s*chunked\s*$/i.test(value))

/** RFC 9113 section 8.2.3: HTTP/2 may split it, HTTP/1 may not. */
function withOneCookie(headers: Headers): Headers {
  const isCookie = ([name]: [string, string]) => name.toLowerCase() === 'cookie'
  const all = headers.filter(isCookie).map(([, value]) => value)
  const first = headers.findIndex(isCookie)
  return headers.flatMap((field, index) => {
    if (index === first) return [[field[0], all.join('; ')] satisfies [string, string]]
    return isCookie(field) ? [] : [field]
  })
}
