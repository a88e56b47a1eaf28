/** exporter/* */
import type { ExporterRunner } from '../../plugin/exporter-runner.ts'
import type { SessionManager } from '../../session/session-manager.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `exporter/${string}`>

export const exporterHandlers = (runner: ExporterRunner, sessions: SessionManager): Pick<Handlers, Methods> => ({
  'exporter/list': async () => ({ items: await runner.list() }),
  'exporter/run': async ({ sessionId, exporter, out, options }, { signal, progress }) => {
    const session = await sessions.settled(sessionId)
    return runner.run({ session, exporter, ...(out !== undefined && { out }), ...(options && { options }), signal, onProgress: progress })
  },
})
