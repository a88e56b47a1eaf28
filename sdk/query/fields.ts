/** THE table of the query language's fields. The parser, both back ends, the errors and docs/query.md follow it. */
import { resourceTypes, servedFrom } from '../browser-view.ts'
import { anomalies, failureReasons } from '../model.ts'
import { mediaClasses } from './media-class.ts'

/** When an exchange that still runs has its final value: with its request head, its response head, or at its end. */
export type Phase = 'request' | 'response' | 'end'

export type FieldType =
  | 'text'
  /** One of `words`. */
  | 'word'
  | 'mediaType'
  /** Text that may be compared as a number where it is one. */
  | 'value'
  | 'number'
  /** A number, or a class: 5xx. */
  | 'status'
  | 'size'
  | 'duration'
  | 'time'
  /** Text within a body. */
  | 'body'

export interface Field {
  type: FieldType
  summary: string
  /** When it has no value; '': it always has one. */
  absent: string
  known: Phase
  /** Upper and lower case are the same. */
  ignoresCase?: true
  /** What a name after it names: `header.NAME`. */
  named?: string
  words?: readonly string[]
}

const no = 'there is no response'
const unseen = 'no browser told of it, or it did not say'
const clear = 'the connection is not encrypted, or was not decrypted'
const message = (side: string) => ({
  header: { type: 'value', summary: `a header field of the ${side}`, named: 'of the field; upper and lower case are the same' } as const,
  cookie: { type: 'value', summary: `a cookie that the ${side} ${side === 'request' ? 'sends' : 'sets'}`, named: 'of the cookie' } as const,
  body: { type: 'body', summary: `the ${side}'s body, decoded`, absent: 'not a byte of it was kept', known: 'end' } as const,
  json: { type: 'value', summary: `a value in the ${side}'s body`, named: 'a path: user.id, items[0].id, items.id (any item)' } as const,
  size: { type: 'size', summary: `bytes of the ${side}'s body, as they passed`, known: 'end' } as const,
})
const request = message('request')
const response = message('response')

