/** A URL in the parts that Postman shows and edits; put together again they are the same. */
import { uriOf } from '../text/uri.ts'

export interface PostmanUrl {
  raw: string
  protocol: string
  /** Labels of the name. */
  host: string[]
  port?: string
  path: string[]
  query?: { key: string; value: string | null }[]
  /** Segments that begin with a colon are variables to Postman; these hold the same text. */
  variable?: { key: string; value: string }[]
}

const parts = /^(https?):\/\/(\[[\da-f:.]+\]|[\w.~-]+)(?::(\d+))?(?:\/([^?]*))?(?:\?(.*))?$/is

/** Percent-encoded where RFC 3986 wants it. null: it has no host that a client could call, or a user in it. */
export function postmanUrl(url: string): PostmanUrl | null {
  const raw = uriOf(url)
  const [, protocol, host, port, path = '', query] = parts.exec(raw) ?? []
  if (protocol === undefined || host === undefined) return null
  const segments = path.split('/')
  const named = new Set(segments.map((segment) => /^:([^.]+)/.exec(segment)?.[1] ?? ''))
  named.delete('')
  return {
    raw,
    protocol,
    host: host.split('.'),
    ...(port !== undefined && { port }),
    path: segments,
    ...(query !== undefined && { query: query.split('&').map(parameter) }),
    ...(named.size > 0 && { variable: Array.from(named, (key) => ({ key, value: `:${key}` })) }),
  }
}

function parameter(pair: string): { key: string; value: string | null } {
  const at = pair.indexOf('=')
  return at < 0 ? { key: pair, value: null } : { key: pair.slice(0, at), value: pair.slice(at + 1) }
}
