/** What is kept of a message that calls itself text. */
import { isUtf8 } from 'node:buffer'

/** As text where it is UTF-8, else as bytes. Of a text that was cut (`size` is more) only whole characters are kept. */
export function contentOf(payload: Buffer, size: number): { text: string | null; data: Buffer | null } {
  const bytes = size > payload.length ? withoutCutCharacter(payload) : payload
  return isUtf8(bytes) ? { text: bytes.toString('utf8'), data: null } : { text: null, data: payload }
}

function withoutCutCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number
    if (byte >= 0xc0) return bytes.subarray(0, bytes.length - back)
    if (byte < 0x80) break
  }
  return bytes
}
