/** Under which names the proxy answers for itself: `weir` through it, and the address and port that were reached. */
import type { Endpoint } from '../../sdk/model.ts'
import { parseAuthority } from './destination.ts'
import { isLoopback } from './loop-guard.ts'

/** Never looked up, never dialled. */
export const ownName = 'weir'

export const isOwnName = (host: string): boolean => host.length <= 5 && /^weir\.?$/i.test(host)

/** @param authority of a Host field or an origin; any other name that leads here may be a DNS rebinding attack */
export function isOwnAuthority(authority: string, local: Endpoint): boolean {
  const named = parseAuthority(authority, local.port)
  if (!named) return false
  if (isOwnName(named.host)) return true
  const host = named.host.toLowerCase()
  return named.port === local.port && (host === local.address || (host === 'localhost' && isLoopback(local.address)))
}
