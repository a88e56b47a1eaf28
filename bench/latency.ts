/** What a proxy adds to one exchange when nothing else is going on: one HTTPS connection, one request at a time. */
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import type { Load } from './load/load.ts'
import { milliseconds, withSpread } from './measure/format.ts'
import { alternate, type Entrant, withLineUp } from './measure/lineup.ts'
import { checkRecord } from './measure/record-check.ts'
import { quantile, type Spread, spread } from './measure/statistics.ts'
import { blind } from './systems/control.ts'
import { weir } from './systems/weir.ts'

interface Series {
  p50: number[]
  p99: number[]
  problem: string
}

const direct = 'direct'

async function exchange(load: Load, entrant: Entrant, exchanges: number): Promise<number[]> {
  const result = await load.call('runPool', { pool: entrant.system.name, exchanges, latencies: true })
  entrant.sent += result.exchanges
  return result.latenciesMs
}

async function measure(context: Context, notes: string[]): Promise<Map<string, Series>> {
  const all = new Map<string, Series>([[direct, { p50: [], p99: [], problem: '' }]])
  const count = context.quick ? 2000 : 6000
  await withLineUp(context, { scheme: 'https', systems: [weir, blind], cores: context.cores.one }, notes, async (load, entrants) => {
    await load.call('openPool', { pool: direct, target: load.target('https', null), connections: 1 })
    for (const entrant of entrants) {
      all.set(entrant.system.name, { p50: [], p99: [], problem: '' })
      await load.call('openPool', { pool: entrant.system.name, target: entrant.target, connections: 1 })
      await exchange(load, entrant, count)
    }
    const add = (name: string, latencies: number[]) => {
      all.get(name)?.p50.push(quantile(latencies, 0.5))
      all.get(name)?.p99.push(quantile(latencies, 0.99))
    }
    await alternate(entrants, context.quick ? 3 : 9, async (entrant) => {
      add(entrant.system.name, await exchange(load, entrant, count))
      const series = all.get(entrant.system.name)
      if (series) series.problem ||= (await checkRecord(entrant)).problem
      if (entrant === entrants[0])
        add(direct, (await load.call('runPool', { pool: direct, exchanges: count, latencies: true })).latenciesMs)
    })
  })
  return all
}

/** Milliseconds that weir takes longer than the control, round by round. */
function added(all: Map<string, Series>, pick: (series: Series) => number[]): Spread | null {
  const ours = all.get('weir')
  const theirs = all.get('blind')
  return ours && theirs ? spread(pick(ours).map((value, round) => value - (pick(theirs)[round] ?? Number.NaN))) : null
}

async function run(context: Context): Promise<Outcome> {
  const notes: string[] = []
  const all = await measure(context, notes)
  const problem = all.get('weir')?.problem ?? ''
  const row = (id: string, pick: (series: Series) => number[], limit: number) => {
    const found = added(all, pick)
    if (!found) return { id, measured: '', verdict: 'not measured' as const }
    return { id, measured: withSpread(found, milliseconds) + (problem && `; ${problem}`), verdict: judge(!problem, found.median <= limit) }
  }
  return {
    rows: [row('p50', (series) => series.p50, 0.2), row('p99', (series) => series.p99, 1)],
    tables: [
      {
        title: 'One connection, one request at a time, one core for the proxy',
        columns: ['system', 'p50', 'p99'],
        rows: [...all].map(([name, { p50, p99 }]) => [name, withSpread(spread(p50), milliseconds), withSpread(spread(p99), milliseconds)]),
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'latency',
  rows: [
    { id: 'p50', work: 'added latency, one connection, p50', target: '<= 0.2 ms over blind', limits: '' },
    { id: 'p99', work: 'added latency, one connection, p99', target: '<= 1 ms over blind', limits: '' },
  ],
  run,
}
