import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import type { Headers } from '../../sdk/model.ts'
import { jsonPath } from '../../sdk/redaction/json-paths.ts'
import { mayHoldKey, replaceInJson } from '../../sdk/redaction/json-values.ts'
import { pseudonymKey, pseudonyms } from '../../sdk/redaction/pseudonyms.ts'
import { Redactor } from '../../sdk/redaction/redactor.ts'

const name = pseudonyms(Buffer.alloc(32, 1))
const rules = { headers: ['Authorization'], cookies: ['sid'], query: ['token'], json: ['a.b', '**.password'], form: ['pin'] }
const redactor = new Redactor(rules, name)
const typed = (type: string): Headers => [['Content-Type', type]]
const bodyOf = (text: string, type: string) => redactor.body(Buffer.from(text), typed(type))?.toString() ?? null

/** Long enough that it is nowhere by chance, in an alphabet that no encoding changes. */
const secrets = fc.stringMatching(/^[A-Za-z0-9]{12,40}$/).map((text) => `SECRET${text}`)
const words = fc.stringMatching(/^[a-z]{1,8}$/)

describe('pseudonyms', () => {
  it('are the same for the same secret and key, and others for others', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => (name(a) === name(b)) === (a === b)))
    expect(name('a')).toMatch(/^redacted-[0-9a-f]{16}$/)
    expect(pseudonyms(Buffer.alloc(32, 2))('a')).not.toBe(name('a'))
  })

  it('have a key in a file of its user alone, made once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'key')
    const key = pseudonymKey(file)
    expect(key).toHaveLength(32)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(pseudonymKey(file)).toEqual(key)
  })
})

test('a key that may be in JSON is never overlooked, however the text is cut and spaced', () => {
  const spaces = fc.constantFrom('', ' ', '\n\t')
  const isKey = (key: string) => key === 'token'
  fc.assert(
    fc.property(fc.json(), spaces, fc.string(), fc.boolean(), (value, space, before, escaped) => {
      const key = escaped ? 't\\u006fken' : 'token'
      expect(mayHoldKey(`${JSON.stringify(before)},{"a":${value},"${key}"${space}:1}`, isKey)).toBe(true)
    }),
  )
  expect(mayHoldKey('{"other":"token","more":["token"],"tokens":1}', isKey)).toBe(false)
})

describe('a redactor', () => {
  it('leaves no secret in fields, cookies, URLs, forms and JSON, and everything else as it is', () => {
    fc.assert(
      fc.property(secrets, words, words, (secret, key, value) => {
        const fields: Headers = [
          ['authorization', `Bearer ${secret}`],
          ['Cookie', `x=${value}; sid=${secret}`],
          ['Set-Cookie', `sid=${secret}; Path=/; HttpOnly`],
          ['X-Other', value],
        ]
        expect(redactor.fields(fields)).toEqual([
          ['authorization', `Bearer ${name(secret)}`],
          ['Cookie', `x=${value}; sid=${name(secret)}`],
          ['Set-Cookie', `sid=${name(secret)}; Path=/; HttpOnly`],
          ['X-Other', value],
        ])
        expect(redactor.url(`https://h/p?x${key}=${value}&token=${secret}#f`)).toBe(`https://h/p?x${key}=${value}&token=${name(secret)}#f`)
        expect(bodyOf(`x${key}=1&pin=${secret}`, 'application/x-www-form-urlencoded')).toBe(`x${key}=1&pin=${name(secret)}`)
        const json = { a: { b: secret, c: value }, deep: [{ [`x${key}`]: { password: secret } }] }
        expect(bodyOf(JSON.stringify(json), 'application/problem+json')).toBe(JSON.stringify(json).replaceAll(secret, name(secret)))
      }),
    )
  })

  it('gives back the very same where there is nothing to hide', () => {
    const fields: Headers = [['Accept', '*/*']]
    const bytes = Buffer.from('{ "a": 1 }')
    expect(redactor.fields(fields)).toBe(fields)
    expect(redactor.body(bytes, typed('application/json'))).toBe(bytes)
    expect(redactor.body(bytes, typed('image/png'))).toBe(bytes)
  })

  it('knows a secret by its value, whatever its encoding', () => {
    expect(redactor.url('http://h/?token=a%20b')).toBe(redactor.url('http://h/?token=a+b'))
    expect(redactor.url('http://h/?%74oken=x')).toBe(`http://h/?%74oken=${name('x')}`)
  })

  it('looks into the URLs of Referer and Location, and into JSON lines', () => {
    expect(redactor.fields([['Location', '/next?token=x']])).toEqual([['Location', `/next?token=${name('x')}`]])
    expect(bodyOf('{"password":"x"}\n{"y":1}\n', 'application/json')).toBe(`{"password":"${name('x')}"}\n{"y":1}\n`)
  })

  it('leaves out a body that is not what it says to be', () => {
    expect(bodyOf('{"password":"x"', 'application/json')).toBeNull()
  })
})

describe('paths into JSON', () => {
  const atPath = (text: string, path: string) =>
    replaceInJson(text, { paths: [jsonPath(path)], isKey: () => false, replace: () => 'X', inText: (inner) => inner })

  it.each([
    ['a.b', { a: { b: 0 } }],
    ['a[1]', { a: [1, 0] }],
    ['a[*].b', { a: [{ b: 0 }, { b: 0 }] }],
    ['a.*', { a: { x: 0, y: 0 } }],
    ['**.b', { b: 0, c: [{ b: 0 }, { d: { b: 0 } }] }],
    ['a\\.b', { 'a.b': 0 }],
    ['a', { a: { b: 1, c: [2] }, d: 3 }, '{"a":"X","d":3}'],
  ])('%s', (path, value, replaced = JSON.stringify(value).replaceAll('0', '"X"')) => {
    expect(atPath(JSON.stringify(value), path)).toBe(replaced)
  })

  it('replace nothing elsewhere', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(atPath(text, 'not-there.at-all')).toBe(text)
      }),
    )
  })
})

describe('XML', () => {
  const byKeys = new Redactor({ keys: ['pass*', 'token'] }, name)
  const xml = (text: string) => byKeys.body(Buffer.from(text), typed('application/xml'))?.toString()

  it('has secrets in elements, CDATA and attributes, whatever their prefix, and stays as it is around them', () => {
    fc.assert(
      fc.property(secrets, words, (secret, word) => {
        const escaped = `${secret}&lt;&#60;&#x3C;&amp;`
        const hidden = name(`${secret}<<<&`)
        const written = (value: string) =>
          `<?xml version="1.0"?>\n<x${word} a="${word}" x:Token = '${value}'><s:Pass-word b="1">${value}</s:Pass-word>${word}</x${word}>`
        expect(xml(written(escaped))).toBe(written(hidden))
        const cdata = (value: string) => `<a><token>\n<![CDATA[${value}]]></token><b>${word}</b></a>`
        expect(xml(cdata(secret))).toBe(cdata(name(secret)))
      }),
    )
  })

  it('of whatever it is made takes no time', () => {
    const text = `<a ${'<token '.repeat(20_000)}${'x="'.repeat(20_000)}<![CDATA[${'['.repeat(20_000)}`
    expect(xml(text)).toBe(text)
  })
})

it('a body in another charset says that it is UTF-8 once something is hidden in it', () => {
  const byKeys = new Redactor({ keys: ['token'] }, name)
  const body = byKeys.body(Buffer.from('\ufeff{"token":"abc"}', 'utf16le'), typed('text/plain'))
  expect(body?.toString()).toBe(`\ufeff{"token":"${name('abc')}"}`)
})
