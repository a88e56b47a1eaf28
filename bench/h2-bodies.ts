/** One gigabyte down and one up through a single stream each of an HTTP/2 connection. */
import type { Bench, Context, Outcome } from './bench.ts'
import { growthMeans, measureTransfers, memoryRow, rateRow, shaRow, transferTable, writtenTwice } from './measure/transfers.ts'

async function run(context: Context): Promise<Outcome> {
  const notes = [growthMeans]
  context.log(`spread: ${context.spreadMeans}`)
  const all = await measureTransfers(context, { scheme: 'h2', cores: context.cores.spread }, context.quick ? 1 : 3, notes)
  return {
    rows: [
      { ...rateRow('download', all, 'download', 0), verdict: 'for information' },
      { ...rateRow('upload', all, 'upload', 0), verdict: 'for information' },
      memoryRow('memory', [all]),
      shaRow('sha', [all]),
    ],
    tables: [transferTable(context.spreadMeans, all)],
    notes,
  }
}

export const bench: Bench = {
  name: 'h2-bodies',
  rows: [
    { id: 'download', work: '1 GB download over HTTP/2: rate with a core for each thread', target: '-', limits: writtenTwice },
    { id: 'upload', work: '1 GB upload over HTTP/2: rate with a core for each thread', target: '-', limits: writtenTwice },
    {
      id: 'memory',
      work: '1 GB download and upload over HTTP/2: RSS growth',
      target: '<= 64 MB',
      limits: 'As over HTTP/1.1 (large-bodies).',
    },
    { id: 'sha', work: '1 GB download and upload over HTTP/2: stored SHA-256', target: 'equal', limits: '' },
  ],
  run,
}
