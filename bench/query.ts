/** Pages of exchanges that match a query, in a session of a million like real traffic: fixed fields by index, paths, header fields, bodies; and overviews of all. */
import { setTimeout as delay } from 'node:timers/promises'
import { overviewKeys } from '../sdk/overview-keys.ts'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { type LoadedSession, withFilledSession } from './filled-session.ts'
import { traceOf } from './load/orders.ts'
import { milliseconds, whole } from './measure/format.ts'
import { quantile } from './measure/statistics.ts'

/** In which the columns are made, off every other path, once somebody has asked. */
const columnsMs = 60_000

interface Kind {
  id: string
  what: string
  queries: string[]
  /** Of a page, ms; null: for information. */
  target: number | null
}

/** By host and status pages are full; the others look at everything, for they find one exchange or none. */
async function kindsOf(session: LoadedSession): Promise<Kind[]> {
  const { items } = await session.daemon.call('exchange/list', { sessionId: session.facts.id, limit: 1 })
  const host = new URL(items[0]?.request.url ?? '').hostname
  const middle = Math.floor(session.sent / 2)
  return [
    { id: 'host', what: 'host', queries: [`host:${host}`, 'host:nowhere.test', 'host:*.nowhere.test'], target: 10 },
    { id: 'status', what: 'status', queries: ['status:200', 'status:5xx', 'status:404,410,500..599'], target: 10 },
    {
      id: 'fixed',
      what: 'a mix of fixed fields',
      queries: [`host:${host} method:GET status:>=400`, 'dur:>1h size:>1gb', 'state:failed', 'ws OR sse OR source:send', 'type:image'],
      target: 25,
    },
    { id: 'path', what: 'path text', queries: ['path~nowhere', 'path:/nowhere/*', 'path:*/nowhere', 'nowhere.test'], target: 200 },
    {
      id: 'header',
      what: 'a header field, not indexed',
      queries: ['resp.header.x-nowhere:*', 'header.x-trace-id:nothing', 'req.type:image'],
      target: 1000,
    },
    { id: 'regex', what: 'a regular expression on the path', queries: ['path=~^/nowhere/'], target: null },
    { id: 'body', what: 'a text in bodies, not indexed', queries: [`body~${traceOf(middle)}`], target: null },
  ]
}

async function timesOf(session: LoadedSession, { queries }: Kind, rounds: number, order: 'asc' | 'desc'): Promise<number[]> {
  const times: number[] = []
  for (const where of queries) {
    for (let round = 0; round < rounds; round++) {
      const began = performance.now()
      await session.daemon.call('exchange/list', { sessionId: session.facts.id, where, order, limit: 100 })
      times.push(performance.now() - began)
    }
  }
  return times
}

async function overviewTimes({ daemon, facts }: LoadedSession, wheres: readonly (string | undefined)[]): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    for (const by of overviewKeys) {
      for (const where of wheres) {
        const began = performance.now()
        await daemon.call('session/overview', { sessionId: facts.id, by, ...(where !== undefined && { where }) })
        if (round > 0) times.push(performance.now() - began)
      }
    }
  }
  return times
}

async function run(context: Context): Promise<Outcome> {
  const notes = [
    'Round trip, warm: what a client waits, with the message to the reader, 100 rows to JSON, the socket and parsing. Each query in both orders.',
  ]
  const stored = context.quick ? 50_000 : 1_000_000
  const rows: Outcome['rows'] = bench.rows.map(({ id }) => ({ id, measured: '', verdict: 'not measured' }))
  const lines: string[][] = []
  const measure = async (session: LoadedSession) => {
    for (const kind of await kindsOf(session)) {
      const rounds = kind.id === 'body' ? 1 : 5
      await timesOf(session, kind, 1, 'asc')
      const times = [...(await timesOf(session, kind, rounds, 'asc')), ...(await timesOf(session, kind, rounds, 'desc'))]
      const [p50, p90, longest] = [quantile(times, 0.5), quantile(times, 0.9), Math.max(...times)]
      context.log(`  ${kind.what}: ${milliseconds(p50)}, longest ${milliseconds(longest)}`)
      lines.push([kind.what, kind.queries.map((query) => `\`${query}\``).join(' '), milliseconds(p50), milliseconds(longest)])
      const row = rows.find(({ id }) => id === kind.id)
      if (row === undefined) continue
      row.measured = `p50 ${milliseconds(p50)}, p90 ${milliseconds(p90)}`
      row.verdict = kind.target === null ? 'for information' : judge(true, p90 <= kind.target)
    }
  }
  const measureAll = async (session: LoadedSession) => {
    const began = performance.now()
    await session.daemon.call('session/overview', { sessionId: session.facts.id, by: 'path' })
    notes.push(`The first overview, by path, for which there were no columns yet: ${milliseconds(performance.now() - began)}.`)
    await delay(columnsMs)
    await measure(session)
    for (const [id, wheres] of overviews) {
      const times = await overviewTimes(session, wheres)
      const [p50, p90] = [quantile(times, 0.5), quantile(times, 0.9)]
      context.log(`  ${id}: ${milliseconds(p50)}`)
      const row = rows.find((each) => each.id === id)
      if (row) Object.assign(row, { measured: `p50 ${milliseconds(p50)}, p90 ${milliseconds(p90)}`, verdict: judge(true, p90 <= 150) })
    }
  }
  await withFilledSession(context, stored, notes, measureAll, 'orders')
  const table = { title: `A page of 100 in ${whole(stored)} exchanges`, columns: ['by', 'queries', 'p50', 'longest'], rows: lines }
  return { rows, tables: lines.length > 0 ? [table] : [], notes }
}

const overviews: readonly [id: string, wheres: (string | undefined)[]][] = [
  ['overview', [undefined]],
  ['overview-where', ['status:200 dur:<50ms', 'resp.header.x-served-by:edge-3']],
]

const work = (what: string): string => `exchange/list by query at 1,000,000: ${what}`

const columns =
  'With columns, which the first query that is not answered at once has made (some ten seconds of another core); the first ones read the record.'
const heads =
  'Each different head is read once by each reader, which forgets what it read half a second after the last call: 0.7 us for a head of 400 bytes, of both sides together.'
const first = 'The first one reads the record, which takes seconds, and has the columns made.'

export const bench: Bench = {
  name: 'query',
  rows: [
    { id: 'host', work: work('host'), target: '<= 10 ms a page', limits: '' },
    { id: 'status', work: work('status'), target: '<= 10 ms a page', limits: '' },
    { id: 'fixed', work: work('a mix of fixed fields, all looked at'), target: '<= 25 ms', limits: columns },
    { id: 'path', work: work('path text, none found'), target: '<= 200 ms', limits: columns },
    { id: 'header', work: work('a header field, none found'), target: '<= 1 s', limits: heads },
    { id: 'regex', work: work('a regular expression on the path, none found'), target: '-', limits: 'Each path is tested for itself.' },
    { id: 'overview', work: 'session/overview of 1,000,000 by every key', target: '<= 150 ms', limits: first },
    { id: 'overview-where', work: 'session/overview of 1,000,000 with a where, by every key', target: '<= 150 ms', limits: first },
    { id: 'body', work: work('a text in bodies, one found'), target: '-', limits: 'Every body is read.' },
  ],
  run,
}
