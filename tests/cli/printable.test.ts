import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printable, printableBytes, printableJson, printableLines } from '../../daemon/cli/printable.ts'

fc.configureGlobal({ seed: 20260131 })

/** Everything that a terminal acts on, is misled by, or draws as nothing: written out here on its own. */
const dangerous = (text: string): string[] =>
  [...text].filter((character) => {
    const code = character.codePointAt(0) ?? 0
    return (
      code < 0x20 ||
      (code >= 0x7f && code <= 0x9f) ||
      code === 0xad ||
      code === 0x61c ||
      (code >= 0x200b && code <= 0x200f) ||
      (code >= 0x2028 && code <= 0x202e) ||
      (code >= 0x2060 && code <= 0x206f) ||
      (code >= 0xd800 && code <= 0xdfff) ||
      code === 0xfeff ||
      (code >= 0xfff9 && code <= 0xfffb) ||
      (code >= 0xe0000 && code <= 0xe0fff)
    )
  })

const risky = fc.constantFrom(
  '\x1b[2J',
  '\x1b]0;title\x07',
  '\x9b31m',
  '\u202e',
  '\u2066',
  '\r',
  '\n',
  '\t',
  '\0',
  '\x7f',
  '\ud800',
  '\u200b',
  '\u{e0041}',
)
const text = fc.array(fc.oneof(risky, fc.string({ unit: 'binary' }), fc.string())).map((parts) => parts.join(''))

describe('captured text on its way to a terminal', () => {
  test('has nothing in it that a terminal acts on', () => {
    fc.assert(
      fc.property(text, (captured) => {
        expect(dangerous(printable(captured))).toEqual([])
      }),
    )
  })

  test('keeps line feeds and tabs, and only those, where many lines are shown', () => {
    fc.assert(
      fc.property(text, (captured) => {
        expect(dangerous(printableLines(captured).replace(/[\n\t]/g, ''))).toEqual([])
      }),
    )
  })

  test('stays as it is when it is harmless', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abc /?=&%\'"|<>äß漢字🎉\\') }), (harmless) => {
        expect(printable(harmless)).toBe(harmless)
        expect(printableLines(harmless)).toBe(harmless)
      }),
    )
  })

  test('shows what was there', () => {
    expect(printable('a\x1b[31mb\r\n\u202ec\u{e0041}\0')).toBe('a\\x1b[31mb\\r\\n\\u202ec\\u{e0041}\\x00')
    expect(printableLines('a\r\nb\rc\td')).toBe('a\nb\\rc\td')
  })

  test('bytes of a header are read as UTF-8 where they are that, and are harmless either way', () => {
    const wire = Buffer.from('käse \u202e', 'utf8').toString('latin1')
    expect(printableBytes(wire)).toBe('käse \\u202e')
    expect(printableBytes('caf\xe9')).toBe('café')
    expect(printableBytes('\x9b31m')).toBe('\\x9b31m')
    const bytes = fc.uint8Array().map((array) => Buffer.from(array).toString('latin1'))
    fc.assert(
      fc.property(bytes, (captured) => {
        expect(dangerous(printableBytes(captured))).toEqual([])
      }),
    )
  })
})

describe('captured text in JSON', () => {
  test('means the same, on one line, with nothing a terminal acts on', () => {
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.array(text), fc.constant(null))), (value) => {
        const json = printableJson(value)
        expect(dangerous(json)).toEqual([])
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
