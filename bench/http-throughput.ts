/** Clear-text HTTP over 64 keep-alive connections, 1 KB of JSON, every URL and body unique, everything recorded. */
import { type Bench, type Context, judge, type Outcome, type RowResult } from './bench.ts'
import { ratio, whole, withSpread } from './measure/format.ts'
import { spread } from './measure/statistics.ts'
import { compare, compareThroughput, type Throughput, throughputTable } from './measure/throughput.ts'
import { bareHttp } from './systems/control.ts'
import { weir } from './systems/weir.ts'

const work = 'clear-text HTTP, 64 keep-alive connections, 1 KB JSON, unique URLs and bodies'

function row(id: string, all: Throughput): RowResult {
  const found = compare(all, 'weir', 'bare-http', (series) => series.rates)
  const series = all.get('weir')
  if (!found || !series) return { id, measured: '', verdict: 'not measured' }
  const measured = `${withSpread(found, ratio)} x; weir ${withSpread(spread(series.rates), whole)}${series.problem && `; ${series.problem}`}`
  return { id, measured, verdict: judge(!series.problem, found.median >= 0.85) }
}

async function run(context: Context): Promise<Outcome> {
  const notes: string[] = []
  const plan = { scheme: 'http', connections: 64, systems: [weir, bareHttp] } as const
  context.log('one core for the proxy')
  const one = await compareThroughput(context, { ...plan, cores: context.cores.one }, notes)
  context.log(`spread: ${context.spreadMeans}`)
  const free = await compareThroughput(context, { ...plan, cores: context.cores.spread }, notes)
  return {
    rows: [row('one-core', one), row('spread', free)],
    tables: [throughputTable('One core for the proxy', one, 'bare-http'), throughputTable(context.spreadMeans, free, 'bare-http')],
    notes,
  }
}

export const bench: Bench = {
  name: 'http-throughput',
  rows: [
    { id: 'one-core', work: `${work}: rate on the one core`, target: '>= 0.85 of bare-http', limits: '' },
    { id: 'spread', work: `${work}: rate with a core for each thread`, target: '>= 0.85 of bare-http', limits: '' },
  ],
  run,
}
