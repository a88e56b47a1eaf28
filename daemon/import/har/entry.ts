/** One entry of a HAR, whoever wrote it: what browsers and tools do in their own ways is understood, what weir's own `_` fields say is kept. */
import { isIP } from 'node:net'
import { type Anomaly, anomalies, type Exchange, type Headers, type Request, type Response, type Tls } from '../../../sdk/model.ts'
import { httpVersionOf } from '../http-version.ts'
import { EntryFault, type ImportedExchange } from '../imported-exchange.ts'
import { importedUrl, isForeign } from '../imported-url.ts'
import { countOf, isObject, type JsonObject, listOf, numberOf, objectOf, textOf } from '../json-values.ts'
import { wireText } from '../wire-text.ts'
import { harBody, harPostData } from './body.ts'
import { harBrowser } from './browser.ts'
import { harError } from './error.ts'
import { harMessages } from './messages.ts'
import { harTimes } from './times.ts'

/** null: its URL is none of HTTP (data:, chrome-extension:). @throws EntryFault */
export function harExchange(entry: unknown): ImportedExchange | null {
  if (!isObject(entry)) throw new EntryFault('it is no object')
  if (!isObject(entry.request)) throw new EntryFault('it has no request')
  const given = textOf(entry.request.url)
  const method = textOf(entry.request.method)
  if (method === '') throw new EntryFault('its request has no method')
  if (isForeign(given)) return null
  const url = method === 'CONNECT' ? importedUrl(given.includes('://') ? given : `https://${given}`).replace(/\/$/, '') : importedUrl(given)
  const messages = harMessages(entry)
  const kind = method === 'CONNECT' ? 'tunnel' : messages === null && !/^ws/i.test(given) ? 'http' : 'websocket'
  const request = requestOf(entry.request, method, url)
  const sent = kind === 'http' ? harPostData(entry.request, request.headers) : null
  const answer = responseOf(objectOf(entry.response))
  const received = answer !== null && kind === 'http' ? harBody(objectOf(entry.response), answer.headers) : null
  if (sent) Object.assign(request, { bodySize: sent.size, truncated: request.truncated || sent.isCut })
  if (answer && received) Object.assign(answer, { bodySize: received.size, truncated: answer.truncated || received.isCut })
  request.httpVersion ||= answer?.httpVersion ?? ''
  const exchange: ImportedExchange['exchange'] = {
    connectionId: textOf(entry.connection),
    kind,
    ...harTimes(entry),
    ...endingOf(entry, answer),
    client: null,
    ...originOf(entry),
    request,
    response: answer,
    tags: listOf(entry._tags).filter((tag) => typeof tag === 'string'),
    note: textOf(entry.comment) || null,
  }
  const marks = listOf(entry._anomalies).filter((mark) => (anomalies as readonly unknown[]).includes(mark)) as Anomaly[]
  if (marks.length > 0) exchange.anomalies = marks
  const browser = harBrowser(entry)
  if (browser !== null) exchange.browser = browser
  return { exchange, bodies: { request: sent?.bytes ?? null, response: received?.bytes ?? null }, messages: messages ?? [] }
}

function requestOf(request: JsonObject, method: string, url: string): Request {
  return {
    method,
    url,
    httpVersion: httpVersionOf(textOf(request.httpVersion)),
    headers: headersOf(request.headers),
    trailers: headersOf(request._trailers),
    bodySize: countOf(request.bodySize),
    truncated: request._truncated === true,
  }
}

/** null: none came, which HAR says with status 0 (Firefox and others leave it out, or say -1). */
function responseOf(response: JsonObject): Response | null {
  const status = numberOf(response.status) ?? 0
  if (!Number.isInteger(status) || status <= 0) return null
  return {
    status,
    reason: wireText(textOf(response.statusText)),
    httpVersion: httpVersionOf(textOf(response.httpVersion)),
    headers: headersOf(response.headers),
    trailers: headersOf(response._trailers),
    informational: listOf(response._informational).map((value) => {
      const { status: code, statusText, headers } = objectOf(value)
      return { status: Math.trunc(numberOf(code) ?? 100), reason: wireText(textOf(statusText)), headers: headersOf(headers) }
    }),
    bodySize: countOf(response.bodySize),
    truncated: response._truncated === true,
  }
}

/** Of certificates, Unix s. */
const latest = 1e12
const pseudo = new Set([':authority', ':method', ':path', ':protocol', ':scheme', ':status'])

/** Pseudo-headers are none (RFC 9113 section 8.3). Some tools fold several Set-Cookie fields into one, a line each. */
function headersOf(list: unknown): Headers {
  const headers: Headers = []
  for (const item of listOf(list)) {
    const { name, value } = objectOf(item)
    const field = wireText(textOf(name))
    if (pseudo.has(field)) continue
    const texts = /^set-cookie$/i.test(field) ? textOf(value).split('\n') : [textOf(value)]
    for (const text of texts) headers.push([field, wireText(text)])
  }
  return headers
}

function endingOf(entry: JsonObject, response: Response | null): Pick<Exchange, 'state' | 'error'> {
  const error = harError(entry)
  const state = entry._state
  if (state === 'open' || state === 'complete') return { state }
  if (state === 'failed' || state === 'aborted') return { state, ...(error && { error }) }
  if (error !== null) return { state: error.reason === 'clientAborted' ? 'aborted' : 'failed', error }
  return { state: response === null ? 'open' : 'complete' }
}

/** Without an address the store has no place for what is known of TLS. */
function originOf(entry: JsonObject): Pick<Exchange, 'server' | 'tls'> {
  const address = textOf(entry.serverIPAddress).replace(/^\[(.*)\]$/, '$1')
  const port = numberOf(entry._serverPort)
  if (!isIP(address)) return { server: null, tls: null }
  const url = textOf(objectOf(entry.request).url)
  const named = /^\w+:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(url)?.[1]
  const server = { address, port: port ?? Number(named ?? (/^(?:https|wss):/i.test(url) ? 443 : 80)) }
  return { server, tls: tlsOf(entry._securityDetails) }
}

function tlsOf(details: unknown): Tls | null {
  const { protocol, subjectName, issuer, validFrom, validTo, _cipher } = objectOf(details)
  if (textOf(protocol) === '') return null
  const tls: Tls = { version: textOf(protocol).replace(/^TLS /, 'TLSv'), cipher: textOf(_cipher), alpn: null, sni: null }
  if (textOf(subjectName) === '') return tls
  const seconds = (value: unknown) => Math.trunc(Math.min(numberOf(value) ?? 0, latest)) * 1000
  const names = { subject: textOf(subjectName), issuer: textOf(issuer), fingerprint256: '' }
  return { ...tls, certificate: { ...names, validFrom: seconds(validFrom), validTo: seconds(validTo) } }
}
