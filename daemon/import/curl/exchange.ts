/** The request that a cURL command makes, as an exchange without a response. */
import { fieldValue } from '../../../sdk/field-value.ts'
import type { Headers } from '../../../sdk/model.ts'
import { EntryFault, type ImportedExchange } from '../imported-exchange.ts'
import { importedUrl, isForeign } from '../imported-url.ts'
import { type CurlRequest, withQuery } from './arguments.ts'

const formType = 'application/x-www-form-urlencoded'

interface Sent {
  body: string | null
  /** Where the command names none. */
  contentType: string
  isCut: boolean
}

/** null: it is of another protocol. @throws EntryFault */
export function curlExchange(request: CurlRequest, savedAt: number): ImportedExchange | null {
  const given = request.get && request.body !== null ? withQuery(request.url, request.body) : request.url
  if (isForeign(given) && given.includes('://')) return null
  const { url, authorization } = urlOf(withAuthority(given, request), request.target)
  const sent = request.get ? null : sentOf(request)
  const headers = headersOf(request, url, authorization, sent)
  const bytes = sent?.body === null || sent === null ? null : Buffer.from(sent.body, 'latin1')
  const isCut = sent?.isCut ?? false
  return {
    exchange: {
      connectionId: '',
      kind: 'http',
      state: 'open',
      startedAt: savedAt,
      durationMs: null,
      timings: {},
      client: null,
      server: null,
      request: {
        method: request.method ?? methodOf(request, sent),
        url,
        httpVersion: request.httpVersion,
        headers,
        trailers: [],
        bodySize: bytes?.length ?? 0,
        truncated: isCut,
      },
      response: null,
      tls: null,
      tags: [],
      note: null,
    },
    bodies: { request: bytes, response: null },
    messages: [],
  }
}

function methodOf({ head, upload }: CurlRequest, sent: Sent | null): string {
  if (head) return 'HEAD'
  if (upload) return 'PUT'
  return sent === null ? 'GET' : 'POST'
}

function sentOf({ form, body, isCut, upload }: CurlRequest): Sent | null {
  if (!form.isEmpty) return { ...form.body(), isCut: form.isCut }
  if (body === null && !isCut) return null
  return { body, contentType: upload ? '' : formType, isCut }
}

/** HTTP/2 and 3 have no Host: curl sends what the command names as the authority, wherever it connects to. */
function withAuthority(given: string, { headers, httpVersion }: CurlRequest): string {
  const host = headers.findLast(([name]) => name.toLowerCase() === 'host')?.[1] ?? null
  if (!hasNoHost.test(httpVersion) || host === null || host === '') return given
  return given.replace(/^([a-z][a-z\d+.-]*:\/\/)?([^/?#]*@)?[^/?#]*/i, (_, scheme = '', user = '') => `${scheme}${user}${host}`)
}

const hasNoHost = /^[23]$/

/** The path has the bytes of the command; the rest is as everywhere. */
function urlOf(given: string, target: string | null): { url: string; authorization: string | null } {
  const absolute = /^[a-z][a-z\d+.-]*:\/\//i.test(given) ? given : `http://${given}`
  const [, scheme = '', authority = '', rest = ''] = /^([^:]*:\/\/)([^/?#]*)([^#]*)/s.exec(absolute) ?? []
  if (authority === '') throw new EntryFault('its URL names no host')
  const user = /^(.*)@/s.exec(authority)?.[1]
  const origin = importedUrl(scheme + Buffer.from(authority, 'latin1').toString('utf8')).slice(0, -1)
  const path = target ?? (rest.startsWith('/') ? rest : `/${rest}`)
  const authorization =
    user === undefined ? null : `Basic ${Buffer.from(percentDecoded(user.includes(':') ? user : `${user}:`), 'latin1').toString('base64')}`
  return { url: origin + (path === '*' ? '' : path), authorization }
}

const percentDecoded = (text: string): string =>
  text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** In curl's order; what the command names goes before what curl would add. Its own User-Agent has a version that nobody knows, and is left out. */
function headersOf(request: CurlRequest, url: string, authorization: string | null, sent: Sent | null): Headers {
  const named = new Set(request.headers.map(([name]) => name.toLowerCase()))
  const own: Headers = [['Host', /^\w+:\/\/([^/?#]*)/.exec(url)?.[1] ?? '']]
  const added = (name: string) => request.added.findLast(([known]) => known.toLowerCase() === name)?.[1]
  const credentials = added('authorization') ?? authorization ?? undefined
  const values: [string, string | undefined][] = [
    ['Authorization', credentials],
    ['Range', added('range')],
    ['User-Agent', added('user-agent')],
    ['Accept', added('accept') ?? '*/*'],
    ['Accept-Encoding', added('accept-encoding')],
    ['Referer', added('referer')],
    [
      'Cookie',
      request.added
        .filter(([name]) => name === 'Cookie')
        .map(([, value]) => value)
        .join('; ') || undefined,
    ],
  ]
  for (const [name, value] of values) if (value !== undefined && value !== '') own.push([name, value])
  const headers = own.filter(([name]) => !named.has(name.toLowerCase()))
  for (const [name, value] of request.headers) if (value !== null) headers.push([name, value])
  if (sent !== null) {
    const isChunked = fieldValue(headers, 'transfer-encoding') !== null
    if (sent.body !== null && !sent.isCut && !isChunked && !named.has('content-length'))
      headers.push(['Content-Length', String(sent.body.length)])
    const contentType = added('content-type') ?? sent.contentType
    if (contentType !== '' && !named.has('content-type')) headers.push(['Content-Type', contentType])
  }
  // HTTP/2 and 3: names are lower case, and the host is no field (RFC 9113 sections 8.2 and 8.3.1).
  if (!hasNoHost.test(request.httpVersion)) return headers
  return headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]).filter(([name]) => name !== 'host')
}
