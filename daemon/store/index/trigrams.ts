/**
 * What the text index knows of a text: which trigrams of bytes are in it, ASCII letters folded to lower case, spread over a
 * fixed number of buckets. Two trigrams may share a bucket, so a bucket tells where something may be; the text itself decides.
 */

export const bucketCount = 65_536

const folded = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) folded[byte] = byte >= 65 && byte <= 90 ? byte + 32 : byte

/** Knuth's multiplicative hash of 24 bits, its upper 16. */
const bucketOf = (trigram: number): number => Math.imul(trigram, 0x9e3779b1) >>> 16

/** Calls `found` with the bucket of each trigram of the bytes, repeats included. */
export function eachBucket(bytes: Uint8Array, found: (bucket: number) => void): void {
  if (bytes.length < 3) return
  let trigram = ((folded[bytes[0] as number] as number) << 8) | (folded[bytes[1] as number] as number)
  for (let at = 2; at < bytes.length; at++) {
    trigram = ((trigram << 8) | (folded[bytes[at] as number] as number)) & 0xff_ffff
    found(bucketOf(trigram))
  }
}

/** The buckets that a text holding the needle has, each once; empty for one too short to have any. */
export function bucketsOf(needle: Uint8Array): number[] {
  const buckets = new Set<number>()
  eachBucket(needle, (bucket) => void buckets.add(bucket))
  return [...buckets]
}

/** A copy with ASCII letters in lower case. */
export function fold(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafe(bytes.length)
  for (let at = 0; at < bytes.length; at++) copy[at] = folded[bytes[at] as number] as number
  return copy
}
