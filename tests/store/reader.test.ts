import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Reader } from '../../daemon/store/reader.ts'
import { ReaderPool } from '../../daemon/store/reader-pool.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { codes } from '../../sdk/errors.ts'
import { limits } from '../../sdk/limits.ts'
import { temporaryHome } from '../support/home.ts'
import { newBodyOf, newRecord } from '../support/records.ts'

/** A session of `count` exchanges that is still being written. */
async function session(count: number) {
  const path = join(await temporaryHome(), 's.weir')
  const file = SessionFile.open(path, { create: true })
  const shared = newRecord(0)
  const add = (change = {}) => newRecord(file.nextSeq(), { connection: shared.connection, origin: shared.origin, ...change })
  const records = Array.from({ length: count }, () => add())
  if (count > 0) file.commit(records, [])
  const reader = new Reader(path)
  onTestFinished(() => {
    reader.close()
    file.close()
  })
  return { path, file, reader, records, add }
}
const list = { order: 'asc', before: null, after: null, limit: 100 } as const
const seqs = (page: { items: { seq: number }[] }) => page.items.map(({ seq }) => seq)

describe('listing by seq', () => {
  it('pages forwards and backwards to the ends', async () => {
    const { reader } = await session(1000)
    const forwards: number[] = []
    for (let after = 0, more = true; more; after = forwards.at(-1) ?? 0) {
      const page = reader.list({ ...list, after, limit: 300 }, 's')
      forwards.push(...seqs(page))
      more = page.more
    }
    const backwards: number[] = []
    for (let before: number | null = null, more = true; more; before = backwards.at(-1) ?? 0) {
      const page = reader.list({ ...list, order: 'desc', before, limit: 300 }, 's')
      backwards.push(...seqs(page))
      more = page.more
    }
    expect(forwards).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1))
    expect(backwards).toEqual(forwards.toReversed())
    expect(seqs(reader.list({ ...list, after: 10, before: 13 }, 's'))).toEqual([11, 12])
    expect(reader.list({ ...list, limit: 1000 }, 's')).toMatchObject({ more: false })
  })

  it('ends a page before it is too large for an answer', async () => {
    const { file, reader, add } = await session(0)
    const fields = [['X-Large', 'x'.repeat(1_000_000)]] as [string, string][]
    file.commit(
      Array.from({ length: 20 }, () => add({ responseFields: { fields } })),
      [],
    )
    const page = reader.list(list, 's')
    expect(page.items.length).toBeGreaterThan(2)
    expect(page.more).toBe(true)
    expect(JSON.stringify(page).length).toBeLessThan(limits.pageBytes)
    expect(seqs(reader.list({ ...list, after: page.items.length }, 's'))[0]).toBe(page.items.length + 1)
  })

  it('gives an exchange that is larger than a page on its own', async () => {
    const { file, reader, add } = await session(0)
    const fields = [['X-Large', 'x'.repeat(9_000_000)]] as [string, string][]
    file.commit([add({ responseFields: { fields } }), add()], [])
    expect(seqs(reader.list(list, 's'))).toEqual([1])
  })
})

describe('changes since a clock', () => {
  it('come in order of change, each exchange in its latest state, and nothing twice', async () => {
    const { file, reader, records } = await session(5)
    const first = reader.changes({ since: 0, limit: 3 }, 's')
    expect(first).toMatchObject({ change: 3, more: true, deleted: [] })
    expect(seqs(first)).toEqual([1, 2, 3])
    const [second, , fourth] = records.slice(1)
    for (const record of [fourth, second]) if (record) file.commit([record], [])
    const rest = reader.changes({ since: first.change, limit: 100 }, 's')
    expect(seqs(rest)).toEqual([5, 4, 2])
    expect(rest).toMatchObject({ change: file.change, more: false })
    expect(reader.changes({ since: rest.change, limit: 100 }, 's')).toMatchObject({ items: [], change: file.change, more: false })
  })

  it('go on from the clock of a list without a hole', async () => {
    const { file, reader, add } = await session(5)
    const page = reader.list(list, 's')
    file.commit([add()], [])
    expect(seqs(reader.changes({ since: page.change, limit: 100 }, 's'))).toEqual([6])
  })
})

describe('the reader pool', () => {
  const newPool = () => {
    const faults: Error[] = []
    const pool = new ReaderPool({ threads: 1, home: '/nowhere', fault: (error) => faults.push(error) })
    onTestFinished(() => pool.close())
    return { pool, faults }
  }

  it('answers from threads of its own', async () => {
    const { path, file, add } = await session(3)
    file.commit([add({ responseBody: newBodyOf([Buffer.from('hello')]) })], [])
    const { pool } = newPool()
    expect(seqs(await pool.run('list', { file: path, sessionId: 's', query: { ...list, order: 'desc', limit: 2 } }))).toEqual([4, 3])
    expect(await pool.run('get', { file: path, sessionId: 'named', seq: 2 })).toMatchObject({ seq: 2, sessionId: 'named' })
    expect(seqs(await pool.run('changes', { file: path, sessionId: 's', query: { since: 3, limit: 10 } }))).toEqual([4])
    const body = await pool.run('readBody', { file: path, seq: 4, part: 'response', offset: 1, length: 3, decode: false })
    expect(Buffer.from(body.data).toString()).toBe('ell')
  })

  it('passes on what the reader says in errors', async () => {
    const { path } = await session(1)
    const { pool, faults } = newPool()
    await expect(pool.run('get', { file: path, sessionId: 's', seq: 99 })).rejects.toMatchObject({
      code: codes.notFound,
      reason: 'exchangeNotFound',
      message: expect.stringContaining('99'),
    })
    await expect(pool.run('get', { file: `${path}.gone`, sessionId: 's', seq: 1 })).rejects.toMatchObject({ reason: 'fileNotFound' })
    expect(faults).toEqual([])
  })

  it('tells the caller nothing of a failure inside, and its owner everything', async () => {
    const { path } = await session(1)
    const { pool, faults } = newPool()
    const broken = { file: path, sessionId: 's', seq: {} as number }
    await expect(pool.run('get', broken)).rejects.toMatchObject({ code: codes.internalError, reason: 'internalError' })
    expect(faults).toHaveLength(1)
  })

  it('gives a call up when its caller does', async () => {
    const { path } = await session(1)
    const { pool, faults } = newPool()
    const call = pool.run('get', { file: path, sessionId: 's', seq: 1 }, AbortSignal.abort())
    await expect(call).rejects.toMatchObject({ code: codes.cancelled })
    expect(await pool.run('get', { file: path, sessionId: 's', seq: 1 })).toMatchObject({ seq: 1 })
    expect(faults).toEqual([])
  })

  it('notices that a file was replaced', async () => {
    const { path } = await session(1)
    const { pool } = newPool()
    await pool.run('get', { file: path, sessionId: 's', seq: 1 })
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix)
    const other = SessionFile.open(path, { create: true })
    await expect(pool.run('get', { file: path, sessionId: 's', seq: 1 })).rejects.toMatchObject({ reason: 'exchangeNotFound' })
    other.close()
  })
})
