/** Promise: a request that a browser told of is never taken for another one; what can be only one is found; nothing appears twice without a link. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Decision, Matcher } from '../../../daemon/capture/browser/matcher.ts'
import { type Browsing, browsing, type News, type SeenInWorld, startedAt, type WireInWorld, worldOf } from './browsing.ts'

type Said = Decision<SeenInWorld, WireInWorld>

interface Played {
  said: Said[]
  sightings: SeenInWorld[]
  wires: WireInWorld[]
  isPending: boolean
}

/** Everything is heard when it is heard, and every 100 ms it is decided. */
function play(plan: Browsing): Played {
  const { heard, sightings, wires } = worldOf(plan)
  const matcher = new Matcher<SeenInWorld, WireInWorld>(startedAt)
  const said: Said[] = []
  let order = 0
  let next = 0
  let read = 0
  const hear = (news: News, now: number) => {
    switch (news.kind) {
      case 'saw':
        news.sighting.heardAt = now
        matcher.saw(news.sighting)
        return
      case 'answered':
        if (!news.sighting.isProxied) {
          matcher.withdraw(news.sighting)
          return
        }
        Object.assign(news.sighting, { heardAt: now, answeredAt: news.at, connection: news.connection })
        matcher.changed(news.sighting)
        return
      case 'ended':
        Object.assign(news.sighting, { heardAt: now, endedAt: news.at, connection: news.connection })
        matcher.changed(news.sighting)
        return
      case 'told':
        matcher.told('browser', news.connection, news.port)
        return
      case 'passed':
        news.wire.heardAt = now
        matcher.passed(news.wire)
        return
      case 'wireAnswered':
        Object.assign(news.wire, { answeredAt: news.at, order: ++order })
        matcher.changed(news.wire)
        return
      case 'wireEnded':
        Object.assign(news.wire, { endedAt: news.at, isCut: news.isCut, heardAt: now })
        matcher.changed(news.wire)
    }
  }
  const end = (heard.at(-1)?.heardAt ?? startedAt) + 20_000
  let lastWire = 0
  for (let now = startedAt; now < end; now += 100) {
    for (let at = heard[next]; at !== undefined && at.heardAt <= now; at = heard[++next]) {
      hear(at.news, at.heardAt)
      if (!isOfWire(at.news)) continue
      read = at.at
      lastWire = at.heardAt
    }
    said.push(...matcher.decide(now, now - lastWire > 500 ? Math.max(read, now - 500) : read))
  }
  return { said, sightings, wires, isPending: matcher.isPending }
}

const isOfWire = ({ kind }: News) => kind === 'passed' || kind === 'wireAnswered' || kind === 'wireEnded'

const of = <Kind extends Said['kind']>(said: Said[], kind: Kind) =>
  said.filter((one): one is Extract<Said, { kind: Kind }> => one.kind === kind)

