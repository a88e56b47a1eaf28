/** What the proxy and the recorder threads are told of a session. */
import type { ListenerSettings } from '../proxy/surface.ts'
import { defaultHost } from './listener-rules.ts'
import type { Session, SessionSettings } from './session.ts'

/** What of its settings the proxy is told. @param file where it is recorded */
export const listenerSettings = (
  { proxy, tls, reverse, upstream, dial, autoBypassed }: SessionSettings,
  file: string,
): ListenerSettings => ({
  proxy: { host: defaultHost, ...proxy },
  tls,
  ...(reverse !== undefined && { reverse }),
  ...(upstream && { upstream }),
  ...(dial && { dial }),
  ...(autoBypassed && { autoBypassed }),
  ...(tls.keyLog && { keyLog: `${file}.keys` }),
})

/** How the recorder opens it. */
export const openParams = ({ id, file, handle, settings }: Session) => ({
  id,
  file,
  handle,
  limits: settings.limits ?? {},
  where: settings.where,
  exchangesLeft: settings.autoStop?.exchanges,
  withoutCookies: settings.cookies === false,
})

/** Where the proxy listens for it, and how. */
export const listenParams = ({ handle, settings, file }: Session, port: number) => {
  const listener = listenerSettings(settings, file)
  return { session: handle, settings: { ...listener, proxy: { ...listener.proxy, port } } }
}
