/** Promise of session/overview: its groups are those that adding up the exchanges one by one gives. */
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { KeyGroups } from '../../daemon/session/grouping.ts'
import { PathGroups } from '../../daemon/session/path-groups.ts'
import { SessionOverview } from '../../daemon/session/session-overview.ts'
import { addDuration, addDurations, noDurations, quantiles } from '../../daemon/store/overview/durations.ts'
import { Reader } from '../../daemon/store/reader.ts'
import type { ExchangeRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { splitAuthority } from '../../sdk/authority.ts'
import { MediaTypes } from '../../sdk/media-type.ts'
import type { ExchangeStatistics, OverviewGroup } from '../../sdk/overview-group.ts'
import type { OverviewKey } from '../../sdk/overview-keys.ts'
import { temporaryHome } from '../support/home.ts'
import { anyRecord } from '../support/records.ts'

type By = Exclude<OverviewKey, 'path'>
type KeyOf = (record: ExchangeRecord) => string | null

const types = new MediaTypes()
const keys: { [B in By]: KeyOf } = {
  host: ({ authority }) => splitAuthority(authority).host,
  method: ({ method }) => method,
  status: ({ status }) => (status === 0 ? null : String(status)),
  type: ({ status, responseFields }) => {
    const found = responseFields?.fields.filter(([name]) => name.toLowerCase() === 'content-type') ?? []
    return (status !== 0 && found.map(([, value]) => types.parse(value).essence).find((essence) => essence !== '')) || null
  },
  process: ({ connection }) => connection.client?.process?.name ?? null,
}

const contentTypes = fc.constantFrom('application/json', 'APPLICATION/JSON; charset=utf-8', 'text/html', 'nothing', '"', '\\', '')
const record = fc
  .tuple(anyRecord, fc.array(fc.tuple(fc.constantFrom('Content-Type', 'content-type'), contentTypes), { maxLength: 2 }))
  .map(([base, fields]) => ({
    ...base,
    connection: {
      ...base.connection,
      client: base.connection.client && { ...base.connection.client, process: { pid: 7, name: base.method, path: null } },
    },
    responseFields: base.responseFields && { fields: [...base.responseFields.fields, ...fields] },
  }))

const microseconds = ({ startedAt, endedAt }: ExchangeRecord) => Math.round(endedAt * 1000) - Math.round(startedAt * 1000)
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

/** The duration that this share does not exceed. */
const exactQuantile = (durations: readonly number[], share: number) =>
  durations.toSorted((a, b) => a - b)[Math.ceil(share * durations.length) - 1] ?? Number.NaN

function expectStatistics({ durationMs, ...counts }: ExchangeStatistics, records: readonly ExchangeRecord[]): void {
  expect(counts).toMatchObject({
    exchanges: records.length,
    failed: records.filter(({ state }) => state === 'failed').length,
    bytesSent: sum(records.map(({ requestBody, sentUnkept }) => (requestBody?.size ?? 0) + sentUnkept)),
    bytesReceived: sum(records.map(({ responseBody, receivedUnkept }) => (responseBody?.size ?? 0) + receivedUnkept)),
  })
  const durations = records.map(microseconds)
  for (const [share, found] of [
    [0.5, durationMs?.p50],
    [0.9, durationMs?.p90],
    [0.99, durationMs?.p99],
  ] as const) {
    const exact = exactQuantile(durations, share) / 1000
    expect(Math.abs((found ?? Number.NaN) - exact), `${share}`).toBeLessThanOrEqual(exact / 100)
  }
  expect(durationMs?.max).toBe(Math.max(...durations) / 1000)
}

it('the groups of any session are what adding up gives, and so are the rest and the total', async () => {
  const home = await temporaryHome()
  let files = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(...(Object.keys(keys) as By[])),
      async (made, by) => {
        const path = join(home, `${files++}.weir`)
        const file = SessionFile.open(path, { create: true })
        const records = made.map((record) => ({ ...record, seq: file.nextSeq() }))
        file.commit(records, [])
        const reader = new Reader(path)
        const wanted: unknown[] = []
        const readers = { run: async (_: string, { where, after }: { where: string; after: number }) => reader.overview(where, by, after) }
        const overviews = new SessionOverview(
          readers as never,
          { settled: async () => ({ file: path }) } as never,
          { want: (...what: unknown[]) => wanted.push(what) } as never,
        )
        const overview = (limit: number) => overviews.overview({ sessionId: 's', by, limit }, new AbortController().signal)

        const { groups, total, rest } = await overview(1000)
        const grouped = Map.groupBy(records, keys[by])
        expect(new Set(groups.map(({ key }) => key))).toEqual(new Set(grouped.keys()))
        for (const group of groups) expectStatistics(group, grouped.get(group.key) ?? [])
        expect(groups.map(({ exchanges }) => exchanges)).toEqual([...grouped.values()].map(({ length }) => length).sort((a, b) => b - a))
        expectStatistics(total, records)
        expect(wanted).toEqual([['columns', path, records.length]])
        expect(rest).toBeUndefined()

        const largest = await overview(1)
        expect(largest.groups).toEqual(groups.slice(0, 1))
        const sumOf = (name: 'exchanges' | 'failed' | 'bytesSent' | 'bytesReceived') => sum(groups.slice(1).map((group) => group[name]))
        if (groups.length === 1) expect(largest.rest).toBeUndefined()
        else {
          expect(largest.rest).toEqual({
            groups: groups.length - 1,
            exchanges: sumOf('exchanges'),
            failed: sumOf('failed'),
            bytesSent: sumOf('bytesSent'),
            bytesReceived: sumOf('bytesReceived'),
          })
        }
        reader.close()
        file.close()
      },
    ),
    { numRuns: 25 },
  )
})

