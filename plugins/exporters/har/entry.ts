/**
 * One exchange as a HAR 1.2 entry: JSON without the closing brace, for the writer to add headers and bodies. Written out
 * member by member, because objects made only to be printed are most of what an export costs.
 */
import type { Endpoint, Exchange, Headers, Informational, Message } from '../../../sdk/model.ts'
import { ipAddress } from '../text/ip-address.ts'
import { type UriForm, uriOf } from '../text/uri.ts'
import { browserJson } from './browser.ts'
import { responseCookies } from './cookies.ts'
import { queryString } from './form-fields.ts'
import type { HeaderFacts } from './header-facts.ts'
import type { SecurityDetails } from './security-details.ts'
import { harTimings, timingsJson, totalTime } from './timings.ts'

const versions = new Map([
  ['1.1', '"HTTP/1.1"'],
  ['2', '"http/2.0"'],
  ['3', '"http/3.0"'],
  ['', '""'],
])
const harVersion = (version: string): string => versions.get(version) ?? json(`HTTP/${version}`)
const json = JSON.stringify
const listed = (list: object[]) => (list.length > 0 ? json(list) : '[]')
const pairs = (headers: Headers) => json(headers.map(([name, value]) => ({ name, value })))

/** A date HAR cannot write (a broken import) is the epoch. */
const isoDate = (ms: number) => new Date(Number.isFinite(ms) ? ms : 0).toISOString()

/** All but `request` and `response`. */
export function entryJson(exchange: Exchange, security: SecurityDetails): string {
  const { server, tls, error, anomalies, browser, tags, note } = exchange
  const timings = harTimings(exchange.timings)
  let text = `{"startedDateTime":"${isoDate(exchange.startedAt)}","time":${totalTime(timings)},"timings":${timingsJson(timings)},"cache":{}`
  text += `,"connection":${json(exchange.connectionId)},"_seq":${exchange.seq}`
  if (server) text += serverJson(server)
  if (tls) text += `,"_securityDetails":${security.json(tls)}`
  if (exchange.kind === 'websocket') text += ',"_resourceType":"websocket"'
  if (browser) text += browserJson(browser, exchange.kind === 'websocket')
  if (exchange.state !== 'complete') text += `,"_state":"${exchange.state}"`
  if (error) text += errorJson(exchange)
  if (anomalies?.length) text += `,"_anomalies":${json(anomalies)}`
  if (tags.length > 0) text += `,"_tags":${json(tags)}`
  if (note !== null) text += `,"comment":${json(note)}`
  return text
}

const errorJson = ({ error, state }: Exchange) => `,"_error":${json(error ? `${error.reason}: ${error.message}` : state)}`

const opcodes: Partial<Record<Message['type'], number>> = { text: 1, binary: 2 }

/** As Chromium writes it; null: a control frame, which it leaves out. */
export function webSocketMessageJson({ type, direction, at, text, data = '', size, truncated }: Message): string | null {
  const opcode = opcodes[type]
  if (opcode === undefined) return null
  // A long text of control characters is handed out as its bytes.
  const content = text ?? (type === 'text' ? Buffer.from(data, 'base64').toString('utf8') : data)
  const cut = truncated ? `,"_truncated":true,"_size":${size}` : ''
  return `{"type":"${direction === 'sent' ? 'send' : 'receive'}","time":${at / 1000},"opcode":${opcode},"data":${json(content)}${cut}}`
}

/** All but `postData`. */
export function requestJson({ request, kind, state }: Exchange, headers: HeaderFacts, form: UriForm): string {
  const url = uriOf(kind === 'websocket' ? request.url.replace(/^http/, 'ws') : request.url, form)
  const bodySize = state === 'open' && request.bodySize === 0 ? -1 : request.bodySize
  let text = `{"method":${json(request.method)},"url":${json(url)},"httpVersion":${harVersion(request.httpVersion)}`
  text += `,"cookies":${headers.requestCookies},"headers":${headers.json}`
  text += `,"queryString":${listed(queryString(url))},"headersSize":-1,"bodySize":${bodySize}`
  if (request.trailers.length > 0) text += `,"_trailers":${pairs(request.trailers)}`
  if (request.truncated) text += ',"_truncated":true'
  return text
}

/** All but `content`. */
export function responseJson(exchange: Exchange, headers: HeaderFacts | null): string {
  const { response, startedAt, error, state } = exchange
  if (!response || !headers)
    return `{"status":0,"statusText":"","httpVersion":"","cookies":[],"headers":[],"redirectURL":"","headersSize":-1,"bodySize":-1${errorJson(exchange)}`
  let text = `{"status":${response.status},"statusText":${json(response.reason)},"httpVersion":${harVersion(response.httpVersion)}`
  text += `,"cookies":${headers.cookies ? listed(responseCookies(response.headers, startedAt)) : '[]'},"headers":${headers.json}`
  text += `,"redirectURL":${json(headers.location)},"headersSize":-1,"bodySize":${state === 'open' ? -1 : response.bodySize}`
  if (response.trailers.length > 0) text += `,"_trailers":${pairs(response.trailers)}`
  if (response.informational.length > 0) text += `,"_informational":[${response.informational.map(informationalJson)}]`
  if (response.truncated) text += ',"_truncated":true'
  return error ? text + errorJson(exchange) : text
}

const informationalJson = ({ status, reason, headers }: Informational) =>
  `{"status":${status},"statusText":${json(reason)},"headers":${pairs(headers)}}`

/** Only a real address is one. */
function serverJson({ address, port }: Endpoint): string {
  const real = ipAddress(address)
  return real === null ? `,"_serverPort":${port}` : `,"serverIPAddress":"${real}","_serverPort":${port}`
}
