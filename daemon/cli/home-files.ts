/** What weir keeps on this machine, and taking it away. */
import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Home } from '../../sdk/home.ts'

/** In a folder of weir's: its own files, by their names; all else is somebody's. */
const ownNames = [
  /^(cache|ballast|config\.toml|sync\.json|tokens\.json|websocket-port|ca\.pem|ca-key\.pem|weir\.sock)$/,
  /^(catalogue|jars)\.db(-wal|-shm|-journal)?$/,
  /^weir\.log(\.\d+)?$/,
  // Sockets that are locks, and files that were being written when weir was killed.
  /^\.[ln][\da-z]+$/,
  /^(sync\.json|tokens\.json|ca\.pem|ca-key\.pem|weir\.log)\..+$/,
]

/** Folders in it in which people may keep files, too. */
const sharedFolders: { [name: string]: (path: string) => Promise<boolean> } = {
  sessions: async (path) => /\.weir\b/.test(basename(path)),
  // Data of plugins lie in folders by their names; where a module or a package is, it is a plugin that somebody wrote.
  plugins: async (path) => {
    const names = await readdir(path).catch(() => null)
    return names !== null && !names.some((name) => name === 'package.json' || /\.[cm]?[jt]s$/.test(name))
  },
}

export interface HomeFolder {
  path: string
  /** Names of weir's own in it. */
  own: string[]
  /** Of somebody else. */
  others: string[]
}

/** Those that are there. A cache holds nothing else. */
export async function homeFolders(home: Home): Promise<HomeFolder[]> {
  const { folder, configuration, log, cache, socketFolder } = home
  // In a WEIR_HOME the cache is one of its own files.
  const beside = cache.startsWith(folder) ? [] : [cache]
  const paths = new Set([folder, dirname(configuration), dirname(log), ...beside, ...(socketFolder ? [socketFolder] : [])])
  const found = await Promise.all(
    [...paths].map(async (path) => {
      const inside = await Promise.all(Object.entries(sharedFolders).map(([name, isOwn]) => sharedFolder(join(path, name), isOwn)))
      const shared = inside.flat()
      const emptied = new Set(shared.filter(({ others }) => others.length === 0).map((folder) => basename(folder.path)))
      const names = await readdir(path).catch(() => null)
      if (names === null) return []
      const isOwn = (name: string) => path === cache || emptied.has(name) || ownNames.some((pattern) => pattern.test(name))
      const listed = new Set(shared.map((folder) => basename(folder.path)))
      const others = names.filter((name) => !isOwn(name) && !listed.has(name))
      return [...shared.filter(({ others }) => others.length > 0), { path, own: names.filter(isOwn), others }]
    }),
  )
  return found.flat()
}

async function sharedFolder(path: string, isOwn: (path: string) => Promise<boolean>): Promise<HomeFolder[]> {
  const names = await readdir(path).catch(() => null)
  if (names === null) return []
  const own = await Promise.all(names.map((name) => isOwn(join(path, name))))
  return [{ path, own: names.filter((_, index) => own[index]), others: names.filter((_, index) => !own[index]) }]
}

/** Of all that is weir's in it, whatever lies below, bytes. */
export async function sizeOf({ path, own }: HomeFolder): Promise<number> {
  const sizes = await Promise.all(own.map((name) => sizeBelow(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function sizeBelow(path: string): Promise<number> {
  const found = await lstat(path).catch(() => null)
  if (found === null) return 0
  if (!found.isDirectory()) return found.size
  const sizes = await Promise.all((await readdir(path)).map((name) => sizeBelow(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Takes away what is weir's, and the folder where nothing else is in it. Links are not followed. */
export async function removeFolder({ path, own, others }: HomeFolder): Promise<void> {
  for (const name of own) await rm(join(path, name), { recursive: true, force: true, maxRetries: 3 })
  if (others.length === 0) await rmdir(path).catch(unlessThere)
}

/** Somebody put something into it meanwhile; or it is gone, with the one in which it lay. */
function unlessThere(error: NodeJS.ErrnoException): void {
  if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code ?? '')) throw error
}
