/** One flow of mitmproxy (its io/compat.py says how they changed: here are versions 17 and later). */
import { withoutDefaultPort } from '../../../sdk/authority.ts'
import { fieldValue } from '../../../sdk/field-value.ts'
import {
  type Endpoint,
  type Exchange,
  type Failure,
  type FailureReason,
  failureReasons,
  type Headers,
  type Message,
  type Request,
  type Response,
  type Timings,
  type Tls,
} from '../../../sdk/model.ts'
import { httpVersionOf } from '../http-version.ts'
import { EntryFault, type ImportedExchange } from '../imported-exchange.ts'
import type { TnetDictionary, TnetValue } from './tnetstrings.ts'

const oldest = 17
/** Connections. */
const remembered = 16_384
const nothing: TnetDictionary = new Map()

const dictionary = (value: TnetValue | undefined): TnetDictionary => (value instanceof Map ? value : nothing)
const list = (value: TnetValue | undefined): readonly TnetValue[] => (Array.isArray(value) ? (value as readonly TnetValue[]) : [])
/** Bytes are a character each. */
const text = (value: TnetValue | undefined): string =>
  Buffer.isBuffer(value) ? value.toString('latin1') : typeof value === 'string' ? value : ''
const number = (value: TnetValue | undefined): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined

/** null: it is a flow of TCP, UDP or DNS. @param used connections of flows before; grows by this one's. @throws EntryFault */
export function mitmproxyExchange(value: TnetValue, used: Set<string>): ImportedExchange | null {
  const flow = dictionary(value)
  const version = number(flow.get('version'))
  if (version === undefined) throw new EntryFault('it is no flow')
  if (version < oldest)
    throw new EntryFault(`it is of an old mitmproxy (flow version ${version}): mitmdump -nr OLD -w NEW of mitmproxy 8 or later converts it`)
  if (text(flow.get('type')) !== 'http') return null
  const sent = dictionary(flow.get('request'))
  const answered = flow.get('response') instanceof Map ? dictionary(flow.get('response')) : null
  const own = dictionary(flow.get('metadata'))
  const cut = list(own.get('weir_truncated'))
  const request = requestOf(sent, cut.includes('request'))
  const response = answered && responseOf(answered, cut.includes('response'))
  const clientSide = dictionary(flow.get('client_conn'))
  const originSide = dictionary(flow.get('server_conn'))
  const server = endpointOf(originSide.get('peername') ?? originSide.get('ip_address')) ?? endpointOf(originSide.get('address'))
  const isWebSocket = flow.get('websocket') instanceof Map
  const note = text(flow.get('comment'))
  const marked = text(flow.get('marked'))
  const tags = list(own.get('weir_tags')).map(text)
  return {
    exchange: {
      connectionId: text(clientSide.get('id')),
      kind: request.method === 'CONNECT' ? 'tunnel' : isWebSocket ? 'websocket' : 'http',
      ...timesOf(sent, answered, dictionary(flow.get('error')), connectTimes(originSide, used)),
      ...endOf(flow, response !== null, isWebSocket),
      client: endpointOf(clientSide.get('peername') ?? clientSide.get('address')),
      server,
      request,
      response,
      tls: server && tlsOf(originSide),
      tags: tags.length > 0 ? tags : marked === '' ? [] : [marked],
      note: note === '' ? null : note,
    },
    bodies: { request: bodyOf(sent), response: answered && bodyOf(answered) },
    messages: isWebSocket ? messagesOf(dictionary(flow.get('websocket'))) : [],
  }
}

