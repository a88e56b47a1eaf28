/**
 * A browser and a proxy between which hostile things happen, at random: what each of them tells, when that is heard, and what is true of it. Times: ms, on one clock.
 */
import fc from 'fast-check'
import type { Sighting, Wire } from '../../../daemon/capture/browser/sightings.ts'

export const startedAt = 1_000_000

export interface SeenInWorld extends Sighting {
  name: string
  isProxied: boolean
  /** The wire that it is in truth. */
  truth: WireInWorld | null
  /** Earlier ones, in vain. */
  vain: WireInWorld[]
}
export interface WireInWorld extends Wire {
  name: string
  truth: SeenInWorld | null
}

export type News =
  | { kind: 'saw'; sighting: SeenInWorld }
  | { kind: 'answered'; sighting: SeenInWorld; at: number; connection: number | null }
  | { kind: 'ended'; sighting: SeenInWorld; at: number; connection: number | null }
  | { kind: 'told'; connection: number; port: number }
  | { kind: 'passed'; wire: WireInWorld }
  | { kind: 'wireAnswered'; wire: WireInWorld; at: number }
  | { kind: 'wireEnded'; wire: WireInWorld; at: number; isCut: boolean }

export interface Heard {
  heardAt: number
  /** When it happened. */
  at: number
  news: News
}

export interface World {
  /** By when it is heard. */
  heard: Heard[]
  sightings: SeenInWorld[]
  wires: WireInWorld[]
}

/** How a browser says which connection is which: by port (NetLog, a tag), by a number only, not at all. */
export type Telling = 'port' | 'number' | 'nothing'

interface RequestPlan {
  key: number
  connection: number
  afterMs: number
  toProxyMs: number
  answerMs: number
  toBrowserMs: number
  /** What becomes of it. `lost`: given up before it was sent. `cut`: given up when it had been sent; `late`: when the answer was on its way. */
  fate: 'answered' | 'cached' | 'lost' | 'cut' | 'cutAgain' | 'late' | 'resent' | 'unseen' | 'foreign'
  sightDelayMs: number
}

const fates = fc.constantFrom<RequestPlan['fate']>(
  'answered',
  'answered',
  'answered',
  'answered',
  'cached',
  'lost',
  'cut',
  'cutAgain',
  'late',
  'resent',
  'unseen',
  'foreign',
)

const ms = (most: number) => fc.integer({ min: 0, max: most * 10 }).map((tenths) => tenths / 10)

const planned = (fate: fc.Arbitrary<RequestPlan['fate']>, keys: number): fc.Arbitrary<RequestPlan> =>
  fc.record({
    key: fc.nat(keys - 1),
    connection: fc.nat(3),
    afterMs: ms(20),
    toProxyMs: ms(5),
    answerMs: ms(60),
    toBrowserMs: ms(5),
    fate,
    sightDelayMs: ms(700),
  })

/** @param options `keys`: so many different URLs; `fate`: what becomes of requests; hostile ones when absent */
export const browsing = ({ keys = 3, fate = fates }: { keys?: number; fate?: fc.Arbitrary<RequestPlan['fate']> } = {}) =>
  fc.record({
    plans: fc.array(planned(fate, keys), { minLength: 1, maxLength: 25 }),
    telling: fc.constantFrom<Telling>('port', 'number', 'nothing'),
    /** It says over which connection it had sent what it gave up. */
    saysSent: fc.boolean(),
    wireDelayMs: ms(200),
    /** Clocks of browser and proxy. */
    skewMs: fc.integer({ min: -8, max: 8 }),
  })
export type Browsing = ReturnType<typeof browsing> extends fc.Arbitrary<infer T> ? T : never

