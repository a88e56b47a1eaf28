/** The HAR of 100,000 exchanges: how fast, how much memory it takes, and when the first byte is there. */
import { join } from 'node:path'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { cancelOnce, type ExportRun, exportOnce } from './export-once.ts'
import { type LoadedSession, withFilledSession } from './filled-session.ts'
import { megabytes, milliseconds, whole, withSpread } from './measure/format.ts'
import { processTree } from './measure/process-usage.ts'
import { spread } from './measure/statistics.ts'

const har = (session: LoadedSession, folder: string, redact: 'standard' | 'off') => exportOnce(session, folder, 'har', redact)

async function run(context: Context): Promise<Outcome> {
  const notes: string[] = []
  const runs: ExportRun[] = []
  const unredacted: number[] = []
  const cancelled: number[] = []
  let coldMs = Number.NaN
  const stored = context.quick ? 20_000 : 100_000
  await withFilledSession(context, stored, notes, async (session) => {
    const folder = context.folder('har')
    coldMs = (await har(session, join(folder, 'warm-up'), 'standard')).firstByteMs
    // From the second one on a process waits for the next.
    await har(session, join(folder, 'second'), 'standard')
    for (let round = 0; round < (context.quick ? 3 : 7); round++) {
      runs.push(await har(session, join(folder, String(round)), 'standard'))
      unredacted.push((await har(session, join(folder, `${round}-off`), 'off')).perSecond)
      cancelled.push(await cancelOnce(session, join(folder, `${round}-cancelled`), 'har'))
      context.log(`  ${whole(runs.at(-1)?.perSecond ?? 0)}/s`)
    }
    notes.push(`The daemon had ${processTree(session.daemon.pid).length} process(es) after the exports.`)
  })
  const ids = ['rate', 'rate-off', 'memory', 'first-byte', 'first-byte-cold', 'cancel']
  if (!runs.length) return { rows: ids.map((id) => ({ id, measured: '', verdict: 'not measured' })), tables: [], notes }
  const perSecond = spread(runs.map((each) => each.perSecond))
  const firstByte = spread(runs.map((each) => each.firstByteMs))
  const grown = spread(runs.map((each) => each.grownBytes))
  const added = spread(runs.map((each) => each.addedBytes))
  return {
    rows: [
      { id: 'rate', measured: `${withSpread(perSecond, whole)}/s`, verdict: judge(true, perSecond.median >= 20_000) },
      { id: 'rate-off', measured: `${withSpread(spread(unredacted), whole)}/s`, verdict: 'for information' },
      { id: 'memory', measured: `at most ${megabytes(grown.max)}`, verdict: judge(true, grown.max <= 64_000_000) },
      { id: 'first-byte', measured: withSpread(firstByte, milliseconds), verdict: judge(true, firstByte.median <= 100) },
      { id: 'first-byte-cold', measured: milliseconds(coldMs), verdict: 'for information' },
      { id: 'cancel', measured: withSpread(spread(cancelled), milliseconds), verdict: judge(true, spread(cancelled).max <= 100) },
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
    {
      id: 'rate',
      work: 'HAR export of 100,000 exchanges',
      target: '>= 20,000/s',
      limits:
        'One thread: two readings of the session (the first for its secrets), a search for them in every body and again in what was written, and the JSON text itself.',
    },
    { id: 'rate-off', work: 'the same without redaction', target: '-', limits: 'JSON text of heads and bodies in one thread.' },
    {
      id: 'memory',
      work: 'HAR export of 100,000 exchanges: RSS growth of all processes while it runs',
      target: '<= 64 MB',
      limits: 'Memory of the exporting process while the young generation grows to its size; it does not grow with the session.',
    },
    {
      id: 'first-byte',
      work: 'HAR export of 100,000 exchanges, within a minute after two others: first byte',
      target: '<= 100 ms',
      limits: 'A process waits for it; what is left is loading the exporter.',
    },
    {
      id: 'first-byte-cold',
      work: 'the first export of a daemon: first byte',
      target: '-',
      limits: 'Start of the exporting process: a bare Node (start-and-memory) takes longer than 100 ms on this machine.',
    },
    {
      id: 'cancel',
      work: 'HAR export of 100,000 exchanges, cancelled while it writes: until nothing of it is left',
      target: '<= 100 ms',
      limits: '',
    },
  ],
  run,
}
