/** Proxy authentication: Basic (RFC 7617). */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { ProxySettings } from '../../sdk/protocol.ts'

export const basicCredentials = ({ username, password }: NonNullable<ProxySettings['auth']>): string =>
  Buffer.from(`${username}:${password}`).toString('base64')

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** @param required base64 of `username:password`; null: nothing is required @param given the value of Proxy-Authorization */
export function isAuthorized(required: string | null, given: string | null): boolean {
  if (required === null) return true
  const match = /^basic +([A-Za-z0-9+/=]+)$/i.exec(given ?? '')
  return match?.[1] !== undefined && timingSafeEqual(digest(match[1]), digest(required))
}
