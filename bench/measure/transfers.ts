/** A gigabyte down and one up through a single HTTPS connection: rate, memory, and whether what was stored is what passed. */
import { createHash } from 'node:crypto'
import { type Context, judge, type RowResult } from '../bench.ts'
import { largeBodySha256 } from '../load/large-body.ts'
import type { Load } from '../load/load.ts'
import { blind } from '../systems/control.ts'
import { weir } from '../systems/weir.ts'
import { megabytes, ratio, whole, withSpread } from './format.ts'
import { alternate, type Entrant, type LineUpPlan, withLineUp } from './lineup.ts'
import { cpuMs, rssBytes, watchRss } from './process-usage.ts'
import { checkRecord } from './record-check.ts'
import { pairedRatio, spread } from './statistics.ts'

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
export async function measureTransfers(context: Context, plan: Omit<LineUpPlan, 'systems'>, rounds: number, notes: string[]): Promise<All> {
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

export function rateRow(id: string, all: All, way: Way, limit: number): RowResult {
  const ours = all.get(`weir ${way}`)
  const control = all.get(`blind ${way}`)
  if (!ours || !control) return { id, measured: '', verdict: 'not measured' }
  const found = pairedRatio(ours.rates, control.rates)
  const measured = `${withSpread(found, ratio)} x; weir ${withSpread(spread(ours.rates), whole)} MB/s${ours.problem && `; ${ours.problem}`}`
  return { id, measured, verdict: judge(!ours.problem, found.median >= limit) }
}

export function repeatRow(id: string, all: All): RowResult {
  const again = all.get('weir download of what is stored')
  if (!again) return { id, measured: '', verdict: 'not measured' }
  return {
    id,
    measured: `weir ${withSpread(spread(again.rates), whole)} MB/s${again.problem && `; ${again.problem}`}`,
    verdict: 'for information',
  }
}

export function memoryRow(id: string, modes: readonly All[]): RowResult {
  const series = modes.flatMap((all) => ways.flatMap((way) => all.get(`weir ${way}`) ?? []))
  if (!series.length) return { id, measured: '', verdict: 'not measured' }
  const worst = Math.max(...series.flatMap(({ grownBytes }) => grownBytes))
  const problem = series.find((each) => each.problem)?.problem ?? ''
  return { id, measured: `at most ${megabytes(worst)}${problem && `; ${problem}`}`, verdict: judge(!problem, worst <= 64_000_000) }
}

export function shaRow(id: string, modes: readonly All[]): RowResult {
  const series = modes.flatMap((all) => ways.flatMap((way) => all.get(`weir ${way}`) ?? []))
  if (!series.length) return { id, measured: '', verdict: 'not measured' }
  const problem = series.find((each) => each.problem)?.problem
  const transfers = series.reduce((sum, { rates }) => sum + rates.length, 0)
  return { id, measured: problem ?? `equal in all ${transfers} transfers`, verdict: problem ? 'missed' : 'met' }
}

export function transferTable(title: string, all: All) {
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

export const growthMeans =
  'RSS growth: the highest value during a transfer above the one right before it, after a warm-up of 16 MiB each way.'

/** What limits them. */
export const writtenTwice =
  'Every byte is written twice (log, then file). Half of all CPU is one kernel function: copying the checkpoint into file cache that this virtual machine has not used before (0.4 GB/s; 3.7 GB/s into memory used just before, which is the first transfer of a series: 0.50 and 0.54). The disk takes 533 MB/s written once.'
