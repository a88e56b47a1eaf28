import { describe, expect, it } from 'vitest'
import { checkDecoder, fuzzedDecoders, mutations } from '../support/decoder-fuzz.ts'

describe.each(fuzzedDecoders)('mutated captures of real programs: $name', (decoder) => {
  it('are told the same however they are cut, without an exception, within bounds', () => {
    expect(decoder.seeds.length).toBeGreaterThan(0)
    for (const [index, bytes] of decoder.seeds.entries()) checkDecoder(decoder, bytes, index + 1)
    for (const [index, bytes] of mutations(decoder.seeds, 60, 20_261_128).entries()) checkDecoder(decoder, bytes, 1 + (index % 50))
  })
})
