/** One export of a whole session: how fast, how much memory it takes, and when the first byte is there. */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { LoadedSession } from './filled-session.ts'
import { rssBytes, watchRss } from './measure/process-usage.ts'

export interface ExportRun {
  perSecond: number
  firstByteMs: number
  /** Peak of the daemon and all its processes above what they had together at the first byte. */
  grownBytes: number
  /** The same above what the daemon had before: the exporting process itself is in it. */
  addedBytes: number
  fileBytes: number
}

/** The exporter writes beside its target and renames: anything in the folder counts. */
function writtenBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0)
}

/** @param folder a new one, removed again */
export async function exportOnce(session: LoadedSession, folder: string, exporter: string, redact: 'standard' | 'off'): Promise<ExportRun> {
  mkdirSync(folder)
  const { pid } = session.daemon
  const out = join(folder, 'session')
  const before = rssBytes(pid)
  const rss = watchRss(pid, 10)
  let firstByteMs = Number.NaN
  let rssAtFirst = before
  const began = performance.now()
  const poll = setInterval(() => {
    if (!Number.isNaN(firstByteMs) || writtenBytes(folder) === 0) return
    firstByteMs = performance.now() - began
    rssAtFirst = rssBytes(pid)
  }, 2)
  const params = { sessionId: session.facts.id, exporter, out, redact }
  const { exchanges } = await session.daemon.call('exporter/run', params)
  const elapsedMs = performance.now() - began
  clearInterval(poll)
  const peak = rss.stop()
  if (exchanges !== session.sent) throw new Error(`the export has ${exchanges} of ${session.sent} exchanges`)
  const fileBytes = statSync(out).size
  rmSync(folder, { recursive: true })
  return { perSecond: (exchanges * 1000) / elapsedMs, firstByteMs, grownBytes: peak - rssAtFirst, addedBytes: peak - before, fileBytes }
}

/** Ms from the cancellation of an export in the midst of its writing to the answer, when nothing of it may be left. @param folder a new one, removed again */
export async function cancelOnce(session: LoadedSession, folder: string, exporter: string): Promise<number> {
  mkdirSync(folder)
  const client = await session.daemon.client()
  const abort = new AbortController()
  const params = { sessionId: session.facts.id, exporter, out: join(folder, 'session') }
  const outcome = client.call('exporter/run', params, { signal: abort.signal }).then(
    () => 'it ended before it was cancelled',
    () => '',
  )
  while (writtenBytes(folder) < 1_000_000) await delay(2)
  const began = performance.now()
  abort.abort()
  const problem = await outcome
  while (readdirSync(folder).length > 0) await delay(1)
  const elapsedMs = performance.now() - began
  await client.close()
  if (problem) throw new Error(`the export cannot be cancelled: ${problem}`)
  rmSync(folder, { recursive: true })
  return elapsedMs
}
