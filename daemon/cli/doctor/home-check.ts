/** Where weir keeps things: who may read it, what it takes, what room there is. */
import { lstat, readdir, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Home } from '../../../sdk/home.ts'
import { formatBytes, plural } from '../quantity.ts'
import { type Check, type Finding, good, problem, warning } from './finding.ts'

/** Below this recording is about to stop, bytes. */
const littleRoom = 1024 ** 3

export const checkHome: Check = async ({ home }) => [await privacy(home.folder), await usage(home), await room(home.folder)]

async function privacy(folder: string): Promise<Finding> {
  const found = await lstat(folder).catch(() => null)
  if (found === null) return problem('home', `${folder} is not there`, 'weir start makes it, or says why it cannot')
  if (process.platform === 'win32' || found.isSymbolicLink()) return good('home', folder)
  if (found.uid !== process.getuid?.()) return problem('home', `${folder} belongs to another user`, 'set WEIR_HOME to a folder of your own')
  const open = found.mode & 0o077
  if (open !== 0) return problem('home', `others may look into ${folder}, where secrets are on record`, `chmod 700 ${folder}`)
  return good('home', `${folder}, for you alone`)
}

async function usage(home: Home): Promise<Finding> {
  const files = await sizes(home.sessions)
  const sum = (which: (name: string) => boolean) => files.filter(({ name }) => which(name)).reduce((all, { bytes }) => all + bytes, 0)
  const isCache = (name: string) => /\.weir\.(idx|columns)/.test(name)
  const sessions = files.filter(({ name }) => name.endsWith('.weir'))
  const logs = (await sizes(dirname(home.log))).filter(({ name }) => name.startsWith('weir.log')).reduce((all, { bytes }) => all + bytes, 0)
  const words = [
    `${plural(sessions.length, 'session')} ${formatBytes(sum((name) => !isCache(name)))}`,
    `their indexes ${formatBytes(sum(isCache))}`,
    `log ${formatBytes(logs)}`,
  ]
  return good('disk use', words.join(', '))
}

async function sizes(folder: string): Promise<{ name: string; bytes: number }[]> {
  const names = await readdir(folder).catch(() => [])
  return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(folder, name)).catch(() => null))?.size ?? 0 })))
}

async function room(folder: string): Promise<Finding> {
  const found = await statfs(folder).catch(() => null)
  if (found === null) return good('disk room', 'not known here')
  const free = found.bavail * found.bsize
  if (free >= littleRoom) return good('disk room', `${formatBytes(free)} are free`)
  return warning(
    'disk room',
    `only ${formatBytes(free)} are free: when nothing is left traffic flows on, unrecorded, with a gap`,
    'make room: weir session delete, or [retention] in config.toml (README)',
  )
}
