/** cookie/* and sync/* */
import type { CookieLister } from '../../session/cookie-lister.ts'
import type { CookieSync } from '../../sync/cookie-sync.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `cookie/${string}` | `sync/${string}`>

export const cookieHandlers = (cookies: CookieLister, sync: CookieSync): Pick<Handlers, Methods> => ({
  'cookie/list': (params, { signal }) => cookies.list(params, signal),
  'sync/set': (params) => sync.set(params),
  'sync/list': () => sync.list(),
  'sync/delete': (params) => sync.delete(params),
  'sync/run': (params) => sync.run(params),
})
