/** Proxy authentication: Basic (RFC 7617), and the same username and password over SOCKS 5. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { ProxySettings } from '../../sdk/session-settings.ts'

export const basicCredentials = ({ username, password }: NonNullable<ProxySettings['auth']>): string =>
  Buffer.from(`${username}:${password}`).toString('base64')

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** @param required base64 of `username:password`; null: nothing is required @param given the value of Proxy-Authorization */
export function isAuthorized(required: string | null, given: string | null): boolean {
  if (required === null) return true
  const match = /^basic +([A-Za-z0-9+/=]+)$/i.exec(given ?? '')
  return match?.[1] !== undefined && timingSafeEqual(digest(match[1]), digest(required))
}

/** The same, of a username and a password as bytes. */
export const isAuthorizedAs = (required: string | null, username: Buffer, password: Buffer): boolean =>
  isAuthorized(required, `Basic ${Buffer.concat([username, Buffer.from(':'), password]).toString('base64')}`)
