import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openForReading } from '../../daemon/store/database.ts'
import { IndexFile } from '../../daemon/store/index/index-file.ts'
import { Needle } from '../../daemon/store/index/needle.ts'
import { PostingsBuilder, unitsWith } from '../../daemon/store/index/postings.ts'
import { SearchableTexts } from '../../daemon/store/index/searchable-text.ts'
import { TextIndexer } from '../../daemon/store/index/text-indexer.ts'
import { type TextQuery, TextSearch } from '../../daemon/store/index/text-search.ts'
import { bucketsOf } from '../../daemon/store/index/trigrams.ts'
import { Reader } from '../../daemon/store/reader.ts'
import type { MessageRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { indexPath } from '../../daemon/store/session-path.ts'
import type { SearchHit, TextPart } from '../../sdk/search-hit.ts'
import { temporaryHome } from '../support/home.ts'
import { recorded, recordedBody, recordSession } from '../support/recorded.ts'

/** All hits, newest first. */
function search(reader: Reader, text: string, more: Partial<TextQuery> = {}): SearchHit[] {
  const hits: SearchHit[] = []
  for (let before = Number.MAX_SAFE_INTEGER; before > 0; ) {
    const slice = reader.search({ text, caseSensitive: false, parts: null, before, limit: 1000, ...more })
    hits.push(...slice.hits)
    before = slice.before
  }
  return hits
}

const seqs = (hits: SearchHit[]): number[] => hits.map(({ seq }) => seq)

/** Also of segments that are too small to be worth it. */
function makeIndex(file: string, now?: () => number): void {
  const indexer = new TextIndexer(file, 0, now)
  while (indexer.step());
  indexer.close()
}

function openReader(file: string): Reader {
  const reader = new Reader(file)
  onTestFinished(() => reader.close())
  return reader
}

const withBody = (seq: number, body: string | Buffer, type = 'text/plain', more: [string, string][] = []) =>
  recorded(seq, { responseFields: { fields: [['Content-Type', type], ...more] }, responseBody: recordedBody(Buffer.from(body)) })

describe('postings', () => {
  it('tell in which units something may be: always where it is', () => {
    const unit = fc.array(fc.string({ unit: fc.constantFrom(...'abcAB é€'), maxLength: 12 }), { maxLength: 4 })
    fc.assert(
      fc.property(
        fc.array(unit, { maxLength: 40 }),
        fc.string({ unit: fc.constantFrom(...'abcAB é€'), minLength: 1, maxLength: 5 }),
        (units, needle) => {
          const builder = new PostingsBuilder()
          for (const texts of units) {
            for (const text of texts) builder.add(Buffer.from(text))
            builder.endUnit()
          }
          const bytes = builder.encode()
          const buckets = bucketsOf(Buffer.from(needle))
          fc.pre(buckets.length > 0)
          const found = unitsWith(buckets, (offset, length) => bytes.subarray(offset, offset + length))
          const holding = units.flatMap((texts, at) => (texts.some((text) => text.includes(needle)) ? [at] : []))
          expect(found).toEqual([...found].sort((a, b) => a - b))
          expect(holding.filter((at) => !found.includes(at))).toEqual([])
        },
      ),
    )
  })
})

describe('an index file', () => {
  it('keeps what was appended, and forgets a block that is not whole', async () => {
    const path = join(await temporaryHome(), 'x.idx')
    const file = IndexFile.open(path, 'write')
    file.append(1, { name: 'one' }, Buffer.from('first'))
    file.append(2, { name: 'two' }, Buffer.from('second'))
    file.close()
    const whole = readFileSync(path)
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(path, whole)
      truncateSync(path, length)
      const again = IndexFile.open(path, 'write')
      const names = [1, 2]
        .flatMap((kind) => again.blocks<{ name: string }>(kind))
        .map(({ about, offset, length: size }) => [about.name, again.read(offset, size).toString()])
      const complete = [['one', 'first'], ...(length === whole.length ? [['two', 'second']] : [])]
      expect(names.every(([name], at) => name === complete[at]?.[0])).toBe(true)
      again.append(3, { name: 'three' }, Buffer.from('third'))
      expect(
        again.blocks<{ name: string }>(3).map(({ about, offset, length: size }) => [about.name, again.read(offset, size).toString()]),
      ).toEqual([['three', 'third']])
      again.close()
    }
  })
})

