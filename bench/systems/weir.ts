/** weir under the load: one daemon, one running session. */
import { existsSync } from 'node:fs'
import type { System } from './system.ts'
import { WeirDaemon, weirScript } from './weir-daemon.ts'

export const weir: System = {
  name: 'weir',
  about: 'this project, every exchange recorded into a session file',
  missing: () => (existsSync(weirScript) ? null : 'daemon/weir.js is not there yet'),
  async start({ cores, originCaPem, folder }) {
    const daemon = await WeirDaemon.start(folder, cores)
    const session = await daemon.startSession('bench', originCaPem)
    if (!session.proxy) throw new Error('the session has no proxy')
    return {
      proxy: session.proxy,
      caPem: daemon.caPem,
      pid: daemon.pid,
      recorded: async () => (await daemon.session(session.id)).counts,
      storedBody: (seq, part) => daemon.readBody(session.id, seq, part),
      async stop() {
        await daemon.call('session/stop', { sessionId: session.id })
        await daemon.stop()
      },
    }
  },
}
