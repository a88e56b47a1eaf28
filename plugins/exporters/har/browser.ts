/** What a browser told of an exchange, as Chromium's DevTools write it into a HAR: places count from 0 there. */
import type { BrowserView } from '../../../sdk/browser-view.ts'

const json = JSON.stringify

const resourceNames: { readonly [R in NonNullable<BrowserView['resource']>]?: string } = {
  textTrack: 'texttrack',
  eventSource: 'eventsource',
  webSocket: 'websocket',
  signedExchange: 'signed-exchange',
  cspViolationReport: 'csp-violation-report',
}
const cacheNames: { readonly [S in NonNullable<BrowserView['servedFrom']>]: string } = {
  memoryCache: ',"_fromCache":"memory"',
  diskCache: ',"_fromCache":"disk"',
  prefetchCache: ',"_fromCache":"prefetch"',
  serviceWorker: ',"_fetchedViaServiceWorker":true',
}

/** Members of an entry, each with a comma before it; without `_resourceType` for a WebSocket, which has it in any case. */
export function browserJson({ resource, initiator, priority, servedFrom, page }: BrowserView, isWebSocket: boolean): string {
  let text = initiator === undefined ? '' : `,"_initiator":${initiatorJson(initiator)}`
  if (priority !== undefined) text += `,"_priority":${json(priority)}`
  if (resource !== undefined && !isWebSocket) text += `,"_resourceType":${json(resourceNames[resource] ?? resource)}`
  if (servedFrom !== undefined) text += cacheNames[servedFrom]
  if (page !== undefined) text += `,"_page":${json(page)}`
  return text
}

/** Of a script the place is the call that asked. */
function initiatorJson({ type, url, line, column, function: name }: NonNullable<BrowserView['initiator']>): string {
  const place = {
    ...(url !== undefined && { url }),
    ...(line !== undefined && { lineNumber: line - 1 }),
    ...(column !== undefined && { columnNumber: column - 1 }),
  }
  if (type !== 'script' || url === undefined) return json({ type, ...place })
  return json({ type, stack: { callFrames: [{ functionName: name ?? '', scriptId: '', ...place }] } })
}
