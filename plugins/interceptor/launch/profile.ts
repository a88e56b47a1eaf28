/** The folders in which browsers keep what they know. All lie in the plugin's own folder: a user's own profile is never opened. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

export interface Profile {
  path: string
  /** So long a browser that is told to end may take to write it, ms. */
  endMs: number
  /** When no browser uses it any more. */
  dispose(): Promise<void>
}

const freshIn = (dataDir: string) => join(dataDir, 'fresh')

/** A new one, which is gone in the end. */
export async function freshProfile(dataDir: string): Promise<Profile> {
  const folder = freshIn(dataDir)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await removeLeft(folder)
  const path = await mkdtemp(join(folder, `${process.pid}-`))
  return { path, endMs: 5_000, dispose: () => remove(path) }
}

/** One that is kept, with its logins. @param name checked by the config's schema */
export async function namedProfile(dataDir: string, name: string): Promise<Profile> {
  const path = join(dataDir, 'profiles', name)
  await mkdir(path, { recursive: true, mode: 0o700 })
  return { path, endMs: 9_000, dispose: async () => undefined }
}

/** What a process that was killed has left, so far as it can be removed: what cannot is in nobody's way. */
async function removeLeft(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => !isRunning(Number.parseInt(name, 10)))
  await Promise.allSettled(left.map((name) => remove(join(folder, name))))
}

/** A browser's last processes may still write. */
const remove = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
