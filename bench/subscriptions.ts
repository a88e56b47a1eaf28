/** Subscriptions beside a capture: how soon they tell, what idle ones cost, and what one costs that does not read. */
import type { Client } from '../sdk/client.ts'
import { type Bench, type Context, judge, type Outcome, type RowResult, type Table } from './bench.ts'
import { LoadedSession } from './filled-session.ts'
import { Load } from './load/load.ts'
import { megabytes, milliseconds, ratio, whole, withSpread } from './measure/format.ts'
import { cpuMs, rssBytes, watchRss } from './measure/process-usage.ts'
import { pairedRatio, quantile, spread } from './measure/statistics.ts'
import { follow, until } from './measure/subscriber.ts'
import { weir } from './systems/weir.ts'
import { WeirDaemon } from './systems/weir-daemon.ts'

interface Part {
  rows: RowResult[]
  table: Table
}

const perSecond = 2_000

/** From the client's last byte to the subscriber, for exchanges that end at a steady rate. */
async function measureDelay(context: Context, session: LoadedSession): Promise<Part> {
  const follower = await follow(await session.daemon.client(), session.facts.id)
  const before = session.sent
  await session.exchange({ durationMs: context.quick ? 500 : 3000, perSecond })
  const { ends, elapsedMs } = await session.exchange({ durationMs: context.quick ? 3000 : 15_000, perSecond, ends: true })
  const expected = session.sent - before
  await until(() => follower.seen.size >= expected)
  const problem = (await session.problem()) || (follower.seen.size === expected ? '' : `${follower.seen.size} of ${expected} seen`)
  await follower.client.close()
  const delays = ends.map(({ serial, at }) => (follower.seen.get(serial) ?? Number.NaN) - at).filter((delay) => !Number.isNaN(delay))
  const [p50, p99] = [quantile(delays, 0.5), quantile(delays, 0.99)]
  const rate = (ends.length * 1000) / elapsedMs
  const measured = `p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)} at ${whole(rate)}/s${problem && `; ${problem}`}`
  // What is missed with less to do is missed; what is met with less to do says nothing of the target.
  const isLess = rate < perSecond * 0.98 && p99 <= 50
  return {
    rows: [{ id: 'delay', measured, verdict: isLess && problem === '' ? 'for information' : judge(problem === '', p99 <= 50) }],
    table: {
      title: 'From the end of an exchange to its subscriber',
      columns: ['exchanges/s', 'p50', 'p99', 'longest'],
      rows: [[whole(rate), milliseconds(p50), milliseconds(p99), milliseconds(Math.max(...delays))]],
    },
  }
}

interface Way {
  name: string
  /** Null: nobody subscribes. */
  subscription: { sessionId: string; where?: string } | null
  rates: number[]
  cpuUs: number[]
}

const subscribers = 200

/** Rounds without subscribers and with two hundred that hear nothing, by turns. */
async function measureIdle(context: Context, session: LoadedSession, idleSession: string): Promise<Part> {
  const ways: Way[] = [
    { name: 'nobody', subscription: null, rates: [], cpuUs: [] },
    { name: 'an idle session', subscription: { sessionId: idleSession }, rates: [], cpuUs: [] },
  ]
  const never: Way = {
    name: 'never matching',
    subscription: { sessionId: session.facts.id, where: 'host:never.example' },
    rates: [],
    cpuUs: [],
  }
  const rounds = context.quick ? 2 : 7
  const clients = await Promise.all(Array.from({ length: subscribers }, () => session.daemon.client()))
  if (clients[0]?.initialized.capabilities.includes('query/explain')) ways.push(never)
  else context.log('SKIPPED queries that never match: this daemon takes none')
  let problem = ''
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < ways.length; turn++) {
      const way = ways[(round + turn) % ways.length] as Way
      problem ||= await measureRound(session, clients, way, context.quick ? 1000 : 2500)
    }
  }
  await Promise.all(clients.map((client) => client.close()))
  const [nobody, idle] = ways as [Way, Way]
  const row = (id: string, way: Way): RowResult => {
    if (way.rates.length === 0) return { id, measured: '', verdict: 'not measured' }
    const rate = pairedRatio(way.rates, nobody.rates)
    const cpu = pairedRatio(way.cpuUs, nobody.cpuUs)
    const measured = `rate ${withSpread(rate, ratio)} x; CPU ${withSpread(cpu, ratio)} x${problem && `; ${problem}`}`
    return { id, measured, verdict: judge(!problem, rate.median > 0.98) }
  }
  return {
    rows: [row('idle', idle), row('never', never)],
    table: {
      title: `${subscribers} clients with a subscription each, 64 connections at full rate`,
      columns: ['subscribed to', 'exchanges/s', 'CPU us/exchange'],
      rows: ways.map(({ name, rates, cpuUs }) => [name, withSpread(spread(rates), whole), withSpread(spread(cpuUs), whole)]),
    },
  }
}

