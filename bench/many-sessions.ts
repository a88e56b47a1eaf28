/** A hundred sessions in one daemon, each with its own port: what each holds in memory, and whether all of them work. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { LoadedSession } from './filled-session.ts'
import { Load } from './load/load.ts'
import { megabytes, milliseconds, withSpread } from './measure/format.ts'
import { rssBytes } from './measure/process-usage.ts'
import { spread } from './measure/statistics.ts'
import { weir } from './systems/weir.ts'
import { WeirDaemon } from './systems/weir-daemon.ts'

const connections = 2
const exchangesEach = 20

interface Measured {
  eachIdle: number
  eachUsed: number
  startMs: number
  problem: string
}

async function measure(context: Context, load: Load, sessions: number): Promise<Measured> {
  const daemon = await WeirDaemon.start(context.folder('weir'), context.cores.spread)
  try {
    const restMs = context.quick ? 1000 : 3000
    const open = (name: string) => LoadedSession.open(name, daemon, load, { connections })
    const first = await open('first')
    // What the first exchange loads belongs to no session.
    await first.exchange({ exchanges: exchangesEach })
    await delay(restMs)
    const before = rssBytes(daemon.pid)
    const began = performance.now()
    const others: LoadedSession[] = []
    while (others.length < sessions - 1) others.push(await open(`session ${others.length + 2}`))
    const startMs = (performance.now() - began) / others.length
    await delay(restMs)
    const eachIdle = (rssBytes(daemon.pid) - before) / others.length
    await Promise.all(others.map((session) => session.exchange({ exchanges: exchangesEach })))
    let problem = ''
    for (const session of [first, ...others]) problem ||= await session.problem()
    await delay(restMs)
    const eachUsed = (rssBytes(daemon.pid) - before) / others.length
    return { eachIdle, eachUsed, startMs, problem }
  } finally {
    await daemon.stop()
  }
}

async function run(context: Context): Promise<Outcome> {
  const missing = weir.missing()
  if (missing) {
    return { rows: [{ id: 'memory', measured: '', verdict: 'not measured' }], tables: [], notes: [`weir was skipped: ${missing}.`] }
  }
  const sessions = 100
  const notes = [
    `RSS with ${sessions} running sessions less RSS with one, for each; then ${exchangesEach} exchanges over ${connections} connections through every session.`,
  ]
  const all: Measured[] = []
  const load = await Load.start(context.cores.load)
  try {
    for (let round = 0; round < (context.quick ? 1 : 3); round++) {
      const measured = await measure(context, load, sessions)
      all.push(measured)
      context.log(`  ${megabytes(measured.eachIdle)} a session, ${megabytes(measured.eachUsed)} once used`)
    }
  } finally {
    await load.stop()
  }
  const idle = spread(all.map(({ eachIdle }) => eachIdle))
  const used = withSpread(spread(all.map(({ eachUsed }) => eachUsed)), megabytes)
  const problem = all.find((each) => each.problem)?.problem ?? ''
  return {
    rows: [
      {
        id: 'memory',
        measured: `${withSpread(idle, megabytes)}; ${used} once used${problem && `; ${problem}`}`,
        verdict: judge(!problem, idle.median <= 1_000_000),
      },
    ],
    tables: [
      {
        title: `${sessions} sessions in one daemon`,
        columns: ['', ''],
        rows: [
          ['RSS a session', withSpread(idle, megabytes)],
          ['RSS a session, each used', used],
          ['starting one', withSpread(spread(all.map(({ startMs }) => startMs)), milliseconds)],
        ],
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'many-sessions',
  rows: [
    {
      id: 'memory',
      work: '100 concurrent sessions in one daemon, each with its own port: memory of each',
      target: '<= 1 MB',
      limits: '',
    },
  ],
  run,
}
