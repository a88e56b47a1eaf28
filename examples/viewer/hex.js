/** Bytes as hexadecimal numbers and letters, 16 a line. */

/**
 * @param {Uint8Array} data
 * @param {number} offset of the first byte
 */
export function hex(data, offset) {
  const lines = []
  for (let at = 0; at < data.length; at += 16) {
    const line = data.subarray(at, at + 16)
    const numbers = Array.from(line, (byte) => byte.toString(16).padStart(2, '0'))
    const letters = Array.from(line, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    const left = numbers.slice(0, 8).join(' ').padEnd(23)
    const right = numbers.slice(8).join(' ').padEnd(23)
    lines.push(`${(offset + at).toString(16).padStart(8, '0')}  ${left}  ${right}  ${letters}`)
  }
  return lines.join('\n')
}

/** @param {string} base64 */
export const fromBase64 = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
