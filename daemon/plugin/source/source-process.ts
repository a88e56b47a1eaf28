/** The process of one source. The end of the channel is its end, and that of all that it has started. */
import { toWire } from '../../../sdk/errors.ts'
import { checkOpening, checkSource, EventCheck } from '../../../sdk/plugin/source.ts'
import type { PulledCookies, Source, SourceManifest } from '../../../sdk/plugin.ts'
import { endWithDaemon } from '../end-with-daemon.ts'
import { pluginFailed, said } from '../failure.ts'
import { checkConfig, loadPlugin } from '../loader.ts'
import { hookModules } from '../module-hooks.ts'
import { pluginHost } from '../plugin-host.ts'
import { EventOutlet } from './event-outlet.ts'
import type { FromSource, SourceJob, ToSource } from './source-messages.ts'

hookModules()

const aliveMs = 1_000
const over = new AbortController()
const check = new EventCheck()
const send = (message: FromSource) => void process.send?.(message)
/** The daemon ends the group then. */
const sendLast = (message: FromSource) => process.send?.(message, undefined, {}, () => process.exit(1))

const outlet = new EventOutlet({
  send: (events) => send({ events }),
  flooded: () => sendLast({ crashed: 'more than 64 MiB of what it saw waited to be taken: emit has to be awaited' }),
})
let source: Source | null = null
let stopping: Promise<void> | null = null

async function start(job: SourceJob): Promise<void> {
  try {
    const opened = await open(job)
    if ('invalid' in opened) return send(opened)
    source = opened
    const { browser, notes, cookies, ended } = opened
    send({ ready: { browser, notes, cookies: !cookies ? 'none' : cookies.pull ? 'readAndWritten' : 'written' } })
    ended.then(endedByItself, (error: unknown) => endedByItself(said(error)))
    // It was told to stop while it opened.
    if (over.signal.aborted) void stop()
  } catch (error) {
    send({ failure: toWire(error) })
  }
}

async function open(job: SourceJob): Promise<Source | Extract<FromSource, { invalid: unknown }>> {
  const { module, config, run } = job
  const manifest = await loadPlugin(module)
  const { name } = manifest
  if (manifest.kind !== 'source') throw pluginFailed(name, `it is no source, but of the kind ${manifest.kind}`)
  const invalid = await checkConfig(manifest, config)
  if (invalid.length > 0) return { invalid }
  const host = await pluginHost(job, name, over.signal, (log) => send({ log }))
  try {
    const opening = checkOpening((manifest as SourceManifest).create(config, host))
    return checkSource(await opening.open({ ...run, emit }))
  } catch (error) {
    throw pluginFailed(name, said(error))
  }
}

async function emit(events: Parameters<EventOutlet['emit']>[0]): Promise<void> {
  check.check(events)
  await outlet.emit(events)
}

async function endedByItself(reason: unknown): Promise<void> {
  if (over.signal.aborted) return
  await outlet.drained()
  send({ ended: said(reason) })
}

function stop(): Promise<void> {
  over.abort()
  stopping ??= stopSource()
  return stopping
}

async function stopSource(): Promise<void> {
  try {
    await source?.stop()
  } catch (error) {
    send({ log: `it did not stop in order: ${said(error)}` })
  }
  await outlet.drained()
  send({ stopped: true })
}

async function answer(ask: number, work: (of: NonNullable<Source['cookies']>) => Promise<PulledCookies | null>): Promise<void> {
  try {
    send({ answer: ask, pulled: source?.cookies ? await work(source.cookies) : null })
  } catch (error) {
    send({ answer: ask, failed: said(error) })
  }
}

/** With all that it has started: a browser outlives its parent. */
function endGroup(): void {
  if (process.platform === 'win32') process.exit(0)
  process.kill(-process.pid, 'SIGKILL')
}

endWithDaemon([])
setInterval(() => send({ alive: true }), aliveMs).unref()
process.on('disconnect', endGroup)
// The whole process group gets a terminal's signals; the daemon alone decides when this process ends.
process.on('SIGINT', () => undefined)
process.on('uncaughtException', (error) => sendLast({ crashed: said(error) }))
process.on('message', (message: ToSource) => {
  if ('start' in message) void start(message.start)
  else if ('taken' in message) outlet.taken(message.taken)
  else if ('stop' in message) {
    over.abort()
    if (source) void stop()
  } else if ('push' in message) {
    const { changes, all } = message.push
    void answer(message.ask, async (cookies) => {
      await cookies.push(changes, all)
      return null
    })
  } else void answer(message.ask, async (cookies) => (await cookies.pull?.()) ?? null)
})
