/**
 * One daemon per home, whatever dies and however many start at once. A Unix socket that answers is the lock: the kernel
 * ends it with its process. Locks are numbered (`.l1`, `.l2`, ...) and the highest counts. A daemon listens under a name
 * of its own first and then takes the next number by link(2), which only one can do and which is alive from its first
 * moment; it must hold the highest number afterwards. The highest is never removed, so a slow starter cannot mistake an
 * old number for the next. Only the holder touches `weir.sock`, another name of the same socket.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createConnection, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { conflict, unavailable } from '../sdk/errors.ts'
import { type Home, makeHomeFolder } from '../sdk/home.ts'

/** What one holds who is the daemon of a home. */
export interface Instance {
  /** Removes `weir.sock`. The lock itself ends with the server, which the caller closes when all but its clients has ended. */
  release(): void
}

/** Makes the home's folders, private to their user. Throws 1005 homeNotWritable, and homeUnsafe when the home is somebody else's. */
export function prepareHome(home: Home): void {
  for (const folder of [home.folder, home.sessions, dirname(home.log), home.socketFolder]) {
    if (folder !== null) makePrivate(folder)
  }
}

function makePrivate(folder: string): void {
  makeHomeFolder(folder)
  if (process.platform === 'win32') return
  const found = lstatSync(folder)
  const isLink = found.isSymbolicLink()
  if (!isLink && found.uid !== process.getuid?.())
    throw unavailable('homeUnsafe', `${folder} belongs to another user; set WEIR_HOME to a folder of your own`)
  if (!isLink && (found.mode & 0o077) !== 0) chmodSync(folder, 0o700)
}

/** Lets `server` listen as the daemon of this home. Rejects with 1002 daemonRunning when another one does. */
export async function becomeInstance(home: Home, server: Server): Promise<Instance> {
  if (process.platform === 'win32') {
    await listen(server, home.socket)
    return { release: () => undefined }
  }
  const folder = dirname(home.socket)
  const own = join(folder, `.n${randomBytes(4).toString('hex').slice(1)}`)
  await listen(server, own)
  chmodSync(own, 0o600)
  try {
    await takeLock(folder, own)
    putInPlace(folder, own, home.socket)
  } catch (error) {
    server.close()
    throw error
  } finally {
    rmSync(own, { force: true })
  }
  return { release: () => rmSync(home.socket, { force: true }) }
}

async function takeLock(folder: string, own: string): Promise<void> {
  for (;;) {
    const highest = highestLock(folder)
    if (highest > 0 && (await answers(lockPath(folder, highest)))) {
      throw conflict('daemonRunning', 'a daemon already runs in this home')
    }
    const next = lockPath(folder, highest + 1)
    if (!linkUnlessThere(own, next)) continue
    if (highestLock(folder) === highest + 1) return removeLower(folder, highest + 1)
    rmSync(next, { force: true })
  }
}

/** A rename replaces a dead daemon's socket in one step. */
function putInPlace(folder: string, own: string, socket: string): void {
  const spare = join(folder, `.n${randomBytes(4).toString('hex').slice(1)}`)
  linkSync(own, spare)
  renameSync(spare, socket)
}

const lockPath = (folder: string, number: number): string => join(folder, `.l${number.toString(36)}`)

const locks = (folder: string): number[] =>
  readdirSync(folder)
    .filter((name) => /^\.l[0-9a-z]{1,7}$/.test(name))
    .map((name) => Number.parseInt(name.slice(2), 36))

const highestLock = (folder: string): number => Math.max(0, ...locks(folder))

function removeLower(folder: string, number: number): void {
  for (const lower of locks(folder)) if (lower < number) rmSync(lockPath(folder, lower), { force: true })
}

function linkUnlessThere(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Whether a process listens there. Anything but a refusal means yes: a full backlog, too, is somebody's. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'))
  })
}

/** The umask of the moment of binding decides who may connect between bind and chmod. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? conflict('daemonRunning', 'a daemon already runs in this home') : error)
    })
    const mask = process.umask(0o077)
    server.listen({ path }, resolve)
    process.umask(mask)
  })
}
