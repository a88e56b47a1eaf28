import { describe, expect, it } from 'vitest'
import { diskFull, RecordedSession } from './kept-records.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`
const answer = (status: number, body = '') => `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`

function filtered(where: string): RecordedSession {
  const session = new RecordedSession()
  session.session.keepOnly(where)
  return session
}

const paths = (session: RecordedSession) => session.rows.map(({ record }) => record.path)

describe('a filter', () => {
  it('that the request decides keeps what does not match from ever having a row, and follows it all the same', () => {
    const session = filtered('path:/keep*')
    session.script.opened(1).client(1, get('/skip/1') + get('/keep/2') + get('/skip/3'))
    session.commit()
    session.script.origin(1, answer(200, 'one') + answer(200, 'two') + answer(200, 'three'))
    expect(session.summary).toEqual(['complete | http | GET | https://h/keep/2 | 200 | two |  | '])
    expect(session.rows[0]?.record.seq).toBe(1)
    expect(session.writer.counts).toMatchObject({ exchanges: 1, filtered: 2 })
    expect(session.writer.deleted).toEqual([])
    expect(session.session.open).toBe(0)
  })

  it('that needs the response decides with its head: before the first commit without a trace, after it by removing the row', () => {
    const session = filtered('status:5xx')
    session.script.opened(1).client(1, get('/quick')).origin(1, answer(200))
    session.script.opened(2).client(2, get('/slow')).opened(3).client(3, get('/failing'))
    session.commit()
    expect(paths(session)).toEqual(['/slow', '/failing'])
    session.script.origin(2, 'HTTP/1.1 404 X\r\nContent-Length: 5\r\n\r\n').origin(3, 'HTTP/1.1 500 X\r\nContent-Length: 5\r\n\r\n')
    session.commit()
    expect(paths(session)).toEqual(['/failing'])
    expect(session.writer.deleted).toEqual([2])
    session.script.origin(2, 'abcde').origin(3, 'abcde')
    expect(session.summary).toEqual(['complete | http | GET | https://h/failing | 500 | abcde |  | '])
    expect(session.writer.counts.filtered).toBe(2)
    expect(session.session.open).toBe(0)
  })

  it('that needs all of the exchange decides at its end', () => {
    const session = filtered('resp.size:>3')
    session.script.opened(1).client(1, get('/long')).origin(1, 'HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nab')
    session.script.opened(2).client(2, get('/short')).origin(2, 'HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\nab')
    expect(paths(session)).toEqual(['/long', '/short'])
    session.script.origin(1, 'cde').origin(2, 'c')
    expect(paths(session)).toEqual(['/long'])
    expect(session.writer.counts).toMatchObject({ exchanges: 1, filtered: 1, gaps: 0 })
  })

  it('decides of an upgraded connection by what it has become', () => {
    const upgrade = 'GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    const session = filtered('ws')
    session.script.opened(1).client(1, upgrade).opened(2).client(2, get('/page'))
    session.commit()
    session.script.origin(1, 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n').origin(2, answer(200))
    expect(paths(session)).toEqual(['/chat'])
  })

  it('holds for exchanges that begin after it was set; those before keep theirs', () => {
    const session = filtered('status:5xx')
    session.script.opened(1).client(1, get('/before'))
    session.commit()
    session.session.keepOnly('path:/after')
    session.script.origin(1, answer(500)).client(1, get('/after')).origin(1, answer(200)).client(1, get('/other')).origin(1, answer(500))
    expect(paths(session)).toEqual(['/before', '/after'])
    session.session.keepOnly('')
    session.script.client(1, get('/all')).origin(1, answer(200))
    expect(paths(session)).toEqual(['/before', '/after', '/all'])
  })

  it('counts everything that passes once, also when the file cannot be written meanwhile', () => {
    const session = filtered('status:5xx')
    session.script.opened(1).opened(2).client(1, get('/1')).client(2, get('/2'))
    session.commit()
    session.writer.trouble = diskFull
    session.script.origin(1, answer(200)).origin(2, answer(500)).client(1, get('/3')).origin(1, answer(404))
    expect(session.commit()).toBe(false)
    expect(paths(session)).toEqual(['/1', '/2'])
    session.writer.trouble = null
    session.commit(300)
    expect(paths(session)).toEqual(['/2'])
    expect(session.writer.counts).toMatchObject({ exchanges: 1, filtered: 2, gaps: 0 })
  })

  it('gives back the place that an exchange had among those that may be recorded', () => {
    const session = filtered('status:200')
    session.session.limit({}, 1)
    session.script.opened(1).client(1, get('/no')).origin(1, answer(404)).client(1, get('/yes')).origin(1, answer(200))
    expect(paths(session)).toEqual(['/yes'])
    expect(session.writer.gaps).toEqual([])
  })
})