const packed = (seq: number, text: string) => withBody(seq, gzipSync(text), 'text/plain', [['Content-Encoding', 'gzip']])

function withMessages(seq: number, texts: string[]) {
  const message = (text: string): MessageRecord => ({
    at: 1_700_000_000_000,
    direction: 'received',
    type: 'text',
    text,
    data: null,
    size: Buffer.byteLength(text),
    event: null,
    id: null,
  })
  return recorded(seq, { kind: 'websocket', messages: texts.map(message), messageCount: texts.length })
}

describe('a needle', () => {
  it('is found wherever it stands, in either case of ASCII letters, also across the pieces in which a text is looked at', () => {
    const unit = fc.constantFrom('ab', 'A', 'B', '\u00e9', '-')
    const filling = fc.constantFrom(0, 65_530, 65_536, 131_070)
    fc.assert(
      fc.property(filling, fc.array(unit, { maxLength: 20 }), fc.array(unit, { minLength: 1, maxLength: 4 }), (length, tail, parts) => {
        const text = 'x'.repeat(length) + tail.join('')
        const [needle, folded] = [parts.join(''), (value: string) => value.replace(/[A-Z]/g, (letter) => letter.toLowerCase())]
        const places = (all: string, one: string) => {
          const bytes = Buffer.from(all)
          const found: number[] = []
          for (let at = bytes.indexOf(one); at >= 0; at = bytes.indexOf(one, at + Buffer.byteLength(one))) found.push(at)
          return found
        }
        expect([...new Needle(needle, true).placesIn(Buffer.from(text))]).toEqual(places(text, needle))
        expect([...new Needle(needle, false).placesIn(Buffer.from(text))]).toEqual(places(folded(text), folded(needle)))
      }),
    )
  })
})

