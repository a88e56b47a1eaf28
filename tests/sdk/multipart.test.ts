import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDisposition } from '../../sdk/multipart.ts'
import { readMultipart } from '../support/multipart.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')
const content = (body: string, boundary = 'b') =>
  readMultipart(bytes(body), boundary).parts.map((part) => Buffer.from(part.content ?? []).toString())

describe('a multipart body', () => {
  it('comes apart into the parts it was made of, wherever it is cut, each where its offset says', () => {
    const field = fc.tuple(fc.stringMatching(/^[A-Za-z-]{1,10}$/), fc.stringMatching(/^[!-~]{0,20}$/))
    const part = fc.record({ headers: fc.array(field, { maxLength: 3 }), body: fc.uint8Array({ maxLength: 200 }) })
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.nat(40), fc.boolean(), (made, piece, preamble) => {
        const boundary = 'x-Boundary_7'
        const whole = Buffer.concat([
          bytes(preamble ? 'to be ignored\r\n' : ''),
          ...made.flatMap(({ headers, body }) => [
            bytes(`--${boundary}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`),
            body,
            bytes('\r\n'),
          ]),
          bytes(`--${boundary}--\r\nepilogue`),
        ])
        const { parts, fault } = readMultipart(whole, boundary, piece)
        expect(fault).toBeNull()
        expect(parts.map((found) => found.headers)).toEqual(made.map(({ headers }) => headers))
        for (const [index, { body }] of made.entries()) {
          const found = parts[index]
          expect(found).toMatchObject({ size: body.length, ended: true })
          expect(Buffer.from(found?.content ?? []).equals(Buffer.from(body))).toBe(true)
          expect(whole.subarray(found?.offset, (found?.offset ?? 0) + body.length).equals(Buffer.from(body))).toBe(true)
        }
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('keeps what only looks like its delimiter', () => {
    expect(content('--b\r\n\r\n\r\n--bee\r\n--b')).toEqual(['\r\n--bee\r\n--b'])
    expect(content('--b\r\n\r\nx\r\n--bee\r\n--b \t\r\n\r\ny\r\n--b--')).toEqual(['x\r\n--bee', 'y'])
    expect(content('--b\r\n\r\n--b\r\n\r\n\r\n--b--')).toEqual(['', ''])
    expect(content('--b\r\nA: 1\r\n--b--')).toEqual([''])
  })

  it('says what is wrong with it and gives what there is', () => {
    expect(readMultipart(bytes('nothing of the kind'), 'b')).toEqual({ parts: [], fault: 'noDelimiter' })
    expect(readMultipart(bytes('--b\r\n\r\nhalf'), 'b')).toMatchObject({ parts: [{ size: 4, ended: false }], fault: 'unterminated' })
    expect(readMultipart(bytes('--b\r\nA: 1'), 'b')).toMatchObject({ parts: [], fault: 'unterminated' })
    expect(readMultipart(bytes('--b\r\nnonsense\r\nA: 1\r\n\r\nx\r\n--b--'), 'b')).toMatchObject({
      parts: [{ headers: [['A', '1']] }],
      fault: 'invalidHead',
    })
    expect(readMultipart(bytes(`--b\r\nA: ${'x'.repeat(70_000)}\r\n\r\n`), 'b', 1000).fault).toBe('invalidHead')
  })

  it('holds no large content', () => {
    const { parts } = readMultipart(Buffer.concat([bytes('--b\r\n\r\n'), Buffer.alloc(5000), bytes('\r\n--b--')]), 'b', 7, 4999)
    expect(parts).toMatchObject([{ size: 5000, content: null }])
  })

  it('survives any bytes, cut anywhere', () => {
    const token = fc.constantFrom('--b', '\r\n', '\r', '\n', '-', ' ', 'A: 1', 'x', '--', '\r\n--b\r\n', '\r\n--b--')
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), fc.nat(5), (tokens, piece) => {
        const body = bytes(tokens.join(''))
        const whole = readMultipart(body, 'b')
        expect(readMultipart(body, 'b', piece)).toEqual(whole)
        for (const { offset, size } of whole.parts) expect(offset + size).toBeLessThanOrEqual(body.length)
      }),
      { seed: 2, numRuns: 2000 },
    )
  })
})

it.each([
  ['form-data; name="a"', { name: 'a', filename: null }],
  ['form-data; name=a; filename=b.txt', { name: 'a', filename: 'b.txt' }],
  ['form-data; name="a;b=\\"c\\""; filename="C:\\dir\\"', { name: 'a;b="c"', filename: 'C:\\dir\\' }],
  ['form-data; name="%22%0d%0A%41"', { name: '"\r\n%41', filename: null }],
  ['form-data; NAME="gr\u00c3\u00bc\u00c3\u009fe"', { name: 'grüße', filename: null }],
  ['form-data; name="\u00fc"', { name: 'ü', filename: null }],
  ['attachment; filename="fallback"; filename*=UTF-8\'\'%e2%82%ac%20rates', { name: null, filename: '€ rates' }],
  ['form-data; name="open', { name: 'open', filename: null }],
  ['', { name: null, filename: null }],
])('the parameters of %j', (value, expected) => {
  expect(parseDisposition(value)).toEqual(expected)
})
