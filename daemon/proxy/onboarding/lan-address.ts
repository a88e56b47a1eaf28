/** Where a phone on the same network can reach the listener. */
import { networkInterfaces } from 'node:os'
import { type Destination, formatAuthority, parseAuthority } from '../destination.ts'
import { isLoopback } from '../loop-guard.ts'

/** RFC 1918. */
const isPrivate = (address: string): boolean => /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address)

/**
 * `host:port`; null when the listener is for this machine alone. What the client itself came by is best: it works.
 * @param proxy `host:port` as this client reached it
 */
export function lanAddress(proxy: string, isBeyondLoopback: boolean): string | null {
  const reached = parseAuthority(proxy, null) as Destination
  if (!isLoopback(reached.host)) return proxy
  if (!isBeyondLoopback) return null
  const addresses = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
  const best = addresses.find(isPrivate) ?? addresses[0]
  return best === undefined ? null : formatAuthority({ host: best, port: reached.port })
}
