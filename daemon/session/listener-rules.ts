/** What a session's listener may be. */
import { invalidParams } from '../../sdk/errors.ts'
import type { ProxySettings } from '../../sdk/session-settings.ts'
import { isLoopback } from '../config.ts'

export const defaultHost = '127.0.0.1'

/** -32602 invalidReverse, authRequired. @param reverse URL of the origin that it stands for; the listener itself reads it */
export function checkListener(proxy: ProxySettings | null, reverse: string | undefined): void {
  if (reverse !== undefined) checkReverse(proxy)
  if (!proxy || isLoopback(proxy.host ?? defaultHost) || proxy.auth) return
  // Everybody who reaches the port could use the proxy, and be captured.
  const message = `a proxy that listens on ${proxy.host} needs proxy.auth {username, password}: everybody who reaches it could use it`
  throw invalidParams('authRequired', message, [{ path: '/proxy/auth', message: 'is required beyond loopback' }])
}

function checkReverse(proxy: ProxySettings | null): void {
  if (!proxy) throw invalidParams('invalidReverse', 'reverse needs a listener: leave proxy out, or name its port')
  if (!proxy.auth && isLoopback(proxy.host ?? defaultHost)) return
  const message = 'a reverse listener stays on loopback and has no proxy.auth: who takes it for a server cannot authenticate to a proxy'
  throw invalidParams('invalidReverse', message)
}
