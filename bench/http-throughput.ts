/** Clear-text HTTP over 64 keep-alive connections, 1 KB of JSON, every URL and body unique, everything recorded. */
import type { Bench, Context, Outcome } from './bench.ts'
import { compareRow, compareThroughput, type ThroughputSeries, throughputTable } from './measure/throughput.ts'
import { bareHttp } from './systems/control.ts'
import { weir } from './systems/weir.ts'

const work = 'clear-text HTTP, 64 keep-alive connections, 1 KB JSON, unique URLs and bodies'

async function run(context: Context): Promise<Outcome> {
  const notes: string[] = []
  const plan = { scheme: 'http', connections: 64, systems: [weir, bareHttp] } as const
  context.log('one core for the proxy')
  const one = await compareThroughput(context, { ...plan, cores: context.cores.one }, notes)
  context.log(`spread: ${context.spreadMeans}`)
  const free = await compareThroughput(context, { ...plan, cores: context.cores.spread }, notes)
  const rates = (series: ThroughputSeries) => series.rates
  const met = (value: number) => value >= 0.85
  return {
    rows: [compareRow('one-core', one, 'bare-http', rates, met), compareRow('spread', free, 'bare-http', rates, met)],
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
