/** exporter/* and plugin/* */
import { parseQuery } from '../../../sdk/query.ts'
import type { ExporterRunner } from '../../plugin/exporter-runner.ts'
import type { SessionManager } from '../../session/session-manager.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `exporter/${string}` | `plugin/${string}`>

export const exporterHandlers = (runner: ExporterRunner, sessions: SessionManager): Pick<Handlers, Methods> => ({
  'plugin/list': async ({ kind }) => {
    const { items, faults } = await runner.directory.list()
    return { items: items.filter((plugin) => kind === undefined || plugin.kind === kind), faults }
  },
  'exporter/list': async () => ({ items: await runner.list() }),
  'exporter/run': async ({ sessionId, exporter, where, out, options, redact }, { signal, progress }) => {
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
