/** The browser's words for a request as ours. */

import { type BrowserView, resourceTypes } from '../../../sdk/browser-view.ts'
import type { Protocol } from '../cdp/protocol.ts'

type Resource = (typeof resourceTypes)[number]

const resources = new Map<string, Resource>(resourceTypes.map((type) => [type.toLowerCase(), type]))

export function resourceOf({ type, initiator }: Protocol.Network.RequestWillBeSentEvent): Resource {
  // In some versions its type is another one.
  if (initiator.type === 'preflight') return 'preflight'
  return resources.get((type ?? 'other').toLowerCase()) ?? 'other'
}

const versions: { readonly [protocol: string]: string } = { 'http/0.9': '0.9', 'http/1.0': '1.0', 'http/1.1': '1.1', h2: '2', h3: '3' }

/** Of a response that came over no connection it is what browsers answer from. */
export function httpVersionOf(protocol: string | undefined): string {
  const known = versions[protocol ?? '']
  if (known) return known
  return /^h3|quic/.test(protocol ?? '') ? '3' : '1.1'
}

type Initiator = NonNullable<BrowserView['initiator']>

export function initiatorOf(told: Protocol.Network.Initiator | undefined): Initiator | undefined {
  if (!told) return undefined
  const { type } = told
  const frame = scriptFrame(told.stack)
  if (frame) {
    const { url, lineNumber, columnNumber, functionName } = frame
    return { type, url, line: lineNumber + 1, column: columnNumber + 1, ...(functionName !== '' && { function: functionName }) }
  }
  return {
    type,
    ...(told.url !== undefined && { url: told.url }),
    ...(told.lineNumber !== undefined && { line: Math.trunc(told.lineNumber) + 1 }),
    ...(told.columnNumber !== undefined && { column: Math.trunc(told.columnNumber) + 1 }),
  }
}

/** The innermost; of code that ran later, that which arranged it. */
function scriptFrame(stack: Protocol.Runtime.StackTrace | undefined): Protocol.Runtime.CallFrame | undefined {
  for (let trace = stack; trace; trace = trace.parent) {
    const [frame] = trace.callFrames
    if (frame) return frame
  }
  return undefined
}

export function servedFromOf(response: Protocol.Network.Response, fromMemory: boolean): BrowserView['servedFrom'] {
  if (response.fromServiceWorker) return 'serviceWorker'
  if (fromMemory) return 'memoryCache'
  if (response.fromPrefetchCache) return 'prefetchCache'
  return response.fromDiskCache ? 'diskCache' : undefined
}

/** HTTP has it, and so may a proxy. */
export const isHttp = (url: string): boolean => /^(?:http|ws)s?:/i.test(url)
