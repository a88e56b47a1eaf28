/** A copy of a session, made by the exporter's own process, read by weir and by the sqlite3 tool. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { ExporterRunner, type ExportRequest } from '../../daemon/plugin/exporter-runner.ts'
import { openForReading } from '../../daemon/store/database.ts'
import type { ExchangeRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import type { Session } from '../../sdk/model.ts'
import { compileCache } from '../support/compile-cache.ts'
import { temporaryHome } from '../support/home.ts'
import { readAll } from '../support/imported.ts'
import { recorded, recordedBody } from '../support/recorded.ts'
import { toolPath } from '../support/tool.ts'

const sqlite3 = toolPath('sqlite3', 'sqlite3')
const password = 'Canary-Zq7$x-of-a-password'
const large = Buffer.alloc(9 * 1024 * 1024 + 5, 'large body ')

/** Anew each time: the store empties them. */
function records(): Partial<ExchangeRecord>[] {
  const connection = { id: 0, client: { address: '127.0.0.1', port: 50000, process: { pid: 7, name: 'app', path: null } }, named: false }
  const message = { at: 1_700_000_000_500, direction: 'sent', id: null, event: null } as const
  return [
    { connection, method: 'POST', requestBody: recordedBody(Buffer.from(JSON.stringify({ password }))), dnsMs: 1, connectMs: 2, tlsMs: 3 },
    { connection, responseBody: { ...recordedBody(Buffer.from('beg')), truncated: true, size: 100 }, anomalies: ['obsoleteFold'] },
    { responseBody: recordedBody(large) },
    { state: 'failed', status: 0, responseFields: null, responseBody: null, error: { reason: 'upstreamReset', message: 'reset' } },
    {
      kind: 'websocket',
      status: 101,
      responseBody: null,
      receivedUnkept: 6_000_000,
      messageCount: 2,
      messages: [
        { ...message, type: 'text', text: 'a\0"\u{1f600}', data: null, size: 8 },
        { ...message, type: 'close', text: null, data: Buffer.from([3, 232, 98]), size: 3 },
      ],
    },
    { responseTrailers: { fields: [['X-End', '1']] }, informational: [{ status: 103, reason: 'Early Hints', headers: [['Link', '<a>']] }] },
    { state: 'open', endedAt: 0 },
    { method: 'DELETE' },
  ]
}

interface Stage {
  session: Session
  home: string
  run(request?: Partial<ExportRequest>): Promise<string>
}

async function stage(): Promise<Stage> {
  const home = await temporaryHome()
  mkdirSync(join(home, 'sessions'))
  const path = join(home, 'sessions', 's.weir')
  const file = SessionFile.open(path, { create: true })
  const gap = { from: 5.5, to: 6, reason: 'overload', exchanges: 2, bytes: null } as const
  file.commit(
    records().map((change) => recorded(file.nextSeq(), change)),
    [gap],
  )
  file.annotate(1, { tags: ['slow', 'a b'], note: 'look' })
  file.delete([8])
  file.commit([recorded(file.nextSeq())], [])
  const { counts } = file
  file.close()
  const session: Session = { id: 's', name: 's', state: 'stopped', startedAt: 1, proxy: null, file: path, counts }
  const runner = new ExporterRunner({ compileCache, home, log: () => undefined })
  const out = join(home, 'copy.weir')
  const run = async (request: Partial<ExportRequest> = {}) => {
    await runner.run({ session, exporter: 'sqlite', out, ...request })
    return out
  }
  return { session, home, run }
}

const gaps = (path: string): unknown[] => {
  const db = openForReading(path, sessionKind)
  try {
    return db.prepare('SELECT * FROM v1_gap').all()
  } finally {
    db.close()
  }
}

