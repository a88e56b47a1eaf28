import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { HeldContent } from '../../daemon/capture/filters/held-content.ts'

const limits = { partBytes: 1000, sessionBytes: 1000, decodedPartBytes: 400, decodedBytes: 1000 }
const packed = (length: number) => gzipSync('x'.repeat(length))

it('decoded bodies of all exchanges that wait for filters have so much room together, and none is larger than one may be', () => {
  const held = new HeldContent(limits)
  const [one, other] = [{ bytes: 0 }, { bytes: 0 }]
  expect(held.decode(one, packed(401), ['gzip'])).toBeNull()
  expect(held.decode(one, packed(400), ['gzip'])?.length).toBe(400)
  expect(held.decode(one, packed(400), ['gzip'])?.length).toBe(400)
  expect(held.decode(other, packed(201), ['gzip'])).toBeNull()
  expect(held.decode(other, packed(200), ['gzip'])?.length).toBe(200)
  expect(held.decode(other, packed(1), ['gzip'])).toBeNull()
  held.releaseDecoded(one)
  held.releaseDecoded(one)
  expect(held.decode(other, packed(400), ['gzip'])?.length).toBe(400)
  expect([one.bytes, other.bytes]).toEqual([0, 600])
})

it('what cannot be decoded takes no room', () => {
  const held = new HeldContent(limits)
  const exchange = { bytes: 0 }
  expect(held.decode(exchange, Buffer.from('no gzip'), ['gzip'])).toBeNull()
  expect(exchange.bytes).toBe(0)
})