describe('requests of a browser, identical ones, cut, resent, from caches, beside those of others, told late', () => {
  it('are never taken for others', () => {
    fc.assert(
      fc.property(browsing(), (plan) => {
        const { said } = play(plan)
        for (const { sighting, wire } of of(said, 'same')) expect(wire.name).toBe(sighting.truth?.name)
        for (const { sighting, earlier } of of(said, 'resent')) expect(sighting.vain.map(({ name }) => name)).toContain(earlier.name)
      }),
      { numRuns: 3_000 },
    )
  })

  it('are one exchange, or two that are linked', () => {
    fc.assert(
      fc.property(browsing(), (plan) => {
        const { said, sightings, isPending } = play(plan)
        expect(isPending).toBe(false)
        const same = of(said, 'same')
        const apart = of(said, 'apart')
        for (const sighting of sightings) {
          if (!sighting.isProxied) continue
          const times = [...same, ...apart].filter((one) => one.sighting === sighting)
          expect([sighting.name, times.length]).toEqual([sighting.name, 1])
          const shown = apart.find((one) => one.sighting === sighting)
          if (shown === undefined || sighting.truth === null) continue
          expect(shown.givenUp).toBe(false)
          const unlinked = of(said, 'unlinked').filter((one) => one.sighting === sighting)
          const links = shown.candidates.filter((wire) => !unlinked.some((other) => other.wire === wire))
          expect(links.map(({ name }) => name)).toContain(sighting.truth.name)
        }
      }),
      { numRuns: 1_500 },
    )
  })

  it('let go of every exchange of the proxy, once', () => {
    fc.assert(
      fc.property(browsing(), (plan) => {
        const { said, wires } = play(plan)
        for (const wire of wires) {
          const ends = said.filter(
            (one) =>
              (one.kind === 'settled' && one.wire === wire) ||
              (one.kind === 'free' && one.wire === wire) ||
              (one.kind === 'resent' && one.earlier === wire),
          )
          expect([wire.name, ends.length]).toEqual([wire.name, 1])
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('what can be only one is found', () => {
  it('where each URL is asked for once, however little the browser says', () => {
    const once = browsing({ keys: 1, fate: fc.constant('answered') }).map((plan) => ({
      ...plan,
      plans: plan.plans.map((one, key) => ({ ...one, key })),
    }))
    fc.assert(
      fc.property(once, (plan) => {
        const { said, sightings } = play(plan)
        expect(of(said, 'same')).toHaveLength(sightings.length)
      }),
      { numRuns: 500 },
    )
  })

  it('of identical requests, by the order of their answers on each connection', () => {
    const identical = browsing({ keys: 1, fate: fc.constant('answered') }).map((plan) => ({ ...plan, telling: 'port' as const }))
    fc.assert(
      fc.property(identical, (plan) => {
        const { said, sightings } = play(plan)
        expect(of(said, 'same')).toHaveLength(sightings.length)
      }),
      { numRuns: 500 },
    )
  })

  it('where a browser gave up what it had sent, whether it says so or not', () => {
    const given = fc.constantFrom('answered' as const, 'cut' as const)
    const apart = browsing({ keys: 1, fate: given }).map((plan) => ({
      ...plan,
      telling: 'port' as const,
      plans: plan.plans.map((one, key) => ({ ...one, key })),
    }))
    fc.assert(
      fc.property(apart, (plan) => {
        const { said, sightings } = play(plan)
        expect(of(said, 'same')).toHaveLength(sightings.length)
      }),
      { numRuns: 300 },
    )
  })

  it('all that every possible assignment has in common, where ports are told', () => {
    fc.assert(
      fc.property(
        browsing({ keys: 2 }).map((plan) => ({ ...plan, telling: 'port' as const, plans: plan.plans.slice(0, 12) })),
        (plan) => {
          const { said, sightings, wires } = play(plan)
          const found = new Map(of(said, 'same').map(({ sighting, wire }) => [sighting.name, wire.name]))
          for (const [sighting, wire] of unique(sightings, wires)) expect([sighting, found.get(sighting)]).toEqual([sighting, wire])
        },
      ),
      { numRuns: 500 },
    )
  })
})

/** Sighting -> wire, by trying all assignments that keep the order of answers on each connection. */
function unique(sightings: SeenInWorld[], wires: WireInWorld[]): Map<string, string> {
  const certain = new Map<string, string>()
  const groups = Map.groupBy(
    sightings.filter(({ answeredAt, isProxied }) => isProxied && answeredAt > 0),
    ({ key, connection }) => `${key} ${connection}`,
  )
  for (const group of groups.values()) {
    group.sort((a, b) => a.answeredAt - b.answeredAt)
    const [{ key, connection }] = group as [SeenInWorld]
    const answers = wires
      .filter((wire) => wire.key === key && wire.port === 50_000 + (connection ?? 0) && wire.answeredAt > 0)
      .sort((a, b) => a.order - b.order)
    const ways: WireInWorld[][] = []
    const extend = (way: WireInWorld[], from: number) => {
      const sighting = group[way.length]
      if (sighting === undefined) {
        ways.push(way)
        return
      }
      answers.forEach((wire, place) => {
        const isPossible = place >= from && wire.at >= sighting.at - 30 && wire.at <= sighting.answeredAt + 30
        if (isPossible) extend([...way, wire], place + 1)
      })
    }
    extend([], 0)
    group.forEach((sighting, index) => {
      const possible = new Set(ways.map((way) => way[index]?.name as string))
      if (possible.size === 1) certain.set(sighting.name, [...possible][0] as string)
    })
  }
  return certain
}

describe('bounds', () => {
  const sighting = (name: string, at: number): SeenInWorld => ({
    name,
    source: 'browser',
    key: 'GET /',
    at,
    heardAt: at,
    connection: null,
    answeredAt: 0,
    endedAt: 0,
    incomplete: false,
    status: 0,
    shown: false,
    isProxied: true,
    truth: null,
    vain: [],
  })
  const wire = (name: string, at: number): WireInWorld => ({
    name,
    key: 'GET /',
    at,
    heardAt: at,
    port: 50_000,
    connection: 1,
    answeredAt: at + 1,
    order: at,
    endedAt: at + 2,
    isCut: false,
    status: 0,
    truth: null,
  })

  it('the oldest requests are given up, and say so', () => {
    const matcher = new Matcher<SeenInWorld, WireInWorld>(0, { sightings: 2, wires: 10 })
    for (let number = 1; number <= 5; number++) matcher.saw(sighting(`${number}`, 1_000 * number))
    const said = matcher.decide(6_000, 6_000)
    expect(said).toMatchObject([1, 2, 3].map((number) => ({ kind: 'apart', givenUp: true, sighting: { name: `${number}` } })))
  })

  it('when the oldest exchanges of the proxy are given up, no request that may be one of them is taken for another', () => {
    const matcher = new Matcher<SeenInWorld, WireInWorld>(0, { sightings: 10, wires: 1 })
    const request = sighting('request', 1_000)
    matcher.saw(request)
    matcher.passed(wire('own', 1_001))
    matcher.passed(wire('other', 1_010))
    Object.assign(request, { answeredAt: 1_020 })
    matcher.changed(request)
    expect(matcher.decide(2_000, 2_000)).toMatchObject([{ kind: 'free', wire: { name: 'own' } }])
    expect(matcher.decide(9_000, 9_000)).toMatchObject([
      { kind: 'apart', givenUp: true, candidates: [{ name: 'other' }] },
      { kind: 'free' },
    ])
    expect(matcher.isPending).toBe(false)
  })

  it('a request that was told too late is not taken for what passed later', () => {
    const matcher = new Matcher<SeenInWorld, WireInWorld>(0)
    matcher.passed(wire('own', 1_000))
    expect(matcher.decide(7_000, 7_000)).toMatchObject([{ kind: 'free' }])
    const request = { ...sighting('request', 999), heardAt: 8_000, answeredAt: 7_999 }
    matcher.passed(wire('other', 7_500))
    matcher.saw(request)
    expect(matcher.decide(12_000, 12_000)).toMatchObject([{ kind: 'apart', givenUp: true, candidates: [{ name: 'other' }] }])
  })
})
