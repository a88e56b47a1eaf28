/** One gigabyte down and one up through a single HTTPS connection, HTTP/1.1 or HTTP/2: rate, memory, and whether what was stored is what passed. */
import { createHash } from 'node:crypto'
import { type Bench, type Context, judge, type Outcome, type RowResult } from './bench.ts'
import { largeBodySha256 } from './load/large-body.ts'
import type { Load } from './load/load.ts'
import { megabytes, ratio, whole, withSpread } from './measure/format.ts'
import { alternate, type Entrant, type LineUpPlan, withLineUp } from './measure/lineup.ts'
import { cpuMs, rssBytes, watchRss } from './measure/process-usage.ts'
import { checkRecord } from './measure/record-check.ts'
import { pairedRatio, spread } from './measure/statistics.ts'
import { blind } from './systems/control.ts'
import { weir } from './systems/weir.ts'

type Way = 'download' | 'upload'

interface Series {
  /** Megabytes a second. */
  rates: number[]
  cpuSeconds: number[]
  grownBytes: number[]
  problem: string
}

/** Key: `system way`. */
type All = Map<string, Series>

const ways: readonly Way[] = ['download', 'upload']

async function storedSha256(body: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of body) hash.update(piece)
  return hash.digest('hex')
}

async function measureRound(load: Load, entrant: Entrant, way: Way, bytes: number, series: Series): Promise<void> {
  const { pid, storedBody } = entrant.running
  const cpuBefore = cpuMs(pid)
  const rssBefore = rssBytes(pid)
  const rss = watchRss(pid)
  const { elapsedMs } = await load.call('transfer', { target: entrant.target, way, bytes })
  entrant.sent++
  series.problem ||= (await checkRecord(entrant)).problem
  series.grownBytes.push(rss.stop() - rssBefore)
  series.cpuSeconds.push((cpuMs(pid) - cpuBefore) / 1000)
  series.rates.push(bytes / 1000 / elapsedMs)
  if (!storedBody) return
  const stored = await storedSha256(storedBody(entrant.sent, way === 'upload' ? 'request' : 'response'))
  if (stored !== largeBodySha256(bytes)) series.problem ||= `the stored ${way} differs from what passed`
}

/** The same body again and again. */
async function measureRepeats(load: Load, entrant: Entrant, bytes: number): Promise<Series> {
  const again: Series = { rates: [], cpuSeconds: [], grownBytes: [], problem: '' }
  for (let time = 0; time < 4; time++) await measureRound(load, entrant, 'download', bytes, again)
  // The first of them is new.
  for (const figures of [again.rates, again.cpuSeconds, again.grownBytes]) figures.shift()
  return again
}

/** @param rounds a full one takes about ten seconds */
async function measure(context: Context, plan: Omit<LineUpPlan, 'systems'>, rounds: number, notes: string[]): Promise<All> {
  const bytes = context.quick ? 128 * 2 ** 20 : 2 ** 30
  const all: All = new Map()
  await withLineUp(context, { ...plan, systems: [weir, blind] }, notes, async (load, entrants) => {
    for (const entrant of entrants) {
      for (const way of ways) {
        all.set(`${entrant.system.name} ${way}`, { rates: [], cpuSeconds: [], grownBytes: [], problem: '' })
        // The memory that any transfer takes, buffers and grown heaps, belongs to the baseline.
        await load.call('transfer', { target: entrant.target, way, bytes: 16 * 2 ** 20 })
        entrant.sent++
      }
      await checkRecord(entrant)
    }
    await alternate(entrants, rounds, async (entrant) => {
      for (const way of ways) {
        const series = all.get(`${entrant.system.name} ${way}`)
        if (!series) continue
        // A byte longer each time: a body that the store has already is another matter, measured below.
        await measureRound(load, entrant, way, bytes + entrant.sent, series)
        context.log(
          `  ${entrant.system.name} ${way} ${whole(series.rates.at(-1) ?? 0)} MB/s, RSS +${megabytes(series.grownBytes.at(-1) ?? 0)}`,
        )
      }
    })
    const [first] = entrants
    if (first && plan.scheme === 'https')
      all.set(`${first.system.name} download of what is stored`, await measureRepeats(load, first, bytes))
  })
  return all
}

function rateRow(id: string, all: All, way: Way, limit: number): RowResult {
  const ours = all.get(`weir ${way}`)
  const control = all.get(`blind ${way}`)
  if (!ours || !control) return { id, measured: '', verdict: 'not measured' }
  const found = pairedRatio(ours.rates, control.rates)
  const measured = `${withSpread(found, ratio)} x; weir ${withSpread(spread(ours.rates), whole)} MB/s${ours.problem && `; ${ours.problem}`}`
  return { id, measured, verdict: judge(!ours.problem, found.median >= limit) }
}

function repeatRow(id: string, all: All): RowResult {
  const again = all.get('weir download of what is stored')
  if (!again) return { id, measured: '', verdict: 'not measured' }
  return {
    id,
    measured: `weir ${withSpread(spread(again.rates), whole)} MB/s${again.problem && `; ${again.problem}`}`,
    verdict: 'for information',
  }
}

