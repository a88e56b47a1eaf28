/** HTTPS/1.1 over 64 keep-alive connections, 1 KB of JSON, every URL and body unique, everything recorded. */
import type { Bench, Context, Outcome, RowResult } from './bench.ts'
import { compareRow, compareThroughput, type ThroughputSeries, throughputTable } from './measure/throughput.ts'
import { blind, mockttp } from './systems/control.ts'
import { mitmdump } from './systems/mitmdump.ts'
import { weir } from './systems/weir.ts'

const work = 'HTTPS/1.1, 64 keep-alive connections, 1 KB JSON, unique URLs and bodies'

/** A row without a target. */
const informative = (result: RowResult): RowResult => (result.verdict === 'met' ? { ...result, verdict: 'for information' } : result)

async function run(context: Context): Promise<Outcome> {
  const notes: string[] = []
  const plan = { scheme: 'https', connections: 64, systems: [weir, blind, mockttp, mitmdump] } as const
  context.log('one core for the proxy')
  const one = await compareThroughput(context, { ...plan, cores: context.cores.one }, notes)
  context.log(`spread: ${context.spreadMeans}`)
  const free = await compareThroughput(context, { ...plan, systems: [weir, blind], cores: context.cores.spread }, notes)
  const rates = (series: ThroughputSeries) => series.rates
  const cpu = (series: ThroughputSeries) => series.cpuUs
  // With a core for each thread the busiest thread bounds the rate.
  const bound = (series: ThroughputSeries) => series.busiestThreadUs.map((us) => 1_000_000 / us)
  return {
    rows: [
      compareRow('cpu', one, 'blind', cpu, (value) => value <= 1.5),
      compareRow('rate-one-core', one, 'blind', rates, (value) => value >= 0.65),
      compareRow('rate-spread', free, 'blind', rates, (value) => value >= 0.9),
      informative(compareRow('rate-bound', free, 'blind', bound, () => true)),
      compareRow('mockttp', one, 'mockttp', rates, (value) => value >= 4),
      compareRow('mitmdump', one, 'mitmdump', rates, (value) => value >= 10),
    ],
    tables: [throughputTable('One core for the proxy', one, 'blind'), throughputTable(context.spreadMeans, free, 'blind')],
    notes,
  }
}

export const bench: Bench = {
  name: 'https-throughput',
  rows: [
    {
      id: 'cpu',
      work: `${work}: CPU per exchange`,
      target: '<= 1.5 x blind',
      limits:
        'The proxy thread costs what blind costs (both spend it in TLS and sockets); the rest is the recorder: about 2 us decoding, 8 us in SQLite, half of that in writing pages twice (log, then file), and the messages between the threads. Runs of one day had medians of 1.55 and 1.67.',
    },
    {
      id: 'rate-one-core',
      work: `${work}: rate on the one core`,
      target: '>= 0.65 of blind',
      limits: 'TLS and sockets of the proxy thread; at this rate the load generator is at 66 % of its core, for blind at 99 %.',
    },
    {
      id: 'rate-spread',
      work: `${work}: rate with a core for each thread`,
      target: '>= 0.9 of blind',
      limits: 'Two cores do not hold a proxy thread, a recorder thread and the load: the recorder takes from the core that makes the load.',
    },
    {
      id: 'rate-bound',
      work: `${work}: rate that the busiest thread would allow with a core for each`,
      target: '-',
      limits: 'A projection from CPU per thread, not a measured rate.',
    },
    { id: 'mockttp', work: `${work}: rate against stock mockttp`, target: '>= 4 x mockttp', limits: '-' },
    { id: 'mitmdump', work: `${work}: rate against mitmdump -w`, target: '>= 10 x mitmdump', limits: '-' },
  ],
  run,
}
