import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { SecretCheck, SecretLeft } from '../../daemon/plugin/secret-check.ts'
import { SecretFinder } from '../../sdk/redaction/secret-finder.ts'

const secrets = fc
  .string({
    unit: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }), fc.constantFrom(...'/&<>"~!\\é +')),
    minLength: 8,
    maxLength: 40,
  })
  .filter((secret) => Buffer.byteLength(secret) >= 8 && !/^[a-z]+$/i.test(secret) && secret.isWellFormed())
const around = fc.string({ unit: 'binary', maxLength: 40 })

const ascii = (text: string) =>
  text.replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const written: [name: string, write: (secret: string) => string][] = [
  ['as it is', (secret) => secret],
  ['as the Latin-1 string of its bytes', (secret) => Buffer.from(secret).toString('latin1')],
  ['percent-encoded', (secret) => encodeURIComponent(secret)],
  ['as a form field', (secret) => encodeURIComponent(secret).replaceAll('%20', '+')],
  ['with the escapes of JSON', (secret) => JSON.stringify(secret).slice(1, -1)],
  ['as URLSearchParams write it', (secret) => new URLSearchParams({ a: secret }).toString().slice(2)],
  ['as PHP writes it as JSON', (secret) => ascii(JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'))],
  ['as Python writes it as JSON', (secret) => ascii(JSON.stringify(secret).slice(1, -1))],
  [
    'as Go writes it as JSON',
    (secret) => JSON.stringify(secret).slice(1, -1).replaceAll('&', '\\u0026').replaceAll('<', '\\u003c').replaceAll('>', '\\u003e'),
  ],
  ['in JSON in JSON', (secret) => JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
  ['percent-encoded twice', (secret) => encodeURIComponent(encodeURIComponent(secret))],
]

describe('a secret', () => {
  it.each(written)('is replaced %s', (_, write) => {
    fc.assert(
      fc.property(secrets, around, around, (secret, before, after) => {
        const finder = new SecretFinder()
        finder.add(secret, 'redacted-1')
        const replaced = finder.replace(`${before}\u0000${write(secret)}\u0000${after}`)
        expect(replaced).toContain('redacted-1')
        expect(finder.replace(replaced)).toBe(replaced)
        expect(finder.indexIn(Buffer.from(replaced, 'latin1'))).toBe(-1)
      }),
    )
  })

  it.each([
    ['abc/def/ghi123', 'abc\\/def\\/ghi123'],
    ['a&b<c-0123456', 'a\\u0026b\\u003cc-0123456'],
    ['naïvepass1', 'na\\u00efvepass1'],
    ['naïve"pass+1', 'na\\u00EFve\\u0022pass\\u002B1'],
    ['pass word!1', 'pass+word%211'],
    ['abc~defgh1', 'abc%7Edefgh1'],
  ])('%s is found as %s', (secret, text) => {
    const finder = new SecretFinder()
    finder.add(secret, 'redacted-1')
    expect(finder.replace(`"${text}"`)).toBe('"redacted-1"')
    expect(finder.indexIn(Buffer.from(text))).toBe(0)
  })

  it('is found in base64, wherever it lies in it', () => {
    fc.assert(
      fc.property(secrets, fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 }), (secret, before, after) => {
        fc.pre(Buffer.byteLength(secret) >= 9)
        const finder = new SecretFinder()
        finder.add(secret, 'redacted-1')
        const text = Buffer.concat([before, Buffer.from(secret), after]).toString('base64')
        expect(finder.indexIn(Buffer.from(text))).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})

test('a text without any secret is the very same', () => {
  fc.assert(
    fc.property(fc.array(secrets, { maxLength: 20 }), around, (all, text) => {
      const finder = new SecretFinder()
      for (const secret of all) finder.add(secret, 'r')
      fc.pre(!all.some((secret) => written.some(([, write]) => text.includes(write(secret)))))
      expect(finder.replace(text)).toBe(text)
    }),
  )
})

test('of two that begin alike the longer one is meant', () => {
  const finder = new SecretFinder()
  finder.add('12345678', 'short')
  finder.add('123456789', 'long')
  expect(finder.replace('12345678 123456789')).toBe('short long')
})

test('what is short, or a mere word, is not looked for', () => {
  const finder = new SecretFinder()
  finder.add('1234567', 'r')
  finder.add('undefined', 'r')
  expect(finder.replace('1234567 undefined')).toBe('1234567 undefined')
})

test('the check of what was written finds a secret over any cut', () => {
  const finder = new SecretFinder()
  finder.add('hunter2-hunter2', 'r')
  const filler = Buffer.alloc(300_000, 'x')
  for (const cut of [1, 7, 14]) {
    const check = new SecretCheck(finder)
    const secret = Buffer.from('hunter2-hunter2')
    check.read(Buffer.concat([filler, secret.subarray(0, cut)]))
    check.read(Buffer.concat([secret.subarray(cut), Buffer.from('!')]))
    expect(() => check.end()).toThrow(SecretLeft)
    expect(() => check.end()).toThrow(/at byte 300000;/)
  }
  const clean = new SecretCheck(finder)
  for (let n = 0; n < 5; n++) clean.read(filler)
  expect(() => clean.end()).not.toThrow()
})

test('many are found beside each other, each wherever it stands', () => {
  const finder = new SecretFinder()
  const many = Array.from({ length: 3000 }, (_, index) => `secret-${index}-of-many`)
  for (const secret of many) finder.add(secret, `<${secret.length}>`)
  for (const [index, secret] of many.entries()) {
    const before = '-'.repeat(index % 11)
    expect(finder.replace(`${before}${secret}!${secret}`)).toBe(`${before}<${secret.length}>!<${secret.length}>`)
    expect(finder.indexIn(Buffer.from(before + secret))).toBe(before.length)
  }
})

test('it searches as one would who looks for each at every place', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '1'), minLength: 8, maxLength: 12 })
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 8 }), fc.string({ unit: fc.constantFrom('a', 'b', '1'), maxLength: 200 }), (all, text) => {
      const finder = new SecretFinder()
      for (const secret of all) finder.add(secret, '#')
      const looked = all.filter((secret) => secret.includes('1')).sort((a, b) => b.length - a.length)
      const expected = looked.length === 0 ? text : text.replace(new RegExp(looked.join('|'), 'g'), '#')
      // Base64 of such secrets has other letters in it.
      expect(finder.replace(text)).toBe(expected)
      expect(Buffer.from(finder.replaceIn(Buffer.from(text))).toString()).toBe(expected)
    }),
  )
})
