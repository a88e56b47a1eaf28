/** Addresses of the other side, for formats that have a place for real ones only. */
import { isIP } from 'node:net'

/** Without its zone, which is the capturing machine's own; null: it is no IP address (an import may say anything). */
export function ipAddress(address: string): string | null {
  const zone = address.indexOf('%')
  const plain = zone < 0 ? address : address.slice(0, zone)
  return isIP(plain) ? plain : null
}
