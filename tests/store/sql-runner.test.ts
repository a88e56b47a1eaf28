import { describe, expect, it, onTestFinished } from 'vitest'
import { type SqlLimits, SqlRunner } from '../../daemon/store/sql-runner.ts'
import { temporaryHome } from '../support/home.ts'
import { recordSession } from '../support/recorded.ts'

const endless = 'with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n'

async function runner(limits: Partial<SqlLimits> = {}) {
  const { file } = recordSession(await temporaryHome(), 3)
  const faults: Error[] = []
  const sqlRunner = new SqlRunner((error) => faults.push(error), limits)
  onTestFinished(() => sqlRunner.close())
  const run = (sql: string, signal?: AbortSignal) => sqlRunner.run({ file, sql, params: [], limit: 100 }, signal)
  return { run, faults, close: () => sqlRunner.close() }
}

describe('statements of users', () => {
  it('run in a process that is used again', async () => {
    const { run } = await runner()
    for (const expected of [3, 3, 3]) expect((await run('select count(*) from v1_exchange')).rows).toEqual([[expected]])
  })

  it('run side by side', async () => {
    const { run } = await runner()
    const counts = await Promise.all(Array.from({ length: 6 }, () => run('select count(*) from v1_exchange')))
    expect(counts.map(({ rows }) => rows)).toEqual(Array(6).fill([[3]]))
  })

  it('that never end are ended; the next one runs', async () => {
    const { run } = await runner({ timeMs: 300 })
    await expect(run(endless)).rejects.toMatchObject({ code: 1004, reason: 'sqlTooLong' })
    const { run: patient } = await runner()
    expect((await patient('select 1')).rows).toEqual([[1]])
  })

  it('that take too much memory are ended', async () => {
    const { run } = await runner({ residentBytes: 10 * 1024 * 1024 })
    await expect(run(endless)).rejects.toMatchObject({ code: 1004, reason: 'sqlTooLarge' })
  })

  it('are cancelled by their caller, while they run and while they wait', async () => {
    const { run, faults } = await runner()
    const cancelling = new AbortController()
    const calls = Promise.allSettled([1, 2, 3].map(() => run(endless, cancelling.signal)))
    setImmediate(() => cancelling.abort())
    const cancelled = { status: 'rejected', reason: { code: -32800, reason: 'cancelled' } }
    expect(await calls).toMatchObject([cancelled, cancelled, cancelled])
    expect((await run('select 1')).rows).toEqual([[1]])
    expect(faults).toEqual([])
  })

  it('end with the daemon', async () => {
    const { run, close } = await runner()
    const running = run(endless)
    setImmediate(close)
    await expect(running).rejects.toMatchObject({ code: 1005, reason: 'processEnded' })
  })

  it('are told what is wrong with them and with their file', async () => {
    const { run } = await runner()
    await expect(run('select nothing')).rejects.toMatchObject({ code: -32602, reason: 'invalidSql' })
    const nobody = new SqlRunner(() => undefined)
    onTestFinished(() => nobody.close())
    await expect(nobody.run({ file: '/nowhere.weir', sql: 'select 1', params: [], limit: 1 })).rejects.toMatchObject({
      reason: 'fileNotFound',
    })
  })
})
