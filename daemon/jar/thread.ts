/** The jar thread. */
import { parentPort } from 'node:worker_threads'
import { ThreadLink } from '../thread/link.ts'
import { JarKeeper } from './jar-keeper.ts'
import type { JarEvents } from './surface.ts'

if (!parentPort) throw new Error('daemon/jar/thread.ts is the entry of a worker thread')

const link = new ThreadLink<JarEvents>(parentPort, new JarKeeper().surface(), (error) =>
  link.notify('fault', { error: String((error as Error)?.stack ?? error) }),
)
