/** importer/* */
import { basename } from 'node:path'
import type { ImportRunner } from '../../import/import-runner.ts'
import type { SessionManager } from '../../session/session-manager.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `importer/${string}`>

/** Of a session's name, characters. */
const longestName = 200

export const importerHandlers = (runner: ImportRunner, sessions: SessionManager): Pick<Handlers, Methods> => ({
  'importer/run': async ({ path, name = basename(path).slice(0, longestName), keepGood = false }, { signal, progress }) => {
    const { id, made } = await sessions.adopt(name, (file) => runner.run(file, { path, keepGood, signal, progress }))
    const { counts, ...rest } = made
    return { sessionId: id, exchanges: counts.exchanges, ...rest }
  },
})
