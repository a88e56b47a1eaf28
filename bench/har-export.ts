/** The HAR of 100,000 exchanges: how fast, how much memory it takes, and when the first byte is there. */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { type LoadedSession, withFilledSession } from './filled-session.ts'
import { megabytes, milliseconds, whole, withSpread } from './measure/format.ts'
import { processTree, rssBytes, watchRss } from './measure/process-usage.ts'
import { spread } from './measure/statistics.ts'

interface Run {
  perSecond: number
  firstByteMs: number
  /** Peak of the daemon and all its processes above what they had together at the first byte. */
  grownBytes: number
  /** The same above what the daemon had before: the exporting process itself is in it. */
  addedBytes: number
  fileBytes: number
}

/** The exporter writes beside its target and renames: the first byte of anything in the folder counts. */
function hasBytes(folder: string): boolean {
  return readdirSync(folder).some((name) => (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) > 0)
}

async function exportOnce(session: LoadedSession, folder: string): Promise<Run> {
  mkdirSync(folder)
  const { pid } = session.daemon
  const out = join(folder, 'session.har')
  const before = rssBytes(pid)
  const rss = watchRss(pid, 10)
  let firstByteMs = Number.NaN
  let rssAtFirst = before
  const began = performance.now()
  const poll = setInterval(() => {
    if (!Number.isNaN(firstByteMs) || !hasBytes(folder)) return
    firstByteMs = performance.now() - began
    rssAtFirst = rssBytes(pid)
  }, 2)
  const params = { sessionId: session.facts.id, exporter: 'har', out }
  const { exchanges } = await session.daemon.call('exporter/run', params)
  const elapsedMs = performance.now() - began
  clearInterval(poll)
  const peak = rss.stop()
  if (exchanges !== session.sent) throw new Error(`the export has ${exchanges} of ${session.sent} exchanges`)
  const fileBytes = statSync(out).size
  rmSync(folder, { recursive: true })
  return { perSecond: (exchanges * 1000) / elapsedMs, firstByteMs, grownBytes: peak - rssAtFirst, addedBytes: peak - before, fileBytes }
}

async function run(context: Context): Promise<Outcome> {
  const notes: string[] = []
  const runs: Run[] = []
  const stored = context.quick ? 20_000 : 100_000
  await withFilledSession(context, stored, notes, async (session) => {
    const folder = context.folder('har')
    await exportOnce(session, join(folder, 'warm-up'))
    for (let round = 0; round < (context.quick ? 3 : 7); round++) {
      runs.push(await exportOnce(session, join(folder, String(round))))
      context.log(`  ${whole(runs.at(-1)?.perSecond ?? 0)}/s`)
    }
    notes.push(`The daemon had ${processTree(session.daemon.pid).length} process(es) after the exports.`)
  })
  const ids = ['rate', 'memory', 'first-byte']
  if (!runs.length) return { rows: ids.map((id) => ({ id, measured: '', verdict: 'not measured' })), tables: [], notes }
  const perSecond = spread(runs.map((each) => each.perSecond))
  const firstByte = spread(runs.map((each) => each.firstByteMs))
  const grown = spread(runs.map((each) => each.grownBytes))
  const added = spread(runs.map((each) => each.addedBytes))
  return {
    rows: [
      { id: 'rate', measured: `${withSpread(perSecond, whole)}/s`, verdict: judge(true, perSecond.median >= 20_000) },
      { id: 'memory', measured: `at most ${megabytes(grown.max)}`, verdict: judge(true, grown.max <= 64_000_000) },
      { id: 'first-byte', measured: withSpread(firstByte, milliseconds), verdict: judge(true, firstByte.median <= 100) },
    ],
    tables: [
      {
        title: `HAR of ${whole(stored)} exchanges into a file, nothing pinned, no other load`,
        columns: ['exchanges/s', 'first byte', 'RSS growth after the first byte', 'RSS growth with the exporting process itself', 'file'],
        rows: [
          [
            withSpread(perSecond, whole),
            withSpread(firstByte, milliseconds),
            withSpread(grown, megabytes),
            withSpread(added, megabytes),
            megabytes(runs[0]?.fileBytes ?? 0),
          ],
        ],
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'har-export',
  rows: [
    { id: 'rate', work: 'HAR export of 100,000 exchanges', target: '>= 20,000/s', limits: 'JSON text of heads and bodies in one thread.' },
    {
      id: 'memory',
      work: 'HAR export of 100,000 exchanges: RSS growth of all processes while it runs',
      target: '<= 64 MB',
      limits: 'Memory of the exporting process while the young generation grows to its size; it does not grow with the session.',
    },
    {
      id: 'first-byte',
      work: 'HAR export of 100,000 exchanges: first byte',
      target: '<= 100 ms',
      limits: 'Start of the exporting process.',
    },
  ],
  run,
}