/** The same order of first heads on both sides of each connection, nothing before its cause; deliveries as late as they may be. */
export function worldOf({ plans, telling, saysSent, wireDelayMs, skewMs }: Browsing): World {
  const givesUpAloud = telling === 'port' && saysSent
  const heard: Heard[] = []
  const sightings: SeenInWorld[] = []
  const wires: WireInWorld[] = []
  const lastAnswers = new Map<number, { wire: number; seen: number }>()
  let now = startedAt + 1_000
  let order = 0
  const wireNews: { at: number; news: News }[] = []
  const wireOf = (plan: RequestPlan, at: number, truth: SeenInWorld | null, connection: number): WireInWorld => {
    const wire: WireInWorld = {
      name: `wire ${wires.length}`,
      key: `GET /${plan.key}`,
      at,
      heardAt: 0,
      port: 50_000 + connection,
      connection: 100 + connection,
      answeredAt: 0,
      order: 0,
      endedAt: 0,
      isCut: false,
      status: 0,
      truth,
    }
    wires.push(wire)
    wireNews.push({ at, news: { kind: 'passed', wire } })
    return wire
  }
  /** When the head passes the proxy, and comes to the browser: never before those that went before on the connection. */
  const answerOf = (plan: RequestPlan, from: number, connection: number) => {
    const last = lastAnswers.get(connection) ?? { wire: 0, seen: 0 }
    const wire = Math.max(from + plan.answerMs, last.wire + 0.01)
    const seen = Math.max(wire + plan.toBrowserMs, last.seen + 0.01)
    lastAnswers.set(connection, { wire, seen })
    return { wire, seen }
  }
  for (const plan of plans) {
    now += plan.afterMs
    const isForeign = plan.fate === 'foreign'
    const connection = isForeign ? 40 : plan.connection
    if (isForeign || plan.fate === 'unseen') {
      const wire = wireOf(plan, now, null, connection)
      const answer = answerOf(plan, now, connection)
      wireNews.push({ at: answer.wire, news: { kind: 'wireAnswered', wire, at: answer.wire } })
      wireNews.push({ at: answer.wire + 1, news: { kind: 'wireEnded', wire, at: answer.wire + 1, isCut: false } })
      continue
    }
    const sighting: SeenInWorld = {
      name: `sighting ${sightings.length}`,
      source: 'browser',
      key: `GET /${plan.key}`,
      at: now + skewMs,
      heardAt: 0,
      connection: null,
      answeredAt: 0,
      endedAt: 0,
      incomplete: false,
      status: 0,
      shown: false,
      isProxied: plan.fate !== 'cached',
      truth: null,
      vain: [],
    }
    sightings.push(sighting)
    const tell = (at: number, news: News) => heard.push({ at, heardAt: at + plan.sightDelayMs, news })
    tell(now, { kind: 'saw', sighting })
    const number = telling === 'nothing' ? null : connection
    if (plan.fate === 'cached') tell(now + 1, { kind: 'answered', sighting, at: now + 1 + skewMs, connection: null })
    else if (plan.fate === 'lost')
      tell(now + plan.answerMs, { kind: 'ended', sighting, at: now + plan.answerMs + skewMs, connection: null })
    else {
      let sentAt = now + plan.toProxyMs
      if (plan.fate === 'resent' || plan.fate === 'cutAgain') {
        const vain = wireOf(plan, sentAt, sighting, connection)
        sighting.vain.push(vain)
        wireNews.push({ at: sentAt + 2, news: { kind: 'wireEnded', wire: vain, at: sentAt + 2, isCut: true } })
        sentAt += 3
      }
      const wire = wireOf(plan, sentAt, sighting, connection)
      sighting.truth = wire
      if (plan.fate === 'cut' || plan.fate === 'cutAgain') {
        wireNews.push({ at: sentAt + plan.answerMs, news: { kind: 'wireEnded', wire, at: sentAt + plan.answerMs, isCut: true } })
        const at = sentAt + plan.answerMs
        tell(at, { kind: 'ended', sighting, at: at + skewMs, connection: givesUpAloud ? number : null })
      } else {
        const answer = answerOf(plan, sentAt, connection)
        wireNews.push({ at: answer.wire, news: { kind: 'wireAnswered', wire, at: answer.wire } })
        wireNews.push({ at: answer.wire + 1, news: { kind: 'wireEnded', wire, at: answer.wire + 1, isCut: false } })
        const isLate = plan.fate === 'late'
        if (isLate) tell(answer.seen, { kind: 'ended', sighting, at: answer.seen + skewMs, connection: givesUpAloud ? number : null })
        else tell(answer.seen, { kind: 'answered', sighting, at: answer.seen + skewMs, connection: number })
      }
      if (telling === 'port') tell(now, { kind: 'told', connection, port: 50_000 + connection })
    }
  }
  // What passed comes in the order in which it happened.
  wireNews.sort((a, b) => a.at - b.at)
  for (const { at, news } of wireNews) {
    if (news.kind === 'wireAnswered') news.wire.order = ++order
    heard.push({ at, heardAt: at + wireDelayMs, news })
  }
  heard.sort((a, b) => a.heardAt - b.heardAt)
  for (const wire of wires) wire.order = 0
  return { heard, sightings, wires }
}
