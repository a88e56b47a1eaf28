import fc from 'fast-check'
import { expect, it } from 'vitest'
import { urlEncodedFields } from '../../sdk/url-encoded.ts'

const fields = (body: string) => [...urlEncodedFields(Buffer.from(body))]
const texts = (body: string) => fields(body).map(({ name, value }) => [Buffer.from(name).toString(), Buffer.from(value).toString()])

it('reads what URLSearchParams writes', () => {
  const word = fc.string({ unit: 'grapheme' })
  const same = fc.property(fc.array(fc.tuple(word, word)), (made) => {
    expect(texts(String(new URLSearchParams(made)))).toEqual(made)
  })
  fc.assert(same, { seed: 1 })
})

it('reads anything as URLSearchParams reads it', () => {
  const same = fc.property(fc.string({ unit: fc.constantFrom(...'a&=%+41G') }), (body) => {
    expect(texts(body)).toEqual([...new URLSearchParams(body)])
  })
  fc.assert(same, { seed: 2, numRuns: 1000 })
})

it('says where each value lies, and keeps bytes that are no text', () => {
  expect(fields('a=1&&b=%ff%0').map(({ offset, size, value }) => [offset, size, Buffer.from(value)])).toEqual([
    [2, 1, Buffer.from('1')],
    [7, 5, Buffer.from([0xff, 0x25, 0x30])],
  ])
})
