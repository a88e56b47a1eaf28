/** Child processes on chosen cores: load and origin on one, the proxy under test on the other. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A list for `taskset -c`, for example `0` or `0,1`. */
export type Cores = string

/** taskset replaces itself with the command, so `pid` is the command's own and IPC descriptors pass through. */
export function spawnPinned(cores: Cores, command: string, args: string[], options: SpawnOptions = {}): ChildProcess {
  return spawn('taskset', ['-c', cores, command, ...args], options)
}

/** The first line of JSON that a control prints once it listens. Rejects when it ends before. */
export async function firstLine<T>(child: ChildProcess): Promise<T> {
  const output = child.stdout
  if (!output) throw new Error('the child has no stdout to read')
  let text = ''
  for await (const chunk of output.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    const end = text.indexOf('\n')
    if (end < 0) continue
    output.resume()
    return JSON.parse(text.slice(0, end)) as T
  }
  throw new Error(`${child.spawnargs.join(' ')} ended before it was ready`)
}

/** SIGTERM, then SIGKILL after two seconds. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 2000)
  await ended
  clearTimeout(timer)
}
