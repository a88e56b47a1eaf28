/** A child process of weir's own code, for work that a thread could not be stopped in, or that needs more memory than the daemon should. */
import { type ChildProcess, fork } from 'node:child_process'

/** It sees nothing of the daemon's environment. @param heapMiB of its JavaScript heap; absent: Node's own bound */
export function startOwnProcess(entry: URL, heapMiB?: number): ChildProcess {
  const child = fork(entry, [], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: process.env.NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE } : {},
    execArgv: ['--disable-sigusr1', '--disable-warning=ExperimentalWarning', ...(heapMiB ? [`--max-old-space-size=${heapMiB}`] : [])],
    serialization: 'advanced',
  })
  // What matters of it shows in the exit; without a listener it would end the daemon.
  child.on('error', () => undefined)
  return child
}
