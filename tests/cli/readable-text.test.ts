import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readableText, readableTexts } from '../../daemon/cli/readable-text.ts'

fc.configureGlobal({ seed: 20260131 })

test('UTF-8 is text, even when it is cut inside a character', () => {
  const text = 'Grüße, 漢字 🎉\n'
  expect(readableText(Buffer.from(text), '')).toBe(text)
  const bytes = Buffer.from('aé漢🎉')
  for (let length = 1; length <= bytes.length; length++) {
    expect('aé漢🎉'.startsWith(readableText(bytes.subarray(0, length), 'text/plain') ?? 'x')).toBe(true)
  }
})

test('a character that two pieces share is whole', () => {
  const text = readableTexts('')
  const bytes = Buffer.from('漢字')
  expect(Array.from(bytes, (byte) => text(Buffer.of(byte))).join('')).toBe('漢字')
})

test('the charset that the response names is used', () => {
  expect(readableText(Buffer.from([0x63, 0xe9]), 'text/html; charset="ISO-8859-1"')).toBe('cé')
  expect(readableText(Buffer.from('c漢'), 'text/html; charset=nonsense')).toBe('c漢')
})

test('images, archives and other bytes are none', () => {
  expect(readableText(Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'image/png')).toBeNull()
  expect(readableText(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), 'text/html')).toBeNull()
  expect(readableText(Buffer.alloc(100, 1), 'text/plain')).toBeNull()
})

test('any bytes at all are either text or not', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), (bytes, type) => {
      const text = readableText(bytes, type)
      expect(text === null || typeof text === 'string').toBe(true)
    }),
  )
})
