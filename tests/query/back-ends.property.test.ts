/** Promise of the query language: it means the same for an exchange that passes, one on the wire, one in a session file and one of which columns tell. */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LiveExchange } from '../../daemon/capture/live-exchange.ts'
import { ColumnWriter } from '../../daemon/store/columns/column-writer.ts'
import { Reader } from '../../daemon/store/reader.ts'
import type { ExchangeRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import type { Exchange, Headers } from '../../sdk/model.ts'
import { compilePredicate, matches } from '../../sdk/query/predicate.ts'
import { type BodyOf, printQuery, type Query, queryPredicate } from '../../sdk/query.ts'
import { temporaryHome } from '../support/home.ts'
import { anyRecord, newBodyOf } from '../support/records.ts'
import { anyQuery } from './any-query.ts'

const header: fc.Arbitrary<[string, string]> = fc.oneof(
  fc.tuple(
    fc.constantFrom('Content-Type', 'content-type'),
    fc.constantFrom('application/json', 'text/html; charset=utf-8', 'image/png', 'a b', 'application/grpc', ''),
  ),
  fc.tuple(fc.constantFrom('X-ID', 'x-id', 'a', 'we:ird', 'with "quotes"'), fc.constantFrom('42', '4', 'a', 'x y', '"', '\\', 'é', '')),
  fc.tuple(fc.constantFrom('Cookie', 'Set-Cookie', 'set-cookie'), fc.constantFrom('a=1', 'a=b; x-id=42', 'x-id = "q" ; path=/', 'none')),
)
const more = fc.array(header, { maxLength: 4 })
const paths = fc.constantFrom('/x', '/x?a=1&b=2', '/a%20b?x-id=x+y&x-id=4', '/test/1..5', '*', '')
const bodies = fc.constantFrom('{"a":1,"items":[{"id":42},{"id":"x"}],"a.b":null}', '[1,2]', 'text a.test', '', 'é', '\u0000\u00ff1')

const record: fc.Arbitrary<ExchangeRecord> = fc
  .tuple(anyRecord, more, more, fc.option(paths), fc.option(bodies), fc.constantFrom('GET', 'get', 'POST'), fc.boolean(), fc.nat(3))
  .map(([base, sent, received, path, body, method, zipped, stream]) => {
    const bytes = Buffer.from(body ?? '')
    const coding: Headers = zipped ? [['Content-Encoding', 'gzip']] : []
    return {
      ...base,
      ...(path !== null && { path, method, stream }),
      requestFields: { fields: [...base.requestFields.fields, ...sent] },
      responseFields: base.responseFields && { fields: [...base.responseFields.fields, ...received, ...coding] },
      ...(body !== null && { responseBody: newBodyOf([zipped && base.responseFields ? gzipSync(bytes) : bytes]) }),
    }
  })

const live = (record: ExchangeRecord): LiveExchange => {
  const { kind, connection, origin, startedAt, method, scheme, authority, path, requestVersion, requestFields } = record
  const exchange = new LiveExchange(kind, connection, origin, startedAt, method, scheme, authority, path, requestVersion, requestFields)
  return Object.assign(exchange, record)
}

function makeColumns(file: string): void {
  const writer = new ColumnWriter(file)
  while (writer.step());
  writer.close()
}

const seqsOf = (items: Exchange[]) => items.map(({ seq }) => seq)

// On a busy machine a slice may end before its page.
function bySeq(reader: Reader, where: string, order: 'asc' | 'desc'): number[] {
  const found: number[] = []
  const query = { order, limit: 100, where }
  const nextOf = (next: number) => (order === 'asc' ? { after: next, before: null } : { after: null, before: next })
  let page = reader.list({ ...query, after: null, before: null }, 's')
  for (; page.more; page = reader.list({ ...query, ...nextOf(page.next) }, 's')) found.push(...seqsOf(page.items))
  return [...found, ...seqsOf(page.items)]
}

function byChange(reader: Reader, where: string): number[] {
  const found: number[] = []
  let page = reader.changes({ since: 0, limit: 100, where }, 's')
  for (; page.more; page = reader.changes({ since: page.change, limit: 100, where }, 's')) found.push(...seqsOf(page.items))
  return [...found, ...seqsOf(page.items)]
}

function counted(reader: Reader, where: string): number {
  let total = 0
  for (let after: number | null = 0; after !== null; ) {
    const slice = reader.count(where, after)
    total += slice.count
    after = slice.next
  }
  return total
}

it('all back ends find the same exchanges, for any of them and any query, however far the columns have come', async () => {
  const home = await temporaryHome()
  let files = 0
  let found = 0
  let asked = 0
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 8 }),
      fc.array(anyQuery, { minLength: 1, maxLength: 12 }),
      fc.nat(8),
      (records, queries, inColumns) => {
        const path = join(home, `${++files}.weir`)
        const file = SessionFile.open(path, { create: true })
        for (const each of records) each.seq = file.nextSeq()
        file.commit(records.slice(0, inColumns), [])
        if (inColumns > 0) makeColumns(path)
        file.commit(records.slice(inColumns), [])
        const reader = new Reader(path)
        try {
          for (const query of queries) {
            const where = printQuery(query)
            const expected = byPredicate(query, records, reader)
            expect(bySeq(reader, where, 'asc'), where).toEqual(expected)
            expect(bySeq(reader, where, 'desc'), where).toEqual(expected.toReversed())
            expect(byChange(reader, where), where).toEqual(expected)
            expect(counted(reader, where), where).toBe(expected.length)
            found += expected.length
            asked += records.length
          }
        } finally {
          reader.close()
          file.close()
        }
      },
    ),
    { numRuns: 50, endOnFailure: true },
  )
  // Neither all of them nor none: the queries tell exchanges apart.
  expect(found / asked).toBeGreaterThan(0.1)
  expect(found / asked).toBeLessThan(0.9)
})

/** Of those that pass and of those on the wire, which must agree as well. */
function byPredicate(query: Query, records: ExchangeRecord[], reader: Reader): number[] {
  const onWire = queryPredicate(query)
  const decide = compilePredicate(query)
  return records
    .filter((each) => {
      const bodyOf: BodyOf = (part) => reader.searchable(each.seq, part)
      const decided = matches(decide, live(each), bodyOf)
      expect(onWire(reader.get(each.seq, 's'), bodyOf), printQuery(query)).toBe(decided)
      return decided
    })
    .map(({ seq }) => seq)
}
