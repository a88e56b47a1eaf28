/** exchange/list of 100 rows in a session of a million, at any page and since any clock, while nothing else runs. */
import { Reader } from '../daemon/store/reader.ts'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { type LoadedSession, withFilledSession } from './filled-session.ts'
import { milliseconds, whole } from './measure/format.ts'
import { quantile } from './measure/statistics.ts'

interface Timing {
  name: string
  times: number[]
}

/** Reads the whole session by clock: every exchange must come exactly once. Returns the clocks on the way. */
async function walk(session: LoadedSession): Promise<string[]> {
  const clocks: string[] = []
  let since = 'start'
  let seen = 0
  for (let more = true; more; ) {
    const page = await session.daemon.call('exchange/list', { sessionId: session.facts.id, since, limit: 1000 })
    seen += page.items.length
    clocks.push(since)
    since = page.clock
    more = page.more
  }
  if (seen !== session.sent) throw new Error(`the list shows ${seen} of ${session.sent} exchanges`)
  return clocks
}

async function time(times: number[], call: () => Promise<unknown>): Promise<void> {
  const began = performance.now()
  await call()
  times.push(performance.now() - began)
}

/** Parts of the session in an order that no cache would like: 0 up to 1. */
const parts = (count: number): number[] => Array.from({ length: count }, (_, call) => ((call * 0.6180339887) % 1) * 0.999)

/** What a client sees: the message to the reader's thread, 100 rows to JSON, the socket and parsing are in it. */
async function roundTrips(session: LoadedSession, calls: number): Promise<Timing[]> {
  const sessionId = session.facts.id
  const list = (params: object) => session.daemon.call('exchange/list', { sessionId, limit: 100, ...params })
  const clocks = await walk(session)
  const empty: Timing = { name: 'an empty call (session/get), round trip', times: [] }
  const ahead: Timing = { name: 'page after a seq, round trip', times: [] }
  const back: Timing = { name: 'page before a seq, newest first, round trip', times: [] }
  const since: Timing = { name: 'since a clock, round trip', times: [] }
  for (const part of parts(calls)) {
    const seq = Math.floor(part * session.sent) + 1
    await time(empty.times, () => session.daemon.session(sessionId))
    await time(ahead.times, () => list({ after: seq, order: 'asc' }))
    await time(back.times, () => list({ before: seq + 101, order: 'desc' }))
    await time(since.times, () => list({ since: clocks[Math.floor(part * clocks.length)] }))
  }
  return [empty, ahead, back, since]
}

/** The daemon's own Reader in this process, on the same file, beside the running daemon: what its reader thread does for a call. */
async function inReader(session: LoadedSession, calls: number): Promise<Timing[]> {
  const { file, id } = session.facts
  const reader = new Reader(file)
  const ahead: Timing = { name: 'page after a seq, in the reader', times: [] }
  const back: Timing = { name: 'page before a seq, newest first, in the reader', times: [] }
  const since: Timing = { name: 'since a clock, in the reader', times: [] }
  const { change } = reader.list({ order: 'desc', before: null, after: null, limit: 1 }, id)
  for (const part of parts(calls)) {
    const seq = Math.floor(part * session.sent) + 1
    await time(ahead.times, async () => reader.list({ order: 'asc', after: seq, before: null, limit: 100 }, id))
    await time(back.times, async () => reader.list({ order: 'desc', after: null, before: seq + 101, limit: 100 }, id))
    await time(since.times, async () => reader.changes({ since: Math.floor(part * change), limit: 100 }, id))
  }
  reader.close()
  return [ahead, back, since]
}

async function run(context: Context): Promise<Outcome> {
  const notes = [
    "In the reader: the daemon's own Reader, called in the bench's process on the same file. Round trip: what a client waits, with the message to the reader's thread, 100 rows to JSON, the socket and parsing.",
  ]
  const stored = context.quick ? 50_000 : 1_000_000
  const calls = context.quick ? 100 : 500
  let inside: Timing[] = []
  let outside: Timing[] = []
  await withFilledSession(context, stored, notes, async (session) => {
    outside = await roundTrips(session, calls)
    inside = await inReader(session, calls)
  })
  if (!inside.length) return { rows: [{ id: 'page', measured: '', verdict: 'not measured' }], tables: [], notes }
  const times = (timings: Timing[]) => timings.flatMap((each) => each.times)
  const p99 = quantile(times(inside), 0.99)
  const measured = `p50 ${milliseconds(quantile(times(inside), 0.5))}, p99 ${milliseconds(p99)}`
  const roundTrip = `round trip p50 ${milliseconds(quantile(times(outside.slice(1)), 0.5))}`
  return {
    rows: [{ id: 'page', measured: `${measured}; ${roundTrip}`, verdict: judge(true, p99 <= 5) }],
    tables: [
      {
        title: `100 rows of ${whole(stored)}`,
        columns: ['call', 'p50', 'p99', 'longest'],
        rows: [...inside, ...outside].map(({ name, times }) => [
          name,
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
  name: 'list',
  rows: [
    {
      id: 'page',
      work: 'exchange/list of 100 rows at 1,000,000, any page, or since any clock',
      target: '<= 5 ms in the reader',
      limits: '',
    },
  ],
  run,
}
