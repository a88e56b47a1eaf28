/** Does a session slow down as it grows? The rate into one that holds a million exchanges, by turns with new ones. */
import { statSync } from 'node:fs'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { LoadedSession, withFilledSession } from './filled-session.ts'
import { megabytes, ratio, whole, withSpread } from './measure/format.ts'
import { cpuMs } from './measure/process-usage.ts'
import { pairedRatio, spread } from './measure/statistics.ts'

interface Series {
  rates: number[]
  cpuUs: number[]
}

async function measureRound(session: LoadedSession, series: Series, durationMs: number): Promise<string> {
  await session.exchange({ durationMs: 300 })
  await session.problem()
  const before = cpuMs(session.daemon.pid)
  const { exchanges, elapsedMs } = await session.exchange({ durationMs })
  const problem = await session.problem()
  series.cpuUs.push(((cpuMs(session.daemon.pid) - before) * 1000) / exchanges)
  series.rates.push((exchanges * 1000) / elapsedMs)
  return problem
}

async function run(context: Context): Promise<Outcome> {
  const notes: string[] = []
  const stored = context.quick ? 50_000 : 1_000_000
  const durationMs = context.quick ? 1000 : 3000
  const full: Series = { rates: [], cpuUs: [] }
  const empty: Series = { rates: [], cpuUs: [] }
  let problem = ''
  await withFilledSession(context, stored, notes, async (session, load) => {
    const { daemon } = session
    const bytes = statSync(session.facts.file).size
    notes.push(`The session file with ${whole(stored)} exchanges: ${megabytes(bytes)}, ${whole(bytes / stored)} bytes an exchange.`)
    daemon.pin(context.cores.one)
    const rounds = context.quick ? 3 : 9
    for (let round = 0; round < rounds; round++) {
      const fresh = await LoadedSession.open(`fresh ${round}`, daemon, load)
      const turns = [() => measureRound(session, full, durationMs), () => measureRound(fresh, empty, durationMs)]
      for (const turn of round % 2 ? turns.reverse() : turns) problem ||= await turn()
      await fresh.discard()
      context.log(`  full ${whole(full.rates.at(-1) ?? 0)}/s, empty ${whole(empty.rates.at(-1) ?? 0)}/s`)
    }
  })
  if (!full.rates.length) return { rows: [{ id: 'rate', measured: '', verdict: 'not measured' }], tables: [], notes }
  const found = pairedRatio(full.rates, empty.rates)
  const line = (name: string, { rates, cpuUs }: Series) => [name, withSpread(spread(rates), whole), withSpread(spread(cpuUs), whole)]
  return {
    rows: [
      { id: 'rate', measured: withSpread(found, ratio) + (problem && `; ${problem}`), verdict: judge(!problem, found.median >= 0.95) },
    ],
    tables: [
      {
        title: 'HTTPS throughput into a full and into an empty session, one core for weir',
        columns: ['session', 'exchanges/s', 'CPU us/exchange'],
        rows: [line(`${whole(stored)} exchanges`, full), line('empty', empty)],
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'million',
  rows: [{ id: 'rate', work: 'rate after 1,000,000 stored exchanges', target: '>= 0.95 of the rate at 0', limits: '' }],
  run,
}
