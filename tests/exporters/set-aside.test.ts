import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SetAside } from '../../plugins/exporters/text/set-aside.ts'
import { temporaryHome } from '../support/home.ts'

test('pieces are read as they were set aside, in any order, and while more come', async () => {
  const folder = await temporaryHome()
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.integer({ min: 1, max: 200_000 }).map((size) => 'é'.repeat(size)),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, fc.nat()), { maxLength: 20 }), (pieces) => {
      const aside = new SetAside(folder)
      pieces.forEach(([text, any], index) => {
        expect(aside.add(text)).toBe(index)
        expect(aside.read(any % (index + 1))).toBe(pieces[any % (index + 1)]?.[0])
      })
      expect(pieces.map((_, index) => aside.read(index))).toEqual(pieces.map(([text]) => text))
      aside.close()
    }),
    { numRuns: 30 },
  )
})

test('pieces that follow one another are a chain, whatever comes between them', async () => {
  const aside = new SetAside(await temporaryHome())
  const first = aside.add('a')
  const other = aside.add('b')
  const second = aside.add('c', first)
  const third = aside.add('d', second)
  expect([...aside.chain(first)]).toEqual([first, second, third])
  expect([...aside.chain(other)]).toEqual([other])
  aside.close()
})

test('its file has no name, so that nothing is left of it when the process dies', async () => {
  const folder = await temporaryHome()
  const aside = new SetAside(folder)
  aside.add('a'.repeat(1_000_000))
  expect(readdirSync(folder)).toEqual([])
  aside.close()
})
