/** The daemon of the composition root in the test's own process, with threads that can be made to die, and a recorder that can be held up. */
import { onTestFinished } from 'vitest'
import { readConfig } from '../../daemon/config.ts'
import { compose, parts, resolve } from '../../daemon/container.ts'
import { openLog } from '../../daemon/log.ts'
import type { CaptureThreads } from '../../daemon/session/capture-threads.ts'
import { prepareHome } from '../../daemon/single-instance.ts'
import type { ThreadLink } from '../../daemon/thread/link.ts'
import { type Client, connect } from '../../sdk/client.ts'
import { type Home, homeAt } from '../../sdk/home.ts'
import { temporaryHome } from './home.ts'
import { release, type Wait } from './wait-on-request.ts'

export interface DaemonInProcess {
  home: Home
  client: Client
  threads: CaptureThreads
  /** As a signal does. */
  stop(): Promise<void>
  kill(thread: 'proxy' | 'recorder'): void
  /** The recorder does nothing until what this gives back is called. */
  holdUp(): () => void
}

/** Stopped when the test has finished. */
export async function daemonInProcess(): Promise<DaemonInProcess> {
  const home = homeAt(await temporaryHome())
  prepareHome(home)
  const root = compose({
    home,
    config: readConfig(home.configuration, {}),
    environment: {},
    log: openLog(home.log, 'debug'),
    threadEntries: {
      recorder: new URL('./crashing-recorder.ts', import.meta.url),
      proxy: new URL('./crashing-proxy.ts', import.meta.url),
    },
  })
  const daemon = resolve(root, parts.daemon)
  onTestFinished(() => daemon.stop())
  await daemon.start()
  const threads = resolve(root, parts.captureThreads)
  const links = { proxy: () => threads.proxy.current, recorder: () => threads.recorder.current }
  const kill = (thread: 'proxy' | 'recorder') => (links[thread]() as ThreadLink<{ die(params: object): void }> | null)?.notify('die', {})
  const holdUp = () => {
    const wait: Wait = { released: new SharedArrayBuffer(4) }
    const link = threads.recorder.current as ThreadLink<{ wait(params: Wait): void }> | null
    link?.notify('wait', wait)
    return () => release(wait)
  }
  return { home, client: await connect({ home }), threads, stop: () => daemon.stop(), kill, holdUp }
}
