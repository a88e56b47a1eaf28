/** exporter/* and plugin/* */
import { invalidParams } from '../../../sdk/errors.ts'
import type { Params } from '../../../sdk/protocol.ts'
import { parseQuery } from '../../../sdk/query.ts'
import type { ExporterRunner } from '../../plugin/exporter-runner.ts'
import type { FollowedExport } from '../../session/followed-export.ts'
import type { SessionManager } from '../../session/session-manager.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `exporter/${string}` | `plugin/${string}`>

export const exporterHandlers = (runner: ExporterRunner, sessions: SessionManager, followed: FollowedExport): Pick<Handlers, Methods> => ({
  'plugin/list': async ({ kind }) => {
    const { items, faults } = await runner.directory.list()
    return { items: items.filter((plugin) => kind === undefined || plugin.kind === kind), faults }
  },
  'exporter/list': async () => ({ items: await runner.list() }),
  'exporter/run': async (params, { signal, progress, tell }) => {
    if (params.follow) return followed.run(params, { signal, progress, tell })
    refuseFollowing(params)
    const { sessionId, exporter, where, out, options, redact } = params
    if (where !== undefined) parseQuery(where)
    const session = await sessions.settled(sessionId)
    return runner.run({
      session,
      exporter,
      ...(where !== undefined && { where }),
      ...(out !== undefined && { out }),
      ...(options && { options }),
      ...(redact !== undefined && { redact }),
      signal,
      onProgress: progress,
    })
  },
})

function refuseFollowing(params: Params<'exporter/run'>): void {
  const given = (['since', 'to'] as const).filter((name) => params[name] !== undefined)
  if (given.length === 0) return
  const errors = given.map((name) => ({ path: `/${name}`, message: 'goes with follow: true alone' }))
  throw invalidParams('notFollowing', `exporter/run: ${given.join(' and ')} only with follow: true`, errors)
}
