/** Second start of the daemon until it answers, and what it holds in memory when nothing happens. */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '../sdk/client.ts'
import { homeAt } from '../sdk/home.ts'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { megabytes, milliseconds, withSpread } from './measure/format.ts'
import { spawnPinned } from './measure/pinned-process.ts'
import { rssBytes } from './measure/process-usage.ts'
import { spread } from './measure/statistics.ts'
import { weir } from './systems/weir.ts'
import { WeirDaemon, weirScript } from './systems/weir-daemon.ts'

interface Start {
  /** From the command to the first answer over the socket. */
  answerMs: number
  /** Until `weir start` itself returned. */
  returnMs: number
}

/** Starts in the background and asks the socket until it answers; the daemon is left running. */
async function startOnce(home: string): Promise<Start> {
  const began = performance.now()
  const env = { ...process.env, WEIR_HOME: home }
  const command = spawnPinned('0-1023', process.execPath, [weirScript, 'start'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const exited = once(command, 'exit').then(([code]) => {
    if (code !== 0) throw new Error(`weir start ended with ${code}`)
    return performance.now() - began
  })
  let returned = false
  exited.finally(() => (returned = true)).catch(() => undefined)
  let answerMs = Number.NaN
  while (Number.isNaN(answerMs)) {
    try {
      const client = await connect({ home: homeAt(home) })
      answerMs = performance.now() - began
      await client.close()
    } catch {
      if (returned) await exited
      await delay(5)
    }
  }
  return { answerMs, returnMs: await exited }
}

/** A bare Node that prints one word: what no program in it can be faster than. */
async function bareNodeMs(): Promise<number> {
  const began = performance.now()
  await once(spawnPinned('0-1023', process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')
  return performance.now() - began
}

async function run(context: Context): Promise<Outcome> {
  const notes = [
    'RSS is VmRSS of the daemon and its child processes, three seconds after the start and three seconds after session/start, without any traffic.',
  ]
  const ids = ['start', 'idle', 'session']
  const missing = weir.missing()
  if (missing)
    return { rows: ids.map((id) => ({ id, measured: '', verdict: 'not measured' })), tables: [], notes: [`weir was skipped: ${missing}.`] }
  const home = context.folder('weir')
  const restMs = context.quick ? 1500 : 3000
  // The first start makes the CA and fills the compile cache.
  await (await WeirDaemon.start(home, context.cores.spread)).stop()
  const [starts, bare, idle, withSession]: [Start[], number[], number[], number[]] = [[], [], [], []]
  for (let round = 0; round < (context.quick ? 3 : 9); round++) {
    bare.push(await bareNodeMs())
    starts.push(await startOnce(home))
    const daemon = await WeirDaemon.attach(home)
    await delay(restMs)
    idle.push(rssBytes(daemon.pid))
    await daemon.startSession(`idle ${round}`, '')
    await delay(restMs)
    withSession.push(rssBytes(daemon.pid))
    await daemon.stop()
  }
  const answer = spread(starts.map(({ answerMs }) => answerMs))
  const rows = [
    { id: 'start', measured: withSpread(answer, milliseconds), verdict: judge(true, answer.median <= 500) },
    { id: 'idle', measured: withSpread(spread(idle), megabytes), verdict: judge(true, spread(idle).median <= 130_000_000) },
    {
      id: 'session',
      measured: withSpread(spread(withSession), megabytes),
      verdict: judge(true, spread(withSession).median <= 170_000_000),
    },
  ]
  return {
    rows,
    tables: [
      {
        title: 'Start and rest',
        columns: ['', ''],
        rows: [
          ['node -e 0', withSpread(spread(bare), milliseconds)],
          ['second start to first answer', withSpread(answer, milliseconds)],
          ['until `weir start` returns', withSpread(spread(starts.map(({ returnMs }) => returnMs)), milliseconds)],
          ['RSS idle', withSpread(spread(idle), megabytes)],
          ['RSS with one idle session', withSpread(spread(withSession), megabytes)],
        ],
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'start-and-memory',
  rows: [
    {
      id: 'start',
      work: 'daemon start to first answer (second start)',
      target: '<= 500 ms',
      limits: 'Loading modules; the compile cache is warm.',
    },
    { id: 'idle', work: 'RSS of the idle daemon', target: '<= 130 MB', limits: '' },
    { id: 'session', work: 'RSS with one idle session', target: '<= 170 MB', limits: '' },
  ],
  run,
}
