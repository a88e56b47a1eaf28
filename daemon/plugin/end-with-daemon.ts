/**
 * The end of the daemon is the end of a plugin's process, also while a plugin keeps its thread busy and the end of the channel is not heard: a thread beside it
 * looks whether the daemon is still the parent.
 */
import { Worker } from 'node:worker_threads'

const lookMs = 500
const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 }
/** Read at the start of the process: later it may be gone already. */
const daemon = process.ppid
const watch = `
const { workerData: { daemon, unfinished } } = require('node:worker_threads')
setInterval(() => {
  if (process.ppid === daemon) return
  for (const path of unfinished) require('node:fs').rmSync(path, { force: true, recursive: true })
  try { process.kill(-process.pid, 'SIGKILL') } catch { process.kill(process.pid, 'SIGKILL') }
}, ${lookMs})`

/**
 * Before a user's plugin is loaded; weir's own give their thread back, and the thread would cost each of their processes 40 ms. On Windows, where a process
 * keeps its parent's id, the channel alone tells.
 * @param unfinished files and folders that go then, for nobody will finish them
 */
export function endWithDaemon(unfinished: readonly string[]): void {
  if (process.platform !== 'win32') new Worker(watch, { eval: true, workerData: { daemon, unfinished }, resourceLimits }).unref()
}