function memoryRow(id: string, modes: readonly All[]): RowResult {
  const series = modes.flatMap((all) => ways.flatMap((way) => all.get(`weir ${way}`) ?? []))
  if (!series.length) return { id, measured: '', verdict: 'not measured' }
  const worst = Math.max(...series.flatMap(({ grownBytes }) => grownBytes))
  const problem = series.find((each) => each.problem)?.problem ?? ''
  return { id, measured: `at most ${megabytes(worst)}${problem && `; ${problem}`}`, verdict: judge(!problem, worst <= 64_000_000) }
}

function shaRow(id: string, modes: readonly All[]): RowResult {
  const series = modes.flatMap((all) => ways.flatMap((way) => all.get(`weir ${way}`) ?? []))
  if (!series.length) return { id, measured: '', verdict: 'not measured' }
  const problem = series.find((each) => each.problem)?.problem
  const transfers = series.reduce((sum, { rates }) => sum + rates.length, 0)
  return { id, measured: problem ?? `equal in all ${transfers} transfers`, verdict: problem ? 'missed' : 'met' }
}

function table(title: string, all: All) {
  return {
    title,
    columns: ['transfer', 'MB/s', 'CPU s', 'RSS growth'],
    rows: [...all].map(([name, { rates, cpuSeconds, grownBytes, problem }]) => [
      name + (problem ? ' INVALID' : ''),
      withSpread(spread(rates), whole),
      withSpread(spread(cpuSeconds), ratio),
      withSpread(spread(grownBytes), megabytes),
    ]),
  }
}

async function run(context: Context): Promise<Outcome> {
  const notes = ['RSS growth: the highest value during a transfer above the one right before it, after a warm-up of 16 MiB each way.']
  context.log('one core for the proxy')
  const rounds = context.quick ? 2 : 5
  const one = await measure(context, { scheme: 'https', cores: context.cores.one }, rounds, notes)
  context.log(`spread: ${context.spreadMeans}`)
  const free = await measure(context, { scheme: 'https', cores: context.cores.spread }, rounds, [])
  context.log('HTTP/2')
  const h2 = await measure(context, { scheme: 'h2', cores: context.cores.spread }, 2, [])
  return {
    rows: [
      rateRow('download-one-core', one, 'download', 0.5),
      rateRow('upload-one-core', one, 'upload', 0.5),
      rateRow('download-spread', free, 'download', 0.8),
      rateRow('upload-spread', free, 'upload', 0.8),
      repeatRow('repeat', one),
      memoryRow('memory', [one, free]),
      shaRow('sha', [one, free]),
      { ...rateRow('h2-download', h2, 'download', 0), verdict: 'for information' },
      { ...rateRow('h2-upload', h2, 'upload', 0), verdict: 'for information' },
      memoryRow('h2-memory', [h2]),
      shaRow('h2-sha', [h2]),
    ],
    tables: [table('One core for the proxy', one), table(context.spreadMeans, free), table(`HTTP/2. ${context.spreadMeans}`, h2)],
    notes,
  }
}

const disk =
  'Every byte is written twice (log, then file). Half of all CPU is one kernel function: copying the checkpoint into file cache that this virtual machine has not used before (0.4 GB/s; 3.7 GB/s into memory used just before, which is the first transfer of a series: 0.50 and 0.54). The disk takes 533 MB/s written once.'

export const bench: Bench = {
  name: 'large-bodies',
  rows: [
    {
      id: 'download-one-core',
      work: '1 GB download: rate on the one core',
      target: '>= 0.5 of blind',
      limits: disk,
    },
    {
      id: 'upload-one-core',
      work: '1 GB upload: rate on the one core',
      target: '>= 0.5 of blind',
      limits: disk,
    },
    {
      id: 'download-spread',
      work: '1 GB download: rate with a core for each thread',
      target: '>= 0.8 of blind',
      limits: disk,
    },
    {
      id: 'upload-spread',
      work: '1 GB upload: rate with a core for each thread',
      target: '>= 0.8 of blind',
      limits: disk,
    },
    {
      id: 'repeat',
      work: '1 GB download of a body that the session has already: rate on the one core',
      target: '-',
      limits: 'It is stored, compared with the first and dropped again, and what is dropped is overwritten (secure_delete).',
    },
    {
      id: 'memory',
      work: '1 GB download and upload: RSS growth',
      target: '<= 64 MB',
      limits:
        'Most of it with the first transfer: 16 MiB of copies on their way, 8 MiB of batches kept for use again, 8 MiB of page cache, and buffers of 64 KiB that wait for the collector; later transfers add nothing.',
    },
    { id: 'sha', work: '1 GB download and upload: stored SHA-256', target: 'equal', limits: '' },
    { id: 'h2-download', work: '1 GB download over HTTP/2: rate with a core for each thread', target: '-', limits: 'As above.' },
    { id: 'h2-upload', work: '1 GB upload over HTTP/2: rate with a core for each thread', target: '-', limits: 'As above.' },
    { id: 'h2-memory', work: '1 GB download and upload over HTTP/2: RSS growth', target: '<= 64 MB', limits: 'As over HTTP/1.1.' },
    { id: 'h2-sha', work: '1 GB download and upload over HTTP/2: stored SHA-256', target: 'equal', limits: '' },
  ],
  run,
}
