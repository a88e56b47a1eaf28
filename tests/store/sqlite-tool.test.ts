import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openForReading } from '../../daemon/store/database.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { temporaryHome } from '../support/home.ts'
import { newBodyOf, newRecord } from '../support/records.ts'

const tools = {
  'the sqlite3 tool': (path: string, sql: string) => execFileSync('sqlite3', ['-json', '-readonly', path, sql], { encoding: 'utf8' }),
  "Python's sqlite3": (path: string, sql: string) =>
    execFileSync(
      'python3',
      [
        '-c',
        `import json, sqlite3, sys
db = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True); db.row_factory = sqlite3.Row
print(json.dumps([dict(row) for row in db.execute(sys.argv[2])]))`,
        path,
        sql,
      ],
      { encoding: 'utf8' },
    ),
}
const has = (command: string) => spawnSync(command, ['--version']).status === 0
const missing: Record<keyof typeof tools, boolean> = { 'the sqlite3 tool': !has('sqlite3'), "Python's sqlite3": !has('python3') }

async function session(): Promise<{ path: string; file: SessionFile }> {
  const path = join(await temporaryHome(), 's.weir')
  const file = SessionFile.open(path, { create: true })
  file.commit(
    [
      newRecord(file.nextSeq(), {
        path: '/a/../b?x=1&y=2',
        requestFields: {
          fields: [
            ['Host', 'a.test'],
            ['X-Id', '42'],
          ],
        },
        responseBody: newBodyOf([Buffer.from('hello')]),
      }),
      newRecord(file.nextSeq(), {
        state: 'failed',
        status: 0,
        authority: 'B.test:8443',
        error: { reason: 'connectionRefused', message: 'refused' },
      }),
    ],
    [{ from: 5.5, to: 6, reason: 'overload', exchanges: 2, bytes: null }],
  )
  return { path, file }
}

describe.each(Object.keys(tools) as (keyof typeof tools)[])('%s (skipped where it is not installed)', (tool) => {
  it.skipIf(missing[tool])('reads a session through its views, while it runs and afterwards', async () => {
    const { path, file } = await session()
    const query = (sql: string) => JSON.parse(tools[tool](path, sql)) as unknown[]
    const check = () => {
      const sql = `SELECT seq, state, url, host, port, path, query, status, error_reason,
        (SELECT value ->> 1 FROM json_each(request_headers) WHERE value ->> 0 = 'X-Id') AS x_id FROM v1_exchange ORDER BY seq`
      expect(query(sql)).toEqual([
        {
          seq: 1,
          state: 'complete',
          url: 'https://a.test/a/../b?x=1&y=2',
          host: 'a.test',
          port: 443,
          path: '/a/../b',
          query: 'x=1&y=2',
          status: 200,
          error_reason: null,
          x_id: '42',
        },
        {
          seq: 2,
          state: 'failed',
          url: 'https://B.test:8443/items/2',
          host: 'b.test',
          port: 8443,
          path: '/items/2',
          query: null,
          status: null,
          error_reason: 'connectionRefused',
          x_id: null,
        },
      ])
      const body = 'SELECT b.size, CAST(b.data AS TEXT) AS text FROM v1_exchange e JOIN v1_body b ON b.body_id = e.response_body_id'
      expect(query(body)).toEqual([{ size: 5, text: 'hello' }])
      expect(query('SELECT since, until, reason, exchanges, bytes FROM v1_gap')).toEqual([
        { since: 5.5, until: 6, reason: 'overload', exchanges: 2, bytes: null },
      ])
      expect(
        query(
          'SELECT count(*) AS n FROM v1_chunk UNION ALL SELECT count(*) FROM v1_message UNION ALL SELECT count(*) FROM v1_cookie_change',
        ),
      ).toEqual([{ n: 0 }, { n: 0 }, { n: 0 }])
    }
    check()
    file.close()
    check()
  })
})

describe('the views', () => {
  it('say in the file itself what each column means', async () => {
    const { path, file } = await session()
    file.close()
    const db = openForReading(path, sessionKind)
    const views = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'view' ORDER BY name").all() as {
      name: string
      sql: string
    }[]
    expect(views.map(({ name }) => name)).toEqual(['v1_body', 'v1_chunk', 'v1_cookie_change', 'v1_exchange', 'v1_gap', 'v1_message'])
    for (const { sql } of views) expect(sql).toContain('--')
    db.close()
  })
})
