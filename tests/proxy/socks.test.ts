import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { basicCredentials } from '../../daemon/proxy/credentials.ts'
import type { Destination } from '../../daemon/proxy/destination.ts'
import { socksReader } from '../../daemon/proxy/socks.ts'
import { startProxy } from '../support/proxy.ts'
import { connectTo, ending, readAll, readExactly } from '../support/wire.ts'

interface Negotiated {
  answer: string
  destination: Destination | null
  /** null: it waits for more. */
  ended: 'open' | 'refuse' | null
  rest: string
}

/** What the client gets for these pieces. */
function negotiate(pieces: readonly Uint8Array[], credentials: string | null = null): Negotiated {
  let reader = socksReader(credentials)
  let seen = Buffer.alloc(0)
  const result: Negotiated = { answer: '', destination: null, ended: null, rest: '' }
  for (const piece of pieces) {
    seen = Buffer.concat([seen, piece])
    for (let turn = result.ended || seen.length === 0 ? null : reader(seen); turn; turn = result.ended ? null : reader(seen)) {
      result.answer += turn.answer.toString('hex')
      if (turn.outcome === 'next') reader = turn.read
      else result.ended = turn.outcome
      if (turn.outcome === 'open') result.destination = turn.destination
      if (turn.outcome !== 'refuse') seen = seen.subarray(turn.used)
    }
  }
  result.rest = result.ended === 'open' ? seen.toString('latin1') : ''
  return result
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const greeting = '\x05\x01\x00'
const v4 = '\x04\x01\x00\x50'
const auth = { username: 'ann', password: 'sécret' }

describe('what opens a tunnel', () => {
  test.each([
    ['SOCKS 4', `${v4}\x7f\x00\x00\x01me\x00`, { host: '127.0.0.1', port: 80 }, '005a000000000000'],
    ['SOCKS 4a', `${v4}\x00\x00\x00\x01\x00some.example\x00`, { host: 'some.example', port: 80 }, '005a000000000000'],
    ['SOCKS 5, IPv4', `${greeting}\x05\x01\x00\x01\x7f\x00\x00\x01\x01\xbb`, { host: '127.0.0.1', port: 443 }, '050005000001000000000000'],
    ['SOCKS 5, a name', `${greeting}\x05\x01\x00\x03\x04a.be\x00\x01`, { host: 'a.be', port: 1 }, '050005000001000000000000'],
    ['SOCKS 5, IPv6', `${greeting}\x05\x01\x00\x04${'\x00'.repeat(15)}\x01\x00\x02`, { host: '::1', port: 2 }, '050005000001000000000000'],
    ['SOCKS 5, an address as a name', `${greeting}\x05\x01\x00\x03\x03::1\x00\x01`, { host: '::1', port: 1 }, '050005000001000000000000'],
    [
      'SOCKS 5 by one who insists on a password',
      '\x05\x01\x02\x01\x01a\x01b\x05\x01\x00\x03\x01a\x00\x01',
      { host: 'a', port: 1 },
      '0502010005000001000000000000',
    ],
  ])('%s, however it is cut, with what follows it', (_name, text, destination, answer) => {
    const bytes = latin1(`${text}\x16\x03\x01 the rest`)
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(negotiate([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual({
        answer,
        destination,
        ended: 'open',
        rest: '\x16\x03\x01 the rest',
      })
    }
    for (let length = 0; length < text.length; length++) expect(negotiate([latin1(text.slice(0, length))]).ended).toBeNull()
  })

  test('the right username and password, and no others', () => {
    const credentials = basicCredentials(auth)
    const given = (username: string, password: string) => {
      const [user, pass] = [Buffer.from(username), Buffer.from(password)]
      const login = Buffer.concat([Buffer.of(5, 2, 0, 2, 1, user.length), user, Buffer.of(pass.length), pass])
      return negotiate([login, latin1('\x05\x01\x00\x03\x01a\x00\x01')], credentials)
    }
    expect(given('ann', 'sécret')).toMatchObject({ ended: 'open', destination: { host: 'a', port: 1 } })
    for (const [username, password] of [
      ['ann', 'secret'],
      ['ann', ''],
      ['', 'sécret'],
      ['ann', 'sécret '],
      ['', ''],
    ] as const) {
      expect(given(username, password)).toMatchObject({ answer: '05020101', ended: 'refuse', destination: null })
    }
  })
})

describe('what is refused, and how', () => {
  test.each([
    ['SOCKS 4 BIND', '\x04\x02\x00\x50\x7f\x00\x00\x01\x00', '005b000000000000'],
    ['SOCKS 4 to port 0', '\x04\x01\x00\x00\x7f\x00\x00\x01\x00', '005b000000000000'],
    ['SOCKS 4 with a user id without end', `${v4}\x7f\x00\x00\x01${'u'.repeat(256)}`, '005b000000000000'],
    ['SOCKS 4a with a name without end', `${v4}\x00\x00\x00\x01\x00${'n'.repeat(256)}`, '005b000000000000'],
    ['SOCKS 4a with an empty name', `${v4}\x00\x00\x00\x01\x00\x00`, '005b000000000000'],
    ['SOCKS 5 without a method', '\x05\x00', '05ff'],
    ['SOCKS 5 with GSSAPI alone', '\x05\x01\x01', '05ff'],
    ['another version after the greeting', `${greeting}\x04\x01\x00\x50\x7f`, '050005010001000000000000'],
    ['SOCKS 5 BIND', `${greeting}\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50`, '050005070001000000000000'],
    ['SOCKS 5 UDP', `${greeting}\x05\x03\x00\x01\x7f\x00\x00\x01\x00\x50`, '050005070001000000000000'],
    ['an address of an unknown kind', `${greeting}\x05\x01\x00\x02\x7f\x00\x00\x01\x00\x50`, '050005080001000000000000'],
    ['SOCKS 5 to port 0', `${greeting}\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x00`, '050005010001000000000000'],
    ['an empty name', `${greeting}\x05\x01\x00\x03\x00\x00\x50`, '050005010001000000000000'],
    ['a name with a line in it', `${greeting}\x05\x01\x00\x03\x05a\r\nb \x00\x50`, '050005010001000000000000'],
    ['a name with a port in it', `${greeting}\x05\x01\x00\x03\x03a:1\x00\x50`, '050005010001000000000000'],
    ['a login of another version', '\x05\x01\x02\x05\x01a\x01b', '05020101'],
  ])('%s', (_name, text, answer) => {
    expect(negotiate([latin1(text)])).toEqual({ answer, destination: null, ended: 'refuse', rest: '' })
  })

  test('where a password is required: SOCKS 4 at its first byte, SOCKS 5 that does not offer one', () => {
    const credentials = basicCredentials(auth)
    expect(negotiate([latin1('\x04')], credentials)).toMatchObject({ answer: '005b000000000000', ended: 'refuse' })
    expect(negotiate([latin1(greeting)], credentials)).toMatchObject({ answer: '05ff', ended: 'refuse' })
  })

  test('any bytes, cut anywhere, get one answer', () => {
    const beginnings = fc.constantFrom('\x04', v4, '\x05', greeting, `${greeting}\x05\x01\x00`, '\x05\x01\x02\x01')
    fc.assert(
      fc.property(beginnings, fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 4 }), (beginning, more, cuts) => {
        const whole = Buffer.concat([latin1(beginning), more])
        const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length]
        const pieces = places.slice(1).map((end, n) => whole.subarray(places[n], end))
        for (const credentials of [null, basicCredentials(auth)]) {
          expect(negotiate(pieces, credentials)).toEqual(negotiate([whole], credentials))
        }
      }),
      { numRuns: 2000, seed: 21 },
    )
  })
})

describe('at the port', () => {
  test('a negotiation that stops, or ends half-way, leaves no connection behind', async () => {
    const proxy = await startProxy({ limits: { handshakeMs: 300 } })
    for (const text of ['\x05', greeting, `${greeting}\x05\x01\x00`, '\x04', v4]) {
      const silent = await connectTo(proxy.port)
      silent.write(latin1(text))
      expect(await ending(silent)).toMatch(/end|reset/)
      const halfClosed = await connectTo(proxy.port)
      halfClosed.end(latin1(text))
      expect((await readAll(halfClosed)).length).toBeLessThanOrEqual(2)
    }
    await vi.waitFor(async () => expect((await proxy.surface.status({})).connections).toBe(0))
    expect(proxy.recorder.records).toEqual([])
  })

  test('what is refused gets its answer before the end', async () => {
    const proxy = await startProxy()
    const socket = await connectTo(proxy.port)
    socket.write(latin1(`${greeting}\x05\x02`))
    expect((await readExactly(socket, 2)).toString('hex')).toBe('0500')
    socket.write(latin1('\x00\x01garbage garbage'))
    expect((await readAll(socket)).toString('hex')).toBe('05070001000000000000')
    expect(proxy.recorder.records).toEqual([])
  })
})
