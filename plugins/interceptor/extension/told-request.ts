/** What chrome.webRequest tells of one request, as source events (sdk/source.ts). Pure: the same for Chromium and Firefox. */
import { failureOf } from './net-failure.ts'
import type { SightLost } from './sight-lost.ts'

type Field = { name: string; value?: string; binaryValue?: ArrayBuffer | number[] }

/** What all its events have. */
export interface Details {
  requestId: string
  url: string
  method: string
  tabId: number
  frameId: number
  type: string
  /** Unix ms. */
  timeStamp: number
  /** Chromium: an origin. */
  initiator?: string
  /** Firefox: URLs. */
  originUrl?: string
  documentUrl?: string
  ip?: string
  fromCache?: boolean
  statusLine?: string
  statusCode?: number
  responseHeaders?: Field[]
  requestHeaders?: Field[]
  error?: string
}

const resources: { [type: string]: string } = {
  main_frame: 'document',
  sub_frame: 'document',
  stylesheet: 'stylesheet',
  script: 'script',
  image: 'image',
  imageset: 'image',
  font: 'font',
  media: 'media',
  xmlhttprequest: 'xhr',
  ping: 'ping',
  beacon: 'ping',
  csp_report: 'cspViolationReport',
  websocket: 'webSocket',
  web_manifest: 'manifest',
}

/** On record a WebSocket has the URL of its handshake. */
const httpUrl = (url: string): string => url.replace(/^ws/, 'http').replace(/#.*$/s, '')

export const isHttp = (url: string): boolean => /^(https?|wss?):/.test(url)

/** Bytes above 127 stand as U+0080..00FF on record; Chromium tells them decoded. */
const headers = (fields: Field[] = []): [string, string][] =>
  fields.map(({ name, value, binaryValue }) => [name, value ?? latin1(binaryValue ?? [])])

const latin1 = (bytes: ArrayBuffer | number[]): string =>
  Array.from(bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes, (byte) => String.fromCharCode(byte)).join('')

/** @param page URL of the page in the tab, where that is known */
export function requestEvent(id: string, details: Details, page: string | undefined) {
  const { method, url, type, frameId, timeStamp, initiator, originUrl, documentUrl } = details
  const by = initiator ?? originUrl
  return {
    kind: 'request' as const,
    id,
    at: timeStamp,
    exchange: type === 'websocket' ? ('websocket' as const) : ('http' as const),
    method,
    url: httpUrl(url),
    headers: headers(details.requestHeaders),
    view: {
      resource: resources[type] ?? 'other',
      ...(by !== undefined && by !== 'null' && { initiator: { type: 'other', url: by } }),
      ...(page !== undefined && { page }),
      ...(frameId >= 0 && { frame: { id: String(frameId), ...(documentUrl !== undefined && { url: documentUrl }) } }),
      // A service worker and the browser itself belong to no tab, nor do they to each other: only who asks for no one is the browser's own.
      ...(details.tabId < 0 && by === undefined && { own: true }),
    },
  }
}

/** @param viaProxy whether the session has a proxy that this browser may use */
export function responseEvent(id: string, details: Details, viaProxy: boolean) {
  const { statusLine = '', statusCode = 0, timeStamp, url, ip, fromCache = false } = details
  const [, httpVersion = '1.1', reason = ''] = /^HTTP\/(\d(?:\.\d)?) \d{3} ?(.*)$/s.exec(statusLine) ?? []
  return {
    kind: 'response' as const,
    id,
    at: timeStamp,
    status: statusCode,
    reason,
    httpVersion,
    headers: headers(details.responseHeaders),
    proxied: viaProxy && !fromCache && isMaybeProxied(ip),
    ...(ip !== undefined && !fromCache && { server: { address: ip, port: portOf(url) } }),
  }
}

export function endEvent(id: string, details: Details, viaProxy: boolean, view: object) {
  const { timeStamp, error, fromCache = false } = details
  const seen = { ...view, ...(fromCache && { servedFrom: 'diskCache' }), ...(error !== undefined && { failure: error }) }
  return {
    kind: 'end' as const,
    id,
    at: timeStamp,
    ...(error !== undefined && { failure: failureOf(error) }),
    proxied: viaProxy && !fromCache && isMaybeProxied(details.ip),
    ...(Object.keys(seen).length > 0 && { view: seen }),
  }
}

/** Through a proxy on this machine the other end is this machine; before there is one nobody knows. */
const isMaybeProxied = (ip: string | undefined): boolean => ip === undefined || ip === '::1' || ip.startsWith('127.')

function portOf(url: string): number {
  const { port, protocol } = new URL(url)
  return port === '' ? (protocol === 'https:' || protocol === 'wss:' ? 443 : 80) : Number(port)
}

/** No response to these has a body (RFC 9110 section 6.4.1). */
export const hasBody = (method: string, status: number): boolean => method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304

/** How a WebSocket ended that was open. */
export interface Closed {
  /** Unix ms. */
  at: number
  /** In the browser's own words; null: nothing went wrong. */
  words: string | null
  /** It is not watched any more. */
  lost: SightLost | null
}

/** Of a WebSocket that was open. */
export function closedEvent(id: string, { at, words, lost }: Closed) {
  const failure = lost ?? (words === null ? null : failureOf(words))
  return { kind: 'end' as const, id, at, ...(failure && { failure }), ...(words !== null && { view: { failure: words } }) }
}

/** Of the response. null: it has none. */
export const fieldOf = ({ responseHeaders = [] }: Details, name: string): string | null =>
  responseHeaders.find((field) => field.name.toLowerCase() === name)?.value ?? null

/** HTML, section 9.2. */
export const isEventStream = (details: Details): boolean => /^text\/event-stream\b/i.test(fieldOf(details, 'content-type') ?? '')
