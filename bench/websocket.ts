/** WebSocket messages through 32 connections, each an echo, every message recorded. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import type { Load } from './load/load.ts'
import { percent, ratio, whole, withSpread } from './measure/format.ts'
import { alternate, type Entrant, withLineUp } from './measure/lineup.ts'
import { cpuMs } from './measure/process-usage.ts'
import { pairedRatio, spread } from './measure/statistics.ts'
import { blind } from './systems/control.ts'
import { weir } from './systems/weir.ts'

interface Series {
  /** Messages a second, both ways together. */
  rates: number[]
  cpuUs: number[]
  cores: number[]
  loadCores: number[]
  /** Sent in all, to be on record. */
  messages: number
  problem: string
}

const connections = 32
const perMinute = 200_000

/** Waits until every message is on record; says what is missing after ten seconds. */
async function missing({ running }: Entrant, messages: number): Promise<string> {
  if (!running.recorded) return ''
  for (let tries = 0; ; tries++) {
    const found = await running.recorded()
    if (found.messages === messages && found.gaps === 0) return ''
    if (tries > 500 || found.gaps > 0) return `${found.messages} of ${messages} messages on record, ${found.gaps} gaps`
    await delay(20)
  }
}

async function measureRound(load: Load, entrant: Entrant, series: Series, durationMs: number): Promise<void> {
  const { pid } = entrant.running
  const before = cpuMs(pid)
  const loadBefore = cpuMs(load.pid)
  const { messages, elapsedMs } = await load.call('runEchoSockets', { pool: entrant.system.name, durationMs })
  series.loadCores.push((cpuMs(load.pid) - loadBefore) / elapsedMs)
  series.cores.push((cpuMs(pid) - before) / elapsedMs)
  series.messages += messages
  series.problem ||= await missing(entrant, series.messages)
  series.rates.push((messages * 1000) / elapsedMs)
  series.cpuUs.push(((cpuMs(pid) - before) * 1000) / messages)
}

async function run(context: Context): Promise<Outcome> {
  const notes = ['Texts of 100 bytes, not compressed; each is echoed before the next is sent on its connection.']
  const all = new Map<string, Series>()
  await withLineUp(context, { scheme: 'https', systems: [weir, blind], cores: context.cores.one }, notes, async (load, entrants) => {
    for (const entrant of entrants) {
      const { name } = entrant.system
      await load.call('openEchoSockets', { pool: name, target: entrant.target, connections })
      const { messages } = await load.call('runEchoSockets', { pool: name, durationMs: context.quick ? 500 : 2000 })
      all.set(name, { rates: [], cpuUs: [], cores: [], loadCores: [], messages, problem: await missing(entrant, messages) })
    }
    await alternate(entrants, context.quick ? 3 : 5, async (entrant) => {
      const series = all.get(entrant.system.name)
      if (series) await measureRound(load, entrant, series, context.quick ? 1000 : 4000)
    })
  })
  const ours = all.get('weir')
  const control = all.get('blind')
  const problem = ours?.problem ? `; ${ours.problem}` : ''
  return {
    rows: ours
      ? [
          {
            id: 'recorded',
            measured: `${whole(spread(ours.rates).median * 60)} a minute, ${whole(ours.messages)} in all, ${ours.problem || 'all on record'}`,
            verdict: judge(!ours.problem, spread(ours.rates).median * 60 >= perMinute),
          },
          control
            ? {
                id: 'rate',
                measured: `${withSpread(pairedRatio(ours.rates, control.rates), ratio)} x${problem}`,
                verdict: 'for information',
              }
            : { id: 'rate', measured: '', verdict: 'not measured' },
        ]
      : [],
    tables: [
      {
        title: `WebSocket echo, ${connections} connections, one core for the proxy`,
        columns: ['system', 'messages/s', 'CPU us/message', 'CPU / blind', 'its cores', 'load'],
        rows: [...all].map(([name, series]) => [
          name + (series.problem ? ' INVALID' : ''),
          withSpread(spread(series.rates), whole),
          withSpread(spread(series.cpuUs), ratio),
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
  name: 'websocket',
  rows: [
    {
      id: 'recorded',
      work: 'WebSocket messages recorded with none lost',
      target: `>= ${whole(perMinute)} a minute`,
      limits: 'A row of its own for each message.',
    },
    { id: 'rate', work: 'WebSocket messages: rate on the one core', target: '-', limits: 'A row of its own for each message.' },
  ],
  run,
}