describe('a search', () => {
  it('finds a text in URLs, headers, bodies and messages, newest first, with its context', async () => {
    const make = (seq: number) =>
      seq === 2
        ? recorded(seq, { path: '/needle?x=1', requestFields: { fields: [['X-Needle', 'a needle here']] } })
        : withBody(seq, seq === 4 ? 'in the haystack lies the Needle, alone' : 'hay')
    const reader = openReader(recordSession(await temporaryHome(), 5, make).file)
    expect(search(reader, 'needle')).toEqual([
      {
        seq: 4,
        matches: [{ part: 'response.body', position: 25, before: 'in the haystack lies the ', match: 'Needle', after: ', alone' }],
      },
      {
        seq: 2,
        matches: [
          { part: 'url', position: 20, before: 'https://origin.test/', match: 'needle', after: '?x=1' },
          { part: 'request.headers', position: 2, before: 'X-', match: 'Needle', after: ': a needle here\n' },
          { part: 'request.headers', position: 12, before: 'X-Needle: a ', match: 'needle', after: ' here\n' },
        ],
      },
    ])
    expect(seqs(search(reader, 'Needle', { caseSensitive: true }))).toEqual([4, 2])
    expect(seqs(search(reader, 'needle', { caseSensitive: true }))).toEqual([2])
    expect(seqs(search(reader, 'needle', { parts: ['response.body'] as TextPart[] }))).toEqual([4])
    expect(seqs(search(reader, 'nowhere'))).toEqual([])
  })

  it('reads bodies without their Content-Encoding and in their charset; bytes that are no text are passed over', async () => {
    const bodies: ReturnType<typeof recorded>[] = [
      withBody(1, gzipSync('packed needle'), 'application/json', [['Content-Encoding', 'gzip']]),
      withBody(2, Buffer.from('Gr\u00fc\u00dfe needle', 'latin1'), 'text/plain; charset=iso-8859-1'),
      withBody(3, Buffer.concat([Buffer.from([0, 1, 255]), Buffer.from('needle')]), 'image/png'),
      withBody(4, 'broken needle', 'text/plain', [['Content-Encoding', 'gzip']]),
      withBody(5, Buffer.from('n\u00e9edle needl\u00e9 needle'), 'text/plain'),
    ]
    const reader = openReader(recordSession(await temporaryHome(), 5, (seq) => bodies[seq - 1] as never).file)
    expect(seqs(search(reader, 'needle'))).toEqual([5, 2, 1])
    expect(seqs(search(reader, 'Gr\u00fc\u00dfe'))).toEqual([2])
  })

  it('says the same with an index, without one, and while one is behind', async () => {
    const words = fc.constantFrom('alpha', 'Beta', 'GAMMA', 'de', 'd\u00e9', '\u20ac', 'a b', 'xyzzy')
    const body = fc.array(words, { maxLength: 6 }).map((parts) => parts.join('-'))
    await fc.assert(
      fc.asyncProperty(
        fc.array(body, { minLength: 1, maxLength: 80 }),
        fc.array(body, { maxLength: 20 }),
        words,
        words,
        async (first, later, one, other) => {
          const { file } = recordSession(await temporaryHome(), first.length, (seq) => withBody(seq, first[seq - 1] as string))
          const needle = `${one}-${other}`
          const expected = (all: string[]) =>
            all.flatMap((text, at) => (text.toLowerCase().includes(needle.toLowerCase()) ? [at + 1] : [])).reverse()
          const reader = new Reader(file)
          expect(seqs(search(reader, needle))).toEqual(expected(first))
          makeIndex(file)
          expect(seqs(search(reader, needle))).toEqual(expected(first))
          const writer = SessionFile.open(file)
          writer.commit(
            later.map((text) => withBody(writer.nextSeq(), text)),
            [],
          )
          const all = [...first, ...later]
          expect(seqs(search(reader, needle))).toEqual(expected(all))
          makeIndex(file)
          expect(seqs(search(reader, needle))).toEqual(expected(all))
          reader.close()
          writer.close()
        },
      ),
      { numRuns: 25 },
    )
  })

  it('finds what came into an exchange after the index had passed it', async () => {
    const path = join(await temporaryHome(), 's.weir')
    const file = SessionFile.open(path, { create: true })
    onTestFinished(() => file.close())
    const late = recorded(file.nextSeq(), {
      state: 'open',
      endedAt: 0,
      responseBody: { ...recordedBody(Buffer.from('begun ')), ended: false },
    })
    file.commit([late, recorded(file.nextSeq()), recorded(file.nextSeq())], [])
    makeIndex(path)
    const reader = openReader(path)
    expect(seqs(search(reader, 'needle'))).toEqual([])
    late.responseBody?.pending.push(Buffer.from('needle'))
    if (late.responseBody) Object.assign(late.responseBody, { pendingBytes: 6, size: 12, ended: true })
    Object.assign(late, { state: 'complete', endedAt: late.startedAt + 5 })
    file.commit([late], [])
    expect(seqs(search(reader, 'needle'))).toEqual([1])
  })

  it('reads one text after the other, and no more than is asked for', async () => {
    const { file } = recordSession(await temporaryHome(), 10, (seq) => packed(seq, `needle ${seq}`))
    const db = openForReading(file, sessionKind)
    onTestFinished(() => void db.close())
    let looks = 0
    const exchanges = new SearchableTexts(db, () => looks++).after(0, 10)
    expect([exchanges.length, looks]).toEqual([10, 0])
    expect([...(exchanges[0]?.texts(['url', 'response.headers']) ?? [])].map(({ part }) => part)).toEqual(['url', 'response.headers'])
    expect(looks).toBe(0)
    expect([...(exchanges[0]?.texts(['response.body']) ?? [])].map(({ bytes }) => String(bytes))).toEqual(['needle 1'])
    expect(looks).toBeGreaterThan(0)
  })

  it('comes back with each exchange once its time is over, however many are read at once', async () => {
    const { file } = recordSession(await temporaryHome(), 5, (seq) => packed(seq, 'needle'))
    const db = openForReading(file, sessionKind)
    onTestFinished(() => void db.close())
    const query = { text: 'needle', caseSensitive: false, parts: null, before: Number.MAX_SAFE_INTEGER, limit: 10 }
    expect(new TextSearch(db, file).slice(query, 5, 0)).toMatchObject({ hits: [{ seq: 5 }], before: 5 })
  })

  it('finds what could not be decoded in time when it was indexed', async () => {
    const { file } = recordSession(await temporaryHome(), 3, (seq) => packed(seq, `needle ${seq}`))
    let hours = 0
    makeIndex(file, () => 3_600_000 * hours++)
    const reader = openReader(file)
    expect(reader.search({ text: 'needle', caseSensitive: false, parts: null, before: 100, limit: 10 }).unindexed).toBe(0)
    expect(seqs(search(reader, 'needle'))).toEqual([3, 2, 1])
    expect(seqs(search(reader, 'needle 2'))).toEqual([2])
  })

  it('looks at one message after the other, so no match spans two; positions count a line feed between them', async () => {
    const long = 'm'.repeat(200_000)
    const texts = ['first needle', 'nee', 'dle', `${long}\u00e9 needle`, long, 'last Needle!']
    const { file } = recordSession(await temporaryHome(), 2, (seq) => (seq === 1 ? withMessages(seq, texts) : recorded(seq)))
    const all = Buffer.from(texts.join('\n'))
    const expected = [
      { part: 'messages', position: 6, before: 'first ', match: 'needle', after: '' },
      { part: 'messages', position: all.indexOf('\u00e9 needle') + 3, before: `${'m'.repeat(57)}\u00e9 `, match: 'needle', after: '' },
      { part: 'messages', position: all.length - 7, before: 'last ', match: 'Needle', after: '!' },
    ]
    const reader = openReader(file)
    for (const prepare of [() => undefined, () => makeIndex(file)]) {
      prepare()
      expect(search(reader, 'needle')).toEqual([{ seq: 1, matches: expected }])
      expect(search(reader, 'nee\ndle')).toEqual([])
      expect(search(reader, 'needle', { parts: ['url'] })).toEqual([])
    }
  })

  it('goes on page by page', async () => {
    const { file } = recordSession(await temporaryHome(), 50)
    makeIndex(file)
    const reader = openReader(file)
    const found: number[] = []
    let before = Number.MAX_SAFE_INTEGER
    while (before > 0) {
      const slice = reader.search({ text: 'origin.test', caseSensitive: false, parts: null, before, limit: 7 })
      expect(slice.hits.length).toBeLessThanOrEqual(7)
      found.push(...seqs(slice.hits))
      before = slice.before
    }
    expect(found).toEqual(Array.from({ length: 50 }, (_, at) => 50 - at))
  })

  it('does without an index that is damaged or deleted, and a repair takes it away', async () => {
    const { file } = recordSession(await temporaryHome(), 20)
    makeIndex(file)
    expect(seqs(search(openReader(file), 'body 7'))).toEqual([7])
    writeFileSync(indexPath(file), 'this is no index')
    expect(seqs(search(openReader(file), 'body 7'))).toEqual([7])
    SessionFile.open(file, { repair: { reason: 'daemonKilled' } }).close()
    expect(existsSync(indexPath(file))).toBe(false)
    expect(seqs(search(openReader(file), 'body 7'))).toEqual([7])
  })
})
