import { METHODS } from 'node:http'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderBlocks } from '../../daemon/capture/decoders/header-block.ts'
import { parseConnect } from '../../daemon/proxy/connect-request.ts'
import { formatAuthority, parseAuthority } from '../../daemon/proxy/destination.ts'
import { innerProtocolOf, protocolOf } from '../../daemon/proxy/first-bytes.ts'
import { HostPatterns } from '../../daemon/proxy/host-patterns.ts'
import { hasHopFields, routeOf, toOriginForm, withoutHopFields } from '../../daemon/proxy/request-target.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

/** Whatever the first bytes are cut into, the verdict must not change once it is given. */
function staysDecided(decide: (bytes: Buffer) => string | null, whole: Buffer): string | null {
  let verdict: string | null = null
  for (let length = 1; length <= whole.length; length++) {
    const next = decide(whole.subarray(0, length))
    if (verdict !== null) expect(next).toBe(verdict)
    verdict = next
  }
  return verdict
}

describe('how a connection to the port begins', () => {
  test.each([
    ['\x16\x03\x01', 'tls'],
    ['\x05\x01\x00', 'socks'],
    ['\x04\x01', 'socks'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2'],
    ['CONNECT example.com:443 HTTP/1.1\r\n', 'connect'],
    ['CONNECTED http://x/ HTTP/1.1\r\n', 'http'],
    ['PRINT http://x/ HTTP/1.1\r\n', 'http'],
    ['\r\nGET http://x/', 'http'],
    ['\x00', 'unknown'],
    ['{"json":1}', 'unknown'],
    ['GET\thttp://x/', 'unknown'],
    ['x'.repeat(100), 'unknown'],
  ])('%j is %s', (text, protocol) => {
    expect(staysDecided(protocolOf, bytes(text))).toBe(protocol)
  })

  test('every registered method is HTTP', () => {
    for (const method of METHODS)
      expect(staysDecided(protocolOf, bytes(`${method} /`)), method).toBe(method === 'CONNECT' ? 'connect' : 'http')
  })

  test('any bytes get one verdict, whatever they are cut into', () => {
    const beginnings = fc.constantFrom('', 'CONN', 'PRI * HTT', '\r\n', 'GET ')
    fc.assert(
      fc.property(beginnings, fc.uint8Array({ maxLength: 120 }), (beginning, rest) => {
        const whole = Buffer.concat([bytes(beginning), rest])
        staysDecided(protocolOf, whole)
        staysDecided(innerProtocolOf, whole)
      }),
      { numRuns: 2000, seed: 7 },
    )
  })
})

describe('how the inside of a tunnel begins', () => {
  test.each([
    ['\x16\x03\x03', 'tls'],
    ['\x16\x04', 'unknown'],
    ['GET / HTTP/1.1', 'http'],
    ['OPTIONS * HTTP/1.1', 'http'],
    ['M-SEARCH /x HTTP/1.1', 'http'],
    ['GET http://other/ HTTP/1.1', 'http'],
    ['PRI * HTTP/2.0\r\n\r\n', 'http2'],
    ['PRI * HTTP/1.1\r\n\r\n', 'http'],
    ['CONNECT other:443 HTTP/1.1', 'unknown'],
    ['SSH-2.0-x', 'unknown'],
    ['EHLO me', 'unknown'],
    ['get / HTTP/1.1', 'unknown'],
    ['GET', null],
  ])('%j is %s', (text, protocol) => {
    expect(staysDecided(innerProtocolOf, bytes(text))).toBe(protocol)
  })
})

describe('authorities', () => {
  test.each([
    ['example.com:443', { host: 'example.com', port: 443 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
    ['example.com', null],
    ['::1:443', null],
    ['example.com:0', null],
    ['example.com:65536', null],
    ['example.com:x', null],
    [':443', null],
    ['a b:443', null],
    ['user@example.com:443', null],
    ['example.com/x:443', null],
  ])('%s', (text, destination) => {
    expect(parseAuthority(text, null)).toEqual(destination)
    if (destination) expect(formatAuthority(destination)).toBe(text)
  })

  test('a default port', () => {
    expect(parseAuthority('example.com', 80)).toEqual({ host: 'example.com', port: 80 })
    expect(parseAuthority('[::1]', 80)).toEqual({ host: '::1', port: 80 })
  })
})

test('a CONNECT head is read whole, with the credentials it carries', () => {
  const head = 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\nPROXY-Authorization:  Basic abc \r\n\r\n'
  for (let length = 0; length < head.length; length++) expect(parseConnect(bytes(head.slice(0, length)))).toBeNull()
  expect(parseConnect(bytes(`${head}rest`))).toEqual({
    authority: 'example.com:443',
    destination: { host: 'example.com', port: 443 },
    authorization: 'Basic abc',
    length: head.length,
  })
  expect(parseConnect(bytes('CONNECT a:1 HTTP/1.0\n\n'))).toMatchObject({ authority: 'a:1', length: 22 })
  expect(parseConnect(bytes('CONNECT a:1 HTTP/9.9\r\n\r\n'))).toMatchObject({ destination: null })
})

describe('host patterns', () => {
  test.each([
    ['example.com', 'example.com', true],
    ['example.com', 'www.example.com', false],
    ['*.example.com', 'www.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*', 'anything', true],
    ['EXAMPLE.*', 'example.org', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['example.com:443', 'example.com', true],
    ['example.com:444', 'example.com', false],
    ['*:443', 'example.com', true],
    ['.', 'x', false],
  ])('%s on %s:443: %s', (pattern, host, expected) => {
    expect(new HostPatterns([pattern]).match(host, 443)).toBe(expected)
  })

  test('agree with the obvious regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 8 })
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 }), (pattern, host) => {
        const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
        expect(new HostPatterns([pattern]).match(host, 1)).toBe(expression.test(host) || expression.test(`${host}:1`))
      }),
      { numRuns: 3000, seed: 8 },
    )
  })
})

