/** The head of a request or response in the form of HTTP/1.1 (RFC 9112), whatever was spoken. */
import type { Headers, Request, Response } from '../../../sdk/model.ts'
import { wireBytes } from './wire-bytes.ts'

export const requestLine = (request: Request): string => `${request.method} ${target(request.url)} ${version(request)}`
export const statusLine = (response: Response): string => `${version(response)} ${response.status} ${response.reason}`

const version = ({ httpVersion }: { httpVersion: string }) => (httpVersion === '1.0' ? 'HTTP/1.0' : 'HTTP/1.1')

/** Path and query. */
function target(url: string): string {
  const path = url.replace(/^https?:\/\/[^/?#]*/, '')
  return path.startsWith('/') ? path : `/${path}`
}

/** Over HTTP/2 the authority is no field. */
export function withHost({ headers, url }: Request): Headers {
  const [, authority = ''] = /^https?:\/\/([^/?#]*)/.exec(url) ?? []
  return headers.some(([name]) => name.toLowerCase() === 'host') ? headers : [['Host', authority], ...headers]
}

/** With the empty line. What would end a line is a space. */
export const headBytes = (startLine: string, fields: Readonly<Headers>): Buffer =>
  Buffer.concat([...[startLine, ...fields.map(([name, value]) => `${name}: ${value}`)].map(lineOf), endOfLine])

const endOfLine = Buffer.from('\r\n')
const lineOf = (text: string): Buffer => Buffer.concat([wireBytes(text.replace(/[\r\n\u0000]/g, ' ')), endOfLine])
