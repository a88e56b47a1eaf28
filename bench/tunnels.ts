/** New tunnels a second: CONNECT, both TLS handshakes, one small exchange, close. */
import { type Bench, type Context, judge, type Outcome, type RowResult } from './bench.ts'
import type { Load } from './load/load.ts'
import { percent, ratio, whole, withSpread } from './measure/format.ts'
import { alternate, type Entrant, withLineUp } from './measure/lineup.ts'
import { cpuMs } from './measure/process-usage.ts'
import { checkRecord } from './measure/record-check.ts'
import { pairedRatio, spread } from './measure/statistics.ts'
import { blind } from './systems/control.ts'
import { weir, weirAskingNobody } from './systems/weir.ts'

interface Series {
  rates: number[]
  cpuUs: number[]
  cores: number[]
  loadCores: number[]
  problem: string
}

const concurrency = 16

async function measureRound(load: Load, entrant: Entrant, series: Series, durationMs: number): Promise<void> {
  const { pid } = entrant.running
  const before = cpuMs(pid)
  const loadBefore = cpuMs(load.pid)
  const { tunnels, elapsedMs } = await load.call('runTunnels', { target: entrant.target, concurrency, durationMs })
  series.loadCores.push((cpuMs(load.pid) - loadBefore) / elapsedMs)
  series.cores.push((cpuMs(pid) - before) / elapsedMs)
  entrant.sent += tunnels
  series.problem ||= (await checkRecord(entrant)).problem
  series.rates.push((tunnels * 1000) / elapsedMs)
  series.cpuUs.push(((cpuMs(pid) - before) * 1000) / tunnels)
}

function processRow(ours: Series | undefined, without: Series | undefined): RowResult {
  const id = 'client-processes'
  if (!ours || !without) return { id, measured: '', verdict: 'not measured' }
  const cost = spread(ours.cpuUs.map((cpu, round) => cpu - (without.cpuUs[round] ?? cpu)))
  const rate = pairedRatio(ours.rates, without.rates)
  const measured = `${withSpread(cost, whole)} us; rate ${withSpread(rate, ratio)} x`
  return { id, measured: measured + (without.problem && `; ${without.problem}`), verdict: 'for information' }
}

async function run(context: Context): Promise<Outcome> {
  const notes = ['Each tunnel carries one small exchange, so that the record can be counted; the origin is named by its address.']
  const all = new Map<string, Series>()
  await withLineUp(
    context,
    { scheme: 'https', systems: [weir, blind, weirAskingNobody], cores: context.cores.one },
    notes,
    async (load, entrants) => {
      for (const entrant of entrants) {
        all.set(entrant.system.name, { rates: [], cpuUs: [], cores: [], loadCores: [], problem: '' })
        const { tunnels } = await load.call('runTunnels', { target: entrant.target, concurrency, durationMs: context.quick ? 500 : 2000 })
        entrant.sent += tunnels
      }
      await alternate(entrants, context.quick ? 3 : 7, async (entrant) => {
        const series = all.get(entrant.system.name)
        if (series) await measureRound(load, entrant, series, context.quick ? 1000 : 4000)
      })
    },
  )
  const ours = all.get('weir')
  const control = all.get('blind')
  const found = ours && control ? pairedRatio(ours.rates, control.rates) : null
  const asking = processRow(ours, all.get('weir asking nobody'))
  return {
    rows: [
      found && ours
        ? {
            id: 'rate',
            measured: `${withSpread(found, ratio)} x; weir ${withSpread(spread(ours.rates), whole)}${ours.problem && `; ${ours.problem}`}`,
            verdict: judge(!ours.problem, found.median >= 0.85),
          }
        : { id: 'rate', measured: '', verdict: 'not measured' },
      asking,
    ],
    tables: [
      {
        title: `New tunnels, ${concurrency} at a time, one core for the proxy`,
        columns: ['system', 'tunnels/s', 'CPU us/tunnel', 'CPU / blind', 'its cores', 'load'],
        rows: [...all].map(([name, series]) => [
          name + (series.problem ? ' INVALID' : ''),
          withSpread(spread(series.rates), whole),
          withSpread(spread(series.cpuUs), whole),
          control ? withSpread(pairedRatio(series.cpuUs, control.cpuUs), ratio) : '-',
          percent(spread(series.cores).median),
          percent(spread(series.loadCores).median),
        ]),
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'tunnels',
  rows: [
    {
      id: 'rate',
      work: 'new tunnels per second (CONNECT + both handshakes)',
      target: '>= 0.85 of blind',
      limits:
        'Two TLS handshakes, of which that towards the origin is resumed; and, on the one core, finding the client process of each connection (below).',
    },
    {
      id: 'client-processes',
      work: 'a tunnel: CPU for finding its client process; rate against the same without',
      target: '-',
      limits:
        'A thread of its own reads /proc: the tables of all connections (a line for each of the last minute), and what the last clients have open. It takes a twentieth of a core in the long run. proxy.clientProcesses = false does without.',
    },
  ],
  run,
}
