/** The real daemon, as a process of its own, in a temporary home. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Client, connect } from '../../sdk/client.ts'
import { startDaemon as startProcess } from '../../sdk/daemon-process.ts'
import { type Environment, type Home, resolveHome } from '../../sdk/home.ts'
import { compileCache } from './compile-cache.ts'
import { temporaryHome } from './home.ts'

/** As in the suite itself: native brotli throws, in the daemon's threads too. */
const withoutBrotli = `--import=${join(import.meta.dirname, 'no-native-brotli.ts')}`

/** An environment for weir's processes: a home of the test's own, none of the caller's proxy variables. */
export function environment(folder: string, more: Environment = {}): Environment {
  const inherited = Object.entries(process.env).filter(([name]) => !/proxy|^NODE_OPTIONS$|^NODE_EXTRA_CA_CERTS$|^VITEST/i.test(name))
  return { ...Object.fromEntries(inherited), NODE_OPTIONS: withoutBrotli, NODE_COMPILE_CACHE: compileCache, WEIR_HOME: folder, ...more }
}

export interface RunningDaemon {
  home: Home
  env: Environment
  pid: number
  client: Client
  /** Another connection. */
  connect(): Promise<Client>
}

/** A busy machine takes its time. */
const startMs = 60_000

/**
 * Who asked is found a little after an exchange has ended, as one more change of it: not for tests that say what changes from a moment on, and nothing else.
 */
export const askingNobody = '[proxy]\nclientProcesses = false\n'

export interface DaemonOptions {
  env?: Environment
  /** A home, which another daemon may have used before. */
  folder?: string
  /** config.toml */
  config?: string
}

/** Stopped (or killed) when the test has finished. */
export async function startDaemon(options: DaemonOptions = {}): Promise<RunningDaemon> {
  const folder = options.folder ?? (await temporaryHome())
  if (options.config !== undefined) await writeFile(join(folder, 'config.toml'), options.config)
  const env = environment(folder, options.env)
  const home = resolveHome(env)
  const { pid } = await startProcess({ home, env, timeoutMs: startMs })
  onTestFinished(() => stop(pid))
  const client = await connect({ home })
  return { home, env, pid, client, connect: () => connect({ home }) }
}

async function stop(pid: number): Promise<void> {
  if (!signal(pid, 'SIGTERM')) return
  const deadline = Date.now() + 8_000
  while (signal(pid, 0)) {
    if (Date.now() > deadline) signal(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Whether the process is there to get it. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
