/** How a process that runs a plugin is started and ended: it sees little of the daemon's environment, and all that it started ends with it. */
import { type ChildProcess, fork, type IOType } from 'node:child_process'

export interface PluginProcessOptions {
  entry: URL
  /** Descriptors 0 to 2 are nothing; these follow, the last is the channel. */
  stdio: (IOType | 'ipc' | number)[]
  /** JavaScript heap, MiB. */
  heapMiB: number
  compileCache: string | null
  /** How messages are written: JSON, or structured clones (bytes travel as bytes). */
  serialization?: 'json' | 'advanced'
  /** Names in the daemon's environment that it sees as well. */
  more?: readonly string[]
}

const inherited = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'TZ', 'LANG', 'LC_ALL', 'SystemRoot', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA']
const ownGroup = process.platform !== 'win32'

/** The daemon's secrets and its Node options are not a plugin's. */
function environment(compileCache: string | null, more: readonly string[]): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {}
  for (const name of [...inherited, ...more]) if (process.env[name] !== undefined) env[name] = process.env[name]
  if (compileCache) env.NODE_COMPILE_CACHE = compileCache
  // A heap of the C library for each of its threads costs some 10 MB.
  env.MALLOC_ARENA_MAX = '2'
  return env
}

export function startPluginProcess({
  entry,
  stdio,
  heapMiB,
  compileCache,
  serialization = 'json',
  more = [],
}: PluginProcessOptions): ChildProcess {
  const child = fork(entry, [], {
    stdio: ['ignore', 'ignore', 'ignore', ...stdio],
    env: environment(compileCache, more),
    execArgv: [
      // Else anybody's SIGUSR1 would open an inspector that asks nobody for a password.
      '--disable-sigusr1',
      `--max-old-space-size=${heapMiB}`,
      // Half as large, exports take a seventh more CPU; twice as large, 20 MB more memory for little.
      '--max-semi-space-size=8',
      '--heap-growing-percent=20',
      '--disable-warning=ExperimentalWarning',
    ],
    serialization,
    detached: ownGroup,
  })
  // What matters of it shows in the exit; without a listener it would end the daemon.
  child.on('error', () => undefined)
  return child
}

/** With everything that it started. */
export function killPluginProcess(child: ChildProcess): void {
  const { pid } = child
  if (pid === undefined) return
  try {
    process.kill(ownGroup ? -pid : pid, 'SIGKILL')
  } catch (error) {
    // ESRCH: nothing is left of it.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') child.kill('SIGKILL')
  }
}
