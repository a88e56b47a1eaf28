import { describe, expect, it } from 'vitest'
import { block, Flag, Frame, frame as http2Frame, preface } from '../support/http2-wire.ts'
import { maskedFrame, Opcode, someMask, webSocketFrame } from '../support/websocket-frame.ts'
import { diskFull, RecordedSession } from './kept-records.ts'

const { text, binary, close, ping } = Opcode
const handshake = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const accepted = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'
const bye = Buffer.from([3, 232, 98, 121, 101])

function upgraded() {
  const session = new RecordedSession()
  const { script } = session
  script.opened(1).client(1, handshake).origin(1, accepted)
  return { session, script }
}

const told = (session: RecordedSession) =>
  session.rows[0]?.messages.map(({ direction, type, text, data }) => [direction, type, text ?? data?.toString('latin1')])
const anomalies = (session: RecordedSession) => session.rows[0]?.record.anomalies ?? []

describe('the messages of a WebSocket', () => {
  it('are on record while it is open, in both directions, with their times', () => {
    const { session, script } = upgraded()
    const sentAt = script.at
    script.client(1, maskedFrame(text, 'hello')).origin(1, webSocketFrame(binary, '\x00\xff'))
    expect(told(session)).toEqual([
      ['sent', 'text', 'hello'],
      ['received', 'binary', '\x00\xff'],
    ])
    expect(session.rows[0]?.messages.map(({ at }) => at)).toEqual([sentAt, sentAt + 1])
    expect(session.summary).toEqual(['open | websocket | GET | https://h/ws | 101 |  |  | '])
    script.origin(1, webSocketFrame(ping, '')).client(1, maskedFrame(close, bye))
    expect(told(session)?.slice(2)).toEqual([
      ['received', 'ping', ''],
      ['sent', 'close', bye.toString('latin1')],
    ])
  })

  it('in the same piece as the head of the response are read', () => {
    const session = new RecordedSession()
    session.script
      .opened(1)
      .client(1, handshake)
      .origin(1, Buffer.concat([Buffer.from(accepted), webSocketFrame(text, 'first')]))
    expect(told(session)).toEqual([['received', 'text', 'first']])
  })

  it('of one batch change their exchange once', () => {
    const { session, script } = upgraded()
    session.commit()
    for (let n = 0; n < 100; n++) script.client(1, maskedFrame(text, String(n)))
    session.commit()
    expect(session.rows[0]).toMatchObject({ writes: 2, record: { messageCount: 100, sentUnkept: 100 * 6 + 190 } })
  })

  it('end it in order when both sides said close, however the connection ends', () => {
    const { session, script } = upgraded()
    script.client(1, maskedFrame(close, bye)).origin(1, webSocketFrame(close, bye)).closed(1, { by: 'origin', reset: true })
    expect(session.summary).toEqual(['complete | websocket | GET | https://h/ws | 101 |  |  | '])
  })

  it('that are cut by its end are told', () => {
    const { session, script } = upgraded()
    script.client(1, maskedFrame(text, 'hello').subarray(0, 8)).closed(1)
    expect(session.summary).toEqual(['complete | websocket | GET | https://h/ws | 101 |  |  | messageCut'])
  })

  it.each([
    ['text that is no UTF-8', 'invalidUtf8', webSocketFrame(text, '\xff')],
    ['a masked frame of the origin', 'invalidMask', webSocketFrame(text, 'x', { mask: someMask })],
    ['a close code that must not be sent', 'invalidClose', webSocketFrame(close, Buffer.from([3, 237]))],
    ['half a close code', 'invalidClose', webSocketFrame(close, Buffer.from([3]))],
    ['a close reason that is no UTF-8', 'invalidClose', webSocketFrame(close, Buffer.from([3, 232, 255]))],
    ['a message after the close', 'dataAfterClose', Buffer.concat([webSocketFrame(close, bye), webSocketFrame(text, 'x')])],
    ['more than 4 MiB', 'messageTooLarge', webSocketFrame(binary, Buffer.alloc(4 * 1024 * 1024 + 1))],
  ])('that are odd are read, and the exchange says so: %s', (_, anomaly, bytes) => {
    const { session, script } = upgraded()
    script.origin(1, bytes).client(1, maskedFrame(text, 'after'))
    expect(anomalies(session)).toEqual([anomaly])
    expect(told(session)?.at(-1)).toEqual(['sent', 'text', 'after'])
  })

  it('end where a frame makes no sense; the bytes that follow are counted', () => {
    const { session, script } = upgraded()
    script
      .origin(1, webSocketFrame(text, 'read'))
      .origin(1, Buffer.from([0xf1, 0]))
      .origin(1, webSocketFrame(text, 'not read'))
    expect(told(session)).toEqual([['received', 'text', 'read']])
    expect(anomalies(session)).toEqual(['invalidFrame', 'undecoded'])
    expect(session.rows[0]?.record.receivedUnkept).toBe(6 + 2 + 10)
  })

  it('end where copies are missing: a gap and the exchange say so', () => {
    const { session, script } = upgraded()
    script.client(1, maskedFrame(text, 'read')).gap(1, { since: script.at, sent: 10, received: 5 })
    script.client(1, maskedFrame(text, 'not read'))
    expect(told(session)).toEqual([['sent', 'text', 'read']])
    expect(anomalies(session)).toEqual(['undecoded'])
    expect(session.writer.gaps).toMatchObject([{ reason: 'overload', bytes: 15 }])
    expect(session.rows[0]?.record).toMatchObject({ state: 'open', sentUnkept: 10 + 10 + 14, receivedUnkept: 5 })
  })

  it('of one that began in a pause are not stored; one that began before goes on', () => {
    const session = new RecordedSession()
    const { script } = session
    script.opened(1).client(1, handshake).origin(1, accepted)
    session.read().session.pause(script.at)
    script
      .client(1, maskedFrame(text, 'goes on'))
      .opened(2)
      .client(2, handshake)
      .origin(2, accepted)
      .client(2, maskedFrame(text, 'not stored'))
    expect(session.rows.map(({ messages }) => messages.map((message) => message.text))).toEqual([['goes on']])
  })

  it('are committed before their content fills the memory, and that counts as a commit', () => {
    const { session, script } = upgraded()
    session.commit()
    const { commits } = session.writer
    for (let n = 0; n < 5; n++) script.origin(1, webSocketFrame(binary, Buffer.alloc(4 * 1024 * 1024)))
    session.read()
    expect(session.writer.commits).toBe(commits + 2)
    expect(session.commit()).toBe(true)
    expect(session.rows[0]?.messages).toHaveLength(5)
  })

  it('that could not be written wait, then they are stored once', () => {
    const { session, script } = upgraded()
    session.commit()
    session.writer.trouble = diskFull
    script.origin(1, webSocketFrame(text, 'one'))
    session.commit()
    script.origin(1, webSocketFrame(text, 'two'))
    session.writer.trouble = null
    session.commit(300)
    expect(told(session)?.map(([, , content]) => content)).toEqual(['one', 'two'])
  })

  it('come over HTTP/2, too', () => {
    const session = new RecordedSession()
    const { script } = session
    const settings = http2Frame(Frame.settings, 0, 0)
    const head = (list: [string, string][]) => http2Frame(Frame.headers, Flag.endHeaders, 1, block(list))
    script
      .opened(1, { protocol: 'http2' })
      .client(1, Buffer.concat([preface, settings]))
      .origin(1, settings)
    script
      .client(
        1,
        head([
          [':method', 'CONNECT'],
          [':protocol', 'websocket'],
          [':scheme', 'https'],
          [':path', '/chat'],
          [':authority', 'h'],
        ]),
      )
      .origin(1, head([[':status', '200']]))
      .client(1, http2Frame(Frame.data, 0, 1, maskedFrame(text, 'over h2')))
      .origin(1, http2Frame(Frame.data, 0, 1, Buffer.concat([webSocketFrame(text, 'back'), webSocketFrame(close, bye)])))
      .client(1, http2Frame(Frame.data, 0, 1, maskedFrame(close, bye)))
      .client(1, http2Frame(Frame.reset, 0, 1, Buffer.from([0, 0, 0, 8])))
    expect(told(session)).toEqual([
      ['sent', 'text', 'over h2'],
      ['received', 'text', 'back'],
      ['received', 'close', bye.toString('latin1')],
      ['sent', 'close', bye.toString('latin1')],
    ])
    expect(session.summary).toEqual(['complete | websocket | CONNECT | https://h/chat | 200 |  |  | '])
  })
})