it('quantiles are the exact ones to within 1 %, also when the durations were added up in two parts', () => {
  const duration = fc.oneof(fc.nat(200), fc.nat(1e9), fc.maxSafeNat())
  fc.assert(
    fc.property(
      fc.array(duration, { minLength: 1 }),
      fc.array(duration),
      fc.double({ min: 0.001, max: 1, noNaN: true }),
      (one, other, share) => {
        const [whole, part] = [noDurations(), noDurations()]
        for (const each of one) addDuration(whole, each)
        for (const each of other) addDuration(part, each)
        addDurations(whole, part)
        const all = [...one, ...other]
        const [found = Number.NaN, last] = quantiles(whole, [share, 1])
        const exact = exactQuantile(all, share)
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact < 128 ? 0 : exact / 100)
        expect(last).toBeLessThanOrEqual(Math.max(...all))
        expect(whole).toMatchObject({ count: all.length, longest: Math.max(...all) })
      },
    ),
  )
})

it('paths are grouped alike in whatever order they come, and none is lost', () => {
  const word = fc.oneof(
    fc.constantFrom('a', 'b', '{id}', '{date}', ''),
    fc.nat(60).map((number) => `w${String.fromCharCode(97 + (number % 26))}${number}`),
  )
  const path = fc
    .tuple(fc.constantFrom('a.test', 'b.test:81'), fc.array(word, { maxLength: 3 }))
    .map(([host, words]) => [host, ...words].join('/'))
  const grouped = (paths: readonly string[]): OverviewGroup[] => {
    const groups = new PathGroups()
    for (const each of paths) groups.of(each).exchanges++
    expect(groups.overflow.exchanges).toBe(0)
    return [...groups.groups()]
      .map(([key, { exchanges }]) => ({ key, exchanges }) as OverviewGroup)
      .sort((a, b) => ((a.key ?? '') < (b.key ?? '') ? -1 : 1))
  }
  fc.assert(
    fc.property(
      fc
        .array(path, { size: 'max', maxLength: 600 })
        .chain((paths) => fc.tuple(fc.constant(paths), fc.shuffledSubarray(paths, { minLength: paths.length }))),
      ([paths, shuffled]) => {
        const groups = grouped(paths)
        expect(grouped(shuffled)).toEqual(groups)
        expect(sum(groups.map(({ exchanges }) => exchanges))).toBe(paths.length)
      },
    ),
    { numRuns: 40 },
  )
})

it('more groups than can be told apart are counted', () => {
  for (const groups of [new KeyGroups(), new PathGroups()]) {
    // Fifty words in a place are an API's: 40 hosts of 40 folders with 40 files are 64,000 paths.
    for (let number = 0; number < 64_000; number++)
      groups.of([`h${number % 40}`, `f${Math.floor(number / 40) % 40}`, `f${Math.floor(number / 1600)}`].join('/')).exchanges++
    const all = [...groups.groups().values()]
    expect(all.length).toBeGreaterThanOrEqual(10_000)
    expect(all.length).toBeLessThanOrEqual(30_000)
    expect(sum(all.map(({ exchanges }) => exchanges)) + groups.overflow.exchanges).toBe(64_000)
  }
})
