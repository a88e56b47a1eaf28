/** A record of an archive: named fields, and a block whose length and digest they tell. */
import { stableUuid } from '../text/stable-uuid.ts'

export type NamedField = readonly [name: string, value: string]

/** The head of a record; the block and `endOfRecord` follow it. */
export const recordHead = (fields: readonly NamedField[], blockBytes: number): string =>
  ['WARC/1.1', ...fields.map(([name, value]) => `${name}: ${value}`), `Content-Length: ${blockBytes}`, '', ''].join('\r\n')

export const endOfRecord = '\r\n\r\n'

/** The same words have the same id, so that an export can be made again. */
export const recordId = (...words: readonly (string | number)[]): string => `<urn:uuid:${stableUuid(...words)}>`

/** Unix ms. */
export const recordDate = (at: number): string => new Date(at).toISOString()

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** As archives label it: SHA-1 in base32 (RFC 4648 section 6), which 20 bytes fill without padding. */
export function digestLabel(digest: Uint8Array): string {
  const bits = Array.from(digest, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return `sha1:${(bits.match(/.{5}/g) ?? []).map((five) => alphabet.charAt(Number.parseInt(five, 2))).join('')}`
}
