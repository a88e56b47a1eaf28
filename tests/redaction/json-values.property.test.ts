/** Secrets in the text of JSON are replaced in place. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonPath } from '../../sdk/redaction/json-paths.ts'
import { replaceInJson } from '../../sdk/redaction/json-values.ts'
import type { Names } from '../../sdk/redaction/names.ts'

const isKey: Names = (name) => name === 'token'
const hidden = 'redacted'
const underKeys = (text: string, replace = (_secret: string) => hidden) =>
  replaceInJson(text, { paths: [], isKey, replace, inText: (inner) => inner })
const atPaths = (text: string, ...paths: string[]) =>
  replaceInJson(text, { paths: paths.map(jsonPath), isKey: () => false, replace: () => hidden, inText: (inner) => inner })

const keys = fc.constantFrom('token', 'a', 'to\\ken', '"', 'é')
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, '', 0, -1.5e300),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
  ),
}))
const spaces = fc.constantFrom(undefined, 1, '\t')

/** What is expected, by the plainest of ways. */
function expected(value: unknown, isSecret = false): unknown {
  if (Array.isArray(value)) return value.map((inner) => expected(inner, isSecret))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, expected(inner, isSecret || isKey(key))]))
  return isSecret && (typeof value === 'number' || (typeof value === 'string' && value !== '')) ? hidden : value
}

describe('JSON', () => {
  it('has each text and number below a secret key replaced, and nothing else', () => {
    fc.assert(
      fc.property(values, spaces, (value, space) => {
        expect(underKeys(JSON.stringify(value, null, space))).toBe(JSON.stringify(expected(value), null, space))
      }),
    )
  })

  it('without secrets is the very same', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!text.includes('token'))
        expect(underKeys(text)).toBe(text)
      }),
    )
  })

  it('stays as it is written around them: numbers beyond doubles, escapes, spaces, keys that come twice', () => {
    const text = (secret: string) =>
      `{ "id":12345678901234567890,"f":1.0 , "u":"\\u00e9\\/", "token" :\n"${secret}","token":null,"t\\u006fken":["${secret}",{"x":"${secret}"}]}`
    expect(underKeys(text('s'))).toBe(text(hidden))
  })

  it('tells secrets as they are meant, and numbers as they are written', () => {
    const seen: string[] = []
    underKeys('{"token":["a\\"\\u00e9b",12345678901234567890,1.0,true,null,""]}', (secret) => {
      seen.push(secret)
      return hidden
    })
    expect(seen).toEqual(['a"éb', '12345678901234567890', '1.0'])
  })

  it('has whatever stands at a path replaced as a whole, but null', () => {
    const text = '{"a":{"b":[1,{"c":"d"}],"e":1},"f":{"a":true},"a":null}'
    expect(atPaths(text, 'a.b', '**.a')).toBe('{"a":"redacted","f":{"a":"redacted"},"a":null}')
    expect(atPaths(text, 'a.b')).toBe('{"a":{"b":"redacted","e":1},"f":{"a":true},"a":null}')
    expect(atPaths('[1,[2,3],{"b":4}]', '[1]', '[*].b')).toBe('[1,"redacted",{"b":"redacted"}]')
  })
})

describe('what is no JSON as a whole', () => {
  it.each([
    ['cut behind a secret', '{"token":"hunter2","x":', '{"token":"redacted","x":'],
    ['cut in a secret', '{"a":[1,{"token":"hunt', '{"a":[1,{"token":"redacted"'],
    ['cut in lines', '{"token":"hun\n{"token":"hunter2"}', '{"token":"redacted"\n{"token":"redacted"}'],
    ['lines', '{"token":1}\n{"a":1}\r\n', '{"token":"redacted"}\n{"a":1}\r\n'],
    ['a part of an object', '"a":1,"token":"hunter2"', '"a":1,"token":"redacted"'],
  ])('%s has them replaced', (_, text, replaced) => expect(underKeys(text)).toBe(replaced))

  it('shows no secret, wherever it was cut', () => {
    fc.assert(
      fc.property(values, fc.nat(), (before, cut) => {
        const whole = JSON.stringify({ a: before, token: 'hunter2-hunter2', b: [before] })
        const text = whole.slice(0, cut % (whole.length + 1))
        expect(underKeys(text)).not.toContain('hunter2-')
        expect(underKeys(text.slice(1))).not.toContain('hunter2-')
      }),
    )
  })

  it('any text without secret keys is the very same', () => {
    const texts = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\ \n1a') })
    fc.assert(
      fc.property(texts, (text) => {
        expect(underKeys(text)).toBe(text)
      }),
    )
  })
})

describe('in no more time than its length takes', () => {
  const size = 100_000
  it.each([
    ['depth', `${'['.repeat(size)}{"token":"x"}${']'.repeat(size)}`, `${'['.repeat(size)}{"token":"redacted"}${']'.repeat(size)}`],
    ['depth of objects', `${'{"a":'.repeat(size)}{"token":"x"}`, `${'{"a":'.repeat(size)}{"token":"redacted"}`],
  ])('%s', (_, text, replaced) => expect(underKeys(text) === replaced).toBe(true))

  it.each([
    ['texts without an end', '"a\\"\n'.repeat(size)],
    ['backslashes', `"${'\\'.repeat(size)}`],
    ['quotes and spaces', `"  ${'" \\"'.repeat(size)}`],
    ['ends of nothing', ']}'.repeat(size)],
  ])('%s', (_, text) => expect(underKeys(text) === text).toBe(true))

  it('paths at any depth', () => {
    const text = `${'{"a":'.repeat(size)}1`
    expect(atPaths(text, '**.a.**.b', '**.a.a.c') === text).toBe(true)
  })
})
