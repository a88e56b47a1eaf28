/** What a forwarding proxy must change in a request's head, and nothing else (RFC 9112 section 3.2, RFC 9110 section 7.6.1). */
import { type Destination, parseAuthority } from './destination.ts'

/** Where a request target sends a request. */
export interface RequestRoute {
  destination: Destination
  scheme: 'http' | 'https'
}

/** `scheme://[userinfo@]authority`, then the path and query. */
const absoluteForm = /^(https?|wss?):\/\/(?:[^/?#@]*@)?([^/?#]*)/i

/** Of an absolute-form target; null when it is in another form or names no host. */
export function routeOf(target: string): RequestRoute | null {
  const match = absoluteForm.exec(target)
  if (!match) return null
  const scheme = /^(https|wss)$/i.test(match[1] ?? '') ? 'https' : 'http'
  const destination = parseAuthority(match[2] ?? '', scheme === 'https' ? 443 : 80)
  return destination && { destination, scheme }
}

/** The origin-form of an absolute-form target, byte for byte; OPTIONS without a path asks about the server as a whole. */
function originForm(method: string, target: string): string {
  const rest = target.slice(absoluteForm.exec(target)?.[0].length ?? 0)
  if (rest === '') return method === 'OPTIONS' ? '*' : '/'
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** The head with an origin-form target; all other bytes as they are. */
export function toOriginForm(head: Buffer, method: string, target: string): Buffer {
  const start = head.indexOf(target, method.length, 'latin1')
  return Buffer.concat([head.subarray(0, start), Buffer.from(originForm(method, target), 'latin1'), head.subarray(start + target.length)])
}

/** Meant for this proxy alone. */
const hopFields = /^(proxy-connection|proxy-authorization)[ \t]*:/i

/** Whether `withoutHopFields` would change anything. */
export const hasHopFields = (fields: readonly (readonly [string, string])[]): boolean =>
  fields.some(([name]) => name.length > 15 && /^proxy-(connection|authorization)$/i.test(name))

/** The head without the fields meant for the proxy, folded lines included; all other bytes as they are. */
export function withoutHopFields(head: Buffer): Buffer {
  const kept: Buffer[] = []
  let dropping = false
  let lineStart = head.indexOf(10) + 1
  kept.push(head.subarray(0, lineStart))
  while (lineStart < head.length) {
    const feed = head.indexOf(10, lineStart)
    const next = feed < 0 ? head.length : feed + 1
    const isFolded = head[lineStart] === 32 || head[lineStart] === 9
    if (!isFolded) dropping = hopFields.test(head.toString('latin1', lineStart, Math.min(next, lineStart + 32)))
    if (!dropping) kept.push(head.subarray(lineStart, next))
    lineStart = next
  }
  return Buffer.concat(kept)
}

/** The value of Proxy-Authorization; null: none. */
export const authorizationOf = (fields: readonly (readonly [string, string])[]): string | null =>
  fields.find(([name]) => name.toLowerCase() === 'proxy-authorization')?.[1] ?? null
