/** Session files imported: what the exporter sqlite wrote, what another home holds, what is damaged, newer, older, or hostile. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileImport } from '../../daemon/import/file-import.ts'
import type { Imported } from '../../daemon/import/import-messages.ts'
import { ExporterRunner } from '../../daemon/plugin/exporter-runner.ts'
import { CookieReader } from '../../daemon/store/cookie-reader.ts'
import { openForReading } from '../../daemon/store/database.ts'
import type { ExchangeRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { compileCache } from '../support/compile-cache.ts'
import { importFolder, readAll } from '../support/imported.ts'
import { recorded, recordedBody } from '../support/recorded.ts'
import { anyRecord } from '../support/records.ts'

const large = Buffer.alloc(9 * 1024 * 1024 + 5, 'large body ')
const gap = { from: 5.5, to: 6, reason: 'overload', exchanges: 2, bytes: null } as const

function records(): Partial<ExchangeRecord>[] {
  const connection = { id: 0, client: { address: '127.0.0.1', port: 50000, process: { pid: 7, name: 'app', path: null } }, named: false }
  const message = { at: 1_700_000_000_500, direction: 'sent', id: null, event: null } as const
  const setCookie = (...fields: string[]) => ({ fields: fields.map((field): [string, string] => ['Set-Cookie', field]) })
  return [
    { connection, method: 'POST', source: 'browser', requestBody: recordedBody(Buffer.from('{"a":1}')), dnsMs: 1, connectMs: 2, tlsMs: 3 },
    { connection, source: 'send', responseBody: { ...recordedBody(Buffer.from('beg')), truncated: true, size: 100 } },
    { responseBody: recordedBody(large), responseFields: setCookie('sid=1; Secure', 'theme=dark; Path=/; Max-Age=60') },
    { state: 'failed', status: 0, responseFields: null, responseBody: null, error: { reason: 'upstreamReset', message: 'reset' } },
    {
      kind: 'websocket',
      status: 101,
      responseBody: null,
      messageCount: 2,
      messages: [
        { ...message, type: 'text', text: 'a\0"\u{1f600}', data: null, size: 8 },
        { ...message, type: 'close', text: null, data: Buffer.from([3, 232, 98]), size: 3 },
      ],
    },
    { responseFields: setCookie('sid=2; Secure', 'evil=1; Domain=elsewhere.test') },
    { state: 'open', endedAt: 0 },
    { method: 'DELETE' },
  ]
}

/** The changes of cookies come in another order than their exchanges. */
function written(path: string): SessionFile {
  const file = SessionFile.open(path, { create: true })
  const all = records().map((change) => recorded(file.nextSeq(), change))
  file.commit(all.slice(3), [gap], 4)
  file.commit(all.slice(0, 3), [])
  file.annotate(1, { tags: ['slow', 'a b'], note: 'look' })
  file.delete([8])
  file.commit([recorded(file.nextSeq())], [])
  return file
}

async function importFile(path: string, keepGood = false): Promise<Imported & { file: string }> {
  const file = join(importFolder(), 'new.weir')
  return { file, ...(await new FileImport({ path, file, keepGood }).run()) }
}

const refused = (path: string) =>
  importFile(path).then(
    () => null,
    (error: { code: number; reason: string; message: string }) => [error.code, error.reason, error.message],
  )

function factsOf(path: string) {
  const db = openForReading(path, sessionKind)
  try {
    const cookies = new CookieReader(db).changes(0, 1000, null, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY).items
    return { gaps: db.prepare('SELECT * FROM v1_gap').all(), cookies: cookies.map(({ index: _, ...change }) => change) }
  } finally {
    db.close()
  }
}

/** What a new connection is called, and bodies in short. */
const comparable = async (path: string) =>
  (await readAll(path)).map(({ exchange, response, ...rest }) => ({
    ...rest,
    response: exchange.response && response.subarray(0, 1000).toString('latin1') + response.length,
    exchange: { ...exchange, connectionId: '' },
  }))

