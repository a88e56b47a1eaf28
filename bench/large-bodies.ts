/** One gigabyte down and one up through a single HTTPS connection of HTTP/1.1. */
import type { Bench, Context, Outcome } from './bench.ts'
import { growthMeans, measureTransfers, memoryRow, rateRow, repeatRow, shaRow, transferTable, writtenTwice } from './measure/transfers.ts'

async function run(context: Context): Promise<Outcome> {
  const notes = [growthMeans]
  context.log('one core for the proxy')
  const rounds = context.quick ? 2 : 5
  const one = await measureTransfers(context, { scheme: 'https', cores: context.cores.one }, rounds, notes)
  context.log(`spread: ${context.spreadMeans}`)
  const free = await measureTransfers(context, { scheme: 'https', cores: context.cores.spread }, rounds, [])
  return {
    rows: [
      rateRow('download-one-core', one, 'download', 0.5),
      rateRow('upload-one-core', one, 'upload', 0.5),
      rateRow('download-spread', free, 'download', 0.8),
      rateRow('upload-spread', free, 'upload', 0.8),
      repeatRow('repeat', one),
      memoryRow('memory', [one, free]),
      shaRow('sha', [one, free]),
    ],
    tables: [transferTable('One core for the proxy', one), transferTable(context.spreadMeans, free)],
    notes,
  }
}

export const bench: Bench = {
  name: 'large-bodies',
  rows: [
    {
      id: 'download-one-core',
      work: '1 GB download: rate on the one core',
      target: '>= 0.5 of blind',
      limits: writtenTwice,
    },
    {
      id: 'upload-one-core',
      work: '1 GB upload: rate on the one core',
      target: '>= 0.5 of blind',
      limits: writtenTwice,
    },
    {
      id: 'download-spread',
      work: '1 GB download: rate with a core for each thread',
      target: '>= 0.8 of blind',
      limits: writtenTwice,
    },
    {
      id: 'upload-spread',
      work: '1 GB upload: rate with a core for each thread',
      target: '>= 0.8 of blind',
      limits: writtenTwice,
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
  ],
  run,
}
