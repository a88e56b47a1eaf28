/** An exchange as a flow of mitmproxy, version 17 of them (mitmproxy 8; later ones convert it: mitmproxy/io/compat.py). */
import { defaultPort, splitAuthority, withoutDefaultPort } from '../../../sdk/authority.ts'
import { fieldValue } from '../../../sdk/field-value.ts'
import type { Exchange, Headers, Part } from '../../../sdk/model.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { countedBody } from '../text/counted-body.ts'
import { stableUuid } from '../text/stable-uuid.ts'
import { wireBytes } from '../text/wire-bytes.ts'
import { clientConnection, type OriginConnections, seconds } from './connections.ts'
import { webSocket } from './messages.ts'
import * as tnet from './tnetstring.ts'

const flowVersion = 17
const urlParts = /^(https?):\/\/(?:[^/?#@]*@)?([^/?#]*)(.*)$/s

export async function flowOf(exchange: ExportedExchange, origins: OriginConnections): Promise<tnet.Netstring> {
  const { sessionId, seq, request, startedAt, tags, note, kind } = exchange
  const target = targetOf(request.url, request.method)
  return tnet.dictionary({
    version: tnet.integer(flowVersion),
    type: tnet.text('http'),
    id: tnet.text(stableUuid(sessionId, 'flow', seq)),
    client_conn: clientConnection(exchange),
    server_conn: origins.of(exchange, target.host, target.port),
    intercepted: tnet.boolean(false),
    is_replay: tnet.none,
    marked: tnet.text(tags[0] ?? ''),
    comment: tnet.text(note ?? ''),
    metadata: ownFacts(exchange),
    timestamp_created: seconds(startedAt),
    error: errorOf(exchange),
    request: await requestOf(exchange, target),
    response: await responseOf(exchange),
    websocket: kind === 'websocket' ? await webSocket(exchange) : tnet.none,
  })
}

interface Target {
  scheme: 'http' | 'https'
  authority: string
  host: string
  port: number
  path: string
}

function targetOf(url: string, method: string): Target {
  const [, name, authority = '', path = ''] = urlParts.exec(url) ?? []
  const scheme = name === 'https' ? 'https' : 'http'
  const { host, port } = splitAuthority(authority)
  return { scheme, authority, host, port: port ?? defaultPort(scheme), path: path === '' && method === 'OPTIONS' ? '*' : path }
}

async function requestOf(exchange: ExportedExchange, { scheme, authority, host, port, path }: Target): Promise<tnet.Netstring> {
  const { request, startedAt, timings } = exchange
  const named = fieldValue(request.headers, 'host')
  // In HTTP/1 an authority is the absolute form of the target: only where Host says something else.
  const isTold = request.httpVersion.startsWith('1') && (named === null || withoutDefaultPort(named, scheme) === authority)
  return tnet.dictionary({
    ...(await messageOf(exchange, 'request')),
    host: tnet.text(host),
    port: tnet.integer(port),
    method: bytes(request.method),
    scheme: bytes(scheme),
    authority: bytes(isTold ? '' : authority),
    path: bytes(path),
    timestamp_start: seconds(startedAt),
    timestamp_end: timings.send === undefined ? tnet.none : seconds(startedAt + timings.send),
  })
}

async function responseOf(exchange: ExportedExchange): Promise<tnet.Netstring> {
  const { response, startedAt, durationMs, timings } = exchange
  if (response === null) return tnet.none
  return tnet.dictionary({
    ...(await messageOf(exchange, 'response')),
    status_code: tnet.integer(response.status),
    reason: bytes(response.reason),
    timestamp_start: seconds(startedAt + (timings.send ?? 0) + (timings.wait ?? 0)),
    timestamp_end: durationMs === null ? tnet.none : seconds(startedAt + durationMs),
  })
}

async function messageOf(exchange: ExportedExchange, part: Part): Promise<{ [name: string]: tnet.Netstring }> {
  const { httpVersion = '', headers = [], trailers = [] } = exchange[part] ?? {}
  return {
    http_version: tnet.bytes(versions.get(httpVersion) ?? `HTTP/${httpVersion || '1.1'}`),
    headers: fields(headers),
    content: await content(exchange, part),
    trailers: trailers.length > 0 ? fields(trailers) : tnet.none,
  }
}

const versions = new Map([['2', 'HTTP/2.0']])

/** What was not kept is what mitmproxy did not keep: none. */
async function content(exchange: ExportedExchange, part: Part): Promise<tnet.Netstring> {
  const body = await countedBody(exchange, part)
  return body.bytes === 0 && exchange[part]?.truncated ? tnet.none : tnet.streamedBytes(body)
}

const bytes = (text: string): tnet.Netstring => tnet.bytes(wireBytes(text).toString('latin1'))
const fields = (headers: Headers): tnet.Netstring => tnet.list(headers.map(([name, value]) => tnet.list([bytes(name), bytes(value)])))

function errorOf({ state, error, startedAt, durationMs }: Exchange): tnet.Netstring {
  if (!error && state !== 'failed' && state !== 'aborted') return tnet.none
  return tnet.dictionary({ msg: tnet.text(error?.message ?? state), timestamp: seconds(startedAt + (durationMs ?? 0)) })
}

/** What mitmproxy has no words for; an import knows them. */
function ownFacts({ seq, state, error, tags, request, response }: Exchange): tnet.Netstring {
  const cut = [...(request.truncated ? ['request'] : []), ...(response?.truncated ? ['response'] : [])]
  return tnet.dictionary({
    weir_seq: tnet.integer(seq),
    weir_state: tnet.text(state),
    ...(error && { weir_error: tnet.text(error.reason) }),
    ...(tags.length > 1 && { weir_tags: tnet.list(tags.map(tnet.text)) }),
    ...(cut.length > 0 && { weir_truncated: tnet.list(cut.map(tnet.text)) }),
  })
}