describe('a session file', () => {
  it('comes in whole: seqs, sources, times, bodies, messages, tags, notes, gaps and cookie changes', async () => {
    const folder = importFolder()
    const path = join(folder, 'was.weir')
    const source = written(path)
    const { counts } = source
    source.close()
    const imported = await importFile(path)
    const [was, is] = [await comparable(path), await comparable(imported.file)]
    const open = was.findIndex(({ exchange }) => exchange.state === 'open')
    expect(is.toSpliced(open, 1)).toEqual(was.toSpliced(open, 1))
    expect(is[open]?.exchange).toMatchObject({ seq: 7, state: 'aborted', error: { reason: 'notRecorded' } })
    expect(is.map(({ exchange }) => exchange.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 9])
    expect((await readAll(imported.file))[2]?.response.equals(large)).toBe(true)
    const facts = factsOf(imported.file)
    expect(facts).toEqual(factsOf(path))
    expect(facts.cookies.map(({ seq, cause }) => `${seq} ${cause}`)).toEqual(['6 set', '6 rejected', '3 updated', '3 set'])
    expect(imported.counts).toEqual({ ...counts, filtered: 4, gaps: 1 })
    const file = SessionFile.open(imported.file)
    expect(file.nextSeq()).toBe(10)
    file.close()
  })

  it('is what the exporter sqlite writes, and comes back from it', async () => {
    const home = importFolder()
    mkdirSync(join(home, 'sessions'))
    const path = join(home, 'sessions', 's.weir')
    const source = written(path)
    const { counts } = source
    source.close()
    const out = join(home, 'copy.db')
    const session = { id: 's', name: 's', state: 'stopped', startedAt: 1, proxy: null, file: path, counts } as const
    await new ExporterRunner({ compileCache, home, log: () => undefined }).run({ session, exporter: 'sqlite', out })
    const imported = await importFile(out)
    expect(await comparable(imported.file)).toEqual(await comparable(out))
    expect(factsOf(imported.file)).toEqual(factsOf(out))
  })

  it('that lies in a folder of somebody else is not touched, and nothing lies beside it or is left of the work', async () => {
    const folder = importFolder()
    const path = join(folder, 'was.weir')
    written(path).close()
    const [bytes, { mtimeMs }] = [readFileSync(path), statSync(path)]
    const { file } = await importFile(path)
    expect(readdirSync(folder)).toEqual(['was.weir'])
    expect([readFileSync(path).equals(bytes), statSync(path).mtimeMs]).toEqual([true, mtimeMs])
    expect(readdirSync(join(file, '..'))).toEqual(['new.weir'])
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('that a weir has open comes in with what is in its log', async () => {
    const path = join(importFolder(), 'was.weir')
    const source = written(path)
    expect(existsSync(`${path}-wal`)).toBe(true)
    const { counts } = await importFile(path)
    expect(counts.exchanges).toBe(8)
    source.close()
  })

  it('keeps whatever can be recorded', async () => {
    const folder = importFolder()
    await fc.assert(
      fc.asyncProperty(fc.array(anyRecord, { minLength: 20, maxLength: 30 }), async (all) => {
        const path = join(folder, `${Math.random()}.weir`)
        const file = SessionFile.open(path, { create: true })
        for (const record of all) {
          record.seq = file.nextSeq()
          file.commit([record], [])
        }
        file.close()
        const ended = ({ exchange }: { exchange: { state: string } }) => exchange.state !== 'open'
        const seqs = new Set((await comparable(path)).filter(ended).map(({ exchange }) => exchange.seq))
        const imported = await importFile(path)
        const some = async (of: string) => (await comparable(of)).filter(({ exchange }) => seqs.has(exchange.seq))
        expect(await some(imported.file)).toEqual(await some(path))
      }),
      { numRuns: 5, seed: 20260403, endOnFailure: true },
    )
  })
})

describe('a file that is none, or no whole one', () => {
  /** A session file with something in it changed. */
  function changed(sql: string): string {
    const path = join(importFolder(), 'was.weir')
    written(path).close()
    const db = new DatabaseSync(path)
    db.exec(sql)
    db.close()
    return path
  }

  it('of a newer weir is refused, and says what to do', async () => {
    const path = changed(`PRAGMA user_version = ${sessionKind.version + 1}`)
    expect(await refused(path)).toEqual([
      1005,
      'newerFile',
      expect.stringMatching(/^\/.*was\.weir is a session file of a newer weir.*update weir/),
    ])
  })

  it('of an older weir comes in: it is brought up to date on the way', async () => {
    // Layout 5 had no reasons of rejected cookies, no view told them, and ids of what was deleted were not kept.
    const path = changed(
      'DROP VIEW v1_cookie_change; ALTER TABLE cookie_change DROP COLUMN reason; DROP TABLE gone; PRAGMA user_version = 5',
    )
    const { counts, file } = await importFile(path)
    expect(counts.exchanges).toBe(8)
    expect(factsOf(file).cookies[1]).toMatchObject({ cause: 'rejected', reason: null })
  })

  it.each([
    ['another database', 'PRAGMA application_id = 7', [-32602, 'unknownFormat', expect.any(String)]],
    ['no exchanges', 'DELETE FROM exchange', [-32602, 'emptyFile', expect.any(String)]],
    [
      'a field that is no JSON',
      `UPDATE head SET fields = '[['`,
      [-32602, 'malformedFile', expect.stringContaining('the file is damaged there')],
    ],
    [
      'a method that is no text',
      "UPDATE request_line SET method = x'00'",
      [-32602, 'malformedFile', expect.stringMatching(/was\.weir: exchange 1: \/request\/method/)],
    ],
    [
      'a URL of another scheme',
      `UPDATE request_line SET scheme = 'gopher'`,
      [-32602, 'malformedFile', expect.stringContaining('no http or https URL')],
    ],
    [
      'a seq beyond all',
      'UPDATE exchange SET seq = 9007199254740992 WHERE seq = 9',
      [-32602, 'malformedFile', expect.stringContaining('its seq')],
    ],
    [
      'a size below zero',
      'UPDATE exchange SET request_size = -1 WHERE seq = 2',
      [-32602, 'malformedFile', expect.stringMatching(/was\.weir: exchange 2: /)],
    ],
    [
      'a cookie that is none',
      `UPDATE cookie_change SET cookie = '{"name":1}'`,
      [-32602, 'malformedFile', expect.stringMatching(/was\.weir: cookie change 1: /)],
    ],
    [
      'a message that is none',
      "UPDATE message SET direction = 'sideways'",
      [-32602, 'malformedFile', expect.stringMatching(/was\.weir: exchange 5: message 0: /)],
    ],
    [
      'a table that is missing',
      'DROP TABLE message',
      [-32602, 'malformedFile', expect.stringMatching(/was\.weir: the first exchange: the file is damaged/)],
    ],
  ])('with %s fails with the place and the reason', async (_, sql, expected) => expect(await refused(changed(sql))).toEqual(expected))

  it('gives what is good when that is asked for', async () => {
    const { counts, malformed, problems, file } = await importFile(changed('UPDATE exchange SET request_size = -1 WHERE seq = 2'), true)
    expect([counts.exchanges, malformed, problems[0]?.at]).toEqual([7, 1, 'exchange 2'])
    expect((await readAll(file)).map(({ exchange }) => exchange.seq)).toEqual([1, 3, 4, 5, 6, 7, 9])
  })

  it('whose pages are damaged is refused, or gives what can be read', async () => {
    const path = join(importFolder(), 'was.weir')
    written(path).close()
    const bytes = readFileSync(path)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 4097), fc.uint8Array({ minLength: 512, maxLength: 4096 }), async (at, garbage) => {
        const folder = importFolder()
        const copy = join(folder, 'damaged.weir')
        copyFileSync(path, copy)
        const damaged = Buffer.from(bytes)
        damaged.set(garbage, Math.max(100, at))
        writeFileSync(copy, damaged)
        const outcome = await importFile(copy, true).then(
          ({ counts }) => counts.exchanges,
          (error: { code?: number }) => error.code,
        )
        expect(outcome).toEqual(expect.any(Number))
      }),
      { numRuns: 30, seed: 20260403, endOnFailure: true },
    )
  })
})