function requestOf(sent: TnetDictionary, isCut: boolean): Request {
  const method = text(sent.get('method'))
  const headers = headersOf(sent.get('headers'))
  const scheme = text(sent.get('scheme')) === 'https' ? 'https' : 'http'
  const host = text(sent.get('host'))
  const port = number(sent.get('port')) ?? 0
  const named = text(sent.get('authority')) || fieldValue(headers, 'host') || `${host.includes(':') ? `[${host}]` : host}:${port}`
  if (method === '' || (host === '' && named === ':0')) throw new EntryFault('it has no request')
  const isTunnel = method === 'CONNECT'
  const path = isTunnel ? '' : text(sent.get('path'))
  const authority = withoutDefaultPort(named, isTunnel ? 'https' : scheme)
  return {
    method,
    url: `${isTunnel ? 'https' : scheme}://${authority}${path === '*' ? '' : path}`,
    httpVersion: httpVersionOf(text(sent.get('http_version'))),
    headers,
    trailers: headersOf(sent.get('trailers')),
    ...sizeOf(sent, isCut),
  }
}

const responseOf = (answered: TnetDictionary, isCut: boolean): Response => ({
  status: number(answered.get('status_code')) ?? 0,
  reason: text(answered.get('reason')),
  httpVersion: httpVersionOf(text(answered.get('http_version'))),
  headers: headersOf(answered.get('headers')),
  trailers: headersOf(answered.get('trailers')),
  informational: [],
  ...sizeOf(answered, isCut),
})

/** A body that mitmproxy streamed is not in the flow, and its size is not known. */
const sizeOf = (message: TnetDictionary, isCut: boolean) => ({
  bodySize: bodyOf(message)?.length ?? 0,
  truncated: isCut || message.get('content') === null,
})
const bodyOf = (message: TnetDictionary): Buffer | null => {
  const content = message.get('content')
  return Buffer.isBuffer(content) ? content : null
}

const headersOf = (value: TnetValue | undefined): Headers =>
  list(value).map((pair) => {
    const [name, content] = list(pair)
    return [text(name), text(content)]
  })

function endpointOf(value: TnetValue | undefined): Endpoint | null {
  const [address, port] = list(value)
  return text(address) === '' ? null : { address: text(address), port: number(port) ?? 0 }
}

function tlsOf(originSide: TnetDictionary): Tls | null {
  const version = text(originSide.get('tls_version'))
  if (version === '') return null
  const cipher = text(originSide.get('cipher') ?? originSide.get('cipher_name'))
  return { version, cipher, alpn: text(originSide.get('alpn')) || null, sni: text(originSide.get('sni')) || null }
}

type ConnectTimes = Pick<Timings, 'connect' | 'tls'>

/** Seconds there, milliseconds here. */
function between(from: TnetDictionary, start: string, to: TnetDictionary, end: string): number | undefined {
  const [began, ended] = [number(from.get(start)), number(to.get(end))]
  return began === undefined || ended === undefined ? undefined : Math.round(Math.max(0, ended - began) * 1_000_000) / 1000
}

/** On the first flow of a connection only, as everywhere. */
function connectTimes(originSide: TnetDictionary, used: Set<string>): ConnectTimes {
  const id = text(originSide.get('id'))
  if (used.has(id)) return {}
  if (used.size >= remembered) used.clear()
  used.add(id)
  const connect = between(originSide, 'timestamp_start', originSide, 'timestamp_tcp_setup')
  const tls = between(originSide, 'timestamp_tcp_setup', originSide, 'timestamp_tls_setup')
  return { ...(connect !== undefined && { connect }), ...(tls !== undefined && { tls }) }
}

function timesOf(sent: TnetDictionary, answered: TnetDictionary | null, error: TnetDictionary, connecting: ConnectTimes) {
  const started = number(sent.get('timestamp_start'))
  if (started === undefined) throw new EntryFault('it says not when it began')
  const ends = [answered?.get('timestamp_end'), error.get('timestamp'), sent.get('timestamp_end')].map(number)
  const ended = ends.find((at) => at !== undefined) ?? started
  const timings: Timings = { ...connecting }
  const send = between(sent, 'timestamp_start', sent, 'timestamp_end')
  if (send !== undefined) timings.send = send
  if (answered !== null) {
    const wait = between(sent, 'timestamp_end', answered, 'timestamp_start')
    const receive = between(answered, 'timestamp_start', answered, 'timestamp_end')
    if (wait !== undefined) timings.wait = wait
    if (receive !== undefined) timings.receive = receive
  }
  return { startedAt: started * 1000, durationMs: Math.max(0, ended - started) * 1000, timings }
}

