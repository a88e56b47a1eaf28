/** A proxy between weir and the origins, as its URL names it. */
import type { Destination } from './destination.ts'

const defaultPorts = { http: 80, https: 443, socks: 1080, socks4: 1080, socks4a: 1080, socks5: 1080, socks5h: 1080 }
type ProxyProtocol = keyof typeof defaultPorts

export const proxyUrlSyntax =
  'write http://HOST:PORT, or https:, socks4:, socks4a:, socks5: or socks5h:, with USER:PASSWORD@ before the host where it needs them (percent-encoded)'

export interface UpstreamProxy extends Destination {
  protocol: ProxyProtocol
  /** Never part of a message. */
  credentials: { username: string; password: string } | null
}

const isProtocol = (word: string): word is ProxyProtocol => Object.hasOwn(defaultPorts, word)

/** null: it is none. */
export function parseProxyUrl(text: string): UpstreamProxy | null {
  const url = URL.parse(text)
  const protocol = url?.protocol.slice(0, -1) ?? ''
  if (!url || !isProtocol(protocol) || !['', '/'].includes(url.pathname) || url.search || url.hash) return null
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? defaultPorts[protocol] : Number(url.port)
  if (host === '' || port === 0) return null
  try {
    const username = decodeURIComponent(url.username)
    const password = decodeURIComponent(url.password)
    return { protocol, host, port, credentials: username || password ? { username, password } : null }
  } catch {
    return null
  }
}
