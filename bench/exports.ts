/** 100,000 exchanges in formats beside HAR: how fast, and how much memory they take. */
import { join } from 'node:path'
import { type Bench, type Context, judge, type Outcome, type RowResult } from './bench.ts'
import { type ExportRun, exportOnce } from './export-once.ts'
import { withFilledSession } from './filled-session.ts'
import { megabytes, whole, withSpread } from './measure/format.ts'
import { spread } from './measure/statistics.ts'

/** The name of the exporter, and how many exchanges a second it has to write. */
const formats: [exporter: string, perSecond: number][] = [
  ['jsonl', 20_000],
  ['curl', 20_000],
  ['postman', 5_000],
  ['openapi', 5_000],
]

async function run(context: Context): Promise<Outcome> {
  const notes: string[] = []
  const runs = new Map<string, ExportRun[]>(formats.map(([exporter]) => [exporter, []]))
  const stored = context.quick ? 20_000 : 100_000
  await withFilledSession(context, stored, notes, async (session) => {
    const folder = context.folder('exports')
    for (let round = 0; round < (context.quick ? 2 : 5); round++) {
      for (const [exporter, made] of runs) {
        made.push(await exportOnce(session, join(folder, `${exporter}-${round}`), exporter, 'standard'))
        context.log(`  ${exporter} ${whole(made.at(-1)?.perSecond ?? 0)}/s`)
      }
    }
  })
  const rows = formats.flatMap(([exporter, least]): RowResult[] => {
    const [rate, memory] = [exporter, `${exporter}-memory`]
    const made = runs.get(exporter) ?? []
    if (made.length === 0) return [rate, memory].map((id) => ({ id, measured: '', verdict: 'not measured' }))
    const perSecond = spread(made.map((each) => each.perSecond))
    const added = spread(made.map((each) => each.addedBytes))
    return [
      { id: rate, measured: `${withSpread(perSecond, whole)}/s`, verdict: judge(true, perSecond.median >= least) },
      { id: memory, measured: `at most ${megabytes(added.max)}`, verdict: 'for information' },
    ]
  })
  return { rows, tables: [], notes }
}

export const bench: Bench = {
  name: 'exports',
  rows: formats.flatMap(([exporter, perSecond]) => [
    {
      id: exporter,
      work: `${exporter} export of 100,000 exchanges`,
      target: `>= ${whole(perSecond)}/s`,
      limits:
        'One thread; with redaction two readings of the session, the first for its secrets, and a search for them in all that was written.',
    },
    {
      id: `${exporter}-memory`,
      work: `${exporter} export of 100,000 exchanges: RSS of all processes above what they had before it`,
      target: '-',
      limits: 'The exporting process itself is in it; it does not grow with the session but by what finds equal requests and paths again.',
    },
  ]),
  run,
}
