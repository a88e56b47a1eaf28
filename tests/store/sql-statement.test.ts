import { describe, expect, it } from 'vitest'
import { runSql, type SqlQuery } from '../../daemon/store/sql-statement.ts'
import type { WeirError } from '../../sdk/errors.ts'
import { temporaryHome } from '../support/home.ts'
import { recordSession } from '../support/recorded.ts'

async function session(count = 3): Promise<(sql: string, more?: Partial<SqlQuery>) => ReturnType<typeof runSql>> {
  const { file } = recordSession(await temporaryHome(), count)
  return (sql, more = {}) => runSql({ file, sql, params: [], limit: 100, ...more })
}

const refusal = (run: () => unknown): WeirError => {
  try {
    return run() as WeirError
  } catch (error) {
    return error as WeirError
  }
}

describe('a statement that reads', () => {
  it('gives names and rows', async () => {
    const run = await session()
    expect(run('select seq, url from v1_exchange order by seq desc limit 2')).toEqual({
      columns: ['seq', 'url'],
      rows: [
        [3, 'https://origin.test/3'],
        [2, 'https://origin.test/2'],
      ],
      more: false,
    })
  })

  it('says that there is more beyond the limit', async () => {
    const run = await session()
    expect(run('select seq from v1_exchange order by seq', { limit: 2 })).toEqual({ columns: ['seq'], rows: [[1], [2]], more: true })
    expect(run('select seq from v1_exchange', { limit: 3 }).more).toBe(false)
  })

  it('takes values by position and by name', async () => {
    const run = await session()
    expect(run('select seq from v1_exchange where seq > ? and url like ?', { params: [1, '%/3'] }).rows).toEqual([[3]])
    expect(run('select seq from v1_exchange where seq = :seq or :all', { params: { seq: 2, all: false } }).rows).toEqual([[2]])
    expect(run('select ?', { params: [null] }).rows).toEqual([[null]])
  })

  it('keeps what JSON cannot hold', async () => {
    const run = await session()
    expect(run("select 9007199254740993, 42, x'00ff', 1.5").rows).toEqual([['9007199254740993', 42, { base64: 'AP8=' }, 1.5]])
  })

  it('ends early before it is too large for an answer', async () => {
    const run = await session()
    const { rows, more } = run(
      'with recursive n(i) as (select 1 union all select i + 1 from n where i < 50) select hex(zeroblob(500000)) from n',
    )
    expect(more).toBe(true)
    expect(JSON.stringify(rows).length).toBeLessThan(8 * 1024 * 1024)
  })

  it('may begin with comments, or be a WITH, VALUES or EXPLAIN', async () => {
    const run = await session()
    expect(run('-- how many\n/* of all */ select count(*) from v1_exchange').rows).toEqual([[3]])
    expect(run('with a as (select 1) select * from a').rows).toEqual([[1]])
    expect(run('values (1), (2)').rows).toEqual([[1], [2]])
    expect(run('explain query plan select * from v1_gap').rows.length).toBeGreaterThan(0)
  })
})

describe('is refused', () => {
  it.each([
    'delete from exchange',
    "insert into gap (since, until, reason) values (0, 0, 'x') returning id",
    'with a as (select 1) delete from exchange where seq in a returning seq',
    "attach 'other.db' as other",
    'pragma journal_mode = delete',
    'pragma query_only = off',
    'vacuum',
    'begin immediate',
    'select 1; delete from exchange',
    'select 1; select 2',
    '',
    'selectx 1',
    'select * from nowhere',
    'select',
    "select load_extension('x')",
  ])('%j', async (sql) => {
    const run = await session()
    expect(refusal(() => run(sql))).toMatchObject({ code: -32602, reason: 'invalidSql', data: { errors: [{ path: '/sql' }] } })
    expect(run('select count(*) from v1_exchange').rows).toEqual([[3]])
  })

  it.each([[[]], [[1, 2]], [{ other: 1 }], [[{}]], [[[1]]]])('the values %j', async (params) => {
    const run = await session()
    expect(refusal(() => run('select ?', { params }))).toMatchObject({ reason: 'invalidSql', data: { errors: [{ path: '/params' }] } })
  })
})
