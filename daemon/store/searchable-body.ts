/** A body as queries look at it. */

import { WeirError } from '../../sdk/errors.ts'
import type { Headers } from '../../sdk/model.ts'
import { contentCodings, decodeContentAtOnce, decodeLimits } from './content-decoding.ts'

/** Of larger bodies only so much is looked at, as received. */
export const searchableBytes = decodeLimits.outputBytes

/**
 * Decoded where that can be done, else as received.
 * @param bytes all of the body, or as much of it as is looked at
 * @param size of the whole body
 * @param cut it did not end as framed
 */
export function searchableBody(bytes: Buffer, size: number, headers: Readonly<Headers>, cut: boolean): Uint8Array {
  const codings = contentCodings(headers)
  if (codings.length === 0 || bytes.length < size) return bytes
  try {
    return decodeContentAtOnce(bytes, codings, { cut })
  } catch (error) {
    if (error instanceof WeirError) return bytes
    throw error
  }
}
