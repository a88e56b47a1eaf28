import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeText } from '../../daemon/import/charset-encoding.ts'

fc.configureGlobal({ seed: 20260402 })

const labels = ['utf-8', 'utf-16le', 'utf-16be', 'latin1', 'windows-1251', 'koi8-r', 'shift_jis', 'gbk', 'big5', 'euc-kr', 'euc-jp']

it.each(labels)('what %s has bytes for is read back as it was', (label) => {
  const decoder = new TextDecoder(label, { ignoreBOM: true })
  const text = fc.string({ unit: fc.constantFrom('a', 'é', 'ж', 'ウ', '語', '한', '€', '\n', '\u0081', '漢', '中') })
  fc.assert(
    fc.property(text, (some) => {
      const bytes = encodeText(some, label)
      if (bytes !== null) expect(decoder.decode(bytes)).toBe(some)
    }),
  )
  expect(encodeText('plain', label)?.length).toBeGreaterThan(0)
})

it('knows when a charset has no bytes for a text, or is none', () => {
  expect(encodeText('жук', 'latin1')).toBeNull()
  expect(encodeText('abc', 'no-such-charset')).toBeNull()
  expect(encodeText('привет', 'windows-1251')?.toString('hex')).toBe('eff0e8e2e5f2')
  expect(encodeText('日本', 'shift_jis')?.toString('hex')).toBe('93fa967b')
})
