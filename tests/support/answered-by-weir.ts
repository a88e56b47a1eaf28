/** What of a client's bytes in clear text a proxy may keep from the origin: the rule, without the proxy's own decoder. */

/** `none`: nothing comes of it, for it is not whole. */
export type WeirAnswer = 'none' | '400 Bad Request' | '421 Misdirected Request'

const requestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ (\S+) HTTP\/\d\.\d$/i

/**
 * What weir itself says to bytes that did not reach the origin; null: they had to.
 * @param rest as the client sent it, from the first byte that the origin has not got @param origin whom the client means: its authority
 */
export function answerOf(rest: string, origin: string): WeirAnswer | null {
  // Empty lines before a request line are nobody's (RFC 9112, section 2.2).
  const head = rest.replace(/^(?:\r?\n)+/, '')
  const lineEnd = head.indexOf('\n')
  if (lineEnd < 0) return 'none'
  const target = requestLine.exec(head.slice(0, lineEnd).replace(/\r$/, ''))?.[1]
  if (target === undefined) return '400 Bad Request'
  if (!/\n\r?\n/.test(head)) return 'none'
  if (target.startsWith(`http://${origin}/`)) return null
  return target.startsWith('/') ? '421 Misdirected Request' : '400 Bad Request'
}
