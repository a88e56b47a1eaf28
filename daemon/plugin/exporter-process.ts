/**
 * The process of one exporter job. Its start is most of the time to the first byte, so it imports as little as it can. It
 * reads the session file itself, read-only, and writes to the descriptor that the daemon opened. The daemon's end is its end.
 */
import { rmSync } from 'node:fs'
import { endWithDaemon } from './end-with-daemon.ts'
import { ExporterRunJob } from './exporter-job.ts'
import type { ExporterJob, FromExporter, ToExporter } from './exporter-messages.ts'
import { said } from './failure.ts'
import { hookModules, isOfUser } from './module-hooks.ts'
import { listPlugins } from './plugin-list.ts'

hookModules()

const aliveMs = 200
const abort = new AbortController()
const send = (message: FromExporter) => void process.send?.(message)
const sendAndExit = (message: FromExporter, code: number) => process.send?.(message, undefined, {}, () => process.exit(code))

async function work(job: ExporterJob): Promise<void> {
  if (job.job === 'list') {
    await listPlugins(job.modules, send)
    process.exit(0)
  }
  const run = new ExporterRunJob(job, abort.signal, send)
  const alive = () => send({ alive: true, exchanges: run.exchanges, bytes: run.output.bytes, rssBytes: process.memoryUsage.rss() })
  setInterval(alive, aliveMs)
  sendAndExit(await run.run(), 0)
}

let started = false
let partial: string | null = null
process.on('disconnect', () => {
  if (partial !== null) rmSync(partial, { force: true })
  process.exit(0)
})
// The whole process group gets a terminal's signals; the daemon alone decides when this process ends.
process.on('SIGINT', () => undefined)
process.on('uncaughtException', (error) => sendAndExit({ crashed: said(error) }, 1))
process.on('message', (message: ToExporter) => {
  if ('abort' in message) abort.abort()
  else if (!started) {
    started = true
    if (message.job === 'run') partial = message.partial
    const modules = message.job === 'run' ? [message.module] : message.modules
    if (modules.some(isOfUser)) endWithDaemon(partial)
    void work(message)
  }
})
