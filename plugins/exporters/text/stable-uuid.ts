/** Ids that an export has again when it is made again. */
import { createHash } from 'node:crypto'

/** A UUID of version 8 (RFC 9562 section 5.8): the same words have the same one. */
export function stableUuid(...words: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(words.join('\n')).digest('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
