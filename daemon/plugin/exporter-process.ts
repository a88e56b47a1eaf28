/**
 * The process of one exporter job. Its start is most of the time to the first byte, so it imports as little as it can. It
 * reads the session file itself, read-only, and writes to the descriptor that the daemon opened. The daemon's end is its end.
 */
import { rmSync } from 'node:fs'
import { endWithDaemon } from './end-with-daemon.ts'
import { ExporterRunJob } from './exporter-job.ts'
import type { ExporterJob, FollowJob, FromExporter, ToExporter } from './exporter-messages.ts'
import { said } from './failure.ts'
import type { ExporterFollowJob } from './follow/follow-job.ts'
import { hookModules, isOfUser } from './module-hooks.ts'
import { listPlugins } from './plugin-list.ts'

hookModules()

const aliveMs = 200
let running: ExporterRunJob | null = null
const abort = new AbortController()
const send = (message: FromExporter) => void process.send?.(message)
const sendAndExit = (message: FromExporter, code: number) => process.send?.(message, undefined, {}, () => process.exit(code))

/** How far it is, and that it lives. */
const sayAlive = (progress: () => { exchanges: number; bytes: number }) =>
  setInterval(() => send({ alive: true, ...progress(), rssBytes: process.memoryUsage.rss() }), aliveMs)

async function work(job: ExporterJob | FollowJob): Promise<void> {
  if (job.job === 'list') {
    await listPlugins(job.modules, send)
    process.exit(0)
  }
  if (job.job === 'follow') return follow(job)
  const run = new ExporterRunJob(job, abort.signal, send)
  running = run
  sayAlive(() => ({ exchanges: run.exchanges, bytes: run.bytes }))
  sendAndExit(await run.run(), 0)
}

let following: ExporterFollowJob | null = null
/** What was said of the session before the job could hear it. */
let isOver = false

async function follow(job: FollowJob): Promise<void> {
  const { ExporterFollowJob } = await import('./follow/follow-job.ts')
  following = new ExporterFollowJob(job, abort.signal, send)
  const { delivered } = following
  sayAlive(() => following?.delivered ?? delivered)
  if (isOver) following.over()
  sendAndExit(await following.run(), 0)
}

let started = false
let unfinished: readonly string[] = []
process.on('disconnect', () => {
  for (const path of unfinished) rmSync(path, { force: true, recursive: true })
  process.exit(0)
})
// The whole process group gets a terminal's signals; the daemon alone decides when this process ends.
process.on('SIGINT', () => undefined)
process.on('uncaughtException', (error) => sendAndExit({ crashed: said(error) }, 1))
process.on('message', (message: ToExporter) => {
  if ('abort' in message) abort.abort()
  else if ('look' in message) following?.look()
  else if ('over' in message) {
    isOver = true
    following?.over()
  } else if ('crowded' in message) {
    if (running) running.pace.crowded = message.crowded
  } else if (!started) {
    started = true
    if (message.job !== 'list') unfinished = [message.scratch]
    if (message.job === 'run' && message.partial !== null) unfinished = [message.scratch, message.partial]
    const modules = message.job === 'list' ? message.modules : [message.module]
    if (modules.some(isOfUser)) endWithDaemon(unfinished)
    void work(message)
  }
})
