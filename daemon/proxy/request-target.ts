/** What a forwarding proxy must change in a request's head, and nothing else (RFC 9112 section 3.2, RFC 9110 section 7.6.1). */
import type { RequestHead } from '../capture/decoders/http1.ts'
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
export function originForm(method: string, target: string): string {
  const rest = target.slice(absoluteForm.exec(target)?.[0].length ?? 0)
  if (rest === '') return method === 'OPTIONS' ? '*' : '/'
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** The head with an origin-form target; all other bytes as they are. */
export function toOriginForm(head: Buffer, method: string, target: string): Buffer {
  const start = head.indexOf(target, method.length, 'latin1')
  return Buffer.concat([head.subarray(0, start), Buffer.from(originForm(method, target), 'latin1'), head.subarray(start + target.length)])
}

/** Meant for this proxy alone, whatever white space is around the name; a line without a colon, too. */
const hopField = /^[ \t]*proxy-(?:connection|authorization)\s*:?$/i

/** Whether `withoutHopFields` would change anything. */
export const hasHopFields = (fields: readonly (readonly [string, string])[]): boolean =>
  fields.some(([name]) => name.length > 15 && hopField.test(name))

/** The head without the fields meant for the proxy, folded lines included; all other bytes as they are. */
export function withoutHopFields(head: Buffer): Buffer {
  return withFields(head, hopField, (lines) => lines.subarray(0, 0))
}

const hostField = /^host[ \t]*:$/i

/** What the origin of a reverse listener gets of a head: an origin-form target, and its own name as Host. */
export function namedAs({ raw, method, target }: RequestHead, authority: string): Buffer {
  const named = withFields(raw, hostField, (lines) => {
    const end = lines.length - (lines.at(-2) === 13 ? 2 : 1)
    return Buffer.concat([lines.subarray(0, lines.indexOf(58) + 1), Buffer.from(` ${authority}`), lines.subarray(end)])
  })
  return routeOf(target) ? toOriginForm(named, method, target) : named
}

/** The head with other lines where the fields are whose name and colon `name` matches, folded lines included; all other bytes as they are. */
function withFields(head: Buffer, name: RegExp, other: (lines: Buffer) => Buffer): Buffer {
  const kept: Buffer[] = []
  let lineStart = head.indexOf(10) + 1
  kept.push(head.subarray(0, lineStart))
  while (lineStart < head.length) {
    const firstEnd = lineEnd(head, lineStart)
    const first = head.subarray(lineStart, firstEnd)
    let next = firstEnd
    while (head[next] === 32 || head[next] === 9) next = lineEnd(head, next)
    const isMeant = name.test(first.toString('latin1', 0, first.indexOf(58) + 1 || first.length))
    const lines = head.subarray(lineStart, next)
    kept.push(isMeant ? other(lines) : lines)
    lineStart = next
  }
  return Buffer.concat(kept)
}

/** Of the line that begins there. */
function lineEnd(head: Buffer, start: number): number {
  const feed = head.indexOf(10, start)
  return feed < 0 ? head.length : feed + 1
}

/** The first value of a field, named in lower case; null: none. */
export const fieldOf = (fields: readonly (readonly [string, string])[], wanted: string): string | null =>
  fields.find(([name]) => name.length === wanted.length && name.toLowerCase() === wanted)?.[1] ?? null