const reasons: readonly [pattern: RegExp, reason: FailureReason][] = [
  [/client (?:disconnected|closed)|connection killed/i, 'clientAborted'],
  [/errno 111|errno 61\b|refused/i, 'connectionRefused'],
  [/name or service|getaddrinfo|nodename/i, 'dnsNotFound'],
  [/certificate/i, 'tlsUntrusted'],
  [/tls|ssl/i, 'tlsHandshakeFailed'],
  [/reset/i, 'upstreamReset'],
  [/timed? ?out/i, 'upstreamTimeout'],
  [/server (?:disconnected|closed)|connection closed|peer closed/i, 'upstreamClosed'],
]

function endOf(flow: TnetDictionary, isAnswered: boolean, isWebSocket: boolean): Pick<Exchange, 'state' | 'error'> {
  const message = text(dictionary(flow.get('error')).get('msg'))
  const told = endAsTold(dictionary(flow.get('metadata')), message)
  if (told !== null) return told
  if (message === '' || (isWebSocket && isAnswered)) return { state: isAnswered ? 'complete' : 'open' }
  const error: Failure = {
    reason: reasons.find(([pattern]) => pattern.test(message))?.[1] ?? 'notRecorded',
    message: message.slice(0, 500),
  }
  return { state: error.reason === 'clientAborted' ? 'aborted' : 'failed', error }
}

const states = ['open', 'complete', 'failed', 'aborted'] as const

/** By weir's own export; null: it is somebody else's flow. */
function endAsTold(own: TnetDictionary, message: string): Pick<Exchange, 'state' | 'error'> | null {
  const state = states.find((known) => known === own.get('weir_state'))
  if (state === undefined) return null
  const reason = failureReasons.find((known) => known === own.get('weir_error'))
  return { state, ...(reason && { error: { reason, message: message.slice(0, 500) } }) }
}

/** Those that mitmproxy keeps, and the frame that closed it. */
function messagesOf(socket: TnetDictionary): Message[] {
  const messages = list(socket.get('messages')).map(messageOf)
  const code = number(socket.get('close_code'))
  if (code === undefined || code === noCloseFrame || !(code >= 0 && code <= 0xffff)) return messages
  const reason = text(socket.get('close_reason'))
  const data = code === noCloseCode ? Buffer.alloc(0) : Buffer.concat([Buffer.of(code >> 8, code), Buffer.from(reason, 'utf8')])
  const at = number(socket.get('timestamp_end'))
  messages.push({
    index: messages.length,
    at: at === undefined ? (messages.at(-1)?.at ?? 0) : at * 1000,
    direction: socket.get('closed_by_client') === true ? 'sent' : 'received',
    type: 'close',
    data: data.toString('base64'),
    size: data.length,
    ...(data.length > 0 && { code, reason }),
  })
  return messages
}

/** They stand for what was not in a frame (RFC 6455 section 7.4.1). */
const noCloseCode = 1005
const noCloseFrame = 1006

/** [opcode, from the client, content, seconds, ...] */
function messageOf(value: TnetValue, index: number): Message {
  const [opcode, fromClient, content, at] = list(value)
  const data = Buffer.isBuffer(content) ? content : Buffer.from(text(content), 'utf8')
  return {
    index,
    at: (number(at) ?? 0) * 1000,
    direction: fromClient === true ? 'sent' : 'received',
    ...(opcode === 1 ? { type: 'text', text: data.toString('utf8') } : { type: 'binary', data: data.toString('base64') }),
    size: data.length,
  }
}
