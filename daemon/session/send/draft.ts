/** A request before it is sent, and the form in which the proxy gets it. */
import { domainToASCII } from 'node:url'
import { defaultPort, splitAuthority, withoutDefaultPort } from '../../../sdk/authority.ts'
import { invalidParams, type WeirError } from '../../../sdk/errors.ts'
import type { Headers } from '../../../sdk/model.ts'
import type { OutgoingRequest, SentVersion } from '../../proxy/surface.ts'

/** What it carries; bytes that are read while they are sent. */
export interface BodySource {
  size: number
  /** From an offset on, some of them at least. */
  read(offset: number): Promise<Uint8Array>
}

export interface Draft {
  method: string
  url: string
  headers: Headers
  trailers: Headers
  body: BodySource
  versions: readonly SentVersion[]
  /** Whose fields these are. */
  notation: SentVersion
}

export const noBody: BodySource = { size: 0, read: async () => new Uint8Array() }

export const bodyOf = (bytes: Uint8Array): BodySource => ({
  size: bytes.length,
  read: async (offset) => bytes.slice(offset, offset + pieceBytes),
})

/** What is read of a body at once, bytes. */
export const pieceBytes = 1024 * 1024

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const fieldValue = /^[^\0\r\n\u0100-\uffff]*$/
/** In a path `*` is a character like others; in place of it, it is the server as a whole (RFC 9110 section 7.1). */
const absoluteUrl = /^(https?):\/\/([^/?#*]+)([^#]*)/i
const target = /^[\x21-\x7e\x80-\xff]*$/
const withBody = new Set(['POST', 'PUT', 'PATCH'])

const wrong = (reason: string, path: string, message: string): WeirError => invalidParams(reason, message, [{ path, message }])

/** -32602: invalidMethod, invalidUrl, invalidHeader, conflictingFraming. */
export function outgoing(draft: Draft): OutgoingRequest {
  const { method, trailers, body, versions, notation } = draft
  if (!token.test(method))
    throw wrong('invalidMethod', '/request/method', `${JSON.stringify(method)} is no method: letters, without spaces`)
  if (method === 'CONNECT')
    throw wrong('invalidMethod', '/request/method', 'CONNECT opens a tunnel, in which weir would have nothing to say')
  checkFields(draft.headers)
  checkFields(trailers)
  const headers = framed(draft)
  return { method, ...place(draft.url), headers, trailers, bodyBytes: body.size, versions, notation }
}

/** Where a URL leads. The path and the query stay byte for byte; what is beyond Latin-1 is no byte: see `asciiUrl`. */
export function place(url: string): Pick<OutgoingRequest, 'scheme' | 'destination' | 'authority' | 'target'> {
  const refuse = (why: string) => wrong('invalidUrl', '/request/url', `${JSON.stringify(url.slice(0, 200))} ${why}`)
  const match = absoluteUrl.exec(url)
  if (!match) throw refuse('is no URL to send to: write http://HOST/PATH or https://HOST/PATH')
  const [, given = '', authority = '', rest = ''] = match
  if (authority.includes('@')) throw refuse('names a user: send credentials as the header Authorization')
  if (!target.test(rest)) throw refuse('has spaces or control characters: percent-encode them')
  const scheme = given.toLowerCase() as 'http' | 'https'
  const { host, port } = splitAuthority(authority)
  const isV6 = authority.startsWith('[')
  const ascii = domainToASCII(isV6 ? `[${host}]` : host)
  const number = port ?? defaultPort(scheme)
  if (ascii === '' || number < 1 || number > 65535) throw refuse('names no host that can be: HOST or HOST:PORT')
  return {
    scheme,
    destination: { host: isV6 ? host : ascii, port: number },
    authority: withoutDefaultPort(port === null ? ascii : `${ascii}:${port}`, scheme),
    target: rest === '' || rest.startsWith('?') ? `/${rest}` : rest,
  }
}

/** What people write, as bytes: beyond ASCII percent-encoded as UTF-8 (RFC 3987 section 3.1). The host stays. */
export function asciiUrl(url: string): string {
  const [, head = '', rest = url] = /^([a-z]+:\/\/[^/?#]*)?(.*)$/is.exec(url) ?? []
  return head + rest.toWellFormed().replaceAll(/[^\x00-\x7f]+/g, encodeURIComponent)
}

function checkFields(fields: Headers): void {
  for (const [name, value] of fields) {
    const shown = JSON.stringify(name.slice(0, 100))
    if (!token.test(name)) throw wrong('invalidHeader', '/request/headers', `${shown} is no header name: letters, digits and dashes`)
    if (!fieldValue.test(value)) {
      const why = 'has a line break, a NUL or a character beyond U+00FF: bytes above 127 are U+0080..00FF'
      throw wrong('invalidHeader', '/request/headers', `the value of ${shown} ${why}`)
    }
  }
}

/** Where nothing says how long the body is, Content-Length does (RFC 9110 section 8.6). */
function framed({ method, headers, body }: Draft): Headers {
  const lengths = valuesOf(headers, 'content-length')
  const codings = valuesOf(headers, 'transfer-encoding')
  const refuse = (message: string) => wrong('conflictingFraming', '/request/headers', message)
  if (codings.length > 0 && (lengths.length > 0 || !/(^|,)\s*chunked\s*$/i.test(codings.at(-1) ?? '')))
    throw refuse('Transfer-Encoding goes without Content-Length and ends with chunked, or the origin cannot know where the body ends')
  if (lengths.some((value) => value !== String(body.size)))
    throw refuse(`Content-Length says ${lengths.join(', ')}, and the body has ${body.size} bytes: leave it out`)
  if (codings.length > 0 || lengths.length > 0 || (body.size === 0 && !withBody.has(method))) return headers
  return [...headers, ['Content-Length', String(body.size)]]
}

export const valuesOf = (headers: Headers, wanted: string): string[] =>
  headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)

export const without = (headers: Headers, names: ReadonlySet<string>): Headers => headers.filter(([name]) => !names.has(name.toLowerCase()))
