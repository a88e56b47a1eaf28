/** The parts of a URL's authority. */

export interface Authority {
  /** Lower case, without brackets. */
  host: string
  /** null: none is named. */
  port: number | null
}

/** `host`, `host:port` or `[v6]:port`. */
export function splitAuthority(authority: string): Authority {
  const match = /^(.*):(\d{1,5})$/s.exec(authority)
  const [host, port] = match && !/^[^[].*:/s.test(match[1] as string) ? [match[1] as string, Number(match[2])] : [authority, null]
  return { host: (host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host).toLowerCase(), port }
}

/** Of a proxy that listens there: `http://127.0.0.1:9347`. */
export const proxyUrl = ({ host, port }: { host: string; port: number }): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

export const defaultPort = (scheme: string): number => (scheme === 'https' ? 443 : 80)

/** As it stands, up to what ends it in a URL (RFC 3986 section 3.2), without the default port of its scheme. */
export function withoutDefaultPort(named: string, scheme: 'http' | 'https'): string {
  const end = named.search(/[/?#]/)
  const authority = end < 0 ? named : named.slice(0, end)
  const port = scheme === 'https' ? ':443' : ':80'
  return authority.endsWith(port) && (authority.charCodeAt(0) === 91 || authority.indexOf(':') === authority.length - port.length)
    ? authority.slice(0, -port.length)
    : authority
}