describe('request targets', () => {
  test.each([
    ['http://example.com/', { destination: { host: 'example.com', port: 80 }, scheme: 'http' }],
    ['HTTP://example.com:81?q', { destination: { host: 'example.com', port: 81 }, scheme: 'http' }],
    ['https://u:p@[::1]/x@y', { destination: { host: '::1', port: 443 }, scheme: 'https' }],
    ['wss://example.com', { destination: { host: 'example.com', port: 443 }, scheme: 'https' }],
    ['/x', null],
    ['*', null],
    ['http:///x', null],
    ['http://a b/', null],
    ['ftp://example.com/', null],
    ['example.com:443', null],
  ])('%s', (target, route) => {
    expect(routeOf(target)).toEqual(route)
  })

  test('lose scheme and authority and nothing else', () => {
    const rest = fc.string({ unit: fc.constantFrom('/', '?', 'a', '%', '\xff', "'", '#', ':', '@'), maxLength: 12 })
    fc.assert(
      fc.property(rest, (path) => {
        const target = `http://example.com/${path}`
        const head = `GET ${target} HTTP/1.1\r\nHost: http://example.com/\r\n\r\n`
        expect(toOriginForm(bytes(head), 'GET', target).toString('latin1')).toBe(
          `GET /${path} HTTP/1.1\r\nHost: http://example.com/\r\n\r\n`,
        )
      }),
      { seed: 9 },
    )
  })

  test("the proxy's own fields go, however they are spelled; every other byte stays", () => {
    const blanks = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 80 })
    const lineEnd = fc.constantFrom('\r\n', '\n')
    const text = fc.string({ unit: fc.constantFrom('a', ':', ' ', '\t', '\r', '\0', '\xff', 'proxy-authorization'), maxLength: 40 })
    const folded = fc.tuple(fc.constantFrom(' ', '\t'), text, lineEnd).map((parts) => parts.join(''))
    const name = fc
      .tuple(fc.constantFrom('proxy-connection', 'proxy-authorization'), fc.array(fc.boolean()))
      .map(([word, upper]) => [...word].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter)).join(''))
    const hop = fc.oneof(
      fc.tuple(name, blanks, fc.constant(':'), text, lineEnd).map((parts) => parts.join('')),
      fc.tuple(name, blanks, lineEnd, fc.constantFrom('', ' : folded\r\n')).map((parts) => parts.join('')),
    )
    const other = fc
      .tuple(
        fc.oneof(
          fc.constantFrom('A', 'Proxy-Connection-X', 'X-Proxy-Authorization', 'Proxy-Authenticate', 'Proxy', '-', '\0', 'a b'),
          name.map((word) => `${word}\0`),
          name.map((word) => `x\r${word}`),
        ),
        blanks,
        fc.constantFrom(':', ''),
        text,
        lineEnd,
      )
      .map((parts) => parts.join(''))
    const field = (line: fc.Arbitrary<string>) =>
      fc.tuple(line, fc.array(folded, { maxLength: 2 })).map(([first, more]) => first + more.join(''))
    const fields = fc.array(
      fc.oneof(
        field(hop).map((lines) => [lines, '']),
        field(other).map((lines) => [lines, lines]),
      ),
    )
    fc.assert(
      fc.property(fields, blanks, (all, indent) => {
        // Blanks before the first line fold it into nothing.
        const indented = all[0]?.[1] === '' ? indent : ''
        const head = `GET / HTTP/1.1\r\n${indented}${all.map(([sent]) => sent).join('')}\r\n`
        const kept = `GET / HTTP/1.1\r\n${all.map(([, passed]) => passed).join('')}\r\n`
        expect(withoutHopFields(bytes(head)).toString('latin1')).toBe(kept)
        const { fields: read } = new HeaderBlocks().get(head.slice(head.indexOf('\n') + 1))
        expect(hasHopFields(read)).toBe(all.some(([, passed]) => passed === ''))
      }),
      { seed: 10, numRuns: 500 },
    )
  })
})