describe('a copy', () => {
  it('holds what the session holds, under the same seqs', async () => {
    const { session, run } = await stage()
    const copy = await run()
    const [was, is] = [await readAll(session.file), await readAll(copy)]
    expect(was.map(({ exchange }) => exchange.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 9])
    const ended = was.findIndex(({ exchange }) => exchange.state === 'open')
    const unnamed = (all: typeof was) =>
      all
        .toSpliced(ended, 1)
        .map((one) => ({ ...one, response: one.response.subarray(0, 1000), exchange: { ...one.exchange, connectionId: '' } }))
    expect(unnamed(is)).toEqual(unnamed(was))
    expect(is[0]?.exchange.connectionId).toBe(is[1]?.exchange.connectionId)
    expect(is[2]?.response.equals(large)).toBe(true)
    expect(is[ended]?.exchange).toMatchObject({ state: 'aborted', error: { reason: 'notRecorded' } })
    expect(gaps(copy)).toEqual(gaps(session.file))
  })

  it('is a session file that weir goes on with', async () => {
    const { session, run } = await stage()
    const file = SessionFile.open(await run())
    expect(file.counts).toEqual({ ...session.counts, gaps: 1 })
    expect(file.nextSeq()).toBe(10)
    file.close()
  })

  it('is readable by its owner alone, and nothing is left beside it', async () => {
    const { home, run } = await stage()
    const copy = await run()
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    expect(readdirSync(home).filter((name) => name.startsWith('copy'))).toEqual(['copy.weir'])
    expect(readdirSync(join(home, 'plugins/.scratch'))).toEqual([])
  })

  it('that is cancelled, or ended with its process, leaves nothing', async () => {
    const { home, run } = await stage()
    const abort = new AbortController()
    const scratch = join(home, 'plugins/.scratch')
    const cancelled = run({ signal: abort.signal }).catch((error: { reason?: string }) => error.reason)
    await vi.waitFor(() => expect(readdirSync(scratch)).toHaveLength(1))
    abort.abort()
    expect(await cancelled).toBe('cancelled')
    expect(readdirSync(scratch)).toEqual([])
    expect(readdirSync(home).sort()).toEqual(['plugins', 'sessions'])
    expect(readdirSync(join(home, 'plugins')).flatMap((plugin) => readdirSync(join(home, 'plugins', plugin)))).toEqual([])
  })

  it('removes what the runs of a killed daemon have left', async () => {
    const { home, run } = await stage()
    mkdirSync(join(home, 'plugins/.scratch/run-old'), { recursive: true })
    await run()
    expect(readdirSync(join(home, 'plugins/.scratch'))).toEqual([])
  })

  it('holds only what the query selects', async () => {
    const { run } = await stage()
    const found = await readAll(await run({ where: 'method:POST OR ws' }))
    expect(found.map(({ exchange }) => exchange.seq)).toEqual([1, 5])
  })

  it('has secrets as they were, but none of them anywhere when it is redacted', async () => {
    const { run } = await stage()
    expect(readFileSync(await run()).includes(password)).toBe(true)
    const bytes = readFileSync(await run({ redact: 'standard' }))
    for (const written of [password, Buffer.from(password).toString('base64').slice(0, -3), encodeURIComponent(password)])
      expect(bytes.includes(written)).toBe(false)
    expect(bytes.includes('redacted-')).toBe(true)
  })
})

describe.skipIf(sqlite3 === null)('the sqlite3 tool', () => {
  it('finds it sound and without a free page, and reads its views', async () => {
    const { run } = await stage()
    const copy = await run()
    const answer = (sql: string) => execFileSync(sqlite3 as string, ['-readonly', copy, sql], { encoding: 'utf8' }).trim()
    expect(answer('PRAGMA integrity_check; PRAGMA freelist_count; PRAGMA journal_mode')).toBe('ok\n0\ndelete')
    expect(answer('SELECT count(*), group_concat(seq) FROM v1_exchange')).toBe('8|1,2,3,4,5,6,7,9')
    expect(answer('SELECT type, size FROM v1_message WHERE seq = 5 ORDER BY "index"')).toBe('text|8\nclose|3')
    expect(answer('SELECT url, tags, note FROM v1_exchange WHERE seq = 1')).toBe('https://origin.test/1|["slow","a b"]|look')
  })
})
