/** Tells protocols apart by how a connection begins. */

export type Protocol = 'tls' | 'socks' | 'http2' | 'connect' | 'http' | 'unknown'

const connectPrefix = 'CONNECT '
const http2Preface = 'PRI * HTTP/2.0\r\n'

const couldBecome = (text: string, prefix: string): boolean => text.length < prefix.length && prefix.startsWith(text)

/** A token, then a space (RFC 9112 section 3); `partial`: all of it so far is a token. */
const requestStart = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}( |$)/

/** Of a connection to the proxy's port; null: more bytes are needed. */
export function protocolOf(bytes: Buffer): Protocol | null {
  const first = bytes[0]
  if (first === undefined) return null
  if (first === 0x16) return 'tls'
  if (first === 0x05 || first === 0x04) return 'socks'
  const text = bytes.toString('latin1', 0, 80)
  if (couldBecome(text, connectPrefix) || couldBecome(text, http2Preface)) return null
  if (text.startsWith(http2Preface)) return 'http2'
  if (text.startsWith(connectPrefix)) return 'connect'
  // Empty lines before a request are to be passed over (RFC 9112 section 2.2).
  if (text === '\r') return null
  if (/^\r?\n/.test(text)) return 'http'
  const match = requestStart.exec(text)
  if (!match) return 'unknown'
  if (match[1] === ' ') return 'http'
  return text.length > 64 ? 'unknown' : null
}

/** A method as registered ones are spelled, then the beginning of a request target. */
const tunnelledRequest = /^[A-Z][A-Z-]{0,31} (?:\/|\*|http:\/\/)/
const tunnelledRequestSoFar = /^[A-Z][A-Z-]{0,31}(?: (?:h(?:t(?:t(?:p(?::\/?)?)?)?)?)?)?$/

/** Of the inside of a tunnel: only what is surely TLS or HTTP is taken for it, everything else passes unread. */
export function innerProtocolOf(bytes: Buffer): 'tls' | 'http' | 'http2' | 'unknown' | null {
  if (bytes.length === 0) return null
  if (bytes[0] === 0x16) {
    if (bytes.length < 2) return null
    return bytes[1] === 0x03 ? 'tls' : 'unknown'
  }
  const text = bytes.toString('latin1', 0, 48)
  if (text.startsWith(http2Preface)) return 'http2'
  if (tunnelledRequest.test(text)) return text.startsWith('PRI *') ? (couldBecome(text, http2Preface) ? null : 'http') : 'http'
  return tunnelledRequestSoFar.test(text) ? null : 'unknown'
}
