/** Rate and CPU of keep-alive connections through each system, by turns, from one load process. */
import { type Context, judge, type RowResult, type Table } from '../bench.ts'
import type { Load } from '../load/load.ts'
import type { Traffic } from '../load/pool.ts'
import { percent, ratio, whole, withSpread } from './format.ts'
import { alternate, type Entrant, type LineUpPlan, withLineUp } from './lineup.ts'
import { cpuMs, machineBusyMs, threadUsage } from './process-usage.ts'
import { checkRecord } from './record-check.ts'
import { pairedRatio, type Spread, spread } from './statistics.ts'

export interface ThroughputSeries {
  name: string
  /** Exchanges a second, one value a round. */
  rates: number[]
  /** CPU of all its threads and processes an exchange, recording included, in microseconds. */
  cpuUs: number[]
  /** Its CPU in cores, over the time of the round. */
  cores: number[]
  /** The load process's. At 1 the load, not the proxy, sets the rate. */
  loadCores: number[]
  /** What other processes used meanwhile: above a few percent the machine was not ours, and the rates are too low. */
  otherCores: number[]
  /** CPU an exchange of the busiest thread: what bounds the rate where each thread has a core. */
  busiestThreadUs: number[]
  /** All threads above 1 us an exchange in the last round. */
  threads: string
  longestLagMs: number
  /** Empty, or why its numbers are INVALID. */
  problem: string
}

export interface ThroughputPlan extends LineUpPlan {
  connections: number
  /** Exchanges at once on each connection, over HTTP/2 only. */
  streams?: number
  traffic?: Traffic
}

/** Series by system name. */
export type Throughput = Map<string, ThroughputSeries>

export async function compareThroughput(context: Context, plan: ThroughputPlan, notes: string[]): Promise<Throughput> {
  const all: Throughput = new Map()
  await withLineUp(context, plan, notes, async (load, entrants) => {
    for (const entrant of entrants) {
      const { name } = entrant.system
      all.set(name, newSeries(name))
      const { connections, streams = 1, traffic = 'items' } = plan
      await load.call('openPool', { pool: name, target: entrant.target, connections, streams, traffic })
      await exchange(load, entrant, context.quick ? 1000 : 3000)
      const { valid, problem } = await checkRecord(entrant)
      if (!valid) notes.push(`INVALID after warm-up: ${problem}.`)
    }
    await alternate(entrants, context.quick ? 3 : 7, async (entrant) => {
      const series = all.get(entrant.system.name)
      if (series) await measureRound(load, entrant, series, context)
    })
  })
  const others = spread([...all.values()].flatMap(({ otherCores }) => otherCores)).median
  if (others > 0.05)
    notes.push(`NOISY: other processes used ${percent(others)} of a core meanwhile; threads, not proxies, shared the rates.`)
  return all
}

const newSeries = (name: string): ThroughputSeries => ({
  name,
  rates: [],
  cpuUs: [],
  cores: [],
  loadCores: [],
  otherCores: [],
  busiestThreadUs: [],
  threads: '',
  longestLagMs: 0,
  problem: '',
})

async function exchange(load: Load, entrant: Entrant, durationMs: number): Promise<{ exchanges: number; elapsedMs: number }> {
  const result = await load.call('runPool', { pool: entrant.system.name, durationMs })
  entrant.sent += result.exchanges
  return result
}

async function measureRound(load: Load, entrant: Entrant, series: ThroughputSeries, context: Context): Promise<void> {
  const { pid } = entrant.running
  await exchange(load, entrant, 200)
  await checkRecord(entrant)
  const threadsBefore = new Map(threadUsage(pid).map((thread) => [thread.id, thread.cpuMs]))
  const loadBefore = cpuMs(load.pid)
  const before = cpuMs(pid)
  const machineBefore = machineBusyMs()
  const { exchanges, elapsedMs } = await exchange(load, entrant, context.quick ? 1500 : 4000)
  const loadUsed = cpuMs(load.pid) - loadBefore
  const usedInTime = cpuMs(pid) - before
  const machineUsed = machineBusyMs() - machineBefore
  // The record is part of the work: the CPU counts until everything is stored.
  const { valid, problem, lagMs } = await checkRecord(entrant)
  const used = cpuMs(pid) - before
  if (!valid) series.problem ||= problem
  const threads = threadUsage(pid)
    .map(({ name, id, cpuMs: total }) => ({ name, us: ((total - (threadsBefore.get(id) ?? 0)) * 1000) / exchanges }))
    .sort((a, b) => b.us - a.us)
  series.rates.push((exchanges * 1000) / elapsedMs)
  series.cpuUs.push((used * 1000) / exchanges)
  series.cores.push(usedInTime / elapsedMs)
  series.loadCores.push(loadUsed / elapsedMs)
  series.otherCores.push(Math.max(0, machineUsed - loadUsed - usedInTime) / elapsedMs)
  series.busiestThreadUs.push(threads[0]?.us ?? Number.NaN)
  series.threads = threads
    .filter(({ us }) => us >= 1)
    .map(({ name, us }) => `${name} ${us.toFixed(0)}`)
    .join(', ')
  series.longestLagMs = Math.max(series.longestLagMs, lagMs)
  const { name } = entrant.system
  context.log(`  ${name.padEnd(10)} ${whole((exchanges * 1000) / elapsedMs).padStart(8)}/s  ${ratio((used * 1000) / exchanges)} us`)
}

/** The ratio of two systems' values round by round; null when one was not measured. */
export function compare(all: Throughput, a: string, b: string, pick: (series: ThroughputSeries) => number[]): Spread | null {
  const one = all.get(a)
  const other = all.get(b)
  return one && other ? pairedRatio(pick(one), pick(other)) : null
}

/** One row against one control, from the ratio of one kind of value; not measured when either was left out. */
export function compareRow(
  id: string,
  all: Throughput,
  control: string,
  pick: (series: ThroughputSeries) => number[],
  met: (value: number) => boolean,
): RowResult {
  const found = compare(all, 'weir', control, pick)
  const ours = all.get('weir')
  if (!found || !ours) return { id, measured: '', verdict: 'not measured' }
  const { problem } = ours
  const values = withSpread(spread(pick(ours)), whole)
  return {
    id,
    measured: `${withSpread(found, ratio)} x; weir ${values}${problem && `; ${problem}`}`,
    verdict: judge(!problem, met(found.median)),
  }
}

export function throughputTable(title: string, all: Throughput, reference: string): Table {
  const rows = [...all.values()].map((series) => {
    const rate = compare(all, series.name, reference, (each) => each.rates)
    const cpu = compare(all, series.name, reference, (each) => each.cpuUs)
    return [
      series.name + (series.problem ? ' INVALID' : ''),
      withSpread(spread(series.rates), whole),
      withSpread(spread(series.cpuUs), whole),
      rate ? withSpread(rate, ratio) : '-',
      cpu ? withSpread(cpu, ratio) : '-',
      percent(spread(series.cores).median),
      percent(spread(series.loadCores).median),
      percent(spread(series.otherCores).median),
      series.threads,
      series.longestLagMs ? `${whole(series.longestLagMs)} ms` : '-',
    ]
  })
  return {
    title,
    columns: [
      'system',
      'exchanges/s',
      'CPU us/exchange',
      `rate / ${reference}`,
      `CPU / ${reference}`,
      'its cores',
      'load',
      'others',
      'threads (us)',
      'record lag',
    ],
    rows,
  }
}
