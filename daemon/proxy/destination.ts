/** Where a tunnel or a request goes. */
export interface Destination {
  /** A name or an address, without brackets. */
  host: string
  port: number
}

const authorityForm = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:/?#@[\]]+))(?::(\d{1,5}))?$/

/** `host:port`, IPv6 in brackets (RFC 9110 section 7.2); null when it is none. Without a port it is `defaultPort`'s; null forbids that. */
export function parseAuthority(authority: string, defaultPort: number | null): Destination | null {
  const match = authorityForm.exec(authority)
  if (!match) return null
  const port = match[3] === undefined ? defaultPort : Number(match[3])
  if (port === null || port < 1 || port > 65535) return null
  return { host: match[1] ?? match[2] ?? '', port }
}

export const formatAuthority = ({ host, port }: Destination): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
