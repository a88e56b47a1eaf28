/** Bodies as text whose characters depend on what stands before them. */
import { expect, test } from 'vitest'
import type { Content } from '../../daemon/store/body-reader.ts'
import { readText } from '../../daemon/store/body-text.ts'

/** RFC 1468: an escape to JIS X 0208, two characters, an escape back to ASCII. */
const line = Buffer.from('\x1b$BF|K\\\x1b(B and ASCII, in a line that is somewhat longer\n', 'latin1')
const shown = '日本 and ASCII, in a line that is somewhat longer\n'
const bytes = Buffer.concat(Array.from({ length: 100_000 }, () => line))

function body(): { content: Content; longest: () => number } {
  let longest = 0
  const range = (offset: number, length: number) => {
    longest = Math.max(longest, length)
    return bytes.subarray(offset, offset + length)
  }
  const headers: Content['headers'] = [['Content-Type', 'text/plain; charset=iso-2022-jp']]
  return { content: { headers, size: bytes.length, ended: true, truncated: false, range }, longest: () => longest }
}

test.each([0, 1_000, 30_000, 99_000])('ISO-2022-JP from line %i on, without reading what lies a mebibyte before it', (at) => {
  const { content, longest } = body()
  const { text, charset, malformed, size } = readText(content, at * line.length, line.length * 2)
  expect({ text, charset, malformed, size }).toEqual({
    text: shown + shown,
    charset: 'iso-2022-jp',
    malformed: false,
    size: bytes.length,
  })
  expect(longest()).toBeLessThan(1_100_000)
})
