/** source/* */
import type { Sources } from '../../session/sources.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `source/${string}`>

export const sourceHandlers = (sources: Sources): Pick<Handlers, Methods> => ({
  'source/start': (params, { signal }) => sources.start(params, signal),
  'source/list': (params) => sources.list(params),
  'source/stop': async ({ sourceId }) => {
    await sources.stop(sourceId)
    return {}
  },
})
