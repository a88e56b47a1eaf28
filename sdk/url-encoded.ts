/** Form fields as application/x-www-form-urlencoded (WHATWG URL section 5.1), byte for byte: a field need not be UTF-8. */

export interface UrlEncodedField {
  name: Uint8Array
  value: Uint8Array
  /** Where its value lies in the body, still encoded, bytes. */
  offset: number
  size: number
}

const ampersand = 0x26
const equals = 0x3d
const plus = 0x2b
const percent = 0x25
const space = 0x20

/** In their order; empty pieces between two `&` are no fields. */
export function* urlEncodedFields(body: Uint8Array): Generator<UrlEncodedField> {
  for (let start = 0; start < body.length; ) {
    const next = body.indexOf(ampersand, start)
    const end = next < 0 ? body.length : next
    if (end > start) {
      const split = body.subarray(start, end).indexOf(equals)
      const nameEnd = split < 0 ? end : start + split
      const offset = split < 0 ? end : nameEnd + 1
      yield {
        name: percentDecoded(body.subarray(start, nameEnd)),
        value: percentDecoded(body.subarray(offset, end)),
        offset,
        size: end - offset,
      }
    }
    start = end + 1
  }
}

/** A `%` that is followed by no two hexadecimal digits stays as it is. */
function percentDecoded(bytes: Uint8Array): Uint8Array {
  const decoded = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    const high = byte === percent ? hexadecimal(bytes[at + 1]) : -1
    const low = high < 0 ? -1 : hexadecimal(bytes[at + 2])
    if (low >= 0) at += 2
    decoded[length++] = low >= 0 ? high * 16 + low : byte === plus ? space : byte
  }
  return decoded.subarray(0, length)
}

/** -1: it is none. */
function hexadecimal(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
