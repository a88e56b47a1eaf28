/** session/* */
import type { SessionManager } from '../../session/session-manager.ts'
import type { SessionOverview } from '../../session/session-overview.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `session/${string}`>

export const sessionHandlers = (sessions: SessionManager, overviews: SessionOverview): Pick<Handlers, Methods> => ({
  'session/start': (params) => sessions.start(params),
  'session/stop': ({ sessionId }) => sessions.stop(sessionId),
  'session/pause': ({ sessionId }) => sessions.pause(sessionId),
  'session/resume': ({ sessionId }) => sessions.resume(sessionId),
  'session/get': ({ sessionId }) => sessions.get(sessionId),
  'session/delete': async ({ sessionId }) => {
    await sessions.delete(sessionId)
    return {}
  },
  'session/list': async ({ state }) => ({ items: await sessions.list(state) }),
  'session/set': ({ sessionId, name, ...changes }) => sessions.set(sessionId, name, changes),
  'session/overview': (params, { signal }) => overviews.overview(params, signal),
})
