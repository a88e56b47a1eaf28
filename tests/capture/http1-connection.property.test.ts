import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConnectionClosed } from '../../daemon/capture/wire-copy.ts'
import { RecordedSession } from './kept-records.ts'

const connections = 3

/** Anything that a proxy may say of a connection, in any order, sensible or not. */
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('opened' as const), on: fc.nat(connections - 1), opaque: fc.boolean() }),
    fc.record({
      do: fc.constantFrom('client' as const, 'origin' as const),
      on: fc.nat(connections - 1),
      bytes: fc.constantFrom(
        'GET / HTTP/1.1\r\n\r\n',
        'HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n',
        'POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n',
        'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
        'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
        'CONNECT a:1 HTTP/1.1\r\n\r\n',
        'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n',
        'HTTP/1.1 200 OK\r\n\r\n',
        'HTTP/1.1 204 No\r\n\r\n',
        'HTTP/1.1 100 Continue\r\n\r\n',
        'HTTP/1.1 101 S\r\n\r\n',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
        '4\r\nbody\r\n',
        '0\r\n\r\n',
        'body',
        'GET / HT',
        '\0\xff',
      ),
    }),
    fc.record({
      do: fc.constantFrom('clientEnd' as const, 'originEnd' as const, 'facts' as const, 'failed' as const),
      on: fc.nat(connections - 1),
    }),
    fc.record({ do: fc.constant('gap' as const), on: fc.nat(connections - 1), bytes: fc.nat(2) }),
    fc.record({
      do: fc.constant('closed' as const),
      on: fc.nat(connections - 1),
      by: fc.constantFrom<ConnectionClosed['by']>('client', 'origin', 'weir'),
      reset: fc.boolean(),
    }),
    fc.record({ do: fc.constantFrom('commit' as const, 'pause' as const, 'resume' as const) }),
  ),
  { maxLength: 40 },
)

type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never

function tell(session: RecordedSession, list: readonly Step[]): void {
  const { script } = session
  for (const step of list) {
    switch (step.do) {
      case 'opened':
        script.opened(step.on + 1, step.opaque ? { protocol: 'opaque', opaque: 'undecoded' } : {})
        break
      case 'client':
      case 'origin':
        script[step.do](step.on + 1, step.bytes)
        break
      case 'clientEnd':
      case 'originEnd':
        script[step.do](step.on + 1)
        break
      case 'facts':
        script.facts(step.on + 1, { server: { address: '10.0.0.1', port: step.on }, connect: 1 })
        break
      case 'failed':
        script.failed(step.on + 1, { reason: 'connectTimeout', message: '' })
        break
      case 'gap':
        script.gap(step.on + 1, { since: script.at, sent: step.bytes, received: step.bytes })
        break
      case 'closed':
        script.closed(step.on + 1, { by: step.by, reset: step.reset })
        break
      case 'commit':
        session.commit()
        break
      case 'pause':
      case 'resume':
        session.session[step.do](script.at - 0.5)
        break
    }
  }
}

describe('whatever a connection does', () => {
  it('no record is lost to an error, what is open is known, and everything ends', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const session = new RecordedSession()
        tell(session, list)
        const open = session.rows.filter(({ record }) => record.state === 'open').length
        expect(session.faults).toEqual([])
        expect(session.session.open).toBe(open)
        expect(session.writer.rows.size).toBe(session.writer.seq)
        for (let on = 1; on <= connections; on++) session.script.closed(on)
        for (const { record } of session.rows) {
          expect(record.state).not.toBe('open')
          expect(record.endedAt).toBeGreaterThan(0)
          expect(record.error === null).toBe(record.state === 'complete')
          expect(record.requestBody?.ended ?? true).toBe(true)
          expect(record.responseBody?.ended ?? true).toBe(true)
        }
        expect(session.session.open).toBe(0)
      }),
      { seed: 20_260_102, numRuns: 3_000 },
    )
  })

  it('is stored the same, however often it is committed in between', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const often = new RecordedSession()
        for (const step of list) {
          tell(often, [step])
          often.commit()
        }
        const once = new RecordedSession()
        tell(
          once,
          list.filter((step) => step.do !== 'commit'),
        )
        const plain = ({ rows }: RecordedSession) =>
          rows.map(({ record, request, response }) => ({
            ...record,
            stored: true,
            dirty: false,
            request: request.toString('latin1'),
            response: response.toString('latin1'),
          }))
        expect(plain(often)).toEqual(plain(once))
      }),
      { seed: 20_260_103, numRuns: 1_000 },
    )
  })
})
