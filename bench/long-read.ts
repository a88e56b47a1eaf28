/** A long read beside the writer: does the WAL stay small, and does any commit wait? The same load with and without a HAR export. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { type LoadedSession, withFilledSession } from './filled-session.ts'
import { megabytes, milliseconds, ratio, whole, withSpread } from './measure/format.ts'
import { spread } from './measure/statistics.ts'

interface WalFacts {
  peakBytes: number
  /** Longest time between two commits, as far as looking every 2 ms can tell. */
  longestPauseMs: number
  /** The longest that one was late: its pause less the distance that the recorder itself had chosen. */
  latestMs: number
  stop(): Promise<void>
}

/** Watches a session's WAL file from outside until `stop`, and the distance of commits that the daemon says it keeps. */
function watchWal({ daemon, facts: { file } }: LoadedSession): WalFacts {
  const facts: WalFacts = { peakBytes: 0, longestPauseMs: 0, latestMs: 0, stop }
  let lastChange = 0n
  let seenAt = performance.now()
  /** The largest since the last commit. */
  let chosenMs = 250
  const look = setInterval(() => {
    const stat = statSync(`${file}-wal`, { bigint: true, throwIfNoEntry: false })
    if (!stat) return
    facts.peakBytes = Math.max(facts.peakBytes, Number(stat.size))
    if (stat.mtimeNs === lastChange) return
    const now = performance.now()
    if (lastChange) {
      facts.longestPauseMs = Math.max(facts.longestPauseMs, now - seenAt)
      facts.latestMs = Math.max(facts.latestMs, now - seenAt - chosenMs)
    }
    lastChange = stat.mtimeNs
    seenAt = now
    chosenMs = 25
  }, 2)
  let asking = true
  const asked = (async () => {
    while (asking) {
      chosenMs = Math.max(chosenMs, (await daemon.call('daemon/status', {})).recorder.commitIntervalMs)
      await delay(20)
    }
  })()
  function stop() {
    clearInterval(look)
    asking = false
    return asked
  }
  return facts
}

interface Series {
  peakBytes: number[]
  longestPauseMs: number[]
  latestMs: number[]
  rates: number[]
}

const newSeries = (): Series => ({ peakBytes: [], longestPauseMs: [], latestMs: [], rates: [] })

/** `stop` cancels it, and throws where it was over before. */
async function startExport({ daemon, facts }: LoadedSession, out: string): Promise<{ stop(): Promise<void> }> {
  const client = await daemon.client()
  const abort = new AbortController()
  const params = { sessionId: facts.id, exporter: 'har', out }
  const early = client.call('exporter/run', params, { signal: abort.signal }).then(
    () => 'it ended before the load: the session is too small for this machine',
    (error: Error) => (abort.signal.aborted ? '' : error.message),
  )
  return {
    async stop() {
      abort.abort()
      const problem = await early
      await client.close()
      if (problem) throw new Error(`the export did not go on beside the load: ${problem}`)
    },
  }
}

async function measureRound(session: LoadedSession, reading: boolean, durationMs: number, out: string, series: Series): Promise<string> {
  const reader = reading ? await startExport(session, out) : null
  await session.exchange({ durationMs: 300 })
  const wal = watchWal(session)
  const { exchanges, elapsedMs } = await session.exchange({ durationMs })
  await wal.stop()
  await reader?.stop()
  series.peakBytes.push(wal.peakBytes)
  series.longestPauseMs.push(wal.longestPauseMs)
  series.latestMs.push(wal.latestMs)
  series.rates.push((exchanges * 1000) / elapsedMs)
  return session.problem()
}

async function run(context: Context): Promise<Outcome> {
  const notes = [
    'Commits are seen from outside, as changes of the WAL file. Late is the pause between two less the distance that daemon/status says the recorder keeps (25 ms, stretched to 250 ms under load); that a thread waited for a core is in it.',
  ]
  const stored = context.quick ? 100_000 : 300_000
  const durationMs = context.quick ? 1500 : 6000
  const alone = newSeries()
  const beside = newSeries()
  let problem = ''
  await withFilledSession(context, stored, notes, async (session) => {
    const folder = context.folder('long-read')
    for (let round = 0; round < (context.quick ? 2 : 5); round++) {
      problem ||= await measureRound(session, false, durationMs, '', alone)
      problem ||= await measureRound(session, true, durationMs, join(folder, 'session.har'), beside)
      context.log(
        `  WAL ${megabytes(beside.peakBytes.at(-1) ?? 0)}, late by ${milliseconds(beside.latestMs.at(-1) ?? 0)}, ${milliseconds(alone.latestMs.at(-1) ?? 0)} without`,
      )
    }
  })
  const ids = ['wal', 'commit', 'rate']
  if (!beside.rates.length) return { rows: ids.map((id) => ({ id, measured: '', verdict: 'not measured' })), tables: [], notes }
  const wal = spread(beside.peakBytes)
  const late = spread(beside.latestMs)
  const aloneLate = spread(alone.latestMs)
  const left = spread(beside.rates.map((rate, round) => rate / (alone.rates[round] ?? Number.NaN)))
  const line = (name: string, series: Series) => [
    name,
    withSpread(spread(series.peakBytes), megabytes),
    withSpread(spread(series.longestPauseMs), milliseconds),
    withSpread(spread(series.latestMs), milliseconds),
    withSpread(spread(series.rates), whole),
  ]
  return {
    rows: [
      {
        id: 'wal',
        measured: `at most ${megabytes(wal.max)}${problem && `; ${problem}`}`,
        verdict: judge(!problem, wal.max <= 64 * 2 ** 20),
      },
      {
        id: 'commit',
        measured: `at most ${milliseconds(late.max)}; ${milliseconds(aloneLate.max)} without the read`,
        // Where commits wait as long without the read, it is not the read that holds them back.
        verdict: !problem && late.max > 100 && late.max <= aloneLate.max * 1.1 ? 'for information' : judge(!problem, late.max <= 100),
      },
      { id: 'rate', measured: `${withSpread(left, ratio)} x`, verdict: judge(!problem, left.median >= 0.95) },
    ],
    tables: [
      {
        title: `64 connections into a session of ${whole(stored)} and more, nothing pinned`,
        columns: ['', 'WAL at its largest', 'longest pause between commits', 'latest commit', 'exchanges/s'],
        rows: [line('no reader', alone), line('HAR export of everything', beside)],
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'long-read',
  rows: [
    { id: 'wal', work: 'a long read beside the writer: size of the WAL', target: '<= 64 MB', limits: '' },
    {
      id: 'commit',
      work: 'a long read beside the writer: longest time a commit is held back',
      target: '<= 100 ms',
      limits: 'Without pinning, reader, writer, proxy and load share two cores: a commit also waits for a core.',
    },
    {
      id: 'rate',
      work: 'capture rate while an export of everything runs, to the rate without it',
      target: '>= 0.95 x',
      limits:
        'An export rests most of the time while captures are crowded; what it still takes is a part of two cores that hold proxy, recorder and load already.',
    },
  ],
  run,
}
