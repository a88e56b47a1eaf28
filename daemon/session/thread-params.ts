/** What the proxy and the recorder threads are told of a session. */
import type { SessionLimits } from '../../sdk/session-settings.ts'
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

/** Its own limits, and where it has none those that hold for all. */
export const limitsOf = ({ limits }: SessionSettings, defaults: SessionLimits): SessionLimits => ({ ...defaults, ...limits })

/** How the recorder opens it. */
export const openParams = ({ id, file, handle, settings }: Session, defaults: SessionLimits) => ({
  id,
  file,
  handle,
  limits: limitsOf(settings, defaults),
  where: settings.where,
  exchangesLeft: settings.autoStop?.exchanges,
  withoutCookies: settings.cookies === false,
})

/** Where the proxy listens for it, and how. */
export const listenParams = ({ handle, settings, file, isTagged, tagDomain }: Session, port: number) => {
  const listener = listenerSettings(settings, file)
  return { session: handle, settings: { ...listener, proxy: { ...listener.proxy, port } }, ...(isTagged && { tagDomain }) }
}
