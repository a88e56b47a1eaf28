/** The jar thread, which dies when it is given the cookie `die`: `before` the change is on the disk, or `after` it. */
import { parentPort } from 'node:worker_threads'
import { JarKeeper } from '../../daemon/jar/jar-keeper.ts'
import type { JarEvents, JarSurface } from '../../daemon/jar/surface.ts'
import { ThreadLink } from '../../daemon/thread/link.ts'

const surface = new JarKeeper().surface()
const crashing: JarSurface = {
  ...surface,
  take: (params) => {
    if (params.setCookie.includes('die=before')) process.exit(1)
    const changes = surface.take(params)
    if (params.setCookie.includes('die=after')) process.exit(1)
    return changes
  },
}
if (parentPort) new ThreadLink<JarEvents>(parentPort, crashing, () => undefined)
