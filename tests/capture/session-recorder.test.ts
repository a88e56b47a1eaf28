import { describe, expect, it } from 'vitest'
import { diskFull, RecordedSession } from './kept-records.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const sqliteBusy = new Error('database is locked')

/** Whole exchanges on a connection of their own. */
function pass(session: RecordedSession, count: number): void {
  const connection = 1000 + (session.script.at % 1_000_000)
  session.script.opened(connection)
  for (let n = 0; n < count; n++) session.script.client(connection, get(`/${n}`)).origin(connection, ok('body'))
  session.script.closed(connection)
  session.read()
}

function overflowing(session: RecordedSession): void {
  pass(session, 20)
  session.commit()
}

/** Promise 3: everything that passed is a row or counted in a gap. */
function onRecord({ writer }: RecordedSession): number {
  return writer.rows.size + writer.gaps.reduce((sum, { exchanges }) => sum + (exchanges ?? 0), 0)
}

describe('commits', () => {
  it('write what begins and ends between two of them once', () => {
    const session = new RecordedSession()
    pass(session, 50)
    expect(session.commit()).toBe(true)
    expect(session.commit()).toBe(false)
    expect([...session.writer.rows.values()].map(({ writes }) => writes)).toEqual(Array(50).fill(1))
    expect(session.writer.commits).toBe(1)
  })

  it('release what bodies hold', () => {
    const session = new RecordedSession()
    session.script.opened(1).client(1, get('/')).origin(1, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
    session.commit()
    session.script.origin(1, 'def')
    session.commit()
    const row = session.writer.rows.get(1)
    expect(row?.response.toString()).toBe('abcdef')
    expect(row?.record.responseBody).toMatchObject({ size: 6, pendingBytes: 0 })
  })
})

describe('a pause', () => {
  it('passes over what begins in it, and goes on with what began before', () => {
    const session = new RecordedSession()
    session.script.opened(1).opened(2).client(1, get('/before'))
    session.commit()
    session.session.pause(session.script.at - 0.5)
    session.script.origin(1, ok('1')).client(1, get('/during'))
    session.script.client(2, get('/over')).origin(2, ok('2'))
    session.commit()
    session.session.resume(session.script.at - 0.5)
    session.script.origin(1, ok('late')).client(1, get('/after')).origin(1, ok('3'))
    expect(session.summary.map((line) => line.split(' | ').slice(3, 6).join(' '))).toEqual([
      'https://h/before 200 1',
      'https://h/after 200 3',
    ])
    expect(session.rows.map(({ record }) => [record.seq, record.state])).toEqual([
      [1, 'complete'],
      [2, 'complete'],
    ])
    expect(session.writer.gaps).toEqual([])
    expect(session.session.open).toBe(0)
  })
})

describe('a file that cannot be written for a moment', () => {
  it('gets everything later', () => {
    const session = new RecordedSession()
    session.writer.trouble = sqliteBusy
    pass(session, 3)
    expect(session.commit()).toBe(false)
    pass(session, 4)
    expect(session.commit(300)).toBe(false)
    session.writer.trouble = null
    expect(session.commit(25)).toBe(false)
    expect(session.commit(300)).toBe(true)
    expect(session.writer.rows.size).toBe(7)
    expect(session.writer.gaps).toEqual([])
    expect(session.reports).toEqual([sqliteBusy, null])
  })
})

describe('a file that cannot be written for long', () => {
  const held = { bytes: 1_000_000, exchanges: 10, ms: 2_000 }

  it.each([
    ['by their number', (session: RecordedSession) => overflowing(session)],
    ['by their bytes', (session: RecordedSession) => session.commit(25, 2_000_000)],
    ['by time', (session: RecordedSession) => session.commit(2_500)],
  ])('makes a gap that counts what is missing, once what is held is too much %s', (_, overflow) => {
    const session = new RecordedSession(held)
    pass(session, 2)
    session.commit()
    session.writer.trouble = sqliteBusy
    pass(session, 5)
    session.commit()
    const failedAt = session.now
    overflow(session)
    const passed = session.writer.seq
    pass(session, 7)
    for (let round = 0; round < 5; round++) session.commit(300)
    session.writer.trouble = null
    session.commit(300)
    pass(session, 3)
    session.commit()
    expect(session.writer.gaps).toMatchObject([{ from: failedAt, reason: 'storeFailed', exchanges: passed - 2 + 7 }])
    expect(session.writer.rows.size).toBe(2 + 3)
    expect(onRecord(session)).toBe(passed + 7 + 3)
    expect(session.session.open).toBe(0)
  })

  it('ends exchanges that have a row already as not recorded, whatever comes of them', () => {
    const session = new RecordedSession(held)
    const { script } = session
    script.opened(1).client(1, get('/held')).origin(1, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
    script.opened(2).client(2, get('/later')).opened(3).client(3, get('/untouched'))
    session.commit()
    session.writer.trouble = diskFull
    script.origin(1, 'def')
    session.commit()
    session.commit(3_000)
    script.origin(2, ok('in the gap')).client(3, '')
    session.commit(300)
    session.writer.trouble = null
    session.commit(300)
    script.origin(1, 'ghi').origin(3, ok('after it'))
    expect(session.summary).toEqual([
      'failed | http | GET | https://h/held | 200 | abc | notRecorded | ',
      'failed | http | GET | https://h/later | 200 |  | notRecorded | ',
      'complete | http | GET | https://h/untouched | 200 | after it |  | ',
    ])
    expect(session.rows[0]?.record.responseBody).toMatchObject({ truncated: true, ended: true, pendingBytes: 0 })
    expect(session.writer.gaps).toMatchObject([{ reason: 'diskFull', exchanges: 0 }])
    expect(session.session.open).toBe(0)
  })

  it('holds no bytes of batches meanwhile', () => {
    const session = new RecordedSession(held)
    session.writer.trouble = diskFull
    session.script.opened(1).client(1, get('/')).origin(1, 'HTTP/1.1 200 OK\r\n\r\nabc')
    session.commit()
    expect(session.session.holdsNothing).toBe(false)
    session.commit(3_000)
    session.script.origin(1, 'def')
    session.commit()
    expect(session.session.holdsNothing).toBe(true)
  })
})

describe('a full disk with room kept for it', () => {
  it('gets what is in hand, and the gap once there is room', () => {
    const session = new RecordedSession()
    const { script, writer } = session
    script.opened(1).client(1, get('/1')).origin(1, ok('1')).client(1, get('/2'))
    session.read()
    const trouble = [diskFull]
    const commit = writer.commit.bind(writer)
    writer.commit = (records, gaps) => {
      const error = trouble.pop()
      if (error) throw error
      commit(records, gaps)
    }
    session.room = { made: true, low: true }
    expect(session.commit()).toBe(true)
    expect(writer.rows.size).toBe(2)
    pass(session, 6)
    script.origin(1, ok('2'))
    for (let round = 0; round < 4; round++) expect(session.commit(300)).toBe(false)
    session.room.low = false
    expect(session.commit(300)).toBe(true)
    pass(session, 1)
    session.commit()
    expect(session.summary.map((line) => line.split(' | ')[0])).toEqual(['complete', 'failed', 'complete'])
    expect(writer.gaps).toMatchObject([{ reason: 'diskFull', exchanges: 6 }])
    expect(onRecord(session)).toBe(2 + 6 + 1)
  })

  it('says what is missing when the session ends and there is no room at all', () => {
    const session = new RecordedSession()
    session.writer.trouble = diskFull
    pass(session, 2)
    session.commit()
    const missing = { reason: 'diskFull', exchanges: 2, from: session.now, to: session.now + 5 }
    expect(session.session.close(session.now + 5)).toEqual({
      reason: 'storeFailed',
      until: session.now + 5,
      gaps: [{ ...missing, bytes: null }],
      filtered: 0,
    })
    expect(session.writer.closed).toBe(true)
    expect(session.reports).toEqual([diskFull])
  })

  it('is used for the gap when the session ends first', () => {
    const session = new RecordedSession({ bytes: 0, exchanges: 0, ms: 0 })
    session.writer.trouble = diskFull
    pass(session, 2)
    session.commit(25, 1)
    session.writer.trouble = null
    session.session.close(session.now)
    expect(session.writer.closed).toBe(true)
    expect(session.writer.gaps).toMatchObject([{ reason: 'diskFull', exchanges: 2 }])
  })
})
