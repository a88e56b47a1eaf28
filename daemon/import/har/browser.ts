/** What a browser told of an entry, as Chromium's DevTools (and weir) write it: places count from 0 there. */
import { type BrowserView, resourceTypes } from '../../../sdk/browser-view.ts'
import { isObject, type JsonObject, listOf, numberOf, objectOf, textOf } from '../json-values.ts'

const cacheNames = new Map<unknown, BrowserView['servedFrom']>([
  ['memory', 'memoryCache'],
  ['disk', 'diskCache'],
  ['prefetch', 'prefetchCache'],
])

/** null: nothing. */
export function harBrowser(entry: JsonObject): BrowserView | null {
  const name = textOf(entry._resourceType).replaceAll('-', '').toLowerCase()
  const resource = resourceTypes.find((type) => type.toLowerCase() === name)
  const initiator = isObject(entry._initiator) ? initiatorOf(entry._initiator) : undefined
  const servedFrom = entry._fetchedViaServiceWorker === true ? 'serviceWorker' : cacheNames.get(entry._fromCache)
  const priority = textOf(entry._priority)
  const page = textOf(entry._page)
  // weir itself says of any WebSocket that it is one.
  const isTold = initiator !== undefined || servedFrom !== undefined || priority !== '' || page !== '' || (resource && name !== 'websocket')
  if (!isTold) return null
  return {
    sourceId: 'har',
    ...(resource && { resource }),
    ...(initiator && { initiator }),
    ...(servedFrom && { servedFrom }),
    ...(priority !== '' && { priority }),
    ...(page !== '' && { page }),
  }
}

function initiatorOf(initiator: JsonObject): BrowserView['initiator'] {
  const type = textOf(initiator.type)
  if (type === '') return undefined
  const [call] = listOf(objectOf(initiator.stack).callFrames)
  const { url, lineNumber, columnNumber, functionName } = { ...initiator, ...objectOf(call) } as JsonObject
  return {
    type,
    ...(textOf(url) !== '' && { url: textOf(url) }),
    ...placeOf('line', lineNumber),
    ...placeOf('column', columnNumber),
    ...(textOf(functionName) !== '' && { function: textOf(functionName) }),
  }
}

function placeOf(name: 'line' | 'column', counted: unknown): { line?: number; column?: number } {
  const place = numberOf(counted)
  return place !== undefined && Number.isSafeInteger(place) && place >= 0 ? { [name]: place + 1 } : {}
}
