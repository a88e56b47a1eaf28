/** 100,000 exchanges in formats beside HAR: how fast, and how much memory they take. */
import { join } from 'node:path'
import { type Bench, type Context, judge, type Outcome, type RowResult } from './bench.ts'
import { type ExportRun, exportOnce } from './export-once.ts'
import { withFilledSession } from './filled-session.ts'
import { megabytes, whole, withSpread } from './measure/format.ts'
import { spread } from './measure/statistics.ts'

interface Way {
  exporter: string
  redact: 'standard' | 'off'
  /** Exchanges a second that it has to write. */
  least: number
}

/** JSON Lines are not redacted unless somebody asks for it; the others are. */
const ways: Way[] = [
  { exporter: 'jsonl', redact: 'off', least: 20_000 },
  { exporter: 'jsonl', redact: 'standard', least: 20_000 },
  { exporter: 'curl', redact: 'standard', least: 20_000 },
  { exporter: 'postman', redact: 'standard', least: 5_000 },
  { exporter: 'openapi', redact: 'standard', least: 5_000 },
]

const nameOf = ({ exporter, redact }: Way): string => (redact === 'off' ? `${exporter}-plain` : exporter)
const wordsOf = ({ exporter, redact }: Way): string => `${exporter} export of 100,000 exchanges${redact === 'off' ? ', not redacted' : ''}`

async function run(context: Context): Promise<Outcome> {
  const notes: string[] = []
  const runs = new Map<Way, ExportRun[]>(ways.map((way) => [way, []]))
  const stored = context.quick ? 20_000 : 100_000
  await withFilledSession(context, stored, notes, async (session) => {
    const folder = context.folder('exports')
    for (let round = 0; round < (context.quick ? 2 : 5); round++) {
      for (const [way, made] of runs) {
        const name = nameOf(way)
        made.push(await exportOnce(session, join(folder, `${name}-${round}`), way.exporter, way.redact))
        context.log(`  ${name} ${whole(made.at(-1)?.perSecond ?? 0)}/s`)
      }
    }
  })
  const rows = ways.flatMap((way): RowResult[] => {
    const [rate, memory] = [nameOf(way), `${nameOf(way)}-memory`]
    const made = runs.get(way) ?? []
    if (made.length === 0) return [rate, memory].map((id) => ({ id, measured: '', verdict: 'not measured' }))
    const perSecond = spread(made.map((each) => each.perSecond))
    const added = spread(made.map((each) => each.addedBytes))
    return [
      { id: rate, measured: `${withSpread(perSecond, whole)}/s`, verdict: judge(true, perSecond.median >= way.least) },
      { id: memory, measured: `at most ${megabytes(added.max)}`, verdict: 'for information' },
    ]
  })
  return { rows, tables: [], notes }
}

export const bench: Bench = {
  name: 'exports',
  rows: ways.flatMap((way) => [
    {
      id: nameOf(way),
      work: wordsOf(way),
      target: `>= ${whole(way.least)}/s`,
      limits:
        'One thread; with redaction two readings of the session, the first for its secrets, and a search for them in all that was written.',
    },
    {
      id: `${nameOf(way)}-memory`,
      work: `${wordsOf(way)}: RSS of all processes above what they had before it`,
      target: '-',
      limits: 'The exporting process itself is in it; it does not grow with the session but by what finds equal requests and paths again.',
    },
  ]),
  run,
}
