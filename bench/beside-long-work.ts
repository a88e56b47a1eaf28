/** How long another client's small calls wait while a search reads a whole session, or an export writes it. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '../sdk/client.ts'
import { type Bench, type Context, judge, type Outcome, type RowResult } from './bench.ts'
import { type LoadedSession, withFilledSession } from './filled-session.ts'
import { milliseconds, whole } from './measure/format.ts'
import { quantile } from './measure/statistics.ts'

interface Way {
  id: string
  name: string
  /** Goes on until it is aborted; null: nothing else runs. */
  work: ((session: LoadedSession, client: Client, out: string, signal: AbortSignal) => Promise<unknown>) | null
  times: number[]
  /** Of the first round. */
  first: number[]
}

/** Two characters have no place in the index: everything is read, again and again. */
const unfindable = '\u0001\u0002'

async function repeatedly(call: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await call().catch((error: unknown) => signal.aborted || Promise.reject(error))
}

const ways = (): Way[] => [
  { id: 'nothing', name: 'nothing else', work: null, times: [], first: [] },
  {
    id: 'search',
    name: 'a search of everything',
    work: ({ facts }, client, _out, signal) =>
      repeatedly(() => client.call('exchange/search', { sessionId: facts.id, text: unfindable }, { signal }), signal),
    times: [],
    first: [],
  },
  {
    id: 'overview',
    name: 'an overview of everything',
    work: ({ facts }, client, _out, signal) =>
      repeatedly(() => client.call('session/overview', { sessionId: facts.id, by: 'path', where: 'seq:>0' }, { signal }), signal),
    times: [],
    first: [],
  },
  {
    id: 'export',
    name: 'a HAR export of everything',
    work: ({ facts }, client, out, signal) =>
      repeatedly(() => client.call('exporter/run', { sessionId: facts.id, exporter: 'har', out }, { signal }), signal),
    times: [],
    first: [],
  },
]

/** session/get and exchange/get by turns, a few milliseconds apart, from the bench's own connection. */
async function askFor(session: LoadedSession, durationMs: number, times: number[]): Promise<void> {
  const { daemon, facts, sent } = session
  const until = performance.now() + durationMs
  for (let call = 0; performance.now() < until; call++) {
    const began = performance.now()
    if (call % 2 === 0) await daemon.session(facts.id)
    else await daemon.call('exchange/get', { sessionId: facts.id, seq: 1 + ((call * 7919) % sent) })
    times.push(performance.now() - began)
    await delay(3)
  }
}

async function measureRound(session: LoadedSession, way: Way, out: string, durationMs: number): Promise<void> {
  const { work, times } = way
  if (work === null) return askFor(session, durationMs, times)
  const stop = new AbortController()
  const client = await session.daemon.client()
  const working = work(session, client, out, stop.signal)
  // Its start, the thread or process it takes, is not what is measured.
  await Promise.race([delay(1000), working])
  await Promise.race([askFor(session, durationMs, times), working])
  stop.abort()
  await working
  await client.close()
}

async function run(context: Context): Promise<Outcome> {
  const notes = [
    'Calls of another client: session/get, which reads nothing, and exchange/get, by turns. Nothing is pinned but the load, which rests.',
  ]
  const stored = context.quick ? 50_000 : 300_000
  const all = ways()
  await withFilledSession(
    context,
    stored,
    notes,
    async (session) => {
      const out = join(context.folder('export'), 'session.har')
      await askFor(session, 500, [])
      const rounds = context.quick ? 2 : 4
      for (let round = 0; round < rounds; round++) {
        for (const way of all) {
          await measureRound(session, way, out, context.quick ? 2000 : 5000)
          context.log(`  beside ${way.name}: p99 ${milliseconds(quantile(way.times, 0.99))} of ${way.times.length} calls`)
          // In the first round threads start and the index is made: it has rows of its own.
          if (round === 0) way.first = way.times.splice(0)
        }
      }
    },
    'orders',
  )
  const [alone, ...beside] = all as [Way, ...Way[]]
  const row = (id: string, times: readonly number[]): RowResult => {
    if (times.length === 0) return { id, measured: '', verdict: 'not measured' }
    const [p99, without] = [quantile(times, 0.99), quantile(alone.times, 0.99)]
    return { id, measured: `p99 ${milliseconds(p99)}; ${milliseconds(without)} without`, verdict: judge(true, p99 - without <= 20) }
  }
  return {
    rows: beside.flatMap(({ id, times, first }) => [row(id, times), row(`first-${id}`, first)]),
    tables: [
      {
        title: `Small calls beside long ones in a session of ${whole(stored)}`,
        columns: ['beside', 'calls', 'p50', 'p99', 'longest'],
        rows: all
          .flatMap(
            ({ name, times, first }) =>
              [
                [name, times],
                [`${name}, the first time`, first],
              ] as const,
          )
          .map(([name, times]) => [
            name,
            whole(times.length),
            milliseconds(quantile(times, 0.5)),
            milliseconds(quantile(times, 0.99)),
            milliseconds(Math.max(...times)),
          ]),
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'beside-long-work',
  rows: [
    { id: 'search', work: "another client's call while a search reads everything: delay", target: 'p99 <= 20 ms more', limits: '' },
    {
      id: 'first-search',
      work: "another client's call during the first search of a session, while threads start and its index is made: delay",
      target: 'p99 <= 20 ms more',
      limits: '',
    },
    {
      id: 'overview',
      work: "another client's call while overviews of a query read everything: delay",
      target: 'p99 <= 20 ms more',
      limits: '',
    },
    { id: 'first-overview', work: "another client's call during the first overview: delay", target: 'p99 <= 20 ms more', limits: '' },
    { id: 'export', work: "another client's call while an export reads everything: delay", target: 'p99 <= 20 ms more', limits: '' },
    { id: 'first-export', work: "another client's call during the first export: delay", target: 'p99 <= 20 ms more', limits: '' },
  ],
  run,
}
