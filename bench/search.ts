/** Text search in a session of a million exchanges like real ones: making the index, its size, and the time of a page of hits with and without it. */
import { statSync } from 'node:fs'
import { openForReading } from '../daemon/store/database.ts'
import { SearchableTexts } from '../daemon/store/index/searchable-text.ts'
import { TextIndexer } from '../daemon/store/index/text-indexer.ts'
import { TextSearch } from '../daemon/store/index/text-search.ts'
import { sessionKind } from '../daemon/store/session-layout.ts'
import { indexPath } from '../daemon/store/session-path.ts'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { type LoadedSession, withFilledSession } from './filled-session.ts'
import { emailOf, traceOf } from './load/orders.ts'
import { megabytes, milliseconds, percent, whole } from './measure/format.ts'
import { quantile } from './measure/statistics.ts'

/** In URLs, header fields and bodies alike, as search sees them; from samples of 64 exchanges spread over the session. */
function textBytes({ facts, sent }: LoadedSession): number {
  const db = openForReading(facts.file, sessionKind)
  const texts = new SearchableTexts(db)
  let bytes = 0
  let exchanges = 0
  for (let sample = 0; sample < 200; sample++) {
    for (const exchange of texts.after(Math.floor((sample / 200) * sent), 64)) {
      exchanges++
      for (const text of exchange.texts(null)) bytes += text.bytes?.length ?? 0
    }
  }
  db.close()
  return (bytes / exchanges) * sent
}

/** Reads the whole session for a text that is not there; ms. */
function scanMs({ facts, sent }: LoadedSession): number {
  const db = openForReading(facts.file, sessionKind)
  const search = new TextSearch(db, facts.file)
  const query = { text: 'no such text anywhere', caseSensitive: false, parts: null, before: Number.MAX_SAFE_INTEGER, limit: 50 }
  const began = performance.now()
  const { before } = search.slice(query, sent, Number.POSITIVE_INFINITY)
  if (before !== 0) throw new Error('the scan ended before the session did')
  search.close()
  db.close()
  return performance.now() - began
}

/** With the daemon's own indexer, called in the bench's process; ms. */
function indexMs({ facts }: LoadedSession): number {
  const began = performance.now()
  const indexer = new TextIndexer(facts.file)
  while (indexer.step());
  indexer.close()
  return performance.now() - began
}

interface Needle {
  kind: string
  text: string
  /** Hits of the first page, where it is known how many there must be. */
  hits?: number
}

/** What people look for: ids that are there once, values of some orders, words of all of them, and what is not there. */
function needles(exchanges: number): Needle[] {
  const parts = Array.from({ length: 12 }, (_, at) => Math.floor(((at * 0.6180339887) % 1) * exchanges))
  const of = (kind: string, texts: string[], hits?: number): Needle[] =>
    texts.map((text) => ({ kind, text, ...(hits !== undefined && { hits }) }))
  return [
    ...of('an id that is there once', parts.map(traceOf), 1),
    ...of(
      'a value of one order in two thousand',
      parts.map((part) => emailOf(part % 2048)),
    ),
    ...of('a word of all exchanges', ['postalCode', 'application/json', 'Hauptstrasse', 'sv-SE', 'Firefox/144.0', 'refunded', 'SKU-'], 50),
    ...of('not there', ['no such text anywhere', 'zzqqxxjj', 'ffffffffffffffffffffffffffffffff', 'password', '"error":{"code":'], 0),
  ]
}

async function measureNeedles(session: LoadedSession): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>()
  const search = (text: string) => session.daemon.call('exchange/search', { sessionId: session.facts.id, text })
  await search('a reader opens the index')
  for (const { kind, text, hits } of needles(session.sent)) {
    const began = performance.now()
    const { items } = await search(text)
    const took = performance.now() - began
    if (hits !== undefined && items.length !== hits) throw new Error(`'${text}' has ${items.length} hits, not ${hits}`)
    times.set(kind, [...(times.get(kind) ?? []), took])
  }
  return times
}

async function run(context: Context): Promise<Outcome> {
  const ids = bench.rows.map(({ id }) => id)
  const notes: string[] = []
  const stored = context.quick ? 50_000 : 1_000_000
  const outcome: Outcome = { rows: ids.map((id) => ({ id, measured: '', verdict: 'not measured' })), tables: [], notes }
  const measure = async (session: LoadedSession) => {
    const text = textBytes(session)
    notes.push(`${whole(stored)} exchanges with ${megabytes(text)} of text, in a file of ${megabytes(statSync(session.facts.file).size)}.`)
    const scan = scanMs(session)
    context.log(`  read without an index in ${milliseconds(scan)}`)
    const making = indexMs(session)
    const size = statSync(indexPath(session.facts.file)).size
    context.log(`  index made in ${milliseconds(making)}, ${megabytes(size)}`)
    const kinds = await measureNeedles(session)
    const all = [...kinds.values()].flat()
    const [p50, p90] = [quantile(all, 0.5), quantile(all, 0.9)]
    const speed = text / 1000 / making
    outcome.rows = [
      { id: 'build', measured: `${whole(speed)} MB/s`, verdict: judge(true, speed >= 50) },
      { id: 'size', measured: `${percent(size / text)}, ${megabytes(size)}`, verdict: judge(true, size <= text * 0.25) },
      { id: 'median', measured: milliseconds(p50), verdict: judge(true, p50 <= 25) },
      { id: 'p90', measured: milliseconds(p90), verdict: judge(true, p90 <= 200) },
      { id: 'scan', measured: `${milliseconds(scan)}, ${whole(text / 1000 / scan)} MB/s`, verdict: 'for information' },
    ]
    outcome.tables = [
      {
        title: `A page of 50 hits in ${whole(stored)} exchanges, round trip`,
        columns: ['needles', 'how many', 'p50', 'p90', 'longest'],
        rows: [...kinds].map(([kind, times]) => [
          kind,
          String(times.length),
          milliseconds(quantile(times, 0.5)),
          milliseconds(quantile(times, 0.9)),
          milliseconds(Math.max(...times)),
        ]),
      },
    ]
  }
  await withFilledSession(context, stored, notes, measure, 'orders')
  return outcome
}

const cpu =
  'One core all the time. The machine of this run is slow: the blind proxy of https-throughput does 10,000 exchanges/s on it, 50,000 on the one that the target is from.'

export const bench: Bench = {
  name: 'search',
  rows: [
    { id: 'build', work: 'text index at 1,000,000: made', target: '>= 50 MB/s of text', limits: cpu },
    { id: 'size', work: 'text index at 1,000,000: size', target: '<= 25 % of the text', limits: '' },
    {
      id: 'median',
      work: 'exchange/search at 1,000,000, indexed: median of all needles',
      target: '<= 25 ms',
      limits: `${cpu} A page verifies 50 hits in their texts.`,
    },
    { id: 'p90', work: 'exchange/search at 1,000,000, indexed: p90 of all needles', target: '<= 200 ms', limits: '' },
    { id: 'scan', work: 'a text that is not there at 1,000,000, before there is an index', target: '-', limits: 'Every text is read.' },
  ],
  run,
}
