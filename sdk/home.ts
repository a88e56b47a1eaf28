/** Where weir keeps things. One folder (0700) when WEIR_HOME names it, else the platform's own folders. */
import { createHash } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import envPaths from 'env-paths'
import { unavailable } from './errors.ts'

/** Longest path of a Unix socket in bytes: `sun_path` less its final NUL (107 on Linux, 103 on macOS and the BSDs). */
const longestSocketPath = process.platform === 'linux' ? 107 : 103

/** All paths are absolute. */
export interface Home {
  /** Data of every kind; the only folder when WEIR_HOME is set. */
  folder: string
  /** What WEIR_HOME says to get here; undefined for the platform's folders. */
  variable: string | undefined
  /** A Unix socket, or a named pipe on Windows. */
  socket: string
  /** The folder of a socket that could not lie in the home (its path would be too long); null when it does. */
  socketFolder: string | null
  configuration: string
  log: string
  caCertificate: string
  caKey: string
  sessions: string
  /** Of the tokens for the WebSocket transport. */
  tokens: string
  /** Of the port where clients of the WebSocket transport are connected. */
  awaitedPort: string
  /** May be deleted at any time. */
  cache: string
}

export type Environment = { [name: string]: string | undefined }

export function resolveHome(environment: Environment = process.env): Home {
  const variable = environment.WEIR_HOME
  if (variable) return homeAt(resolve(variable))
  const platform = envPaths('weir', { suffix: '' })
  return {
    ...homeAt(platform.data),
    variable: undefined,
    configuration: join(platform.config, 'config.toml'),
    log: join(platform.log, 'weir.log'),
    cache: platform.cache,
  }
}

/** @param folder absolute */
export function homeAt(folder: string): Home {
  return {
    folder,
    variable: folder,
    ...socketOf(folder),
    configuration: join(folder, 'config.toml'),
    log: join(folder, 'weir.log'),
    caCertificate: join(folder, 'ca.pem'),
    caKey: join(folder, 'ca-key.pem'),
    sessions: join(folder, 'sessions'),
    tokens: join(folder, 'tokens.json'),
    awaitedPort: join(folder, 'websocket-port'),
    cache: join(folder, 'cache'),
  }
}

/** Makes a folder of the home and those above it, 0700. Throws 1005 homeNotWritable. */
export function makeHomeFolder(folder: string): void {
  try {
    makeFolder(folder)
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw unavailable('homeNotWritable', `${folder} cannot be made (${code}): set WEIR_HOME to a folder that you may write`)
  }
}

/** One after the other: Node's own recursive mkdir never ends where a folder may not be made (below /proc). */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  const parent = dirname(folder)
  if (parent !== folder) makeFolder(parent)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Somebody else may have been quicker.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

export const sessionFile = (home: Home, id: string): string => join(home.sessions, `${id}.weir`)

/** `weir.sock` in the folder; where that is too long for a socket, in a 0700 folder under /tmp that is named after it. */
function socketOf(folder: string): Pick<Home, 'socket' | 'socketFolder'> {
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  if (process.platform === 'win32') return { socket: `\\\\.\\pipe\\weir-${digest}`, socketFolder: null }
  const socket = join(folder, 'weir.sock')
  if (Buffer.byteLength(socket) <= longestSocketPath) return { socket, socketFolder: null }
  const socketFolder = join('/tmp', `weir-${process.getuid?.() ?? 'user'}-${digest}`)
  return { socket: join(socketFolder, 'weir.sock'), socketFolder }
}
