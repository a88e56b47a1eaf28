/** weir under the load: one daemon, one running session. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homeAt } from '../../sdk/home.ts'
import type { Params } from '../../sdk/protocol.ts'
import type { System } from './system.ts'
import { WeirDaemon, weirScript } from './weir-daemon.ts'

interface Settings {
  bypass?: string[]
  /** config.toml */
  config?: string
  /** Of session/start. */
  session?: Params<'session/start'>
}

function weirWith(name: string, about: string, { bypass = [], config = '', session: more = {} }: Settings = {}): System {
  return {
    name,
    about,
    missing: () => (existsSync(weirScript) ? null : 'daemon/weir.js is not there yet'),
    async start({ cores, originCaPem, folder }) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(homeAt(folder).configuration, config)
      const daemon = await WeirDaemon.start(folder, cores)
      const session = await daemon.startSession('bench', originCaPem, bypass, more)
      if (!session.proxy) throw new Error('the session has no proxy')
      return {
        proxy: session.proxy,
        // What is bypassed shows the origin's own certificate.
        caPem: bypass.length > 0 ? originCaPem : daemon.caPem,
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
}

export const weir = weirWith('weir', 'this project, every exchange recorded into a session file')
export const weirBypassing = weirWith('weir bypassing', 'this project, every host bypassed: tunnels on record, nothing decrypted', {
  bypass: ['*'],
})
export const weirAskingNobody = weirWith('weir asking nobody', 'this project, client processes not looked up', {
  config: 'proxy.clientProcesses = false\n',
})
export const weirWithoutCookies = weirWith('weir without cookies', 'this project, cookie changes not recorded', {
  session: { cookies: false },
})
