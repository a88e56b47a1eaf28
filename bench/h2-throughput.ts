/** HTTP/2, ten connections with fifty streams each, 1 KB of JSON, every path and body unique, everything recorded. */
import type { Bench, Context, Outcome } from './bench.ts'
import { compareRow, compareThroughput, type ThroughputSeries, throughputTable } from './measure/throughput.ts'
import { blind } from './systems/control.ts'
import { weir } from './systems/weir.ts'

const work = 'HTTP/2, 10 connections x 50 streams, 1 KB JSON, unique URLs and bodies'

async function run(context: Context): Promise<Outcome> {
  const notes = [
    'Client and origin are the frames alone, over TLS sockets: header fields out of the dynamic table but for the path, answers and requests of one chunk in one write. blind passes ALPN on, so it carries the same frames.',
  ]
  const plan = { scheme: 'h2', connections: 10, streams: 50, systems: [weir, blind] } as const
  context.log('one core for the proxy')
  const one = await compareThroughput(context, { ...plan, cores: context.cores.one }, notes)
  context.log(`spread: ${context.spreadMeans}`)
  const free = await compareThroughput(context, { ...plan, cores: context.cores.spread }, notes)
  const rates = (series: ThroughputSeries) => series.rates
  const cpu = (series: ThroughputSeries) => series.cpuUs
  return {
    rows: [
      compareRow('rate-spread', free, 'blind', rates, (value) => value >= 0.7),
      compareRow('rate-one-core', one, 'blind', rates, (value) => value >= 0.7),
      { ...compareRow('cpu', one, 'blind', cpu, () => true), verdict: 'for information' },
    ],
    tables: [throughputTable('One core for the proxy', one, 'blind'), throughputTable(context.spreadMeans, free, 'blind')],
    notes,
  }
}

const storing =
  'A TLS record holds many frames here, so that blind needs 3.7 us an exchange; storing one takes the recorder 11 us, of which SQLite 5 to 8. On two cores, with 9 us for the load, nothing above 0.5 is possible; with a core for each thread the recorder would allow 0.6.'

export const bench: Bench = {
  name: 'h2-throughput',
  rows: [
    { id: 'rate-spread', work: `${work}: rate with a core for each thread`, target: '>= 0.7 of blind', limits: storing },
    { id: 'rate-one-core', work: `${work}: rate on the one core`, target: '>= 0.7 of blind', limits: storing },
    {
      id: 'cpu',
      work: `${work}: CPU per exchange`,
      target: '-',
      limits: 'Of the recorder 43 % is SQLite, 12 % garbage, 15 % frames and fields.',
    },
  ],
  run,
}
