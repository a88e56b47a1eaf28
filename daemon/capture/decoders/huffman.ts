/**
 * The Huffman code of HPACK (RFC 7541 section 5.2, appendix B). The code is canonical: the lengths alone give the codes,
 * shorter ones first, and symbols in order within a length.
 */

/** Symbols by code length. */
const symbolsOfLength: Record<number, readonly number[]> = {
  5: [48, 49, 50, 97, 99, 101, 105, 111, 115, 116],
  6: [32, 37, 45, 46, 47, 51, 52, 53, 54, 55, 56, 57, 61, 65, 95, 98, 100, 102, 103, 104, 108, 109, 110, 112, 114, 117],
  7: [
    58, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 89, 106, 107, 113, 118, 119, 120, 121, 122,
  ],
  8: [38, 42, 44, 59, 88, 90],
  10: [33, 34, 40, 41, 63],
  11: [39, 43, 124],
  12: [35, 62],
  13: [0, 36, 64, 91, 93, 126],
  14: [94, 125],
  15: [60, 96, 123],
  19: [92, 195, 208],
  20: [128, 130, 131, 162, 184, 194, 224, 226],
  21: [153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230],
  22: [129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198, 228, 232, 233],
  23: [
    1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175, 180, 182, 183, 188, 191, 197,
    231, 239,
  ],
  24: [9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237],
  25: [199, 207, 234, 235],
  26: [192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255],
  27: [203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254],
  28: [2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220, 249],
  30: [10, 13, 22, 256],
}
const endOfString = 256

/**
 * Tables of 256 entries, one after another, read by eight bits at a time. An entry is `symbol << 4 | bits` (bits of these
 * eight that belong to the code), or the negative number of the table that reads on.
 */
const tables: Int32Array = buildTables()

function buildTables(): Int32Array {
  const entries: number[] = new Array(256).fill(0)
  let tableCount = 1
  let code = 0
  let codeLength = 5
  for (const [length, symbols] of Object.entries(symbolsOfLength)) {
    code <<= Number(length) - codeLength
    codeLength = Number(length)
    for (const symbol of symbols) {
      let table = 0
      let left = codeLength
      for (; left > 8; left -= 8) {
        const at = table * 256 + ((code >>> (left - 8)) & 0xff)
        if (entries[at] === 0) {
          entries[at] = -tableCount++
          entries.push(...new Array(256).fill(0))
        }
        table = -(entries[at] as number)
      }
      const first = table * 256 + ((code << (8 - left)) & 0xff)
      entries.fill((symbol << 4) | left, first, first + (1 << (8 - left)))
      code++
    }
  }
  return Int32Array.from(entries)
}

/** Grows to the longest string; the code's shortest symbol takes five bits. */
let scratch: Buffer = Buffer.allocUnsafeSlow(4096)

/** The string as latin1; null: the end-of-string symbol, padding of eight bits or more, or padding that is not all ones. */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | null {
  const most = Math.ceil(((end - start) * 8) / 5)
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(most)
  const out = scratch
  let length = 0
  let held = 0
  let bits = 0
  let table = 0
  let sinceSymbol = 0
  for (let at = start; at < end; ) {
    held = ((held & 0xff) << 8) | (bytes[at++] as number)
    bits += 8
    while (bits >= 8) {
      const entry = tables[table + ((held >>> (bits - 8)) & 0xff)] as number
      if (entry < 0) {
        table = -entry * 256
        bits -= 8
        sinceSymbol += 8
        continue
      }
      const symbol = entry >>> 4
      if (symbol === endOfString) return null
      out[length++] = symbol
      bits -= entry & 15
      table = 0
      sinceSymbol = 0
    }
  }
  // What is left may hold short codes, then ones.
  while (bits > 0) {
    const entry = tables[table + ((held << (8 - bits)) & 0xff)] as number
    if (entry <= 0 || (entry & 15) > bits) break
    if (entry >>> 4 === endOfString) return null
    out[length++] = entry >>> 4
    bits -= entry & 15
    table = 0
    sinceSymbol = 0
  }
  const padding = sinceSymbol + bits
  if (padding > 7 || (held & ((1 << bits) - 1)) !== (1 << bits) - 1) return null
  return out.toString('latin1', 0, length)
}