export const fields = {
  host: { type: 'text', summary: 'host of the URL, without port', absent: '', known: 'request', ignoresCase: true },
  port: { type: 'number', summary: "port of the URL, the scheme's own where it names none", absent: '', known: 'request' },
  scheme: { type: 'word', summary: 'http or https', absent: '', known: 'request', words: ['http', 'https'] },
  method: { type: 'text', summary: 'method of the request', absent: '', known: 'request', ignoresCase: true },
  url: { type: 'text', summary: 'the whole URL', absent: '', known: 'request' },
  path: { type: 'text', summary: 'path of the URL, without its query', absent: '', known: 'request' },
  query: {
    type: 'value',
    summary: "a parameter of the URL's query, percent-encoding undone",
    absent: 'the query has none of this name',
    known: 'request',
    named: 'of the parameter',
  },
  version: { type: 'text', summary: 'HTTP version of the request: 1.0, 1.1, 2, 3', absent: '', known: 'request' },
  status: { type: 'status', summary: 'status of the response', absent: no, known: 'response' },
  type: {
    type: 'mediaType',
    summary: 'media type of the response, or a class of them',
    absent: 'the response has no Content-Type, or an unreadable one',
    known: 'response',
    ignoresCase: true,
    words: mediaClasses,
  },
  'req.type': {
    type: 'mediaType',
    summary: 'media type of the request, or a class of them',
    absent: 'the request has no Content-Type, or an unreadable one',
    known: 'request',
    ignoresCase: true,
    words: mediaClasses,
  },
  'req.header': { ...request.header, absent: 'it has no field of this name', known: 'request' },
  'resp.header': { ...response.header, absent: 'it has no field of this name', known: 'response' },
  'req.cookie': { ...request.cookie, absent: 'it has none of this name', known: 'request' },
  'resp.cookie': { ...response.cookie, absent: 'it has none of this name', known: 'response' },
  'req.body': request.body,
  'resp.body': response.body,
  'req.json': { ...request.json, absent: 'the body is no JSON, or has nothing there', known: 'end' },
  'resp.json': { ...response.json, absent: 'the body is no JSON, or has nothing there', known: 'end' },
  size: { type: 'size', summary: 'bytes of both bodies together', absent: '', known: 'end' },
  'req.size': { ...request.size, absent: '' },
  'resp.size': { ...response.size, absent: no },
  dur: { type: 'duration', summary: 'from the first byte of the request to the end', absent: 'it is open', known: 'end' },
  wait: {
    type: 'duration',
    summary: 'from the last byte of the request to the first of the response',
    absent: 'there is no response, or the request has not ended',
    known: 'end',
  },
  from: { type: 'time', summary: 'it began at this time or later', absent: '', known: 'request' },
  until: { type: 'time', summary: 'it began before this time', absent: '', known: 'request' },
  client: { type: 'text', summary: "the client's address, without port", absent: 'it is not known', known: 'request' },
  'client.port': { type: 'number', summary: "the client's port", absent: 'it is not known', known: 'request' },
  process: { type: 'text', summary: 'name or path of the local process it comes from', absent: 'it is not known', known: 'end' },
  'process.pid': { type: 'number', summary: 'id of that process', absent: 'it is not known', known: 'end' },
  server: { type: 'text', summary: "the origin's address, without port", absent: 'no connection to it was made', known: 'response' },
  'server.port': { type: 'number', summary: "the origin's port", absent: 'no connection to it was made', known: 'response' },
  'tls.version': { type: 'text', summary: 'TLS version: 1.2, 1.3', absent: clear, known: 'response' },
  'tls.cipher': { type: 'text', summary: 'cipher suite, by its IANA name', absent: clear, known: 'response' },
  'tls.alpn': { type: 'text', summary: 'application protocol: h2, http/1.1', absent: `${clear}; or none was agreed on`, known: 'response' },
  'tls.sni': {
    type: 'text',
    summary: 'server name of the hello',
    absent: `${clear}; or it has none`,
    known: 'response',
    ignoresCase: true,
  },
  'tls.ja3': { type: 'text', summary: "JA3 of the client's hello", absent: clear, known: 'response' },
  'tls.ja4': { type: 'text', summary: "JA4 of the client's hello", absent: clear, known: 'response' },
  'tls.subject': { type: 'text', summary: "subject of the origin's certificate", absent: clear, known: 'response' },
  'tls.issuer': { type: 'text', summary: "issuer of the origin's certificate", absent: clear, known: 'response' },
  source: {
    type: 'word',
    summary: 'where it comes from',
    absent: '',
    known: 'request',
    words: ['proxy', 'browser', 'send', 'import'],
  },
  kind: { type: 'word', summary: 'what it is', absent: '', known: 'response', words: ['http', 'websocket', 'tunnel'] },
  state: { type: 'word', summary: 'how far it is', absent: '', known: 'end', words: ['open', 'complete', 'failed', 'aborted'] },
  error: { type: 'word', summary: 'why it failed or was aborted', absent: 'it did not', known: 'end', words: failureReasons },
  'error.message': { type: 'text', summary: 'the same as a sentence', absent: 'it did not', known: 'end' },
  anomaly: { type: 'word', summary: 'what was odd about it on the wire', absent: 'nothing was', known: 'end', words: anomalies },
  initiator: { type: 'text', summary: 'URL of what made the browser ask: a script, a page', absent: unseen, known: 'end' },
  page: { type: 'text', summary: "URL of the page in the browser's tab", absent: unseen, known: 'end' },
  resource: { type: 'word', summary: 'what the browser asked for', absent: unseen, known: 'end', words: resourceTypes },
  cache: {
    type: 'word',
    summary: "which of the browser's stores answered",
    absent: 'none did, or no browser told of it',
    known: 'end',
    words: servedFrom,
  },
  stream: { type: 'number', summary: 'stream of its HTTP/2 connection', absent: 'it is no HTTP/2', known: 'request' },
  tag: { type: 'text', summary: 'a tag that it was given', absent: 'it has none', known: 'end' },
  note: { type: 'text', summary: 'the note that it was given', absent: 'it has none', known: 'end' },
  seq: { type: 'number', summary: 'its number in the session', absent: '', known: 'end' },
} as const satisfies { [name: string]: Field }

export type FieldName = keyof typeof fields

export const fieldOf = (name: FieldName): Field => fields[name]

/** Ask the request or the response: any of both. */
export const eitherSide = {
  header: ['req.header', 'resp.header'],
  cookie: ['req.cookie', 'resp.cookie'],
  body: ['req.body', 'resp.body'],
  json: ['req.json', 'resp.json'],
} as const satisfies { [name: string]: readonly FieldName[] }

/** Other names of fields. */
export const aliases = { 'resp.type': 'type' } as const satisfies { [name: string]: FieldName }

/** Fields that may be followed by `:port`, and the field of that port. */
export const portOf: { readonly [name in FieldName]?: FieldName } = { host: 'port', client: 'client.port', server: 'server.port' }

/** Bare words that stand for a term: its text in the language. */
export const words = { ws: 'kind:websocket', sse: 'type:text/event-stream', grpc: 'req.type:application/grpc*' } as const

/** Every name that may stand before an operator, in the order of the table; those that take a name show it. */
export const knownNames: readonly string[] = [
  ...Object.entries(fields as { [name: string]: Field }).map(([name, { named }]) => (named ? `${name}.NAME` : name)),
  ...Object.keys(eitherSide).map((name) => (name === 'body' ? name : `${name}.NAME`)),
  ...Object.keys(aliases),
]