async function measureRound(session: LoadedSession, clients: readonly Client[], way: Way, durationMs: number): Promise<string> {
  const { daemon } = session
  const { subscription } = way
  const ends: (() => Promise<unknown>)[] = []
  for (const client of clients) {
    if (subscription === null) break
    const { subscriptionId } = await client.call('exchange/subscribe', subscription)
    ends.push(() => client.call('exchange/unsubscribe', { subscriptionId }))
  }
  await session.exchange({ durationMs: 300 })
  await session.problem()
  const before = cpuMs(daemon.pid)
  const { exchanges, elapsedMs } = await session.exchange({ durationMs })
  const problem = await session.problem()
  way.rates.push((exchanges * 1000) / elapsedMs)
  way.cpuUs.push(((cpuMs(daemon.pid) - before) * 1000) / exchanges)
  for (const end of ends) await end()
  return problem
}

/** One that reads nothing during a run, against one that reads all of it; then it reads on and must get everything. */
async function measurePaused(context: Context, session: LoadedSession): Promise<Part> {
  const durationMs = context.quick ? 3000 : 12_000
  const { pid } = session.daemon
  const grown: number[] = []
  const sent: number[] = []
  const rates: number[] = []
  let problem = ''
  for (const isPaused of [false, false, true]) {
    const follower = await follow(await session.daemon.client(), session.facts.id)
    const before = rssBytes(pid)
    const rss = watchRss(pid, 100)
    if (isPaused) follower.client.pause()
    const { exchanges, elapsedMs } = await session.exchange({ durationMs, perSecond })
    rates.push((exchanges * 1000) / elapsedMs)
    problem ||= await session.problem()
    grown.push(rss.stop() - before)
    sent.push(exchanges)
    follower.client.resume()
    await until(() => follower.seen.size >= exchanges)
    if (follower.seen.size !== exchanges) problem ||= `${follower.seen.size} of ${exchanges} seen`
    await follower.client.close()
  }
  const [, reading = Number.NaN, paused = Number.NaN] = grown
  const measured = `RSS +${megabytes(paused)}; +${megabytes(reading)} beside one that reads${problem && `; ${problem}`}`
  return {
    rows: [{ id: 'paused', measured, verdict: judge(!problem, paused <= Math.max(reading, 0) + 8_000_000) }],
    table: {
      title: `RSS growth beside one subscriber, ${whole(perSecond)} exchanges/s at most`,
      columns: ['the subscriber', 'exchanges', 'exchanges/s', 'RSS growth'],
      rows: ['reads (warm-up)', 'reads', 'reads nothing, then all'].map((name, at) => [
        name,
        whole(sent[at] ?? Number.NaN),
        whole(rates[at] ?? Number.NaN),
        megabytes(grown[at] ?? Number.NaN),
      ]),
    },
  }
}

async function run(context: Context): Promise<Outcome> {
  const ids = bench.rows.map(({ id }) => id)
  const missing = weir.missing()
  if (missing)
    return { rows: ids.map((id) => ({ id, measured: '', verdict: 'not measured' })), tables: [], notes: [`weir was skipped: ${missing}.`] }
  const load = await Load.start(context.cores.load)
  const daemon = await WeirDaemon.start(context.folder('weir'), context.cores.spread)
  try {
    const idle = await daemon.startSession('idle', '')
    const parts: Part[] = []
    const measure = async (name: string, part: (session: LoadedSession) => Promise<Part>) => {
      context.log(name)
      const session = await LoadedSession.open(name, daemon, load)
      await session.exchange({ durationMs: 500 })
      // What a subscriber hears of is what was sent after it came.
      const problem = await session.problem()
      if (problem) throw new Error(`the warm-up is not on record: ${problem}`)
      parts.push(await part(session))
      await session.discard()
    }
    await measure('delay', (session) => measureDelay(context, session))
    await measure('paused', (session) => measurePaused(context, session))
    await measure('idle subscribers', (session) => measureIdle(context, session, idle.id))
    return {
      rows: parts.flatMap(({ rows }) => rows),
      tables: parts.map(({ table }) => table),
      notes: ['The load is on a core of its own, weir and the subscribers where they like.'],
    }
  } finally {
    await daemon.stop()
    await load.stop()
  }
}

export const bench: Bench = {
  name: 'subscriptions',
  rows: [
    {
      id: 'delay',
      work: 'an exchange reaches its subscriber after its end, at 2,000 exchanges/s',
      target: 'p99 <= 50 ms',
      limits:
        'Batches of copies are up to 10 ms old, commits 25 ms apart. The rate is the one that was reached: where load, proxy and subscriber share two cores it may be less than asked for, and the delay is then the wait for a core.',
    },
    { id: 'idle', work: '200 subscribers of a session without traffic: capture rate of another', target: '> 0.98 x without', limits: '' },
    {
      id: 'never',
      work: '200 subscribers whose query never matches: capture rate',
      target: '> 0.98 x without',
      limits: 'One reading of each page for all of them.',
    },
    { id: 'paused', work: 'a subscriber that reads nothing: memory', target: '<= 8 MB above one that reads', limits: '' },
  ],
  run,
}
