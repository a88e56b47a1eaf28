/** Filters that are queries decide while an exchange passes, as soon as what is known of it decides. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FilterChain } from '../../daemon/plugin/filters/filter-chain.ts'
import type { FilterFault, FilterWork } from '../../daemon/plugin/filters/filter-step.ts'
import { FilterStep } from '../../daemon/plugin/filters/filter-step.ts'
import { openFilters } from '../../daemon/plugin/filters/open-filters.ts'
import { RunningFilter } from '../../daemon/plugin/filters/running-filter.ts'
import { temporaryHome } from '../support/home.ts'
import { RecordedSession } from './kept-records.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`
const head = (length: number, type = 'text/plain') => `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`
const large = 6 * 1024 * 1024
const piece = 'x'.repeat(512 * 1024)

type Setting = [plugin: string, config: Record<string, unknown>]

/** A session with built-in filters. */
async function filtered(...settings: Setting[]): Promise<RecordedSession> {
  const module = (plugin: string) => join(import.meta.dirname, `../../plugins/filters/${plugin}.ts`)
  const chain = await openFilters(
    settings.map(([plugin, config], at) => ({ plugin, module: module(plugin), builtIn: true, config, number: at + 1, isStuck: false })),
    {
      dataRoot: await temporaryHome(),
      compileCache: null,
      running: new RunningFilter(),
      report: (fault) => expect.unreachable(fault.message),
      log: () => undefined,
    },
  )
  const session = new RecordedSession()
  session.session.entrance.use(chain)
  return session
}

/** The head of a download, and then pieces of its body. */
function download(session: RecordedSession, connection: number, type: string, bytes: number): void {
  session.script.origin(connection, head(large, type))
  for (let passed = 0; passed < bytes; passed += piece.length) session.script.origin(connection, piece)
  session.commit()
}

const rows = (session: RecordedSession) => session.rows.map(({ record }) => `${record.state} ${record.path}`)

describe('a filter that is a query', () => {
  it('keeps what the request rules out from ever having a row', async () => {
    const session = await filtered(['url-excludes', { text: '/skip' }])
    session.script.opened(1).client(1, get('/skip')).opened(2).client(2, get('/keep'))
    download(session, 1, 'text/plain', large)
    session.commit()
    expect(rows(session)).toEqual(['open /keep'])
    expect(session.rows[0]?.record.seq).toBe(1)
    expect(session.writer.counts).toMatchObject({ filtered: 1 })
    expect(session.writer.deleted).toEqual([])
  })

  it('removes what the head of the response rules out, with the head', async () => {
    const session = await filtered(['content-type', { except: 'video/*' }])
    session.script.opened(1).client(1, get('/film')).opened(2).client(2, get('/page'))
    session.commit()
    download(session, 1, 'video/mp4', piece.length)
    expect(rows(session)).toEqual(['open /page'])
    expect(session.writer.counts).toMatchObject({ filtered: 1 })
    expect(session.writer.deleted).toEqual([1])
  })

  it('lets what it wants be seen while that passes, and be as large as it likes', async () => {
    const session = await filtered(['url-contains', { text: '/keep' }], ['status', { only: '2xx' }])
    session.script.opened(1).client(1, get('/keep'))
    session.commit()
    expect(rows(session)).toEqual(['open /keep'])
    download(session, 1, 'text/plain', large)
    const [row] = session.rows
    expect([row?.record.state, row?.response.length, row?.record.anomalies, row?.record.responseBody?.truncated]).toEqual([
      'complete',
      large,
      null,
      false,
    ])
  })

  it('of a size removes what has become too large, before it has ended', async () => {
    const session = await filtered(['size', { max: 1024 * 1024 }])
    session.script.opened(1).client(1, get('/large')).opened(2).client(2, get('/small'))
    download(session, 1, 'text/plain', 4 * 1024 * 1024)
    session.script.origin(2, `${head(2)}ok`)
    expect(rows(session)).toEqual(['complete /small'])
    expect(session.writer.counts).toMatchObject({ filtered: 1 })
  })

  it('before a function rules out what need not be held back for it, and leaves it the rest', async () => {
    const session = await filtered(['content-type', { except: 'video/*' }], ['redact', { query: ['token'] }])
    session.script.opened(1).client(1, get('/film')).opened(2).client(2, get('/page?token=secret'))
    session.commit()
    expect(rows(session)).toEqual(['open /', 'open /'])
    download(session, 1, 'video/mp4', piece.length)
    expect(rows(session)).toEqual(['open /'])
    session.script.origin(2, `${head(2)}ok`)
    expect(rows(session)).toEqual([expect.stringMatching(/^complete \/page\?token=redacted-/)])
    expect(session.writer.counts).toMatchObject({ exchanges: 1, filtered: 1, gaps: 0 })
  })

  it('behind a function waits for what that leaves', async () => {
    const session = await filtered(['redact', { query: ['token'] }], ['url-excludes', { text: 'secret' }])
    session.script.opened(1).client(1, get('/page?token=secret'))
    session.commit()
    expect(rows(session)).toEqual(['open /'])
    session.script.origin(1, `${head(2)}ok`)
    expect(rows(session)).toEqual([expect.stringMatching(/^complete \/page\?token=redacted-/)])
  })
})

describe('a filter that fails on an exchange that still passes', () => {
  function failing(onError: 'keep' | 'drop') {
    const faults: FilterFault[] = []
    const fails = () => {
      throw new Error('no good')
    }
    const work: FilterWork = { decide: fails, apply: fails, dispose: () => undefined }
    const report = (fault: FilterFault) => void faults.push(fault)
    const step = new FilterStep({ name: 'bad', work, onError, number: 1, running: new RunningFilter(), report })
    const session = new RecordedSession()
    session.session.entrance.use(new FilterChain([step]))
    for (const path of ['/1', '/2', '/3', '/4']) {
      session.script
        .opened(1)
        .client(1, get(path))
        .origin(1, `${head(2)}ok`)
      session.commit()
    }
    expect(faults.map(({ disabled }) => disabled)).toEqual([undefined, undefined, true])
    return session
  }

  it('and drops leaves a gap that counts', () => {
    const session = failing('drop')
    expect(session.rows).toEqual([])
    expect(session.writer.gaps.map(({ reason, exchanges }) => [reason, exchanges])).toEqual(Array(4).fill(['filterFailed', 1]))
  })

  it('and keeps marks it', () => {
    const session = failing('keep')
    expect(session.rows.map(({ record }) => record.anomalies)).toEqual(Array(4).fill(['filterFailed']))
  })
})
