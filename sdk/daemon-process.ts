/** Starting the daemon as a process of its own, which outlives whoever started it. */
import { spawn } from 'node:child_process'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { constants } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as startTimer } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Client, type ConnectOptions, connect } from './client.ts'
import { fromWire, unavailable, WeirError, type WireError } from './errors.ts'
import { type Environment, type Home, makeHomeFolder, resolveHome } from './home.ts'
import { isTooOld, oldestNode } from './runtime.ts'

export interface StartOptions {
  home?: Home
  /** The daemon's; the caller's own when absent. */
  env?: Environment
  /** How long it may take until its socket answers, ms. */
  timeoutMs?: number
}

/** What a starting daemon writes on its file descriptor 3, one JSON line: it answers, or why it does not. */
export type StartReport = { ready: { pid: number } } | { error: WireError }

const program = fileURLToPath(new URL('../daemon/weir.js', import.meta.url))

/**
 * Starts the daemon of a home in the background; resolves once its socket answers. One that runs already is as good
 * (`started` is false then). Rejects with the daemon's own words when it dies, with 1005 daemonStartTimeout when it is silent, with 1005
 * runtimeTooOld where this process runs on a Node that the daemon cannot run on.
 */
export async function startDaemon(options: StartOptions = {}): Promise<{ pid: number; started: boolean }> {
  const { env = process.env, home = resolveHome(env), timeoutMs = 15_000 } = options
  if (isTooOld(process.versions.node)) throw runtimeTooOld()
  makeHomeFolder(home.folder)
  makeHomeFolder(dirname(home.log))
  const log = await open(home.log, 'a+', 0o600)
  try {
    const { size } = await log.stat()
    const child = spawn(process.execPath, [program, 'daemon', '--report'], {
      cwd: home.folder,
      detached: true,
      // Threads share two of the C library's heaps; with one or more each the daemon is 10 MB larger.
      env: { MALLOC_ARENA_MAX: '2', ...withAbsoluteRoots(env), WEIR_HOME: home.variable },
      stdio: ['ignore', log.fd, log.fd, 'pipe'],
    })
    const report = await firstLine(child.stdio[3] as Readable, timeoutMs, () => child.kill('SIGKILL'))
    child.unref()
    if (!report) throw unavailable('daemonDied', `the daemon ended while it started: ${await lastWords(log, size)}`)
    const answer = JSON.parse(report) as StartReport
    if ('ready' in answer) return { pid: answer.ready.pid, started: true }
    const error = fromWire(answer.error)
    if (error.reason !== 'daemonRunning') throw error
    return { pid: await pidOfRunning(home), started: false }
  } finally {
    await log.close()
  }
}

const runtimeTooOld = (): WeirError =>
  unavailable(
    'runtimeTooOld',
    `no daemon runs, and it needs Node ${oldestNode.join('.')} or newer to be started (this is ${process.versions.node}): start it with weir start on a newer one; this client then connects to it`,
  )

/** The daemon runs in another folder than its caller. */
function withAbsoluteRoots(env: Environment): Environment {
  const file = env.NODE_EXTRA_CA_CERTS
  return file ? { ...env, NODE_EXTRA_CA_CERTS: resolve(file) } : env
}

/** Connects; starts the daemon first when none answers. */
export async function connectOrStart(options: ConnectOptions & StartOptions = {}): Promise<Client> {
  try {
    return await connect(options)
  } catch (error) {
    if (!(error instanceof WeirError && error.reason === 'daemonUnreachable')) throw error
  }
  await startDaemon(options)
  return connect(options)
}

/** One that starts at the same moment may be a moment from answering. */
async function pidOfRunning(home: Home): Promise<number> {
  const deadline = Date.now() + 2_000
  for (;;) {
    try {
      const client = await connect({ home })
      await client.close()
      return client.initialized.daemon.pid
    } catch (error) {
      if (Date.now() > deadline) throw error
      await setTimeout(20)
    }
  }
}

function firstLine(pipe: Readable, timeoutMs: number, giveUp: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const timer = startTimer(() => {
      giveUp()
      reject(unavailable('daemonStartTimeout', `the daemon did not answer within ${timeoutMs / 1000} s; its log says more`))
    }, timeoutMs)
    const done = () => {
      clearTimeout(timer)
      pipe.destroy()
      resolve(text.split('\n')[0] ?? '')
    }
    pipe.setEncoding('utf8')
    pipe.on('data', (chunk: string) => {
      text += chunk
      if (text.includes('\n')) done()
    })
    pipe.on('error', done)
    pipe.on('end', done)
  })
}

async function lastWords(log: FileHandle, since: number): Promise<string> {
  const { bytesRead, buffer } = await log.read(Buffer.alloc(4096), 0, 4096, since)
  return buffer.toString('utf8', 0, bytesRead).trim() || 'it said nothing'
}

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs the daemon of a home in the foreground; resolves to its exit code (128 + n when signal n ended it). Signals reach it. */
export function runDaemon({ env = process.env, home = resolveHome(env) }: Omit<StartOptions, 'timeoutMs'> = {}): Promise<number> {
  makeHomeFolder(home.folder)
  // A group of its own: Ctrl-C in a terminal then comes once, from here.
  const child = spawn(process.execPath, [program, 'daemon'], {
    detached: true,
    env: { ...env, WEIR_HOME: home.variable },
    stdio: 'inherit',
  })
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  for (const signal of passedOn) process.on(signal, pass)
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)))
  }).finally(() => {
    for (const signal of passedOn) process.off(signal, pass)
  })
}
